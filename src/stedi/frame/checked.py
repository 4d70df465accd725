"""Frames of any engine: taken in as checked lazy frames, and given back as they came."""

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeAlias, cast

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame, IntoFrameT

from stedi.contract import Column, Contract, Kind
from stedi.contract.reasons import Drop
from stedi.contract.schemas import polars_schema
from stedi.errors import FrameError

Rows: TypeAlias = nw.LazyFrame[Any]
"""A lazy frame of whichever engine."""

_ENGINES = (nw.Implementation.POLARS, nw.Implementation.DUCKDB, nw.Implementation.PYSPARK)
_HINTS = {
    Kind.TIMESTAMPTZ: (
        "UTC times in microseconds are needed: epoch milliseconds go through stedi.conform first, "
        'others through .cast(pl.Datetime("us", "UTC"))'
    ),
    Kind.STRING: "text is needed: .cast(pl.String)",
    Kind.DOUBLE: "64-bit floats are needed: .cast(pl.Float64)",
    Kind.LONG: "64-bit integers are needed: .cast(pl.Int64)",
    Kind.INT: "32-bit integers are needed: .cast(pl.Int32)",
    Kind.DATE: "dates are needed: .cast(pl.Date)",
    Kind.BOOLEAN: "booleans are needed: .cast(pl.Boolean)",
}
_LIST_HINT = "lists of texts are needed: .cast(pl.List(pl.String))"


def lazy(frame: IntoFrame) -> Rows:
    """Wrap a Polars, DuckDB or Spark frame.

    Raises:
        FrameError: It is no frame of one of these engines.
    """
    try:
        wrapped = nw.from_native(frame)
    except TypeError:
        wrapped = None
    if not isinstance(wrapped, nw.DataFrame | nw.LazyFrame) or wrapped.implementation not in _ENGINES:
        raise FrameError(
            f"a {type(frame).__name__} is no Polars, DuckDB or Spark frame: "
            "convert it first, for example with pl.from_pandas or pl.from_arrow"
        )
    return wrapped.lazy()


def take(frame: IntoFrame, contract: Contract, columns: Iterable[str] | None = None) -> Rows:
    """Check a frame against a contract and keep the named columns, in the order of the contract.

    Args:
        frame: A Polars, DuckDB or Spark frame.
        contract: The contract of the table that the frame should hold.
        columns: The columns that are needed; by default those without provenance.

    Raises:
        FrameError: A column is missing or has another type.
    """
    taken = lazy(frame)
    wanted = frozenset(columns) if columns is not None else None
    needed = [
        column
        for column in contract.columns
        if (column.name in wanted if wanted is not None else not column.name.startswith("_"))
    ]
    schema, types = taken.collect_schema(), _types(contract)
    for column in needed:
        if column.name not in schema:
            _refuse_missing(column, contract, schema.names())
        if not _fits(schema[column.name], types[column.name], taken.implementation):
            raise FrameError(
                f"{contract.name}: column {column.name!r} is {schema[column.name]}; "
                + (_HINTS[column.kind] if isinstance(column.kind, Kind) else _LIST_HINT)
            )
    return taken.select(*(column.name for column in needed))


def _refuse_missing(column: Column, contract: Contract, present: list[str]) -> None:
    sent = column.source is not None and column.source in present and column.source != column.name
    hint = (
        f"it has {column.source!r}: pass a frame with the sources' own names through stedi.conform"
        if sent
        else "pass the frame that stedi made of this table, or add the column"
    )
    raise FrameError(f"{contract.name}: the frame has no column {column.name!r}; {hint}")


@cache
def _types(contract: Contract) -> nw.Schema:
    return nw.Schema.from_polars(polars_schema(contract))


def _fits(dtype: nw.dtypes.DType, wanted: nw.dtypes.DType, engine: nw.Implementation) -> bool:
    if not isinstance(wanted, nw.Datetime):
        return dtype == wanted
    if not isinstance(dtype, nw.Datetime) or dtype.time_zone is None or dtype.time_unit != "us":
        return False
    # Other engines store instants and only show them in the session's zone.
    return engine is not nw.Implementation.POLARS or dtype.time_zone == "UTC"


def null_like(other: nw.Expr) -> nw.Expr:
    """Return a null of the type of another expression: engines name the type of a time differently."""
    return nw.when(nw.lit(value=False)).then(other)


def first_reason(*rules: tuple[nw.Expr, Drop]) -> nw.Expr:
    """Return the reason of the first rule that keeps a row out; null where none does."""
    return nw.coalesce(*(nw.when(broken).then(nw.lit(reason.value)) for broken, reason in rules))


def with_gap(frame: Rows, name: str, later: str, earlier: str) -> Rows:
    """Add the column ``later - earlier`` in whole microseconds, which Narwhals can't do on Spark."""
    if frame.implementation.is_pyspark():
        native: Any = frame.to_native()
        gap = f"unix_micros(`{later}`) - unix_micros(`{earlier}`) AS `{name}`"
        return cast("Rows", nw.from_native(native.selectExpr("*", gap)))
    return frame.with_columns((nw.col(later) - nw.col(earlier)).dt.total_microseconds().alias(name))


def carry(small: pl.DataFrame, like: Rows) -> Rows:
    """Bring a small Polars frame into the engine of another frame, so that the two can be joined."""
    native: Any = like.to_native()
    if like.implementation.is_duckdb():
        # DuckDB finds the Arrow table by the name of this variable; the text holds no value.
        carried = small.to_arrow()  # noqa: F841
        return cast("Rows", nw.from_native(native.query("_", "SELECT * FROM carried")))
    if like.implementation.is_pyspark():
        return cast("Rows", nw.from_native(native.sparkSession.createDataFrame(small.to_arrow())))
    return nw.from_native(small.lazy())


def fetch(frame: Rows) -> pl.DataFrame:
    """Bring a small lazy frame of any engine into memory as Polars."""
    native: Any = frame.to_native()
    if isinstance(native, pl.LazyFrame):
        # By Polars itself: what it raises of a damaged file is known, and Narwhals raises another error.
        return native.collect()
    return cast("pl.DataFrame", frame.collect("polars").to_native())


def give(result: Rows, contract: Contract, *, like: IntoFrameT) -> IntoFrameT:
    """Return a result in the order of its contract, eager if the input was eager."""
    ordered = result.select(*contract.names)
    if isinstance(like, pl.DataFrame):
        return cast("IntoFrameT", fetch(ordered))
    return cast("IntoFrameT", ordered.to_native())
