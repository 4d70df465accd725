"""A frame in memory, held to the same contract as landing files."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from stedi.contract.column import Column, Kind
from stedi.contract.reasons import Rejection
from stedi.contract.registry import landing_contract
from stedi.contract.table import Contract
from stedi.errors import FrameError
from stedi.landing.draft import EXACT, POSITION, fault, wire_type
from stedi.landing.rules import Origin, judge
from stedi.landing.split import Split

_MEMORY: Final = "memory"
"""The ``_object`` of records that came from a frame."""


def conform(frame: pl.DataFrame | pl.LazyFrame, table: str) -> Split:
    """Hold a frame to a landing contract.

    The frame has the sources' own column names, in any case, and times as epoch milliseconds. Further
    columns are ignored, and so are missing ones that the contract doesn't require.

    Args:
        frame: The records; a lazy frame is collected.
        table: ``customer_landing``, ``accelerometer_landing`` or ``step_trainer_landing``.

    Returns:
        The kept and the rejected records, in the order of the frame; ``_position`` is the row number.

    Raises:
        FrameError: A required column is missing, or two columns differ in case only.
        UnknownNameError: There is no such table.

    Examples:
        >>> import polars as pl
        >>> readings = pl.DataFrame(
        ...     {"user": ["a@b.c", " "], "timeStamp": [1655564376361] * 2, "x": [1.0, 0], "y": 0, "z": 0}
        ... )
        >>> split = conform(readings, "accelerometer_landing")
        >>> split.kept.select("user", "timestamp").row(0)[1].isoformat()
        '2022-06-18T14:59:36.361000+00:00'
        >>> split.rejected.select("reason", "field", "_position").row(0)
        ('blank', 'user', 1)
    """
    contract = landing_contract(table)
    lazy = _lazy(frame)
    names = _names(lazy.collect_schema().names(), contract)
    records = lazy.select(names.values()).collect()
    parts = [
        expression
        for column in contract.source_columns
        for expression in _draft(column, names.get(column.name), records.schema)
    ]
    draft = records.select(
        *parts,
        pl.int_range(pl.len(), dtype=pl.Int64).alias(POSITION),
    )

    def raw(rows: pl.Series) -> pl.Series:
        return pl.Series([_text(row) for row in records[rows].iter_rows(named=True)], dtype=pl.String)

    return judge(draft, contract, Origin(_MEMORY, None, None), raw=raw)


def _lazy(frame: pl.DataFrame | pl.LazyFrame) -> pl.LazyFrame:
    if not isinstance(frame, pl.DataFrame | pl.LazyFrame):
        raise FrameError(
            f"conform takes a polars.DataFrame or LazyFrame, not {type(frame).__name__}: "
            "convert it first (polars.from_arrow, polars.from_pandas)"
        )
    return frame.lazy()


def _names(given: list[str], contract: Contract) -> dict[str, str]:
    """Return the frame's own name of each column of the contract that it has."""
    found: dict[str, str] = {}
    columns = {str(column.source).lower(): column for column in contract.source_columns}
    for name in given:
        column = columns.get(name.lower())
        if column is None:
            continue
        if column.name in found:
            raise FrameError(
                f"two columns of the frame are {contract.name}.{column.name}: {found[column.name]!r} and "
                f"{name!r} differ in case only. Drop or rename one"
            )
        found[column.name] = name
    for column in contract.source_columns:
        if column.required and column.name not in found:
            raise FrameError(
                f"the frame has no column {column.source!r}, which {contract.name} requires (any case will "
                f"do): rename the column that holds it. There is: {', '.join(sorted(given)) or 'no column'}"
            )
    return found


def _draft(column: Column, name: str | None, schema: Mapping[str, pl.DataType]) -> Iterator[pl.Expr]:
    """Give a column's values in its wire type, and what is wrong with those that have none."""
    wire = wire_type(column)
    if name is None or schema[name] == pl.Null:
        yield pl.lit(None, wire).alias(column.name)
        return
    value, dtype = pl.col(name), schema[name]
    if column.kind is Kind.STRING:
        parts = _text_of(value, dtype)
    elif not dtype.is_numeric():
        parts = _no_value(value)
    elif column.kind is Kind.LONG:
        parts = _long_of(value, dtype)
    else:
        parts = value.cast(pl.Float64), pl.lit(None)
    yield parts[0].cast(wire).alias(column.name)
    yield parts[1].cast(pl.String).alias(fault(column))


def _no_value(value: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    return pl.lit(None), pl.when(value.is_not_null()).then(pl.lit(Rejection.WRONG_TYPE.value))


def _text_of(value: pl.Expr, dtype: pl.DataType) -> tuple[pl.Expr, pl.Expr]:
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum) or dtype.is_integer():
        return value.cast(pl.String), pl.lit(None)
    if not dtype.is_numeric():
        return _no_value(value)
    number = value.cast(pl.Float64)
    whole = number.is_finite() & (number == number.floor()) & (number.abs() < EXACT)
    text = pl.when(whole).then(number).cast(pl.Int64).cast(pl.String)
    return text, pl.when(value.is_not_null() & ~whole).then(pl.lit(Rejection.WRONG_TYPE.value))


def _long_of(value: pl.Expr, dtype: pl.DataType) -> tuple[pl.Expr, pl.Expr]:
    if dtype.is_integer():
        fits = value.cast(pl.Int64, strict=False)
        lost = value.is_not_null() & fits.is_null()
        return fits, pl.when(lost).then(pl.lit(Rejection.OUT_OF_RANGE.value))
    number = value.cast(pl.Float64)
    exact = number.is_finite() & (number == number.floor()) & (number.abs() < EXACT)
    wrong = (
        pl.when(~number.is_finite())
        .then(pl.lit(Rejection.NOT_FINITE.value))
        .when(number != number.floor())
        .then(pl.lit(Rejection.WRONG_TYPE.value))
        .when(~exact)
        .then(pl.lit(Rejection.OUT_OF_RANGE.value))
    )
    return pl.when(exact).then(number).cast(pl.Int64), wrong


def _text(row: Mapping[str, object]) -> str:
    """Return a record as JSON, or as near to it as its values allow."""
    text = json.dumps(row, ensure_ascii=False, default=str)
    return text.encode(errors="backslashreplace").decode()
