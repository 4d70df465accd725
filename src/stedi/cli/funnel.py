"""The row funnel: what became of each row, table by table, as a table that a person enjoys reading."""

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from stedi.cli.listing import add_row_with_notes, table_of
from stedi.cli.output import number
from stedi.contract import contract_of
from stedi.contract.reasons import words_of
from stedi.names import OBJECT, TOMBSTONE, Zone
from stedi.reports import Account

_BAR = 12
_COLOURS = {Zone.LANDING: "yellow", Zone.TRUSTED: "cyan", Zone.CURATED: "green", Zone.SYSTEM: "red"}
_HIDDEN = (OBJECT, TOMBSTONE)


def print_funnel(out: Console, accounts: Mapping[str, Account]) -> None:
    """Print the funnel of a run."""
    table = table_of("table", ">rows in", ">used", "", ">rows out", "not used, and why")
    zone = None
    for account in accounts.values():
        contract = contract_of(account.table)
        if account.table in _HIDDEN or (contract.zone is Zone.SYSTEM and not account.rows_in):
            continue
        if zone is not None and contract.zone is not zone:
            table.add_row()
        zone = contract.zone
        add_row_with_notes(
            table,
            Text(account.table, style=_COLOURS[zone]),
            number(account.rows_in),
            number(account.used),
            Text(_bar(account, ascii_only=out.options.ascii_only), style=_COLOURS[zone]),
            number(account.rows_out),
            notes=notes_on(account, most_first=zone is Zone.LANDING),
        )
    out.print(table)


def notes_on(account: Account, *, most_first: bool = False) -> list[Text]:
    """Say why rows were not used, with counts, and how many rows there are beyond one per used row.

    Args:
        account: What became of the rows of a table.
        most_first: Begin with the most frequent reason.
    """
    drops = [(reason, count) for reason, count in account.dropped.items() if count]
    if most_first:
        drops.sort(key=lambda drop: -drop[1])
    notes = [Text.assemble((f"{count:,}", "bold"), "  ", words_of(reason)) for reason, count in drops]
    if account.fan_out:
        more = ("  more rows: one used row made several", "dim")
        notes.append(Text.assemble((f"+{account.fan_out:,}", "dim"), more))
    return notes


def _bar(account: Account, *, ascii_only: bool) -> str:
    full, empty = ("#", ".") if ascii_only else ("█", "░")
    share = account.used / account.rows_in if account.rows_in else 0.0
    filled = round(share * _BAR)
    if account.used and not filled:
        filled = 1
    return full * filled + empty * (_BAR - filled)
