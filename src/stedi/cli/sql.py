"""stedi sql."""

from typing import Annotated

import typer
from rich.console import Console

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.listing import MAX_ROWS, print_rows
from stedi.cli.output import Output, json_rows, number
from stedi.lake.query import query as find
from stedi.wording import count

_ROWS = 100


def sql_command(
    query: Annotated[str, typer.Argument(help="One query, such as 'SELECT ... FROM customer_curated'.")],
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    at: opt.AtOption = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=0, help="At most so many rows.  [default: 100; with --json all]"),
    ] = None,
    personal_data: Annotated[
        bool, opt.personal_data_option("Let the query see the columns that name people.")
    ] = False,
    json: opt.JsonOption = False,
) -> None:
    """Ask the tables a question in SQL."""
    most = None if limit is None else min(limit, MAX_ROWS)
    wanted = _ROWS if most is None else most
    found = find(
        Lake.open(lake),
        query,
        at=at,
        personal_data=personal_data,
        # For people, one row more says whether there are more.
        limit=most if json else wanted + 1,
    )

    def told(out: Console) -> None:
        print_rows(out, found.head(wanted))
        if found.height > wanted:
            out.print(f"the first {number(wanted)} rows; there are more (--limit N shows N of them)")
        else:
            out.print(count(found.height, "row"))

    Output(json=json).show(lambda: json_rows(found), told)
