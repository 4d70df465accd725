"""The form that every record takes before it is judged, wherever it came from.

A draft frame has one column per source column of the contract, under the contract's name and in its
*wire type*: text as String, numbers as Float64 or Int64, times as epoch milliseconds (Float64 or Int64).
Beside them it may have ``_fault.<column>`` (a value was there and could not be put into the wire type:
``wrong_type``, ``not_finite`` or ``out_of_range``), ``_reason`` (the record as a whole is at fault), and
it has ``_position`` and, where a record can be rejected, ``_raw``; of a record whose raw text is only its
beginning also what was read in all of it: ``_emails``, ``_serials`` and ``_updated``.
"""

from functools import cache
from typing import Final

import polars as pl

from stedi.contract.column import Column, Kind
from stedi.contract.table import Contract
from stedi.names import EARLIEST, LATEST

EARLIEST_MS: Final = int(EARLIEST.timestamp() * 1000)
LATEST_MS: Final = int(LATEST.timestamp() * 1000)

REASON: Final = "_reason"
RAW: Final = "_raw"
POSITION: Final = "_position"
EMAILS: Final = "_emails"
SERIALS: Final = "_serials"
UPDATE_TIME: Final = "_updated"

EXACT: Final = 2**53
"""From here on a float may stand for another integer that was rounded."""

_WIRE: Final = {
    Kind.STRING: pl.String(),
    Kind.TIMESTAMPTZ: pl.Float64(),
    Kind.DOUBLE: pl.Float64(),
    Kind.LONG: pl.Int64(),
}


def wire_type(column: Column) -> pl.DataType:
    """Return the type that a source column has in a draft."""
    return _WIRE[Kind(str(column.kind))]


def fault(column: Column) -> str:
    """Return the name of the draft column that says what is wrong with a value."""
    return f"_fault.{column.name}"


@cache
def draft_schema(contract: Contract) -> pl.Schema:
    """Return the schema of a draft with every optional column.

    Examples:
        >>> from stedi.contract import landing_contract
        >>> draft_schema(landing_contract("accelerometer"))["timestamp"]
        Float64
    """
    columns = contract.source_columns
    return pl.Schema(
        {column.name: wire_type(column) for column in columns}
        | {fault(column): pl.String() for column in columns}
        | {REASON: pl.String(), RAW: pl.String(), POSITION: pl.Int64()}
        | {EMAILS: pl.List(pl.String()), SERIALS: pl.List(pl.String()), UPDATE_TIME: pl.Float64()}
    )
