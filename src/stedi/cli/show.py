"""stedi show."""

from pathlib import Path

import polars as pl

from stedi.cli.listing import MOST, print_rows
from stedi.cli.output import console, number, print_json, rows
from stedi.cli.usage import run_or_time
from stedi.contract import contract_of
from stedi.lake.lake import Lake


def show(table: str, *, lake: Path, limit: int, at: str | None, personal_data: bool, as_json: bool) -> None:
    """Print the first rows of a table."""
    contract = contract_of(table)
    hidden = [] if personal_data else list(contract.pii)
    opened = Lake.open(lake)
    frame = opened.scan(table, at=run_or_time(at)).drop(hidden)
    with opened.reading():
        head = frame.head(min(limit, MOST)).collect()
        count = frame.select(pl.len()).collect().item()
    if as_json:
        print_json(rows(head))
        return
    out = console()
    print_rows(out, head)
    out.print(f"{number(head.height)} of {number(count)} rows; one row is {contract.grain}")
    if hidden:
        out.print(f"hidden personal data: {', '.join(hidden)} (show it with --personal-data)")
