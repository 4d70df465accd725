"""One definition of each table: what Polars and Iceberg make of it is the same."""

import polars as pl
import pytest
from pyiceberg.io.pyarrow import schema_to_pyarrow

from stedi.contract import CONTRACTS
from stedi.contract.schemas import polars_schema
from stedi.warehouse.layout import iceberg_schema


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.name)
def test_polars_and_iceberg_agree(contract):
    arrow = schema_to_pyarrow(iceberg_schema(contract), include_field_ids=False)
    assert pl.DataFrame(arrow.empty_table()).schema == polars_schema(contract)
    required = {column.name for column in contract.columns if column.required}
    assert {field.name for field in arrow if not field.nullable} == required
