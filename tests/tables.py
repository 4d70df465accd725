"""Tables of a catalog of one test, and rows for them."""

from datetime import UTC, datetime, timedelta

import polars as pl
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.warehouse.layout import iceberg_schema, table_properties

START = datetime(2026, 1, 1, tzinfo=UTC)


def make(catalog: SqlCatalog, name: str) -> Table:
    contract = contract_of(name)
    return catalog.create_table(
        f"stedi.{name}", iceberg_schema(contract), properties=table_properties(contract)
    )


def readings(users: list[str], origin: str, *, first: int = 0) -> pl.DataFrame:
    rows = [
        (
            user,
            START + timedelta(seconds=index),
            index / 3,
            -0.0,
            1.5,
            origin,
            "ab" * 16,
            first + index,
            "run-1",
        )
        for index, user in enumerate(users)
    ]
    return pl.DataFrame(rows, schema=polars_schema(contract_of("accelerometer_landing")), orient="row")
