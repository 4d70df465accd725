"""One definition of each table: what Polars, Arrow and Iceberg make of it is the same."""

import polars as pl
import pytest
from pyiceberg.io.pyarrow import schema_to_pyarrow

from stedi.contract import CONTRACTS
from stedi.contract.schemas import arrow_schema, polars_schema
from stedi.warehouse.layout import iceberg_schema


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.name)
def test_polars_arrow_and_iceberg_agree(contract):
    arrow = arrow_schema(contract)
    assert pl.DataFrame(arrow.empty_table()).schema == polars_schema(contract)
    assert schema_to_pyarrow(iceberg_schema(contract), include_field_ids=False).equals(arrow)
