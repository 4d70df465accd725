"""The Athena statements, read back by a parser of Athena's SQL and compared with the contracts."""

import pytest
import sqlglot
from sqlglot import exp

from lakes import KEYS
from stedi.contract import LANDING, Kind, contract_of
from stedi.contract.athena import check_location, landing_ddl
from stedi.errors import ConfigurationError

ROOT = "s3://my-bucket/landing"
TYPES = {
    Kind.STRING: exp.DType.TEXT,
    Kind.LONG: exp.DType.BIGINT,
    Kind.DOUBLE: exp.DType.DOUBLE,
    Kind.TIMESTAMPTZ: exp.DType.BIGINT,
}


def parsed(table, **options):
    (statement,) = sqlglot.parse(landing_ddl(**{"location": ROOT, **options})[table], dialect="athena")
    assert isinstance(statement, exp.Create)
    return statement


def properties(statement):
    return {
        each.this.name: each.args["value"].name
        for each in statement.find_all(exp.Property)
        if type(each) is exp.Property
    }


@pytest.mark.parametrize("contract", LANDING, ids=lambda contract: contract.name)
def test_columns_types_and_comments_are_those_of_the_contract(contract):
    columns = list(parsed(contract.name).find_all(exp.ColumnDef))
    assert [column.name for column in columns] == [
        KEYS[column.name].lower() for column in contract.source_columns
    ]
    for column, stated in zip(contract.source_columns, columns, strict=True):
        assert stated.kind.this is TYPES[column.kind]
        comment = stated.find(exp.CommentColumnConstraint).this.this
        assert comment.startswith(column.doc)
        assert comment.endswith("Epoch milliseconds, UTC.") is (column.kind is Kind.TIMESTAMPTZ)
        # Athena refuses a longer one.
        assert len(comment) <= 255


@pytest.mark.parametrize("contract", LANDING, ids=lambda contract: contract.name)
def test_the_table_is_external_over_the_folder_of_its_landing_root(contract):
    statement = parsed(contract.name, database="raw")
    assert statement.find(exp.ExternalProperty) is not None
    assert statement.this.this.name == contract.name
    assert statement.this.this.db == "raw"
    folder = contract.name.removesuffix("_landing")
    assert statement.find(exp.LocationProperty).this.name == f"{ROOT}/{folder}/"
    assert contract.grain in statement.find(exp.SchemaCommentProperty).this.name


@pytest.mark.parametrize("contract", LANDING, ids=lambda contract: contract.name)
def test_keys_of_any_case_are_read_by_the_json_serde(contract):
    statement = parsed(contract.name)
    serde = statement.find(exp.RowFormatSerdeProperty)
    assert serde.this.name == "org.openx.data.jsonserde.JsonSerDe"
    assert properties(statement) == {
        "case.insensitive": "true",
        "ignore.malformed.json": "true",
        "classification": "json",
    }
    # With keys of any case, only lower-case columns are ever filled.
    assert all(column.name == column.name.lower() for column in statement.find_all(exp.ColumnDef))


def test_a_quote_in_a_comment_ends_no_text():
    assert "'" in contract_of("customer_landing").column("serial_number").doc
    assert "customer\\'s" in landing_ddl(location=ROOT)["customer_landing"]


@pytest.mark.parametrize("location", [ROOT, f"{ROOT}/", f"{ROOT}//", "s3://my-bucket", "s3://a.b-c/x=1/y"])
def test_a_location_is_taken_without_its_last_slash(location):
    assert check_location(location) == location.rstrip("/")


@pytest.mark.parametrize(
    "location",
    [
        "",
        "landing",
        "s3://",
        "s3:///landing",
        "s3a://my-bucket/landing",
        "https://my-bucket/landing",
        "s3://my-bucket/it's",
        's3://my-bucket/"x"',
        "s3://my-bucket/`x`",
        "s3://my-bucket/a b",
        "s3://my-bucket/a\\b",
        "s3://my-bucket/a\nb",
        "s3://my-bucket/landing\n",
        "s3://my-bucket/*",
        "s3://my-bucket/a//b",
        "s3://My-Bucket/landing",
        "s3://my-bucket/landing'; DROP TABLE x; --",
    ],
)
def test_a_location_that_could_end_a_text_is_refused(location):
    with pytest.raises(ConfigurationError, match="no plain S3 URL"):
        landing_ddl(location=location)


@pytest.mark.parametrize("database", ["", "Raw", "a-b", "x`; DROP TABLE y", "a.b", "1a"])
def test_a_database_that_is_no_plain_name_is_refused(database):
    with pytest.raises(ConfigurationError, match="the database"):
        landing_ddl(location=ROOT, database=database)
