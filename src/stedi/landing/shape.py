"""The layout of a record: which keys, in which order and spelling, with which types of values.

From one record a strict regular expression is made that matches exactly the valid records of its layout.
It is a proof: what it matches is JSON, has each key once, and has values of the right types that every
parser reads alike. So the matching records can be parsed by the fastest reader at hand, however lenient.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl

from stedi.contract.column import Column, Kind
from stedi.contract.table import Contract
from stedi.landing.draft import POSITION, wire_type
from stedi.landing.strict import CONSENT_KEY, DECODER, Pairs, resembles_consent_key

# A text without escapes, and without what the table reader would take for the end of a cell.
_PLAIN: Final = r'"[^"\\{}: \x00-\x1f]*"'
_SIMPLE: Final = r'"[^"\\\x00-\x1f]*"'
_TEXT: Final = (
    r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u(?:[0-9a-ce-fA-CE-F][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))*"'
)
_INTEGER: Final = r"-?(?:0|[1-9][0-9]{0,14})"
_INTEGRAL: Final = _INTEGER + r"(?:\.0{1,6})?"
_NUMBER: Final = _INTEGER + r"(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?"
_SCALAR: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false"
_GAP: Final = r"[ \t\r]*"
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.$-]*\Z")
_CELLS: Final = bytes.maketrans(b":", b",")
_BETWEEN_CELLS: Final = b"{} \t\r"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    """One key of a layout.

    Attributes:
        key: The key as spelled.
        column: The name of the contract's column; ``None`` for a key that is ignored.
        type: The type that its values are read as.
    """

    key: str
    column: str | None
    type: pl.DataType


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordShape:
    """One layout of a record.

    Attributes:
        slots: Its keys, in order.
        plain: Its records can be read as a table with separators: no spaces, colons, braces or escapes
            in texts that matter, and no value absent.
        record: Matches a record of this layout; for Arrow's engine.
    """

    slots: tuple[_Slot, ...]
    plain: bool
    record: str

    @property
    def line(self) -> str:
        """A pattern of a whole line that is one record, with its line end if it has one."""
        return rf"\A{self.record}\n?\z"

    @property
    def lines(self) -> str:
        """A pattern of a whole text in which each line is one record."""
        return rf"\A(?:{self.record}(?:\n|\z))+\z"

    @property
    def consent_field(self) -> bool:
        """Whether records of this layout have the key that grants consent to research."""
        return any(slot.key.lower() == CONSENT_KEY for slot in self.slots)

    @property
    def lookalike(self) -> str | None:
        """A key of the layout that resembles it."""
        keys = (slot.key for slot in self.slots if slot.column is None)
        return next((key for key in keys if resembles_consent_key(key.lower())), None)


def learn(record: bytes, contract: Contract) -> tuple[RecordShape, ...]:
    r"""Return the layouts to try for records like this one, the fastest first; none if it is not a good one.

    Examples:
        >>> from stedi.contract import landing_contract
        >>> record = b'{"user":"a","TimeStamp":1655564376361,"app":true}\n'
        >>> shapes = learn(record, landing_contract("accelerometer"))
        >>> [(slot.key, slot.column, slot.type) for slot in shapes[0].slots]
        [('user', 'user', String), ('TimeStamp', 'timestamp', Int64), ('app', None, String)]
    """
    try:
        pairs = DECODER.decode(record.decode())
    except (ValueError, RecursionError):
        return ()
    if not isinstance(pairs, Pairs):
        return ()
    return _shapes(tuple((key, _kind_of(value)) for key, value in pairs), contract)


def _kind_of(value: object) -> str:
    if value is None:
        return "null"
    kinds = {str: "text", int: "integer", float: "number", bool: "boolean"}
    return kinds.get(type(value), "other")


@lru_cache(maxsize=512)
def _shapes(layout: tuple[tuple[str, str], ...], contract: Contract) -> tuple[RecordShape, ...]:
    columns = {str(column.source).lower(): column for column in contract.source_columns}
    spellings = [key.lower() if key.lower() in columns else key for key, _ in layout]
    if not layout or len(set(spellings)) < len(spellings):
        return ()
    return tuple(_compiled(layout, columns))


def _compiled(layout: tuple[tuple[str, str], ...], columns: dict[str, Column]) -> Iterator[RecordShape]:
    for plain in (True, False):
        text = _PLAIN if plain else _TEXT
        slots, parts = [], []
        for key, kind in layout:
            column = columns.get(key.lower())
            value = _value(column, kind, text) if column else _ignored(kind, _SIMPLE if plain else _TEXT)
            if value is None or not _KEY.match(key):
                return
            pattern, dtype = value
            slots.append(_Slot(key=key, column=column.name if column else None, type=dtype))
            absent = "" if plain else "|null"
            parts.append(f'{_GAP}"{re.escape(key)}"{_GAP}:{_GAP}(?:{pattern}{absent}){_GAP}')
        body = ",".join(parts)
        yield RecordShape(slots=tuple(slots), plain=plain, record=rf"{_GAP}\{{{body}\}}{_GAP}")


def _ignored(kind: str, text: str) -> tuple[str, pl.DataType] | None:
    return (f"{text}|{_SCALAR}", pl.String()) if kind != "other" else None


def _value(column: Column, kind: str, text: str) -> tuple[str, pl.DataType] | None:
    """Return the pattern of a key's values and the type to read them as; nothing if the sample is no good."""
    match column.kind, kind:
        case Kind.STRING, "text" | "null":
            return text, pl.String()
        case Kind.STRING | Kind.TIMESTAMPTZ | Kind.LONG, "integer":
            return _INTEGER, pl.Int64()
        case Kind.TIMESTAMPTZ | Kind.LONG, "null":
            return _INTEGER, pl.Int64()
        case Kind.TIMESTAMPTZ | Kind.LONG, "number":
            return _INTEGRAL, pl.Float64()
        case Kind.DOUBLE, "integer" | "number" | "null":
            return _NUMBER, pl.Float64()
        case _:
            return None


def decode(text: bytes, shape: RecordShape, contract: Contract, positions: pl.Expr) -> pl.DataFrame:
    """Read lines that all match the pattern of a shape.

    Args:
        text: The lines.
        shape: Their layout.
        contract: The contract of the landing table.
        positions: The position of each record.

    Returns:
        A draft with a row per line.
    """
    read = _cells(text, shape) if shape.plain else _objects(text, shape)
    slots = {slot.column: slot for slot in shape.slots if slot.column}
    columns = []
    for column in contract.source_columns:
        slot = slots.get(column.name)
        if slot is None:
            value = pl.lit(None, wire_type(column))
        elif column.kind is Kind.TIMESTAMPTZ:
            value = pl.col(slot.key)
        else:
            value = pl.col(slot.key).cast(wire_type(column))
        columns.append(value.alias(column.name))
    return read.select(*columns, positions.alias(POSITION)).collect()


def _objects(text: bytes, shape: RecordShape) -> pl.LazyFrame:
    return pl.read_ndjson(text, schema={slot.key: slot.type for slot in shape.slots if slot.column}).lazy()


def _cells(text: bytes, shape: RecordShape) -> pl.LazyFrame:
    """Read ``{"x":1.0,"y":2.0}`` as the cells ``"x",1.0,"y",2.0``: twice as fast as by a JSON parser.

    The pattern of a plain shape allows nothing in a text that could be taken for the end of a cell.
    """
    schema: dict[str, pl.DataType] = {}
    for slot in shape.slots:
        schema |= {f"key of {slot.key}": pl.String(), slot.key: slot.type}
    return pl.scan_csv(text.translate(_CELLS, _BETWEEN_CELLS), has_header=False, schema=schema)
