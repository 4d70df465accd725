"""Which buckets are derived together, and where their rows go."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

import polars as pl

from stedi.lake.staging import BUCKET
from stedi.warehouse.bucket import buckets_of
from stedi.warehouse.writer import TableWriter

_ROWS_AT_ONCE: Final = 262_144


def with_bucket(frame: pl.DataFrame, buckets: int) -> pl.DataFrame:
    """Say of each row in which bucket its customer is."""
    places = buckets_of(frame["customer_id"], buckets)
    return frame.with_columns(pl.Series(BUCKET, places, dtype=pl.Int32))


def groups(rows: Counter[int]) -> Iterator[list[int]]:
    """Yield the buckets that have rows, in groups that fill memory alike: those of a big lake one by one."""
    group: list[int] = []
    held = 0
    for bucket in sorted(rows):
        if group and held + rows[bucket] > _ROWS_AT_ONCE:
            yield group
            group, held = [], 0
        group.append(bucket)
        held += rows[bucket]
    if group:
        yield group


def by_bucket(rows: pl.DataFrame, group: Collection[int], buckets: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """Yield the rows of each bucket of a group, in the order in which they come."""
    if rows.is_empty():
        return
    if len(group) == 1:
        yield next(iter(group)), rows
        return
    places = with_bucket(rows.select("customer_id").unique(), buckets)
    placed = rows.join(places, on="customer_id", how="left", maintain_order="left")
    for (bucket,), part in placed.partition_by(BUCKET, as_dict=True, include_key=False).items():
        yield bucket, part


def write(rows: pl.DataFrame, group: Collection[int], buckets: int, writer: TableWriter) -> None:
    """Write rows into the files of their buckets."""
    for bucket, part in by_bucket(rows, group, buckets):
        writer.write_bucket(part, bucket)
