"""Which file of a table is damaged or gone: what somebody has to know who wants to restore it."""

from collections.abc import Collection, Iterable

import pyarrow.parquet as pq
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from stedi.contract import CONTRACTS
from stedi.warehouse.inspection import inspect
from stedi.warehouse.location import plain
from stedi.warehouse.reachable import reachable
from stedi.warehouse.unreadable import UNREADABLE
from stedi.warehouse.warehouse import Warehouse


def first_damaged(warehouse: Warehouse, *, data: Collection[str] = tuple(CONTRACTS)) -> str | None:
    """Return the first file of a lake that can't be read to its end; None where all can.

    Args:
        warehouse: The lake's tables.
        data: The tables whose data files on main are read, too: of others only the metadata is.
    """
    for name in CONTRACTS:
        try:
            table = warehouse.table(name).iceberg
        except UNREADABLE:
            return f"the metadata of the table {name}"
        # The manifest lists and manifests, of whatever snapshot.
        if damaged := inspect(table).damaged:
            return min(damaged)
    tables = [warehouse.table(name) for name in data]
    found = (first_damaged_of(table.iceberg, table.data_files(table.main())) for table in tables)
    return next((path for path in found if path is not None), None)


def first_damaged_of(table: Table, files: Iterable[DataFile]) -> str | None:
    """Return the first data file of some that can't be read to its end; None where all can."""
    return next((plain(file.file_path) for file in files if not _whole(table, file)), None)


def needs(warehouse: Warehouse, file: str) -> bool:
    """Say whether a snapshot of any table needs a file whose path ends so."""
    needed = (place for name in CONTRACTS for place in reachable(warehouse.table(name).iceberg).needed)
    return any(place.endswith(file) for place in needed)


def _whole(table: Table, file: DataFile) -> bool:
    """Say whether a data file is as long as its manifest says, and holds what can be decoded."""
    try:
        source = table.io.new_input(file.file_path)
        if len(source) != file.file_size_in_bytes:
            return False
        with source.open() as stream, pq.ParquetFile(stream) as parquet:
            for batch in parquet.iter_batches():
                # Nothing but this tells texts that are none.
                batch.validate(full=True)
    except UNREADABLE:
        return False
    return True
