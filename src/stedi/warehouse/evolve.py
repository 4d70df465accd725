"""Tables of a lake of an older format: they get the columns, properties and number of this one."""

from pyiceberg.table import Table

from stedi.contract import CONTRACTS, Contract
from stedi.names import RUN
from stedi.warehouse.failure import committing
from stedi.warehouse.layout import FORMAT_PROPERTY, LAKE_FORMAT, iceberg_schema, table_properties
from stedi.warehouse.transaction import Changes
from stedi.warehouse.warehouse import Warehouse


def _evolve(table: Table, contract: Contract) -> None:
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


def evolve_tables(warehouse: Warehouse) -> None:
    """Give all tables of a lake the columns and properties of this version."""
    for name, contract in CONTRACTS.items():
        _evolve(warehouse.table(name).writable, contract)


def set_format(warehouse: Warehouse) -> None:
    """Say that a lake has the format of this version."""
    with committing(), Changes(warehouse.table(RUN).writable) as transaction:
        transaction.set_properties({FORMAT_PROPERTY: str(LAKE_FORMAT)})
