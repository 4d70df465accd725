"""The bucket of a customer, as Iceberg's bucket transform has it."""

from collections.abc import Iterable

from pyiceberg.table import Table
from pyiceberg.transforms import BucketTransform
from pyiceberg.types import StringType


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
