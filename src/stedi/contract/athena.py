"""Athena DDL of the landing tables: external tables over the raw JSON, as the sources write it."""

import re
from typing import Final

from stedi.contract.column import Column, Kind, ListOf
from stedi.contract.registry import LANDING
from stedi.contract.table import Contract
from stedi.errors import ConfigurationError, StediError
from stedi.names import NAMESPACE, check_name

# The sources write times as epoch milliseconds: a raw table shows what was sent.
_TYPES: Final = {
    Kind.STRING: "string",
    Kind.LONG: "bigint",
    Kind.INT: "int",
    Kind.DOUBLE: "double",
    Kind.BOOLEAN: "boolean",
    Kind.TIMESTAMPTZ: "bigint",
}
_SERDE: Final = "org.openx.data.jsonserde.JsonSerDe"
# Exports differ in the case of their keys, and Athena's own column names are lower-case. Malformed JSON is
# passed over: else one damaged record would fail every query on its table.
_SERDE_PROPERTIES: Final = {"case.insensitive": "true", "ignore.malformed.json": "true"}
_LOCATION: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[A-Za-z0-9!_.=()@:+,-]+)*/*")


def landing_ddl(*, location: str, database: str = NAMESPACE) -> dict[str, str]:
    """Return a ``CREATE EXTERNAL TABLE`` statement for each landing table, by its name.

    Columns have the sources' own names in lower case, which is how Athena's JSON SerDe reads the keys of any
    case; times are ``bigint`` epoch milliseconds.

    Args:
        location: The landing root, ``s3://bucket/prefix``: it holds ``customer/``, ``accelerometer/`` and
            ``step_trainer/``.
        database: The Athena database.

    Raises:
        ConfigurationError: The location is no plain s3:// URL, or the database no plain name.

    Examples:
        >>> ddl = landing_ddl(location="s3://my-bucket/landing")
        >>> print(ddl["step_trainer_landing"].splitlines()[0])
        CREATE EXTERNAL TABLE IF NOT EXISTS `stedi`.`step_trainer_landing` (
    """
    root = check_location(location)
    check_name("database", database)
    return {contract.name: _statement(contract, root, database) for contract in LANDING}


def check_location(location: str) -> str:
    """Return a landing root on S3 without the slashes at its end.

    Raises:
        ConfigurationError: It is none, or holds what can't stand in a statement.
    """
    if not _LOCATION.fullmatch(location):
        raise ConfigurationError(
            f"the location {location!r} is no plain S3 URL: use s3://bucket/prefix, without quotes, "
            "spaces, wildcards, empty folders or letters beyond ASCII"
        )
    return location.rstrip("/")


def _statement(contract: Contract, root: str, database: str) -> str:
    columns = ",\n".join(f"  {_column(column)}" for column in contract.source_columns)
    properties = ",\n".join(f"  {_text(key)} = {_text(value)}" for key, value in _SERDE_PROPERTIES.items())
    folder = contract.name.removesuffix("_landing")
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS `{database}`.`{contract.name}` (\n{columns}\n)\n"
        f"COMMENT {_text(f'One row is {contract.grain}.')}\n"
        f"ROW FORMAT SERDE {_text(_SERDE)}\n"
        f"WITH SERDEPROPERTIES (\n{properties}\n)\n"
        f"LOCATION {_text(f'{root}/{folder}/')}\n"
        f"TBLPROPERTIES ({_text('classification')} = {_text('json')})"
    )


def _column(column: Column) -> str:
    if isinstance(column.kind, ListOf) or column.kind not in _TYPES or column.source is None:
        raise StediError(f"the landing column {column.name} has a type that no source sends")
    doc = f"{column.doc} Epoch milliseconds, UTC." if column.kind is Kind.TIMESTAMPTZ else column.doc
    return f"`{column.source.lower()}` {_TYPES[column.kind]} COMMENT {_text(doc)}"


def _text(value: str) -> str:
    """Return a text as a literal of Hive DDL, where a backslash escapes."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"
