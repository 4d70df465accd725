"""stedi demo."""

from pathlib import Path
from typing import Final

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stedi.cli.output import console, number, print_json, progress, rows, size
from stedi.cli.run import print_report
from stedi.cli.story import best_session, people
from stedi.cli.streams import done
from stedi.errors import MissingLibraryError
from stedi.lake.lake import Lake
from stedi.pipeline.keys import find_key
from stedi.simulate import Simulated, simulate, truth
from stedi.simulate.customers import ConsentHistory
from stedi.simulate.ground_truth import Truth

_DIRT: Final = 0.002
_PICTURE: Final = "session.png"
_HISTORIES: Final = {
    ConsentHistory.AT_REGISTRATION: "agreed when they registered",
    ConsentHistory.BACK_DATED: "agreed, dated back before they registered",
    ConsentHistory.LATER: "agreed later",
    ConsentHistory.RE_GRANTED: "agreed, withdrew, agreed again",
    ConsentHistory.FUTURE: "agreed from a day to come",
    ConsentHistory.WITHDRAWN: "agreed, then withdrew",
    ConsentHistory.NEVER: "never agreed",
}


def demo(folder: Path, *, customers: int, seed: int, as_json: bool) -> None:
    """Make sample data, run the pipeline, and say what to try next."""
    landing, where = folder / "landing", folder / "lake"
    out = console()
    with progress(quiet=as_json) as tell:
        made = simulate(landing, customers=customers, seed=seed, dirt=_DIRT, progress=tell)
    if not as_json:
        _print_made(out, made)
    lake = Lake.open(where)
    with progress(quiet=as_json) as tell:
        # Consent is judged when the made-up export ends, so that the demo is the same on every day.
        report = lake.run(landing, now=made.as_of, progress=tell)
    pseudonyms, _ = find_key(None, fingerprint=report.run.key_fingerprint)
    known = truth(landing, pseudonyms)
    who = people(known, lake)
    picture = _draw(known, lake, folder / _PICTURE)
    done()
    if as_json:
        print_json(
            {
                "landing": str(landing),
                "lake": str(where),
                "picture": str(picture) if isinstance(picture, Path) else None,
                "histories": rows(who),
            }
            | report.to_dict()
        )
        return
    _print_people(out, who)
    print_report(out, report, where)
    out.print()
    _print_picture(out, picture)
    out.print()
    out.print("Try next", style="bold")
    somebody = _somebody(known.customers)
    commands = (
        (f"stedi show machine_learning_curated --lake {where}", "the training set"),
        (f"stedi show customer_trusted --lake {where}", "who is in it; personal data stays hidden"),
        (f"stedi explain {somebody} --lake {where}", "why somebody is in or out"),
        (f"stedi quarantine --lake {where}", "what was rejected, and why"),
        (f"stedi run {landing} --lake {where}", "run again: nothing is doubled"),
        (f"stedi status --lake {where}", "tables, runs and tags"),
    )
    longest = max(len(command) for command, _ in commands)
    for command, purpose in commands:
        out.print(Text.assemble(f"  {command:<{longest}}  ", (purpose, "dim")), soft_wrap=True)


def _somebody(customers: pl.DataFrame) -> str:
    """Return a customer whose story is worth reading: of those who withdrew, if there is one."""
    stories = [ConsentHistory.WITHDRAWN, ConsentHistory.RE_GRANTED, ConsentHistory.LATER]
    order = {history.value: place for place, history in enumerate(stories)}
    ranked = customers.with_columns(
        place=pl.col("history").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    )
    return str(ranked.sort("place", maintain_order=True)["customer_id"][0])


def _print_made(out: Console, made: Simulated) -> None:
    written = sum(path.stat().st_size for path in made.paths)
    out.print(
        f"Made up {made.arguments['customers']} customers: {made.records:,} records in {len(made.paths)} "
        f"files ({size(written)}), some of them damaged on purpose, under {made.landing}",
        soft_wrap=True,
    )
    out.print()


def _print_people(out: Console, who: pl.DataFrame) -> None:
    listed = Table(box=None, pad_edge=False, header_style="bold")
    listed.add_column("who they are, and what came of it")
    for name in ("customers", "in training", "sessions", "in training", "steps", "in training"):
        listed.add_column(name, justify="right")
    known = {row["history"]: row for row in who.iter_rows(named=True)}
    for history, words in _HISTORIES.items():
        if row := known.get(history.value):
            listed.add_row(words, *(number(row[name]) for name in who.columns[1:]))
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
    from stedi.plots import session_trace  # noqa: PLC0415

    try:
        top, _ = session_trace(session.steps, session.accelerometer, step_events=session.step_events)
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
