"""Data files without some of their rows: found by a few columns, and written anew as they are.

Texts stay the dictionaries that Parquet has them in, so that a row group in which nothing changes is
copied at a fraction of what decoding it costs. Where rows go, the dictionaries are made anew: one that
still held a name of which no row is left would be a trace.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.outline import outline
from stedi.warehouse.writer import TableWriter


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts: its distinct values, and which of them each row has.

    Attributes:
        distinct: The values of the dictionary.
        places: For each row the place of its value; null where it has none.
    """

    distinct: pl.Series
    places: pl.Series

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "Texts":
        """Take a column that was read as a dictionary."""
        array = column.unify_dictionaries().combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
        if not pa.types.is_dictionary(array.type):
            array = pc.dictionary_encode(array)
        values = array.dictionary.cast(pa.large_string())
        return cls(pl.Series(values, dtype=pl.String), pl.Series(array.indices, dtype=pl.Int32))

    def rows(self, chosen: pl.Series) -> pl.Series:
        """Say of each row whether its value is among the chosen ones of the dictionary."""
        return chosen.gather(self.places).fill_null(value=False)


class GroupChange(NamedTuple):
    """What becomes of the rows of a row group.

    Attributes:
        keep: Whether each row stays.
        values: Columns with other values, for all rows.
    """

    keep: pl.Series
    values: Mapping[str, pl.Series]

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)


class Cut(Protocol):
    """Says what becomes of rows."""

    @property
    def columns(self) -> Sequence[str]:
        """The columns to decide by."""
        ...

    def __call__(self, rows: pa.Table) -> GroupChange | None:
        """Say what becomes of the rows of a row group, by these columns; None where nothing changes."""
        ...


class Touch(NamedTuple):
    """What a cut would do to a data file.

    Attributes:
        gone: Rows that it would take out.
        changed: Whether it would change anything at all.
        rows: The row groups in which something changes, and what.
    """

    gone: int
    changed: bool
    rows: Mapping[int, GroupChange]


def touch(table: Table, file: DataFile, cut: Cut) -> Touch:
    """Look at a data file."""
    found: dict[int, GroupChange] = {}
    with _opened(table, file) as source:
        for group in range(source.num_row_groups):
            change = cut(source.read_row_group(group, columns=list(cut.columns)))
            if change is not None:
                found[group] = change
    gone = sum(int((~change.keep).sum()) for change in found.values())
    return Touch(gone, bool(found), found)


def taken_out(table: Table, file: DataFile, touched: Touch) -> Iterator[pl.DataFrame]:
    """Yield the rows of a data file that a cut takes out."""
    schema = polars_schema(contract_of(table.name()[-1]))
    with _opened(table, file) as source:
        for group, change in touched.rows.items():
            rows = source.read_row_group(group, columns=schema.names())
            yield _decoded(rows.filter((~change.keep).to_arrow()), schema)


def write_kept(table: Table, file: DataFile, touched: Touch, writer: TableWriter) -> None:
    """Write the rows of a data file that stay, in their order."""
    if file.partition:
        writer.copy_bucket(_kept(table, file, touched), file.partition[0])
        return
    for rows in _kept(table, file, touched):
        writer.copy(rows)


def _kept(table: Table, file: DataFile, touched: Touch) -> Iterator[pa.Table]:
    """Yield the row groups of a data file, with the rows that stay."""
    schema = polars_schema(contract_of(table.name()[-1]))
    with _opened(table, file) as source:
        for group in range(source.num_row_groups):
            rows = source.read_row_group(group, columns=schema.names())
            change = touched.rows.get(group)
            yield rows if change is None else _changed(rows, change)


def _changed(rows: pa.Table, change: GroupChange) -> pa.Table:
    for name, values in change.values.items():
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, values.to_arrow())
    rows = rows.filter(change.keep.to_arrow())
    # Decoded, so that the dictionary that is made of them holds nothing of the rows that went.
    for place, field in enumerate(rows.schema):
        if pa.types.is_dictionary(field.type):
            rows = rows.set_column(place, field.name, rows.column(place).cast(pa.large_string()))
    return rows


def _decoded(rows: pa.Table, schema: pl.Schema) -> pl.DataFrame:
    for place, field in enumerate(rows.schema):
        if pa.types.is_dictionary(field.type):
            rows = rows.set_column(place, field.name, rows.column(place).cast(pa.large_string()))
    frame = pl.DataFrame(rows)
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def _opened(table: Table, file: DataFile) -> pq.ParquetFile:
    stream = table.io.new_input(file.file_path).open()
    texts = [
        name for name, dtype in polars_schema(contract_of(table.name()[-1])).items() if dtype == pl.String
    ]
    return pq.ParquetFile(stream, read_dictionary=texts, pre_buffer=True)
