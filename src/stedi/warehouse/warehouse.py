"""The tables of one lake, by name: the face of this floor."""

import contextlib
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException, TableAlreadyExistsError
from pyiceberg.table import Table

from stedi.contract import CONTRACTS, contract_of
from stedi.errors import CatalogError, TableFormatError, UnsafeTableError
from stedi.names import ACCELEROMETER_TRUSTED, RUN
from stedi.warehouse.bucket import bucket_count
from stedi.warehouse.catalog import (
    begin_namespace,
    create_table,
    load_table,
    local_catalog,
    metadata_place,
    remote_catalog,
    scrub,
)
from stedi.warehouse.inspection import Inspection, inspect
from stedi.warehouse.layout import FORMAT_PROPERTY, ICEBERG_FORMAT, LAKE_FORMAT
from stedi.warehouse.listing import LakeFiles
from stedi.warehouse.notes import Notes, notes_place
from stedi.warehouse.reachable import reachable
from stedi.warehouse.run_tables import RunTables
from stedi.warehouse.shared_lock import SharedLock
from stedi.warehouse.sqlite_catalog import SqliteCatalog
from stedi.warehouse.table import LakeTable
from stedi.warehouse.unreachable import Leftovers, find_unreachable
from stedi.warehouse.unreadable import UNREADABLE

_FIRST_FORMAT: Final = 1
"""The format of a lake that says none."""


class Warehouse:
    """A catalog, a namespace, and the tables of all contracts in it.

    Tables are loaded when they are first asked for; ``refresh`` forgets them, so that what other processes
    published since is seen.

    Args:
        catalog: An open catalog.
        namespace: The namespace of the tables.
    """

    def __init__(self, catalog: Catalog, namespace: str) -> None:
        self._catalog = catalog
        self._namespace = namespace
        self._tables: dict[str, Table] = {}
        self._lock: SharedLock | None = None

    @classmethod
    def local(cls, folder: Path, namespace: str, *, create: bool = False) -> "Warehouse":
        """Open the warehouse of a local lake; make what is not there yet if asked to."""
        return cls(local_catalog(folder, namespace, create=create), namespace)

    @classmethod
    def remote(cls, settings: Mapping[str, str], location: str, namespace: str) -> "Warehouse":
        """Open a warehouse through any catalog that pyiceberg knows."""
        return cls(remote_catalog(settings, location), namespace)

    def create_missing(self, buckets: int) -> None:
        """Make the tables that do not exist yet; all of a lake have the same buckets."""
        begin_namespace(self._catalog, self._namespace)
        missing = [contract for contract in CONTRACTS.values() if not self.has(contract.name)]
        if missing and self.has(RUN) and self._rows(RUN):
            raise CatalogError(
                f"the catalog has lost the table {missing[0].name}: restore the catalog from a backup. "
                "Nothing was changed"
            )
        if missing and self.has(ACCELEROMETER_TRUSTED):
            buckets = self.buckets
        # The table that tells the buckets comes first: whoever goes on after an interruption asks it.
        for contract in sorted(missing, key=lambda each: each.name != ACCELEROMETER_TRUSTED):
            # On a shared catalog several may begin a lake at once: one makes the table, and all use it.
            with contextlib.suppress(TableAlreadyExistsError, CommitFailedException):
                self._tables[contract.name] = create_table(self._catalog, self._namespace, contract, buckets)

    def check_formats(self) -> None:
        """Refuse to write tables of another format of Iceberg than stedi writes, before anything is staged.

        Raises:
            TableFormatError: Another tool upgraded a table.
        """
        for name in CONTRACTS:
            if (version := self.table(name).format_version) != ICEBERG_FORMAT:
                raise TableFormatError.of(name, version)

    @property
    def lake_format(self) -> int:
        """The format of the lake: what its tables, columns and keys mean; no number is newer than any."""
        said = self._load(RUN).metadata.properties.get(FORMAT_PROPERTY, str(_FIRST_FORMAT))
        return int(said) if said.isdecimal() else LAKE_FORMAT + 1

    @property
    def begun(self) -> bool:
        """Whether any table was made, readable or not."""
        try:
            return any(map(self.has, CONTRACTS))
        except UNREADABLE:
            return True

    @property
    def unused(self) -> bool:
        """Whether no table that there is ever showed a row: a first run shows none before its publication."""
        return all(not self._rows(name) for name in CONTRACTS if self.has(name))

    def _rows(self, name: str) -> int:
        table = self.table(name)
        return table.count(table.main())

    def refresh(self) -> None:
        """Forget the loaded tables: the next use sees what was published since."""
        self._tables.clear()

    def has(self, name: str) -> bool:
        """Say whether a table was made."""
        return self._find(name) is not None

    def _find(self, name: str) -> Table | None:
        if name not in self._tables:
            table = load_table(self._catalog, self._namespace, contract_of(name))
            if table is None:
                return None
            self._tables[name] = table
        return self._tables[name]

    def _load(self, name: str) -> Table:
        table = self._find(name)
        if table is None:
            raise CatalogError(f"the lake has no table {name}: its creation was interrupted; run it again")
        return table

    def _check(self) -> None:
        """Refuse to change a lake that this process holds no more."""
        if self._lock is not None:
            self._lock.check()

    def table(self, name: str) -> LakeTable:
        """Return a table by its name."""
        return LakeTable(name, self._load, self._check)

    def at(self, snapshots: Mapping[str, int]) -> RunTables:
        """Return the tables as a run left them, by the snapshots that the run names."""
        return RunTables(self, snapshots)

    @contextlib.contextmanager
    def held(self, wait: timedelta) -> Iterator[None]:
        """Hold a lake in a shared catalog for the length of a block; a local one has a lock of its own.

        Raises:
            RunConflictError: Somebody else holds it, and did as long as this process was to wait.
        """
        if self.alone:
            yield
            return
        table = self._load(RUN)

        def reloaded() -> Table:
            self._tables.pop(RUN, None)
            return self._load(RUN)

        lock = SharedLock(reloaded, table.io, self.root)
        with lock.held(wait):
            self._lock = lock
            try:
                self.refresh()
                yield
            finally:
                self._lock = None

    @property
    def buckets(self) -> int:
        """N of ``bucket[N](customer_id)``, fixed when the lake was made."""
        return bucket_count(self._load(ACCELEROMETER_TRUSTED))

    @property
    def root(self) -> str:
        """Where the tables' files are kept."""
        return str(self._catalog.properties["warehouse"]).removeprefix("file://").rstrip("/")

    @property
    def files(self) -> LakeFiles:
        """The files of the warehouse, whoever wrote them."""
        return LakeFiles(self._load(RUN).io, self.root, self._check)

    @property
    def notes(self) -> Notes:
        """The notes beside the tables."""
        return Notes(self._load(RUN).io, notes_place(self.root), self._check)

    def scrub_catalog(self) -> None:
        """Write an SQLite catalog anew: what was deleted in it stands in no free page of the file."""
        scrub(self._catalog)

    @property
    def alone(self) -> bool:
        """Whether nobody else writes while this process holds the lake: so on a local one, by its lock."""
        return isinstance(self._catalog, SqliteCatalog)

    def leftovers(self, *, before: datetime, without: Mapping[str, Collection[int]]) -> Leftovers:
        """Find the files of the warehouse that no table reaches.

        Args:
            before: Only files that were written before this time count.
            without: Snapshots of tables to leave out, as if they were expired.
        """
        tables = {name: self._load(name) for name in CONTRACTS}
        reached = {
            name: (table, reachable(table, without=without.get(name, ()))) for name, table in tables.items()
        }
        return find_unreachable(self.root, reached, before=before)

    def inspect(self, name: str) -> Inspection:
        """Return everything that the metadata of a table says; what of it can't be read is named."""
        try:
            table = self._load(name)
        except UnsafeTableError:
            raise
        except UNREADABLE:
            home = f"{self.root}/{self._namespace}/{name}"
            return Inspection.unread(name, home, metadata_place(self._catalog, self._namespace, name) or home)
        return inspect(table)
