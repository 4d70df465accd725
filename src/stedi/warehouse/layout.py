"""How a contract becomes an Iceberg table: schema, partition spec and properties."""

from collections.abc import Iterator
from itertools import count

from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform
from pyiceberg.types import (
    BooleanType,
    DateType,
    DoubleType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    StructType,
    TimestamptzType,
)

from stedi.contract import Column, Contract, Kind, ListOf
from stedi.names import RUN

BUCKET_FIELD = "customer_id_bucket"
ICEBERG_FORMAT = 2
LAKE_FORMAT = 2
"""The number of what tables, columns, keys and notes of a lake mean: it grows with each migration."""
FORMAT_PROPERTY = "stedi.format"
"""The property of the run table that has a lake's format; one without it has format 1."""
_FIRST_PARTITION_ID = 1000
_TYPES: dict[Kind, IcebergType] = {
    Kind.STRING: StringType(),
    Kind.LONG: LongType(),
    Kind.INT: IntegerType(),
    Kind.DOUBLE: DoubleType(),
    Kind.BOOLEAN: BooleanType(),
    Kind.DATE: DateType(),
    Kind.TIMESTAMPTZ: TimestamptzType(),
}


def iceberg_schema(contract: Contract) -> Schema:
    """Return the Iceberg schema of a contract."""
    # The top columns come first, so that their ids are their places.
    nested = count(len(contract.columns) + 1)
    return Schema(*(_field(column, place, nested) for place, column in enumerate(contract.columns, start=1)))


def _field(column: Column, field_id: int, nested: "count[int]") -> NestedField:
    return NestedField(
        field_id=field_id,
        name=column.name,
        field_type=_type(column, nested),
        required=column.required,
        doc=column.doc,
    )


def _type(column: Column, nested: "count[int]") -> IcebergType:
    if not isinstance(column.kind, ListOf):
        return _TYPES[column.kind]
    number, element = next(nested), column.kind.element
    if isinstance(element, Kind):
        one: IcebergType = _TYPES[element]
    else:
        one = StructType(*(_field(field, next(nested), nested) for field in element))
    return ListType(element_id=number, element=one, element_required=True)


def partition_spec(contract: Contract, buckets: int) -> PartitionSpec:
    """Return the partition spec of a contract: ``bucket[N](customer_id)``, or none."""
    if not contract.bucketed:
        return UNPARTITIONED_PARTITION_SPEC
    source = contract.names.index("customer_id") + 1
    return PartitionSpec(PartitionField(source, _FIRST_PARTITION_ID, BucketTransform(buckets), BUCKET_FIELD))


def table_properties(contract: Contract) -> dict[str, str]:
    """Return the properties of a contract's table.

    No statistics of personal data stand in manifests; commits are never retried, since a retry would let
    a stale run publish over a newer one; the last few versions of the metadata are kept.
    """
    properties = {
        "format-version": str(ICEBERG_FORMAT),
        "commit.retry.num-retries": "0",
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "20",
        "write.parquet.compression-codec": "zstd",
        "write.parquet.compression-level": "1",
        "write.parquet.row-group-limit": "1048576",
    }
    if contract.name == RUN:
        properties[FORMAT_PROPERTY] = str(LAKE_FORMAT)
    return properties | {f"write.metadata.metrics.column.{path}": "none" for path in _paths(contract)}


def _paths(contract: Contract) -> Iterator[str]:
    """Yield how Iceberg names the columns that hold personal data."""
    for column in contract.columns:
        if column.pii:
            yield f"{column.name}.element" if isinstance(column.kind, ListOf) else column.name
