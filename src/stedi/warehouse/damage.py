"""Which file of a table is damaged or gone: what somebody has to know who wants to restore it."""

from collections.abc import Iterable, Iterator

import pyarrow.parquet as pq
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from stedi.warehouse.inspection import inspect
from stedi.warehouse.location import plain
from stedi.warehouse.unreadable import UNREADABLE


def damaged_metadata(table: Table) -> Iterator[str]:
    """Yield the manifest lists and manifests of a table, of whatever snapshot, that can't be read."""
    yield from sorted(inspect(table).damaged)


def damaged_data(table: Table, files: Iterable[DataFile]) -> Iterator[str]:
    """Yield the data files, of some, that can't be read to their end."""
    for file in files:
        if not _whole(table, file):
            yield plain(file.file_path)


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
