"""stedi show."""

from typing import Annotated

import polars as pl
import typer
from rich.console import Console

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.listing import MAX_ROWS, print_rows
from stedi.cli.output import Output, json_rows, number
from stedi.contract import contract_of


def show_command(
    table: opt.TableArgument,
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="How many rows.")] = 10,
    at: opt.AtOption = None,
    personal_data: Annotated[bool, opt.personal_data_option("Show the columns that name people.")] = False,
    json: opt.JsonOption = False,
) -> None:
    """Show the first rows of a table."""
    contract = contract_of(table)
    hidden = () if personal_data else contract.pii
    opened = Lake.open(lake)
    frame = opened.scan(table, at=at).drop(hidden)
    with opened.reading():
        head = frame.head(min(limit, MAX_ROWS)).collect()
        rows = frame.select(pl.len()).collect().item()

    def told(out: Console) -> None:
        print_rows(out, head)
        out.print(f"{number(head.height)} of {number(rows)} rows; one row is {contract.grain}")
        if hidden:
            out.print(f"hidden personal data: {', '.join(hidden)} (show it with --personal-data)")

    Output(json=json).show(lambda: json_rows(head), told)
