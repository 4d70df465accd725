"""The catalog of a local lake: an SQLite file with the two tables of Iceberg's JDBC catalog.

pyiceberg's ``SqlCatalog`` reads and writes the same file. It needs SQLAlchemy, and to import that took a
fifth of a small command's time, for what are five statements.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from pyiceberg.catalog import Catalog, MetastoreCatalog
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import TableRequirement, TableUpdate
from pyiceberg.typedef import EMPTY_DICT, Identifier, Properties

_TABLES: Final = """
    CREATE TABLE IF NOT EXISTS iceberg_tables (
        catalog_name VARCHAR(255) NOT NULL,
        table_namespace VARCHAR(255) NOT NULL,
        table_name VARCHAR(255) NOT NULL,
        metadata_location VARCHAR(1000),
        previous_metadata_location VARCHAR(1000),
        iceberg_type VARCHAR(5),
        PRIMARY KEY (catalog_name, table_namespace, table_name)
    )
"""
_NAMESPACES: Final = """
    CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
        catalog_name VARCHAR(255) NOT NULL,
        namespace VARCHAR(255) NOT NULL,
        property_key VARCHAR(255) NOT NULL,
        property_value VARCHAR(1000) NOT NULL,
        PRIMARY KEY (catalog_name, namespace, property_key)
    )
"""
BUSY_SECONDS: Final = 30.0
"""How long a catalog that another program has locked is waited for."""

_FIND_ALL: Final = "SELECT metadata_location FROM iceberg_tables"
_FIND: Final = f"{_FIND_ALL} WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?"
_MAKE: Final = (
    "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, iceberg_type) "
    "VALUES (?, ?, ?, ?, 'TABLE')"
)
_MOVE: Final = (
    "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? "
    "WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?"
)
_FIND_NAMESPACE: Final = (
    "SELECT property_key, property_value FROM iceberg_namespace_properties "
    "WHERE catalog_name = ? AND namespace = ?"
)
_MAKE_NAMESPACE: Final = (
    "INSERT INTO iceberg_namespace_properties "
    "(catalog_name, namespace, property_key, property_value) VALUES (?, ?, ?, ?)"
)
_PROPERTIES: Final = {"exists": "true"}
"""Those of a namespace that has no others: it is there by its properties only."""


class SqliteCatalog(MetastoreCatalog, NoopCatalog):
    """Makes tables, finds them, and moves them to new metadata.

    What a lake never asks of its catalog (to drop, rename or list tables, views) raises
    ``NotImplementedError``. Each statement has a connection of its own, so any thread may ask.

    Args:
        name: The name of the catalog, which stands in each row.
        file: The SQLite file.
        warehouse: The folder of the tables.
        create: Make what is not there yet.

    Raises:
        sqlite3.Error: The file can't be opened, read or written; so from each method.
    """

    def __init__(self, name: str, file: Path, warehouse: Path, *, create: bool) -> None:
        super().__init__(name, warehouse=str(warehouse))
        self._file = file.absolute()
        self._create = create
        if create:
            with self._transaction() as connection:
                connection.execute(_TABLES)
                connection.execute(_NAMESPACES)

    def place(self, identifier: str | Identifier) -> str | None:
        """Return where the metadata of a table is, without reading it; None for one that was not made."""
        with closing(self._connect()) as connection:
            row = connection.execute(_FIND, self._key(identifier)).fetchone()
        return None if row is None else str(row[0])

    def load_table(self, identifier: str | Identifier) -> Table:
        """Read the newest metadata of a table.

        Raises:
            NoSuchTableError: It was not made.
        """
        place = self.place(identifier)
        if place is None:
            raise NoSuchTableError(f"there is no table {identifier}")
        metadata = FromInputFile.table_metadata(self._load_file_io(location=place).new_input(place))
        return Table(
            identifier=self.identifier_to_tuple(identifier),
            metadata=metadata,
            metadata_location=place,
            io=self._load_file_io(metadata.properties, place),
            catalog=self,
        )

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        """Write new metadata of a table, and move the table to it; make a table that is not there.

        Metadata files never change, so that of a table which is where it was is not read again.

        Raises:
            CommitFailedException: A requirement is not met, or another process was faster.
            TableAlreadyExistsError: Another process made the table meanwhile.
        """
        identifier = table.name()
        place = self.place(identifier)
        current = None
        if place is not None:
            current = table if place == table.metadata_location else self.load_table(identifier)
        staged = self._update_and_stage_table(current, identifier, requirements, updates)
        if current is not None and staged.metadata == current.metadata:
            return _response(current)
        if current is not None:
            staged.metadata = _not_before(staged.metadata, current.metadata)
        try:
            self._write_metadata(staged.metadata, staged.io, staged.metadata_location)
            if current is None:
                self._make(identifier, staged.metadata_location)
            else:
                self._move(identifier, staged.metadata_location, current.metadata_location)
        except BaseException:
            # Nothing reaches the file that was written, if the table is known to be elsewhere.
            with contextlib.suppress(sqlite3.Error, OSError):
                if self.place(identifier) != staged.metadata_location:
                    staged.io.delete(staged.metadata_location)
            raise
        return _response(staged)

    def create_namespace(self, namespace: str | Identifier, properties: Properties = EMPTY_DICT) -> None:
        """Make a namespace.

        Raises:
            NamespaceAlreadyExistsError: It is there.
        """
        if self.namespace_exists(namespace):
            raise NamespaceAlreadyExistsError(f"the namespace {namespace} exists")
        name = self.namespace_to_string(namespace)
        rows = [(self.name, name, key, value) for key, value in (properties or _PROPERTIES).items()]
        with self._transaction() as connection:
            connection.executemany(_MAKE_NAMESPACE, rows)

    def load_namespace_properties(self, namespace: str | Identifier) -> Properties:
        """Return the properties of a namespace.

        Raises:
            NoSuchNamespaceError: It was not made.
        """
        key = (self.name, self.namespace_to_string(namespace))
        with closing(self._connect()) as connection:
            properties = dict(connection.execute(_FIND_NAMESPACE, key).fetchall())
        if not properties:
            raise NoSuchNamespaceError(f"there is no namespace {namespace}")
        return properties

    def scrub(self) -> None:
        """Write the file anew: what was deleted in it stands in no free page."""
        with closing(self._connect()) as connection:
            connection.execute("VACUUM")

    def _make(self, identifier: Identifier, place: str) -> None:
        try:
            with self._transaction() as connection:
                connection.execute(_MAKE, (*self._key(identifier), place))
        except sqlite3.IntegrityError:
            raise TableAlreadyExistsError(f"another process made the table {identifier[-1]}") from None

    def _move(self, identifier: Identifier, place: str, before: str) -> None:
        with self._transaction() as connection:
            moved = connection.execute(_MOVE, (place, before, *self._key(identifier), before)).rowcount
        if not moved:
            raise CommitFailedException(f"another process wrote to the table {identifier[-1]}")

    def _key(self, identifier: str | Identifier) -> Sequence[str]:
        namespace = Catalog.namespace_to_string(Catalog.namespace_from(identifier))
        return (self.name, namespace, Catalog.table_name_from(identifier))

    def _connect(self) -> sqlite3.Connection:
        return _connect(self._file, create=self._create)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Do all of a block, or nothing."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")


def knows(file: Path, catalog: str, namespace: str, table: str) -> bool:
    """Say whether a catalog has a table.

    Raises:
        sqlite3.Error: The file can't be read, is damaged, or has no such tables.
    """
    with closing(_connect(file, create=False)) as connection:
        return connection.execute(_FIND, (catalog, namespace, table)).fetchone() is not None


def places(file: Path) -> list[str]:
    """Return where the metadata of all tables of a catalog is.

    Raises:
        sqlite3.Error: The file can't be read, is damaged, or has no such tables.
    """
    with closing(_connect(file, create=False)) as connection:
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("damaged")
        found = [place for (place,) in connection.execute(_FIND_ALL).fetchall()]
    # The end of a file that was cut off may be read as noughts.
    if not all(isinstance(place, str) and place.isprintable() for place in found):
        raise sqlite3.DatabaseError("damaged")
    return found


def _connect(file: Path, *, create: bool) -> sqlite3.Connection:
    # Not mode=ro: whoever comes first after a kill in a commit must roll its journal back.
    uri = f"{file.as_uri()}?mode={'rwc' if create else 'rw'}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)


def _not_before(metadata: TableMetadata, base: TableMetadata) -> TableMetadata:
    """Return metadata in which no time is before what its base was changed at: the clock may go back."""
    newest = base.last_updated_ms
    if metadata.last_updated_ms >= newest:
        return metadata
    known = len(base.snapshot_log)
    later = [
        entry.model_copy(update={"timestamp_ms": max(entry.timestamp_ms, newest)})
        for entry in metadata.snapshot_log[known:]
    ]
    return metadata.model_copy(
        update={"last_updated_ms": newest, "snapshot_log": [*metadata.snapshot_log[:known], *later]}
    )


def _response(table: Table) -> CommitTableResponse:
    return CommitTableResponse.model_validate(
        {"metadata": table.metadata, "metadata-location": table.metadata_location}
    )
