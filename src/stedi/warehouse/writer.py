"""Data files: frames in, Parquet files with field ids and manifest statistics out."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Final

import polars as pl
import pyarrow as pa
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table
from pyiceberg.typedef import Record

from stedi.warehouse.layout import BUCKET_FIELD
from stedi.warehouse.parquet import ParquetFile, ParquetLayout

_ROWS_PER_GROUP: Final = 262_144
_ROWS_PER_FILE: Final = 8_000_000

NewFiles = list[DataFile]
"""Data files that were written, and are part of no table yet."""


class TableWriter:
    """Writes frames into new data files of a table; nothing is part of the table until it is staged.

    Frames are gathered until they fill a row group, and row groups until they fill a file, so that many
    small frames make few files.

    Args:
        table: The table.
        run_id: The run that writes; it stands in the names of the files.
    """

    def __init__(self, table: Table, run_id: str) -> None:
        self._table = table
        self._layout = ParquetLayout(table)
        self._run_id = run_id
        self._numbers = count()
        self._files: list[DataFile] = []
        self._pending: list[pl.DataFrame] = []
        self._pending_rows = 0
        self._open: tuple[ParquetFile, str] | None = None
        self._open_rows = 0

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows to the open file of an unpartitioned table."""
        for part in frame.iter_slices(_ROWS_PER_GROUP):
            self._pending.append(part)
            self._pending_rows += part.height
            if self._pending_rows >= _ROWS_PER_GROUP:
                self._flush()
            if self._open_rows >= _ROWS_PER_FILE:
                self._close_file(Record())

    def copy(self, rows: pa.Table) -> None:
        """Add rows of another file of an unpartitioned table as one row group, without decoding them."""
        self._flush()
        if rows.num_rows:
            self._opened("").copy(rows)
            self._open_rows += rows.num_rows
        if self._open_rows >= _ROWS_PER_FILE:
            self._close_file(Record())

    def copy_bucket(self, groups: Iterable[pa.Table], bucket: int) -> None:
        """Write the row groups of a file of one bucket into a file of its own, without decoding them."""
        self._flush()
        for rows in groups:
            if rows.num_rows:
                self._opened(f"{BUCKET_FIELD}={bucket}/").copy(rows)
        self._close_file(Record(bucket))

    def write_bucket(self, frame: pl.DataFrame, bucket: int) -> None:
        """Write the rows of one bucket of a partitioned table into a file of their own."""
        if frame.is_empty():
            return
        self._pending, self._pending_rows = [frame], frame.height
        self._flush(f"{BUCKET_FIELD}={bucket}/")
        self._close_file(Record(bucket))

    @property
    def files(self) -> Sequence[DataFile]:
        """The files that are finished so far."""
        return self._files

    def close(self) -> NewFiles:
        """Finish the open file and return all files."""
        self._flush()
        self._close_file(Record())
        return self._files

    def _flush(self, folder: str = "") -> None:
        if not self._pending_rows:
            return
        self._opened(folder).write(self._pending)
        self._open_rows += self._pending_rows
        self._pending, self._pending_rows = [], 0

    def _opened(self, folder: str) -> ParquetFile:
        if self._open is None:
            name = f"{folder}{self._run_id}-{next(self._numbers):05d}.parquet"
            path = f"{self._table.location()}/data/{name}"
            self._open = (ParquetFile(self._table.io.new_output(path), self._layout), path)
            self._open_rows = 0
        return self._open[0]

    def _close_file(self, partition: Record) -> None:
        if self._open is None:
            return
        writer, path = self._open
        self._open = None
        self._open_rows = 0
        statistics = writer.close()
        self._files.append(
            DataFile.from_args(
                content=DataFileContent.DATA,
                file_path=path,
                file_format=FileFormat.PARQUET,
                partition=partition,
                file_size_in_bytes=len(self._table.io.new_input(path)),
                sort_order_id=None,
                spec_id=self._table.spec().spec_id,
                equality_ids=None,
                key_metadata=None,
                **statistics.to_serialized_dict(),
            )
        )
