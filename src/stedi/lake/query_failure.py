"""What is wrong with a query, in one line that quotes neither a cell nor a text of the query."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from stedi.contract import CONTRACTS
from stedi.errors import QueryError, StediError, UnknownNameError

_NAME: Final = re.compile(r"[\w.]{1,80}")
_TABLE: Final = re.compile(r"relation '(.*?)' was not found", re.DOTALL)
_COLUMN: Final = re.compile(
    r"unable to find column \"(.*?)\"; valid|no column named '(.*?)' found", re.DOTALL
)
_VALID: Final = re.compile(r"valid columns: \[(.*?)\]")
_FUNCTION: Final = re.compile(r"unsupported function '(\w+)'")
_POSITION: Final = re.compile(r"at Line: (\d+), Column: (\d+)")
_FOUND: Final = re.compile(r"found: ([A-Za-z_]+) at Line")
# What Polars says of types, clauses and functions. Anything else may quote a cell.
_SAFE: Final = re.compile(
    r"one \(and only one\) statement can be parsed at a time"
    r"|'\w+' should participate in the GROUP BY clause or an aggregate function"
    r"|conversion from `[\w\[\], μ]+` to `[\w\[\], μ]+` failed in column '\w+'"
    r"|arithmetic on dtypes [\w\[\], μ]+ and [\w\[\], μ]+ is not allowed"
    r"|cannot compare string with numeric type \(\w+\)"
    r"|`\w+` operation not supported for dtype `[\w\[\], μ]+`"
    r"|no table or struct column named '\w+' found"
    r"|projections contained duplicate output name '\w+'"
    r"|\w+ expects [\d-]+ arguments? \(found \d+\)"
    r"|\w+ requires equal number of columns in each table"
    r"|ORDER BY ordinal value must refer to a valid column"
    r"|table `\w+` clause is not supported"
    r"|`[A-Z /]+`(?: \w+)* clause is not supported"
    r"|UNNEST table must have an alias"
    r"|division by zero"
)


def query_error(error: BaseException, hidden: Mapping[str, tuple[str, ...]]) -> StediError | None:
    """Return the error that a user sees for what Polars raised; None where it is not about the query.

    Args:
        error: What Polars raised.
        hidden: The columns with personal data that the query could not see, by table.
    """
    text = str(error)
    if (table := _TABLE.search(text)) is not None:
        return _unknown_table(table[1])
    if (column := _COLUMN.search(text)) is not None:
        valid = _VALID.search(text)
        return _unknown_column(
            column[1] or column[2], re.findall(r'"([^"]*)"', valid[1]) if valid else (), hidden
        )
    if (function := _FUNCTION.search(text)) is not None:
        return _unknown_function(function[1], hidden)
    if "sql parser error" in text:
        return _no_sql(text)
    if (known := _SAFE.search(text)) is not None:
        return QueryError(f"the query can't be run: {known[0]}")
    return None


def unsaid(error: BaseException) -> StediError:
    """Return the error that a user sees where what Polars says of a query may quote a cell."""
    return QueryError(
        f"the query can't be run ({type(error).__name__}): check its functions and the types of its columns. "
        "What Polars says of it is left out, since it may quote personal data"
    )


def _unknown_table(name: str) -> StediError:
    alone = name.rpartition(".")[2]
    if alone in CONTRACTS:
        return QueryError(f"tables stand without a namespace in a query: write {alone}")
    return _unknown("table", name, CONTRACTS)


def _unknown_column(name: str, known: Iterable[str], hidden: Mapping[str, tuple[str, ...]]) -> StediError:
    for table, columns in hidden.items():
        if name.lower() in columns:
            return QueryError(
                f"the column {name.lower()!r} of {table} holds personal data and is hidden: "
                "--personal-data shows it"
            )
    return _unknown("column", name, known)


def _unknown_function(name: str, hidden: Mapping[str, tuple[str, ...]]) -> StediError:
    """Some names of columns are words of SQL, which Polars takes for functions."""
    if any(name.lower() in columns for columns in hidden.values()):
        return _unknown_column(name, (), hidden)
    if any(name.lower() in contract.names for contract in CONTRACTS.values()):
        return QueryError(f"{name!r} is a word of SQL: as a column put it in double quotes")
    return QueryError(f"the query can't be run: there is no function {name!r}")


def _no_sql(text: str) -> StediError:
    position, found = _POSITION.search(text), _FOUND.search(text)
    near = f" near {found[1]!r}" if found else ""
    where = f" (line {position[1]}, column {position[2]})" if position else ""
    end = ": it ends too early" if "found: EOF" in text else ""
    return QueryError(f"the query is no SQL that Polars reads{near}{where}{end}")


def _unknown(kind: str, name: str, known: Iterable[str]) -> StediError:
    """Name what does not exist, if it is a plain name: a text in the wrong quotes may name a person."""
    if not _NAME.fullmatch(name):
        return QueryError(
            f"the query names a {kind} that does not exist: names are plain words, and texts stand in single "
            "quotes"
        )
    names = list(known)
    return UnknownNameError.of(kind, name, names) if names else QueryError(f"no {kind} is named {name!r}")
