"""stedi explain."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Annotated, Final, Literal, TypeVar

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from stedi import Lake, names
from stedi.cli import options as opt
from stedi.cli.funnel import notes_on
from stedi.cli.listing import add_row_with_notes, table_of
from stedi.cli.output import Output, number
from stedi.lake.explain_who import explain_who
from stedi.reports import Entry, Explanation, Portion, Reason
from stedi.wording import day, sentence

_T = TypeVar("_T")
_WIDEST: Final = 100
_EACH: Final = 3
"""So many customers of whom the same is said are listed one by one."""
_STYLES: Final = {"grant": "green", "denial": "red", "nothing": "dim"}
_SYMBOLS: Final = {"grant": "●", "denial": "✕", "nothing": "○"}
_PLAIN: Final = {"grant": "+", "denial": "x", "nothing": "o"}
_SAYS: Final = {"grant": "grant", "denial": "denial", "nothing": "released"}
_ROWS: Final = {
    names.CUSTOMER_LANDING: "customer records sent",
    names.CUSTOMER_TRUSTED: "customer records",
    names.ACCELEROMETER_LANDING: "phone readings sent",
    names.ACCELEROMETER_TRUSTED: "phone readings",
    names.CUSTOMER_CURATED: "held devices",
    names.STEP_TRAINER_LANDING: "readings of {} sent",
    names.STEP_TRAINER_TRUSTED: "readings of {}",
    names.MACHINE_LEARNING_CURATED: "readings of {}, paired",
}
"""What the rows are that come to a table."""

_ONLY_IF_DROPPED: Final = (
    names.CUSTOMER_LANDING,
    names.ACCELEROMETER_LANDING,
    names.STEP_TRAINER_LANDING,
    names.CUSTOMER_CURATED,
)


def explain_command(
    who: Annotated[str, typer.Argument(help="An e-mail, a serial number, or a customer_id.")],
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    kind: Annotated[
        Literal["email", "serial_number", "customer_id"] | None,
        typer.Option("--as", help="What WHO is. Otherwise it is found out."),
    ] = None,
    json: opt.JsonOption = False,
) -> None:
    """Say why a person or a device is in the training data, or out."""
    explanation = explain_who(Lake.open(lake), who, kind=kind)
    Output(json=json).show(explanation.to_dict, lambda out: print_explanation(out, explanation))


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
    table = Table.grid(Column(no_wrap=True), Column(no_wrap=True), Column(), padding=(0, 2, 0, 0))
    heard = [entry for entry in entries if entry.says != "nothing"]
    for same in _same(entries, lambda entry: replace(entry, customer=None)):
        entry = same[0]
        style = _STYLES[entry.says]
        who = [each.customer for each in same if each.customer]
        said = sentence(f"{_names(who)}: {entry.words}" if who else entry.words)
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


def _same(items: Iterable[_T], what: Callable[[_T], object]) -> Iterator[Sequence[_T]]:
    """Yield items in a row of which the same is to be said: together where they are many."""
    for _, found in groupby(items, what):
        same = list(found)
        yield from [same] if len(same) > _EACH else [[item] for item in same]


def _names(customers: Sequence[str]) -> str:
    """Return what to call customers of whom the same is said.

    Examples:
        >>> _names(["customer 3"]), _names([f"customer {place}" for place in (2, 3, 4, 7)])
        ('customer 3', 'customers 2 to 4, 7, each')
    """
    if len(customers) == 1:
        return customers[0]
    what = customers[0].rpartition(" ")[0]
    runs: list[list[int]] = []
    for place in sorted(int(name.rpartition(" ")[2]) for name in customers):
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
    table = Table.grid(Column(no_wrap=True), Column(), padding=(0, 2, 0, 0))
    for name, text in rows:
        table.add_row(Text(name), text)
    return table


def _portions(portions: Sequence[Portion]) -> Table:
    table = table_of("rows", ">in", ">used", "not used, and why")
    paired = {
        each.device
        for each in portions
        if each.account.table == names.MACHINE_LEARNING_CURATED and each.account.rows_in
    }
    for portion in portions:
        account = portion.account
        if account.table in _ONLY_IF_DROPPED and not any(account.dropped.values()):
            continue
        if account.table == names.MACHINE_LEARNING_CURATED and portion.device not in paired:
            continue
        notes = notes_on(account)
        if account.table == names.STEP_TRAINER_TRUSTED and account.used and portion.device not in paired:
            notes.append(Text("used for another customer, who holds the device", style="dim"))
        label = _ROWS[account.table].format(portion.device)
        add_row_with_notes(table, label, number(account.rows_in), number(account.used), notes=notes)
    return table
