"""Which buckets are derived together, and where their rows go."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

import polars as pl

from stedi.pipeline.derive.staging import BUCKET
from stedi.warehouse.bucket import buckets_of

_ROWS_AT_ONCE: Final = 262_144


class Buckets:
    """The buckets of a lake's customers; each is worked out once.

    Args:
        count: N of ``bucket[N](customer_id)``.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._known: dict[str, int] = {}

    def place(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Say of each row, in the column ``_bucket``, in which bucket its customer is."""
        customers = rows.select(pl.col("customer_id").unique())
        ids = customers["customer_id"].to_list()
        unknown = [each for each in ids if each not in self._known]
        self._known.update(zip(unknown, buckets_of(unknown, self.count), strict=True))
        places = pl.Series(BUCKET, [self._known[each] for each in ids], dtype=pl.Int32)
        return rows.join(customers.with_columns(places), on="customer_id", how="left", maintain_order="left")

    def split(self, rows: pl.DataFrame, group: Collection[int]) -> Iterator[tuple[int, pl.DataFrame]]:
        """Yield the rows of each bucket of a group, in the order in which they come."""
        if rows.is_empty():
            return
        if len(group) == 1:
            yield next(iter(group)), rows
            return
        parts = self.place(rows).partition_by(BUCKET, as_dict=True, include_key=False)
        yield from ((bucket, part) for (bucket,), part in parts.items())


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
