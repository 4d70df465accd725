"""Polars and Arrow schemas of a contract."""

from functools import cache

import polars as pl
import pyarrow as pa

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
_ARROW: dict[Kind, pa.DataType] = {
    Kind.STRING: pa.large_string(),
    Kind.LONG: pa.int64(),
    Kind.INT: pa.int32(),
    Kind.DOUBLE: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.TIMESTAMPTZ: pa.timestamp("us", tz="UTC"),
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


def arrow_field(column: Column) -> pa.Field:
    """Return the Arrow field of a column."""
    if isinstance(column.kind, ListOf):
        element = column.kind.element
        one = _ARROW[element] if isinstance(element, Kind) else pa.struct(list(map(arrow_field, element)))
        kind = pa.large_list(pa.field("element", one, nullable=False))
    else:
        kind = _ARROW[column.kind]
    return pa.field(column.name, kind, nullable=not column.required)


@cache
def arrow_schema(contract: Contract) -> pa.Schema:
    """Return the Arrow schema of a contract's tables.

    Examples:
        >>> from stedi.contract.registry import contract_of
        >>> arrow_schema(contract_of("tombstone")).field("erased_at")
        pyarrow.Field<erased_at: timestamp[us, tz=UTC] not null>
    """
    return pa.schema([arrow_field(column) for column in contract.columns])
