"""Many records of one proven layout, read at once into a draft."""

from typing import Final

import polars as pl

from stedi.contract.column import Kind
from stedi.contract.table import Contract
from stedi.landing.draft import wire_type
from stedi.landing.shape import Shape, Slot

_CELLS: Final = bytes.maketrans(b":", b",")
_BETWEEN_CELLS: Final = b"{} \t\r"


def decode(text: bytes, shape: Shape, contract: Contract) -> pl.DataFrame:
    """Read lines that all match the pattern of a shape.

    Args:
        text: The lines.
        shape: Their layout.
        contract: The contract of the landing table.

    Returns:
        A draft with a row per line, without positions.
    """
    read = _read_cells(text, shape) if shape.plain else _read_objects(text, shape)
    keys = {slot.column: slot.key for slot in shape.slots if slot.column}
    columns = []
    for column in contract.source_columns:
        key = keys.get(column.name)
        if key is None:
            value = pl.lit(None, wire_type(column))
        elif column.kind is Kind.TIMESTAMPTZ:
            value = pl.col(key)
        else:
            value = pl.col(key).cast(wire_type(column))
        columns.append(value.alias(column.name))
    return read.with_columns(columns).select(column.name for column in contract.source_columns)


def _read_objects(text: bytes, shape: Shape) -> pl.DataFrame:
    return pl.read_ndjson(text, schema={slot.key: slot.type for slot in _used(shape)})


def _read_cells(text: bytes, shape: Shape) -> pl.DataFrame:
    """Read ``{"x":1.0,"y":2.0}`` as the cells ``"x",1.0,"y",2.0``: twice as fast as by a JSON parser.

    The pattern of a plain shape allows nothing in a text that could be taken for the end of a cell.
    """
    schema: dict[str, pl.DataType] = {}
    for slot in shape.slots:
        schema |= {f"key of {slot.key}": pl.String(), slot.key: slot.type}
    used = _used(shape)
    cells = pl.read_csv(
        text.translate(_CELLS, _BETWEEN_CELLS),
        has_header=False,
        schema=schema,
        columns=[list(schema).index(slot.key) for slot in used],
        null_values={slot.key: "null" for slot in used if slot.type != pl.String()},
    )
    # Where null_values is given, an empty text is read as null. A plain shape has no texts that are absent.
    return cells.with_columns(pl.col(pl.String).fill_null(""))


def _used(shape: Shape) -> tuple[Slot, ...]:
    """Return the keys to read: those of the contract's columns, or any one, so that the rows are counted."""
    return tuple(slot for slot in shape.slots if slot.column) or shape.slots[:1]
