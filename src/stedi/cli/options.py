"""The options that several commands share, and how a value that an option can't have is wrong usage."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from stedi.errors import ConfigurationError, UnknownNameError

_T = TypeVar("_T")


def checked_by(option: str, check: Callable[[_T], object]) -> Callable[[_T | None], _T | None]:
    """Return the callback of an option: what a check refuses is wrong usage, exit code 2 and not 1."""

    def callback(value: _T | None) -> _T | None:
        try:
            if value is not None:
                check(value)
        except (ConfigurationError, UnknownNameError) as error:
            raise typer.BadParameter(str(error), param_hint=option) from None
        return value

    return callback


def word_option(
    name: str, known: Collection[str], purpose: str, *, metavar: str | None = None, kind: str | None = None
) -> Any:
    """Return an option that is one of some words; its kind is what messages call them."""

    def check(word: str) -> None:
        if word not in known:
            raise UnknownNameError.of(kind or name.strip("-"), word, known)

    return typer.Option(name, metavar=metavar, callback=checked_by(name, check), help=purpose)


def format_option(known: Sequence[str]) -> Any:
    """Return the option of a file's format."""
    words = f"{', '.join(known[:-1])} or {known[-1]}"
    return word_option("--format", known, f"{words}; by default as the file's name ends.")


def personal_data_option(purpose: str) -> Any:
    """Return the option that lets a command show what names people."""
    return typer.Option("--personal-data", help=purpose)


def tags_option(purpose: str) -> Any:
    """Return an option that names tags."""
    return typer.Option(metavar="TAG", help=f"{purpose} May be repeated.")


def age_option(purpose: str) -> Any:
    """Return an option that is an age in hours, of a hundred years at most."""
    return typer.Option(metavar="HOURS", min=0, max=876_000, help=purpose)


def _check_at(at: str) -> None:
    from stedi.lake.arguments import check_at  # noqa: PLC0415 - some commands need no lake

    check_at(at)


DEFAULT_LAKE: Final = Path("lake")
LakeOption = Annotated[Path, typer.Option("--lake", metavar="DIR", help="The folder of the lake.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
WaitOption = Annotated[
    float,
    typer.Option(
        metavar="SECONDS", min=0, max=31_536_000, help="How long to wait for another run that holds the lake."
    ),
]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="RUN",
        callback=checked_by("--at", _check_at),
        help="A run id, a tag, or a time such as 2026-11-23.",
    ),
]
ReceiptOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="A receipt of an erasure that was kept elsewhere: the lake must have it. May be repeated.",
    ),
]
PlanOption = Annotated[bool, typer.Option("--plan", help="Say what would be done, and change nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
CustomersOption = Annotated[int, typer.Option(min=1, help="How many customers to make up.")]
TableArgument = Annotated[str, typer.Argument(help="The table, such as machine_learning_curated.")]
