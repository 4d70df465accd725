"""Tables of a lake of an older format: they get the columns, properties and number of this one."""

from typing import Final

from pyiceberg.table import Table

from stedi.contract import Contract
from stedi.warehouse.failure import committing
from stedi.warehouse.layout import FORMAT_PROPERTY, LAKE_FORMAT, iceberg_schema, table_properties
from stedi.warehouse.transaction import Changes

_FIRST: Final = 1
"""The format of a lake that says none."""


def format_of(table: Table) -> int:
    """Return the format of a lake, by its run table; one that is no number is newer than any."""
    said = table.metadata.properties.get(FORMAT_PROPERTY, str(_FIRST))
    return int(said) if said.isdecimal() else LAKE_FORMAT + 1


def evolve(table: Table, contract: Contract) -> None:
    """Give a table the columns and the properties of its contract; its rows stay as they are, and are old."""
    wanted, had = iceberg_schema(contract), {field.name for field in table.schema().fields}
    if had != set(contract.names):
        with committing(), Changes(table) as transaction, transaction.update_schema() as update:
            for name in had - set(contract.names):
                update.delete_column(name)
            for field in wanted.fields:
                if field.name not in had:
                    update.add_column(field.name, field.field_type, doc=field.doc)
            for before, name in zip(contract.names, contract.names[1:], strict=False):
                if name not in had:
                    update.move_after(name, before)
    properties = table_properties(contract)
    properties.pop(FORMAT_PROPERTY, None)
    if any(table.metadata.properties.get(name) != value for name, value in properties.items()):
        with committing(), Changes(table) as transaction:
            transaction.set_properties(properties)


def set_format(table: Table) -> None:
    """Say that a lake has the format of this version."""
    with committing(), Changes(table) as transaction:
        transaction.set_properties({FORMAT_PROPERTY: str(LAKE_FORMAT)})
