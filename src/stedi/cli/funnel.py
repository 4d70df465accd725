"""The row funnel: what became of each row, table by table, as a table that a person enjoys reading."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stedi.cli.output import number
from stedi.contract import contract_of
from stedi.contract.reasons import words_of
from stedi.names import OBJECT, TOMBSTONE, Zone
from stedi.plan.account import Account

_BAR = 12
_COLOURS = {Zone.LANDING: "yellow", Zone.TRUSTED: "cyan", Zone.CURATED: "green", Zone.SYSTEM: "red"}
_HIDDEN = (OBJECT, TOMBSTONE)


def print_funnel(out: Console, accounts: Mapping[str, Account]) -> None:
    """Print the funnel of a run."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("table")
    table.add_column("rows in", justify="right")
    table.add_column("used", justify="right")
    table.add_column("")
    table.add_column("rows out", justify="right")
    table.add_column("not used, and why")
    zone = None
    for account in accounts.values():
        contract = contract_of(account.table)
        if account.table in _HIDDEN or (contract.zone is Zone.SYSTEM and not account.rows_in):
            continue
        if zone is not None and contract.zone is not zone:
            table.add_row()
        zone = contract.zone
        drops = [(reason, count) for reason, count in account.dropped.items() if count]
        if zone is Zone.LANDING:
            drops.sort(key=lambda drop: -drop[1])
        first, rest = (drops[0], drops[1:]) if drops else (None, [])
        table.add_row(
            Text(account.table, style=_COLOURS[zone]),
            number(account.rows_in),
            number(account.used),
            Text(_bar(account, ascii_only=out.options.ascii_only), style=_COLOURS[zone]),
            number(account.rows_out),
            dropped(first) if first else fanned_out(account),
        )
        for drop in rest:
            table.add_row("", "", "", "", "", dropped(drop))
        if first and account.fan_out:
            table.add_row("", "", "", "", "", fanned_out(account))
    out.print(table)


def _bar(account: Account, *, ascii_only: bool) -> str:
    full, empty = ("#", ".") if ascii_only else ("█", "░")
    share = account.used / account.rows_in if account.rows_in else 0.0
    filled = round(share * _BAR)
    if account.used and not filled:
        filled = 1
    return full * filled + empty * (_BAR - filled)


def dropped(drop: tuple[str, int]) -> Text:
    """Return a reason and its count as a person reads them."""
    reason, count = drop
    return Text.assemble((f"{count:,}", "bold"), "  ", words_of(reason))


def fanned_out(account: Account) -> Text:
    """Return how many rows there are beyond one per used row; nothing for none."""
    if not account.fan_out:
        return Text("")
    return Text.assemble((f"+{account.fan_out:,}", "dim"), ("  more rows: one used row made several", "dim"))
