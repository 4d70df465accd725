"""The Polars schema of a contract."""

from functools import cache

import polars as pl

from stedi.contract.column import Column, Kind, ListOf
from stedi.contract.table import Contract

_POLARS: dict[Kind, pl.DataType] = {
    Kind.STRING: pl.String(),
    Kind.LONG: pl.Int64(),
    Kind.INT: pl.Int32(),
    Kind.DOUBLE: pl.Float64(),
    Kind.BOOLEAN: pl.Boolean(),
    Kind.DATE: pl.Date(),
    Kind.TIMESTAMPTZ: pl.Datetime("us", "UTC"),
}


def polars_type(column: Column) -> pl.DataType:
    """Return the Polars type of a column."""
    if isinstance(column.kind, ListOf):
        element = column.kind.element
        if isinstance(element, Kind):
            return pl.List(_POLARS[element])
        return pl.List(pl.Struct({field.name: polars_type(field) for field in element}))
    return _POLARS[column.kind]


@cache
def polars_schema(contract: Contract) -> pl.Schema:
    """Return the Polars schema of a contract's frames.

    Examples:
        >>> from stedi.contract.registry import contract_of
        >>> polars_schema(contract_of("tombstone"))["erased_at"]
        Datetime(time_unit='us', time_zone='UTC')
    """
    return pl.Schema({column.name: polars_type(column) for column in contract.columns})
