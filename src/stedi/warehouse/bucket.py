"""The bucket of a customer, as Iceberg's bucket transform has it."""

from collections.abc import Iterable
from typing import Final

from pyiceberg.table import Table
from pyiceberg.transforms import BucketTransform
from pyiceberg.types import StringType

FEWEST_BUCKETS: Final = 32
MOST_BUCKETS: Final = 4096
_BYTES: Final = 64 << 20


def buckets_for(size: int) -> int:
    """Return N of ``bucket[N](customer_id)`` for a new lake whose landing files have so many bytes.

    A bucket fits in memory then, with room for the lake to grow: 64 MB of JSON, as long as that takes 32
    buckets or more, and never more than 4096.

    Examples:
        >>> buckets_for(1_000_000), buckets_for(10_900_000_000)
        (32, 256)
    """
    needed = -(-size // _BYTES)
    return min(max(FEWEST_BUCKETS, 1 << (needed - 1).bit_length() if needed else 0), MOST_BUCKETS)


def bucket_count(table: Table) -> int:
    """Return N of a table's ``bucket[N](customer_id)``."""
    return next(
        field.transform.num_buckets
        for field in table.spec().fields
        if isinstance(field.transform, BucketTransform)
    )


def buckets_of(customer_ids: Iterable[str], count: int) -> list[int]:
    """Return the bucket of each customer."""
    place = BucketTransform(count).transform(StringType())
    return [place(customer_id) or 0 for customer_id in customer_ids]
