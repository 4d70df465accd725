"""stedi explain."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Final, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stedi.cli.funnel import dropped, fanned_out
from stedi.cli.output import console, number, print_json
from stedi.governance.explain.explanation import Entry, Explanation, Portion, Reason, SubjectKind
from stedi.governance.explain.who import guess
from stedi.lake.lake import Lake
from stedi.names import (
    ACCELEROMETER_LANDING,
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    CUSTOMER_LANDING,
    CUSTOMER_TRUSTED,
    MACHINE_LEARNING_CURATED,
    STEP_TRAINER_LANDING,
    STEP_TRAINER_TRUSTED,
)
from stedi.wording import day, sentence

T = TypeVar("T")
_WIDEST: Final = 100
_EACH: Final = 3
"""So many customers of whom the same is said are listed one by one."""
_STYLES: Final = {"grant": "green", "denial": "red", "nothing": "dim"}
_SYMBOLS: Final = {"grant": "●", "denial": "✕", "nothing": "○"}
_PLAIN: Final = {"grant": "+", "denial": "x", "nothing": "o"}
_SAYS: Final = {"grant": "grant", "denial": "denial", "nothing": "released"}
_ROWS: Final = {
    CUSTOMER_LANDING: "customer records sent",
    CUSTOMER_TRUSTED: "customer records",
    ACCELEROMETER_LANDING: "phone readings sent",
    ACCELEROMETER_TRUSTED: "phone readings",
    CUSTOMER_CURATED: "held devices",
    STEP_TRAINER_LANDING: "readings of {} sent",
    STEP_TRAINER_TRUSTED: "readings of {}",
    MACHINE_LEARNING_CURATED: "readings of {}, paired",
}
"""What the rows are that come to a table."""

_ONLY_IF_DROPPED: Final = (CUSTOMER_LANDING, ACCELEROMETER_LANDING, STEP_TRAINER_LANDING, CUSTOMER_CURATED)


def explain(who: str, *, lake: Path, kind: SubjectKind | None, as_json: bool) -> None:
    """Explain a customer or a device."""
    opened = Lake.open(lake)
    with opened.reading():
        asked: SubjectKind = guess(opened.scan, who) if kind is None else kind
    explanation = opened.explain(
        email=who if asked == "email" else None,
        serial_number=who if asked == "serial_number" else None,
        customer_id=who if asked == "customer_id" else None,
    )
    if as_json:
        print_json(explanation.to_dict())
        return
    print_explanation(console(), explanation)


def print_explanation(out: Console, explanation: Explanation) -> None:
    """Print an explanation for people."""
    # Longer lines are hard to read.
    out.width = min(out.width, _WIDEST)
    style = "green" if explanation.included else "red"
    out.print(Text.assemble((explanation.asked, "bold"), "\n", (sentence(explanation.verdict), style), "."))
    run = f"As of run {explanation.run_id}, which judged consent on {day(explanation.now)}."
    out.print(Text(f"{run} All times are UTC.", style="dim"))
    _section(out, "What the records say, the oldest first", _timeline(out, explanation.timeline))
    people = _same(explanation.people, lambda person: person.words)
    listed = [(_names([each.name for each in same]), Text(same[0].words)) for same in people]
    _section(out, "Who ever listed it", _listed(listed))
    _section(out, "The rules that applied", _listed(_rules(explanation.reasons)))
    if explanation.known:
        _section(out, "What became of the rows", _portions(explanation.portions))


def _section(out: Console, title: str, content: Table) -> None:
    if content.row_count:
        out.print()
        out.print(Text(title, style="bold"))
        out.print(content)


def _timeline(out: Console, entries: Sequence[Entry]) -> Table:
    symbols, arrow = (_PLAIN, "->") if out.options.ascii_only else (_SYMBOLS, "→")
    table = Table.grid(padding=(0, 2, 0, 0))
    for name in ("when", "what"):
        table.add_column(name, no_wrap=True)
    table.add_column("words")
    heard = [entry for entry in entries if entry.says != "nothing"]
    for same in _same(entries, lambda entry: replace(entry, customer=None)):
        entry = same[0]
        style = _STYLES[entry.says]
        names = [each.customer for each in same if each.customer]
        said = sentence(f"{_names(names)}: {entry.words}" if names else entry.words)
        table.add_row(
            Text("no date" if entry.at is None else day(entry.at), style="dim" if entry.superseded else ""),
            Text(f"{symbols[entry.says]} {_SAYS[entry.says]}", style=style),
            Text(said),
        )
        if entry.effect:
            decides = entry.customer is None and entry is heard[-1]
            effect = f"{entry.effect} (the newest: this decides)" if decides else entry.effect
            table.add_row("", "", Text(f"{arrow} {effect}", style=style))
    return table


def _same(items: Iterable[T], what: Callable[[T], object]) -> Iterator[Sequence[T]]:
    """Yield items in a row of which the same is to be said: together where they are many."""
    for _, found in groupby(items, what):
        same = list(found)
        yield from [same] if len(same) > _EACH else [[item] for item in same]


def _names(names: Sequence[str]) -> str:
    """Return what to call customers of whom the same is said.

    Examples:
        >>> _names(["customer 3"]), _names([f"customer {place}" for place in (2, 3, 4, 7)])
        ('customer 3', 'customers 2 to 4, 7, each')
    """
    if len(names) == 1:
        return names[0]
    what = names[0].rpartition(" ")[0]
    runs: list[list[int]] = []
    for place in sorted(int(name.rpartition(" ")[2]) for name in names):
        if runs and place == runs[-1][-1] + 1:
            runs[-1][1:] = [place]
        else:
            runs.append([place])
    return f"{what}s {', '.join(' to '.join(map(str, run)) for run in runs)}, each"


def _rules(reasons: Iterable[Reason]) -> Iterator[tuple[str, Text]]:
    """Yield the rules, each with its title once."""
    told = None
    for reason in reasons:
        if reason.rule != told:
            yield f"rule {reason.rule}", Text(reason.title, style="italic")
        told = reason.rule
        yield "", Text(f"{sentence(reason.words)}.")


def _listed(rows: Iterable[tuple[str, Text]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for name, text in rows:
        table.add_row(Text(name), text)
    return table


def _portions(portions: Sequence[Portion]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("rows")
    table.add_column("in", justify="right")
    table.add_column("used", justify="right")
    table.add_column("not used, and why")
    paired = {
        each.device
        for each in portions
        if each.account.table == MACHINE_LEARNING_CURATED and each.account.rows_in
    }
    for portion in portions:
        account = portion.account
        drops = [drop for drop in account.dropped.items() if drop[1]]
        if account.table in _ONLY_IF_DROPPED and not drops:
            continue
        if account.table == MACHINE_LEARNING_CURATED and portion.device not in paired:
            continue
        notes = [dropped(drop) for drop in drops]
        if account.fan_out:
            notes.append(fanned_out(account))
        if account.table == STEP_TRAINER_TRUSTED and account.used and portion.device not in paired:
            notes.append(Text("used for another customer, who holds the device", style="dim"))
        label = _ROWS[account.table].format(portion.device)
        first, *rest = notes or [Text("")]
        table.add_row(label, number(account.rows_in), number(account.used), first)
        for note in rest:
            table.add_row("", "", "", note)
    return table
