"""SQL over a lake: one query, which reads the published tables of one run and nothing else."""

import re
from datetime import date, datetime
from typing import Final

import polars as pl
from polars.exceptions import PanicException, PolarsError

from stedi.contract import CONTRACTS, contract_of
from stedi.errors import QueryError
from stedi.lake.lake import Lake
from stedi.lake.query_failure import query_error, unsaid

_OPENING: Final = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(\w*)", re.DOTALL)
_QUERIES: Final = ("select", "with", "from", "values")
# Whatever stands between such a name and its bracket, and in which quotes: no table of a lake is named so.
_READERS: Final = re.compile(r"(?<!\w)(?:read|scan)_\w+", re.IGNORECASE)


def query(
    lake: Lake,
    statement: str,
    *,
    at: str | date | datetime | None = None,
    personal_data: bool = False,
    limit: int | None = None,
) -> pl.DataFrame:
    """Return what one SQL query finds in the tables of a published run.

    All tables are those of one run, whatever is published meanwhile. Of an older run, customers whom the
    newest run does not trust are left out, as in ``Lake.scan``.

    Args:
        lake: The lake.
        statement: One query in the SQL of Polars. It can't write, and can't read anything but the lake's
            tables.
        at: A run id, a tag, or a time; None for the newest run.
        personal_data: Let the query see the columns that name people.
        limit: At most so many rows; None for all.

    Raises:
        QueryError: It is no query, or not one that can be run on these tables. The message quotes no cell.
        UnknownNameError: There is no such table, column, run or tag.
        LakeError: Nothing was published yet, or a file is damaged or gone.
    """
    _check(statement)
    run = lake.find_run(at)
    named = [name for name in CONTRACTS if re.search(rf"(?<!\w){name}(?!\w)", statement, re.IGNORECASE)]
    hidden = {} if personal_data else {name: contract_of(name).pii for name in named}
    frames = {name: lake.scan(name, at=run.run_id).drop(hidden.get(name, ())) for name in named}
    try:
        with lake.reading():
            try:
                found = pl.SQLContext(frames, eager=False).execute(statement)
                return (found if limit is None else found.head(limit)).collect(engine="streaming")
            except (PolarsError, PanicException) as error:
                if (problem := query_error(error, hidden)) is None:
                    # A damaged file may be what is wrong.
                    raise
    except (PolarsError, PanicException) as error:
        problem = unsaid(error)
    raise problem


def _check(statement: str) -> None:
    """Refuse what is no query, and what would read files by name, before anything looks at it."""
    opening = _OPENING.match(statement)
    word = opening[1].lower() if opening else ""
    if word not in _QUERIES:
        what = f"{word.upper()} is no query" if word.isascii() and word else "this is no query"
        raise QueryError(f"{what}: begin with SELECT or WITH. SQL only reads the tables of the lake")
    if reader := _READERS.search(statement):
        raise QueryError(
            f"{reader[0].lower()} can't stand in a query: SQL reads the tables of the lake and no files. "
            "Should it be a name of yours, choose another"
        )
