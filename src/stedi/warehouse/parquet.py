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


class ParquetFile:
    """A data file that is being written.

    Args:
        output: Where it is written to.
        table: The table that it is for.
    """

    def __init__(self, output: OutputFile, table: Table) -> None:
        """Open the file."""
        self._schema = table.schema()
        self._properties = table.properties
        self._paths = parquet_path_to_id_mapping(self._schema)
        self._plan = compute_statistics_plan(self._schema, self._properties)
        columns: pa.Schema = schema_to_pyarrow(self._schema)
        self._texts = [field.name for field in columns if _is_text(field.type)]
        self._columns = pa.schema([_stored(field) for field in columns])
        self._stream = output.create(overwrite=True)
        self._writer = pq.ParquetWriter(
            self._stream,
            self._columns,
            compression=self._properties[TableProperties.PARQUET_COMPRESSION],
            compression_level=int(self._properties[TableProperties.PARQUET_COMPRESSION_LEVEL]),
            dictionary_pagesize_limit=TableProperties.PARQUET_DICT_SIZE_BYTES_DEFAULT,
            use_dictionary=[path for path in self._paths if path != _RISING],
            column_encoding={_RISING: "DELTA_BINARY_PACKED"} if _RISING in self._paths else None,
            write_statistics=[path for path, field in self._paths.items() if self._plan[field].mode != _NONE],
            write_batch_size=TableProperties.PARQUET_PAGE_ROW_LIMIT_DEFAULT,
            store_schema=False,  # how texts were given is nothing for readers to know
        )

    def write(self, frames: Sequence[pl.DataFrame]) -> None:
        """Write frames as one row group."""
        others = pl.concat([frame.drop(self._texts) for frame in frames]).to_arrow()
        texts = _dictionaries([frame.select(self._texts) for frame in frames])
        columns = [
            (texts[field.name] if field.name in texts else others.column(field.name)).cast(field.type)
            for field in self._columns
        ]
        rows = pa.Table.from_arrays(columns, schema=self._columns)
        self._writer.write_table(rows, row_group_size=rows.num_rows)

    def copy(self, rows: pa.Table) -> None:
        """Write rows as one row group; their texts may be dictionaries already."""
        columns = [_as_stored(rows.column(field.name), field.type) for field in self._columns]
        self._writer.write_table(
            pa.Table.from_arrays(columns, schema=self._columns), row_group_size=rows.num_rows
        )

    def close(self) -> DataFileStatistics:
        """Finish the file and return what its manifest says of it."""
        with self._stream:
            self._writer.close()
        return data_file_statistics_from_parquet_metadata(
            parquet_metadata=self._writer.writer.metadata,
            stats_columns=self._plan,
            parquet_column_mapping=self._paths,
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
    shared = [_shared(frame) for frame in frames]
    columns = {}
    for name in frames[0].columns:
        once = [name in names for names in shared]
        texts = [frame[:1][name] if one else frame[name] for frame, one in zip(frames, once, strict=True)]
        encoded = pc.dictionary_encode(pl.concat(texts).to_arrow(compat_level=pl.CompatLevel.oldest()))
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


def _shared(texts: pl.DataFrame) -> set[str]:
    """Return the columns in which all rows have the same text."""
    ends = texts.select(pl.all().first() == pl.all().last())
    names = [name for name in ends.columns if ends[name][0]]
    if not names:
        return set()
    same = texts.select((pl.col(names).min() == pl.col(names).max()) & (pl.col(names).null_count() == 0))
    return {name for name in names if same[name][0]}
