"""stedi sql."""

from pathlib import Path

from stedi.cli.listing import MOST, print_rows
from stedi.cli.output import console, number, print_json, rows
from stedi.cli.usage import run_or_time
from stedi.lake.lake import Lake
from stedi.lake.query import query

_ROWS = 100


def sql(
    statement: str, *, lake: Path, at: str | None, limit: int | None, personal_data: bool, as_json: bool
) -> None:
    """Print what a query finds: all of it for programs, what a person can take in for people."""
    opened = Lake.open(lake)
    most = limit if limit is None else min(limit, MOST)
    if as_json:
        print_json(
            rows(query(opened, statement, at=run_or_time(at), personal_data=personal_data, limit=most))
        )
        return
    wanted = _ROWS if most is None else most
    # One row more says whether there are more.
    found = query(opened, statement, at=run_or_time(at), personal_data=personal_data, limit=wanted + 1)
    shown = found.head(wanted)
    out = console()
    print_rows(out, shown)
    if found.height > wanted:
        out.print(f"the first {number(wanted)} rows; there are more (--limit N shows N of them)")
    else:
        out.print(f"{number(shown.height)} row" + ("" if shown.height == 1 else "s"))
