"""Which buckets are derived together, and where their rows go."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

import polars as pl

from stedi.lake.staging import BUCKET
from stedi.warehouse.writer import TableWriter

_ROWS_AT_ONCE: Final = 262_144


def groups(rows: Counter[int], buckets: int) -> Iterator[list[int]]:
    """Yield buckets in groups that fill memory alike: those of a big lake one by one."""
    group: list[int] = []
    held = 0
    for bucket in range(buckets):
        if group and held + rows[bucket] > _ROWS_AT_ONCE:
            yield group
            group, held = [], 0
        group.append(bucket)
        held += rows[bucket]
    yield group


class Places(NamedTuple):
    """The buckets that are derived together, and the bucket of each of their customers."""

    buckets: list[int]
    customers: pl.DataFrame

    def write(self, rows: pl.DataFrame, writer: TableWriter) -> None:
        """Write rows into the files of their buckets, in the order in which they come."""
        if len(self.buckets) == 1:
            writer.write_bucket(rows, self.buckets[0])
            return
        placed = rows.join(self.customers, on="customer_id", how="left", maintain_order="left")
        for (bucket,), part in placed.partition_by(BUCKET, as_dict=True, include_key=False).items():
            writer.write_bucket(part, bucket)
