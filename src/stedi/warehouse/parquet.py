"""Parquet files of Iceberg tables, written with what is known of their columns.

Otherwise than by pyiceberg's own writer, texts are given as dictionaries, which Parquet stores as they are
instead of looking for repeated ones again, a text that all rows of a frame share costs nearly nothing,
numbers that rise are stored as their steps, and columns of which manifests must say nothing have no
statistics in the file either.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.io import OutputFile
from pyiceberg.io.fileformat import DataFileStatistics
from pyiceberg.io.pyarrow import (
    MetricModeTypes,
    MetricsMode,
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
    schema_to_pyarrow,
)
from pyiceberg.table import Table, TableProperties

_NONE: Final = MetricsMode(MetricModeTypes.NONE)
_RISING: Final = "_position"
_FEW_ROWS: Final = 4_096
"""From so many rows a frame on it pays to look for texts that all of them share."""


class ParquetLayout:
    """How the data files of one table are written: worked out once for all of them.

    Args:
        table: The table.

    Attributes:
        columns: The columns as they are given to Parquet.
        texts: The names of those that are texts.
        others: The names of the others.
        paths: The id of each column.
        plan: What manifests say of each of them.
        options: What the writer is told.
    """

    def __init__(self, table: Table) -> None:
        properties = table.properties
        columns: pa.Schema = schema_to_pyarrow(table.schema())
        self.columns = pa.schema([_stored(field) for field in columns])
        self.texts = [field.name for field in columns if _is_text(field.type)]
        self.others = [field.name for field in columns if not _is_text(field.type)]
        self.paths = parquet_path_to_id_mapping(table.schema())
        self.plan = compute_statistics_plan(table.schema(), properties)
        self.options = {
            "compression": properties[TableProperties.PARQUET_COMPRESSION],
            "compression_level": int(properties[TableProperties.PARQUET_COMPRESSION_LEVEL]),
            "dictionary_pagesize_limit": TableProperties.PARQUET_DICT_SIZE_BYTES_DEFAULT,
            "use_dictionary": [path for path in self.paths if path != _RISING],
            "column_encoding": {_RISING: "DELTA_BINARY_PACKED"} if _RISING in self.paths else None,
            "write_statistics": [
                path for path, field in self.paths.items() if self.plan[field].mode != _NONE
            ],
            "write_batch_size": TableProperties.PARQUET_PAGE_ROW_LIMIT_DEFAULT,
            "store_schema": False,  # how texts were given is nothing for readers to know
        }


class ParquetFile:
    """A data file that is being written.

    Args:
        output: Where it is written to.
        layout: How the files of its table are written.
    """

    def __init__(self, output: OutputFile, layout: ParquetLayout) -> None:
        self._layout = layout
        self._stream = output.create(overwrite=True)
        self._writer = pq.ParquetWriter(self._stream, layout.columns, **layout.options)

    def write(self, frames: Sequence[pl.DataFrame]) -> None:
        """Write frames as one row group."""
        layout = self._layout
        others = pl.concat([frame[layout.others] for frame in frames]).to_arrow()
        texts = _dictionaries([frame[layout.texts] for frame in frames])
        columns = [
            (texts[field.name] if field.name in texts else others.column(field.name)).cast(field.type)
            for field in layout.columns
        ]
        rows = pa.Table.from_arrays(columns, schema=layout.columns)
        self._writer.write_table(rows, row_group_size=rows.num_rows)

    def copy(self, rows: pa.Table) -> None:
        """Write rows as one row group; their texts may be dictionaries already."""
        columns = [_as_stored(rows.column(field.name), field.type) for field in self._layout.columns]
        self._writer.write_table(
            pa.Table.from_arrays(columns, schema=self._layout.columns), row_group_size=rows.num_rows
        )

    def close(self) -> DataFileStatistics:
        """Finish the file and return what its manifest says of it."""
        with self._stream:
            self._writer.close()
        return data_file_statistics_from_parquet_metadata(
            parquet_metadata=self._writer.writer.metadata,
            stats_columns=self._layout.plan,
            parquet_column_mapping=self._layout.paths,
        )


def _is_text(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_string(dtype) or pa.types.is_large_string(dtype))


def _stored(field: pa.Field) -> pa.Field:
    return field.with_type(pa.dictionary(pa.int32(), field.type)) if _is_text(field.type) else field


def _as_stored(column: pa.ChunkedArray, stored: pa.DataType) -> pa.ChunkedArray:
    if not pa.types.is_dictionary(stored):
        return column.cast(stored)
    if not pa.types.is_dictionary(column.type):
        column = column.cast(stored.value_type).dictionary_encode()
    chunks = [
        pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary.cast(stored.value_type))
        for chunk in column.unify_dictionaries().chunks
    ]
    return pa.chunked_array(chunks, type=stored)


def _dictionaries(frames: Sequence[pl.DataFrame]) -> dict[str, pa.DictionaryArray]:
    """Return the columns of some frames, which are all texts, each as one dictionary and the places in it."""
    if sum(frame.height for frame in frames) < _FEW_ROWS * len(frames):
        whole = pl.concat(frames)
        return {name: _encoded(whole[name]) for name in whole.columns}
    shared = [_shared(frame) for frame in frames]
    columns = {}
    for name in frames[0].columns:
        once = [name in names for names in shared]
        texts = [frame[:1][name] if one else frame[name] for frame, one in zip(frames, once, strict=True)]
        encoded = _encoded(pl.concat(texts))
        codes = pl.Series(encoded.indices)
        places, start = [], 0
        for frame, one in zip(frames, once, strict=True):
            end = start + (1 if one else frame.height)
            part = codes[start:end]
            places.append(part.new_from_index(0, frame.height) if one else part)
            start = end
        indices = pl.concat(places, rechunk=True).to_arrow()
        columns[name] = pa.DictionaryArray.from_arrays(indices, encoded.dictionary)
    return columns


def _encoded(texts: pl.Series) -> pa.DictionaryArray:
    return pc.dictionary_encode(texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()))


def _shared(texts: pl.DataFrame) -> set[str]:
    """Return the columns in which all rows have the same text."""
    ends = texts.select(pl.all().first() == pl.all().last())
    names = [name for name in ends.columns if ends[name][0]]
    if not names:
        return set()
    same = texts.select((pl.col(names).min() == pl.col(names).max()) & (pl.col(names).null_count() == 0))
    return {name for name in names if same[name][0]}
