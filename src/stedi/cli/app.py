"""The commands by name. The module of a command is loaded when it is called, so that ``--help`` is quick."""

from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from stedi.cli.failure import INTERRUPTED, fail
from stedi.names import DISTRIBUTION

COMMANDS: Final = {
    "demo": "Make sample data and run everything on it.",
    "simulate": "Write landing files of made-up customers.",
    "run": "Load what is new and publish all tables.",
    "status": "Show how the lake is: warnings, tables, runs, rejects, tags.",
    "show": "Show the first rows of a table.",
    "sql": "Ask the tables a question in SQL.",
    "export": "Write a table into one file.",
    "ddl": "Print Athena tables over the raw landing files.",
    "quarantine": "Show what was rejected, and why.",
    "explain": "Say why a person or a device is in the training data, or out.",
    "verify": "Audit the whole lake by a second route.",
    "report": "Write the privacy report of a run.",
    "erase": "Erase a person, with a signed receipt.",
    "rotate-key": "Give the lake a new pseudonym key.",
    "tag": "Name the newest run, to find it again.",
    "upgrade": "Bring a lake of an older version to this one's format.",
    "maintain": "Merge small files and remove what nobody needs.",
    "receipt": "List, show and check receipts of erasures.",
}
"""What each command does. The command ``a-b`` is ``a_b_command`` in the module ``stedi.cli.a_b``."""

PLAIN: Final[dict[str, Any]] = {"rich_markup_mode": None, "add_completion": False}
"""Plain help starts in a third of the time that the decorated one takes."""


def load_command(name: str) -> Any:
    """Import a command of ``COMMANDS``, and return it as the argument parser has it."""
    module = name.replace("-", "_")
    found = getattr(import_module(f"stedi.cli.{module}"), f"{module}_command")
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(**PLAIN)
        found.command(name)(function)
    return typer.main.get_command(found)


class LazyCommands(TyperGroup):
    """Commands that are loaded when they are called, with our own word on Ctrl-C."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command that is called, and load it."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, name and load_command(name), rest

    def invoke(self, ctx: Any) -> object:
        """Call a command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            fail("interrupted: what was published stands, and nothing else was left behind", INTERRUPTED)


app = typer.Typer(
    name="stedi",
    cls=LazyCommands,
    help="From raw step trainer data to a training set that holds only people who agreed.",
    epilog="Start with: stedi demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    **PLAIN,
)


def _not_loaded() -> None:
    """Stand for a command in the list of commands."""


for _name, _purpose in COMMANDS.items():
    app.command(_name, help=_purpose)(_not_loaded)


def _version(*, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - only here

        typer.echo(f"stedi {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From raw step trainer data to a training set that holds only people who agreed."""
