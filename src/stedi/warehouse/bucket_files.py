"""The data files of one snapshot of a bucketed table, by bucket: read and replaced a few at a time."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import polars as pl
import pyarrow.parquet as pq
from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.types import TimestamptzType

from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.names import EPOCH
from stedi.warehouse.manifests import files_of


class BucketFiles:
    """The data files of a snapshot, by bucket.

    Args:
        table: A table that is partitioned by ``bucket[N](customer_id)``.
        snapshot_id: One of its snapshots.
        time: The column by whose span files are told apart.
    """

    def __init__(self, table: Table, snapshot_id: int, *, time: str) -> None:
        self._table = table
        self._schema = polars_schema(contract_of(table.name()[-1]))
        self._time = table.schema().find_field(time).field_id
        self._files: dict[int, list[DataFile]] = {}
        for file in files_of(table, snapshot_id):
            self._files.setdefault(file.partition[0], []).append(file)

    @property
    def buckets(self) -> Collection[int]:
        """The buckets that have rows."""
        return self._files.keys()

    def count(self, bucket: int) -> int:
        """Return how many rows a bucket has."""
        return sum(file.record_count for file in self.of(bucket))

    def of(self, bucket: int) -> Sequence[DataFile]:
        """Return the files of a bucket."""
        return self._files.get(bucket, ())

    def read(
        self, buckets: Collection[int], *, span: tuple[datetime, datetime] | None = None
    ) -> pl.DataFrame:
        """Return the rows of some buckets; with a span, of those files only that may have a time in it."""
        wanted = (file for bucket in buckets for file in self.of(bucket))
        parts = (self._rows(file) for file in wanted if span is None or self._may_have(file, *span))
        return pl.concat([self._schema.to_frame(), *parts])

    def _rows(self, file: DataFile) -> pl.DataFrame:
        with self._table.io.new_input(file.file_path).open() as source:
            rows = pl.DataFrame(pq.read_table(source, columns=self._schema.names()))
        return rows.cast(self._schema)

    def _may_have(self, file: DataFile, first: datetime, last: datetime) -> bool:
        lower, upper = file.lower_bounds.get(self._time), file.upper_bounds.get(self._time)
        if lower is None or upper is None:
            return True
        earliest, latest = (int(from_bytes(TimestamptzType(), each)) for each in (lower, upper))
        return earliest <= _micros(last) and latest >= _micros(first)


def _micros(time: datetime) -> int:
    """Return a time as Iceberg's bounds have it."""
    return (time - EPOCH) // timedelta(microseconds=1)
