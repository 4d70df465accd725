"""stedi demo."""

from pathlib import Path
from typing import Annotated, Final

import polars as pl
import typer
from rich.console import Console
from rich.text import Text

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.demo_people import best_session, people_by_history
from stedi.cli.listing import table_of
from stedi.cli.output import Output, json_rows, number, size
from stedi.cli.run import print_report
from stedi.errors import MissingLibraryError
from stedi.lake.arguments import find_key
from stedi.simulate import Simulated, Truth, simulate, truth

_DIRT: Final = 0.002
_PICTURE: Final = "session.png"
_HISTORIES: Final = {
    "at_registration": "agreed when they registered",
    "back_dated": "agreed, dated back before they registered",
    "later": "agreed later",
    "re_granted": "agreed, withdrew, agreed again",
    "future": "agreed from a day to come",
    "withdrawn": "agreed, then withdrew",
    "never": "never agreed",
}
_WORTH_READING: Final = ("withdrawn", "re_granted", "later")


def demo_command(
    *,
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where to put the sample data and the lake.")
    ] = Path("stedi-demo"),
    customers: opt.CustomersOption = 100,
    seed: Annotated[int, typer.Option(help="The same seed makes the same data.")] = 0,
    json: opt.JsonOption = False,
) -> None:
    """Make sample data and run everything on it."""
    landing, where = folder / "landing", folder / "lake"
    output = Output(json=json)
    with output.progress() as tell:
        made = simulate(landing, customers=customers, seed=seed, dirt=_DIRT, progress=tell)
    output.tell(lambda out: _print_made(out, made))
    lake = Lake.open(where)
    with output.progress() as tell:
        # Consent is judged when the made-up export ends, so that the demo is the same on every day.
        report = lake.run(landing, now=made.as_of, progress=tell)
    pseudonyms, _ = find_key(None, fingerprint=report.run.key_fingerprint)
    known = truth(landing, pseudonyms)
    who = people_by_history(known, lake)
    picture = _draw(known, lake, folder / _PICTURE)

    def plain() -> dict[str, object]:
        return {
            "landing": str(landing),
            "lake": str(where),
            "picture": str(picture) if isinstance(picture, Path) else None,
            "histories": json_rows(who),
        } | report.to_dict()

    def told(out: Console) -> None:
        _print_people(out, who)
        print_report(out, report, where)
        out.print()
        _print_picture(out, picture)
        out.print()
        _print_next(out, landing, where, _somebody(known.customers))

    output.show(plain, told, done=True)


def _print_next(out: Console, landing: Path, lake: Path, somebody: str) -> None:
    out.print("Try next", style="bold")
    commands = (
        (f"stedi show machine_learning_curated --lake {lake}", "the training set"),
        (f"stedi show customer_trusted --lake {lake}", "who is in it; personal data stays hidden"),
        (f"stedi explain {somebody} --lake {lake}", "why somebody is in or out"),
        (f"stedi quarantine --lake {lake}", "what was rejected, and why"),
        (f"stedi run {landing} --lake {lake}", "run again: nothing is doubled"),
        (f"stedi status --lake {lake}", "tables, runs and tags"),
    )
    longest = max(len(command) for command, _ in commands)
    for command, purpose in commands:
        out.print(Text.assemble(f"  {command:<{longest}}  ", (purpose, "dim")), soft_wrap=True)


def _somebody(customers: pl.DataFrame) -> str:
    """Return a customer whose story is worth reading: of those who withdrew, if there is one."""
    order = {history: place for place, history in enumerate(_WORTH_READING)}
    place = pl.col("history").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    return str(customers.sort(place, maintain_order=True)["customer_id"][0])


def _print_made(out: Console, made: Simulated) -> None:
    written = sum(path.stat().st_size for path in made.paths)
    out.print(
        f"Made up {made.arguments['customers']} customers: {made.records:,} records in {len(made.paths)} "
        f"files ({size(written)}), some of them damaged on purpose, under {made.landing}",
        soft_wrap=True,
    )
    out.print()


def _print_people(out: Console, who: pl.DataFrame) -> None:
    known = {history: counts for history, *counts in who.iter_rows()}
    listed = table_of(
        "who they are, and what came of it",
        *(name for each in (">customers", ">sessions", ">steps") for name in (each, ">in training")),
        rows=([words, *map(number, known[each])] for each, words in _HISTORIES.items() if each in known),
    )
    total = who.select(pl.exclude("history").sum()).row(0)
    listed.add_row("all", *map(number, total), style="bold")
    out.print(listed)
    out.print()


def _draw(known: Truth, lake: Lake, file: Path) -> Path | str | None:
    """Draw a session of the training data; return the picture, or why there is none."""
    session = best_session(known, lake)
    if session is None:
        return None
    # Loading matplotlib takes longer than all that is loaded so far.
    from stedi import plots  # noqa: PLC0415

    try:
        steps, accelerometer, step_events = session
        top, _ = plots.session_trace(steps, accelerometer, step_events=step_events)
    except MissingLibraryError as error:
        return str(error)
    drawing = top.get_figure(root=True)
    if drawing is not None:
        drawing.savefig(file)
    return file


def _print_picture(out: Console, picture: Path | str | None) -> None:
    if isinstance(picture, Path):
        marked = Text.assemble("A session of the training data, its steps marked: ", (str(picture), "bold"))
        out.print(marked, soft_wrap=True)
    elif picture is not None:
        out.print(f"No picture of a session: {picture}", soft_wrap=True)
