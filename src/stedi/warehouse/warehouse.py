"""The tables of one lake, by name: the face of this floor."""

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException, TableAlreadyExistsError
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.table import Table

from stedi.contract import CONTRACTS, contract_of
from stedi.errors import CatalogError, TableFormatError, UnsafeTableError
from stedi.names import ACCELEROMETER_TRUSTED, RUN
from stedi.warehouse import (
    bucket,
    compaction,
    cut,
    damage,
    evolve,
    expiry,
    notes,
    read,
    refs,
    rewrite,
    undo,
    unreachable,
)
from stedi.warehouse.bucket_files import BucketFiles
from stedi.warehouse.catalog import (
    begin_namespace,
    create_table,
    load_table,
    local_catalog,
    metadata_place,
    remote_catalog,
    scrub,
)
from stedi.warehouse.holding import Holding, holding, metadata_texts
from stedi.warehouse.inspection import Inspection, inspect
from stedi.warehouse.layout import ICEBERG_FORMAT
from stedi.warehouse.listing import Found, files_under
from stedi.warehouse.manifests import files_of, manifests_of
from stedi.warehouse.reachable import reachable
from stedi.warehouse.run_tables import RunTables
from stedi.warehouse.shared_lock import SharedLock
from stedi.warehouse.sqlite_catalog import SqliteCatalog
from stedi.warehouse.unreadable import UNREADABLE
from stedi.warehouse.writer import TableWriter


class Warehouse:
    """A catalog, a namespace, and the tables of all contracts in it.

    Tables are loaded when they are first asked for; ``refresh`` forgets them, so that what other processes
    published since is seen.
    """

    def __init__(self, catalog: Catalog, namespace: str) -> None:
        """Take an open catalog."""
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
        if missing and self.has(RUN) and self.count(RUN, self.main(RUN)):
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
            if (version := self.format_version(name)) != ICEBERG_FORMAT:
                raise TableFormatError.of(name, version)

    def format_version(self, name: str) -> int:
        """Return the version of Iceberg's table format that a table has."""
        return int(self._table(name).metadata.format_version)

    @property
    def lake_format(self) -> int:
        """The format of the lake: what its tables, columns and keys mean."""
        return evolve.format_of(self._table(RUN))

    def evolve(self) -> None:
        """Give all tables the columns of this version: their rows stay as they are."""
        for name, contract in CONTRACTS.items():
            evolve.evolve(self._writable(name), contract)

    def set_format(self) -> None:
        """Say that the lake has the format of this version."""
        evolve.set_format(self._writable(RUN))

    def old_rows(self, name: str, snapshot_id: int) -> pl.DataFrame | None:
        """Return the rows of a snapshot that an older format of the lake wrote, with its own columns.

        None of a snapshot whose files all have the columns of this version.
        """
        return read.old_rows(self._table(name), snapshot_id)

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
        return all(not self.count(name, self.main(name)) for name in CONTRACTS if self.has(name))

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

    def _table(self, name: str) -> Table:
        table = self._find(name)
        if table is None:
            raise CatalogError(f"the lake has no table {name}: its creation was interrupted; run it again")
        return table

    def _writable(self, name: str) -> Table:
        """Return a table to be changed, if this process may still change it."""
        if self._lock is not None:
            self._lock.check()
        return self._table(name)

    @contextlib.contextmanager
    def held(self, wait: timedelta) -> Iterator[None]:
        """Hold a lake in a shared catalog for the length of a block; a local one has a lock of its own.

        Raises:
            RunConflictError: Somebody else holds it, and did as long as this process was to wait.
        """
        if self.alone:
            yield
            return
        table = self._table(RUN)
        lock = SharedLock(lambda: self._reloaded(RUN), table.io, self.root)
        with lock.held(wait):
            self._lock = lock
            try:
                self.refresh()
                yield
            finally:
                self._lock = None

    def _reloaded(self, name: str) -> Table:
        self._tables.pop(name, None)
        return self._table(name)

    @property
    def buckets(self) -> int:
        """N of ``bucket[N](customer_id)``, fixed when the lake was made."""
        return bucket.bucket_count(self._table(ACCELEROMETER_TRUSTED))

    def main(self, name: str) -> int:
        """Return the id of the snapshot that main points at."""
        return refs.main_snapshot(self._table(name))

    def tags(self, name: str) -> dict[str, int]:
        """Return the tags of a table and their snapshots."""
        return refs.tags(self._table(name))

    def count(self, name: str, snapshot_id: int) -> int:
        """Return how many rows a snapshot has."""
        return refs.summary(self._table(name), snapshot_id, "total-records")

    def data_files(self, name: str, snapshot_id: int) -> Sequence[DataFile]:
        """Return the data files of a snapshot."""
        return files_of(self._table(name), snapshot_id)

    def files(self, name: str, snapshot_id: int) -> int:
        """Return how many data files a snapshot has."""
        return refs.summary(self._table(name), snapshot_id, "total-data-files")

    def size(self, name: str, snapshot_id: int) -> int:
        """Return how many bytes the data files of a snapshot have."""
        return refs.summary(self._table(name), snapshot_id, "total-files-size")

    def scan(self, name: str, snapshot_id: int) -> pl.LazyFrame:
        """Return a lazy frame over a snapshot."""
        return read.scan(self._table(name), snapshot_id)

    def at(self, snapshots: Mapping[str, int]) -> RunTables:
        """Return the tables as a run left them, by the snapshots that the run names."""
        return RunTables(self, snapshots)

    def rows(
        self, name: str, snapshot_id: int, columns: Sequence[str], *, run: str | None = None
    ) -> Iterator[pl.DataFrame]:
        """Yield the rows of a snapshot in frames of bounded size; those of one run only, if it is named."""
        return read.rows(self._table(name), snapshot_id, columns, run=run)

    def spelled(self, name: str, snapshot_id: int, column: str, wanted: pl.Series) -> pl.Series:
        """Return the texts of a required column of a snapshot that have one of some keys, each once."""
        return read.spelled(self._table(name), snapshot_id, column, wanted)

    def writer(self, name: str, run_id: str) -> TableWriter:
        """Return a writer of new data files."""
        return TableWriter(self._writable(name), run_id)

    def add(self, name: str, branch: str, base: int, added: Sequence[DataFile]) -> int:
        """Append data files to a snapshot, on a branch, and return the new snapshot."""
        return refs.stage(self._writable(name), branch, base=base, added=added)

    def bucket_files(self, name: str, snapshot_id: int, *, time: str) -> BucketFiles:
        """Return the data files of a snapshot of a bucketed table, told apart by the span of a column."""
        return BucketFiles(self._table(name), snapshot_id, time=time)

    def change(
        self, name: str, branch: str, base: int, *, added: Sequence[DataFile], removed: Sequence[DataFile]
    ) -> int:
        """Put data files into a snapshot and take others out, on a branch; return the new snapshot."""
        if not removed:
            return self.add(name, branch, base, added)
        return rewrite.stage_rewrite(self._writable(name), branch, base=base, added=added, removed=removed)

    def replace(self, name: str, branch: str, base: int, added: Sequence[DataFile]) -> int:
        """Put data files in the place of all those of a snapshot, on a branch; return the new snapshot."""
        return self.change(name, branch, base, added=added, removed=files_of(self._table(name), base))

    def rewrite(self, name: str, branch: str, base: int, added: Sequence[DataFile]) -> int:
        """Do as `replace`, and make a snapshot with the columns of today even where there are no rows."""
        removed = self.data_files(name, base)
        return rewrite.stage_rewrite(self._writable(name), branch, base=base, added=added, removed=removed)

    def forget_removed(self, name: str, branch: str, base: int) -> int:
        """Write the manifests of a snapshot anew where they name files that were taken out.

        Returns:
            The new snapshot, on a branch; the base where no manifest names any.
        """
        table = self._table(name)
        if not any(each.deleted_files_count for each in _manifests(table, base)):
            return base
        return rewrite.stage_compaction(table, branch, base=base, added=(), removed=())

    def rebuild_tag(
        self, name: str, tag: str, branch: str, *, added: Sequence[DataFile], removed: Sequence[DataFile]
    ) -> int:
        """Have a tag name its snapshot with data files put in the place of others; return the new one."""
        return rewrite.rebuild_tag(self._writable(name), tag, branch, added=added, removed=removed)

    def rebuilt(self, name: str) -> Mapping[int, int]:
        """Return the snapshots that stand in the place of others and are tagged, by those others."""
        table = self._table(name)
        found = {
            rewrite.rebuilt_of(table, snapshot_id): snapshot_id for snapshot_id in self.tags(name).values()
        }
        return {old: new for old, new in found.items() if old is not None}

    def holding(self, name: str) -> Holding:
        """Return the data files of all snapshots of a table."""
        return holding(self._table(name))

    def touch(self, name: str, file: DataFile, decide: cut.Cut) -> cut.Touch:
        """Look what a cut would do to a data file."""
        return cut.touch(self._table(name), file, decide)

    def taken_out(self, name: str, file: DataFile, touched: cut.Touch) -> Iterator[pl.DataFrame]:
        """Yield the rows that a cut takes out of a data file."""
        return cut.taken_out(self._table(name), file, touched)

    def write_without(self, name: str, file: DataFile, touched: cut.Touch, writer: TableWriter) -> None:
        """Write the rows of a data file that a cut leaves."""
        cut.write_without(self._table(name), file, touched, writer)

    def refs(self, name: str) -> Mapping[str, int]:
        """Return the tags and branches of a table and their snapshots, but for main."""
        return {ref: each.snapshot_id for ref, each in self._table(name).refs().items() if ref != "main"}

    def drop_refs(self, name: str, dropped: Collection[str]) -> None:
        """Drop tags and branches of a table."""
        refs.drop(self._writable(name), dropped)

    @property
    def notes_place(self) -> str:
        """The folder of the notes beside the tables."""
        return notes.folder_of(self.root)

    def note_names(self) -> list[str]:
        """Return the names of the notes beside the tables."""
        return notes.names(self._table(RUN).io, self.root)

    def read_note(self, name: str) -> bytes:
        """Return what a note holds."""
        return notes.read(self._table(RUN).io, self.root, name)

    def write_note(self, name: str, text: bytes) -> str:
        """Write a note, whole or not at all, and return its place."""
        return notes.write(self._writable(RUN).io, self.root, name, text)

    def find_note(self, name: str) -> bytes | None:
        """Return what a note holds; None where there is none."""
        return notes.find(self._table(RUN).io, self.root, name)

    def delete_note(self, name: str) -> None:
        """Delete a note, if there is one."""
        notes.delete(self._writable(RUN).io, self.root, name)

    def metadata_texts(self, name: str) -> Iterator[bytes]:
        """Yield what the metadata of a table says: its JSON files, and the bounds in all its manifests."""
        yield from metadata_texts(self._table(name))

    def file_digest(self, location: str) -> str:
        """Return the SHA-256 of a file, in hex."""
        hasher = hashlib.sha256()
        with self._table(RUN).io.new_input(location).open() as source:
            while block := source.read(1 << 20):
                hasher.update(block)
        return hasher.hexdigest()

    def scrub_catalog(self) -> None:
        """Write an SQLite catalog anew: what was deleted in it stands in no free page of the file."""
        scrub(self._catalog)

    def append_run(self, files: Sequence[DataFile]) -> None:
        """Append to the run table, if no other run did since it was loaded: the publication."""
        refs.append(self._writable(RUN), files)

    def advance(
        self, name: str, snapshot_id: int, tag: str, retired: Sequence[str], *, move_main: bool = True
    ) -> None:
        """Move main, if asked to, and a tag of a table to a snapshot, and drop retired tags."""
        refs.advance(self._writable(name), snapshot_id, tag=tag, retired=retired, move_main=move_main)

    def fence(self) -> None:
        """See to it that no publication of this process is still on its way.

        Raises:
            RunConflictError: Something was published since the run table was loaded.
        """
        if not self.alone:
            refs.fence(self._table(RUN))

    @property
    def alone(self) -> bool:
        """Whether nobody else writes while this process holds the lake: so on a local one, by its lock."""
        return isinstance(self._catalog, SqliteCatalog)

    def rename_tag(self, name: str, old: str, new: str) -> None:
        """Have a tag of a table bear another name, in one commit."""
        refs.rename_tag(self._writable(name), old, new)

    def tag(self, name: str, snapshot_id: int, tag: str) -> None:
        """Tag a snapshot; main stays where it is."""
        refs.tag(self._writable(name), snapshot_id, tag)

    def take_back(self, prefix: str, kept: Mapping[str, Collection[int]]) -> None:
        """Take what was staged for branches out of the metadata of all tables, and delete its files.

        What one table refuses is left to whoever comes next, and all others are tried.

        Args:
            prefix: How the names of the branches begin.
            kept: Per table, snapshots that stay.
        """
        refused: Exception | None = None
        for name in CONTRACTS:
            try:
                if self.has(name):
                    self._delete(undo.take_back(self._writable(name), prefix, kept.get(name, ())))
            except sqlite3.OperationalError:
                # The catalog is busy, and was waited for: that is as long for each other table.
                raise
            except Exception as error:  # noqa: BLE001 - the first is raised in the end
                refused = refused or error
        if refused is not None:
            raise refused

    def first_damaged(self, *, data: Collection[str] = tuple(CONTRACTS)) -> str | None:
        """Return the first file that can't be read to its end; None where all can.

        Args:
            data: The tables whose data files on main are read, too: of others only the metadata is.
        """
        for name in CONTRACTS:
            try:
                table = self._table(name)
            except UNREADABLE:
                return f"the metadata of the table {name}"
            if (found := next(damage.damaged_metadata(table), None)) is not None:
                return found
        of_main = (self.first_damaged_of(name, files_of(self._table(name), self.main(name))) for name in data)
        return next((path for path in of_main if path is not None), None)

    def first_damaged_of(self, name: str, files: Iterable[DataFile]) -> str | None:
        """Return the first data file of some that can't be read to its end; None where all can."""
        return next(damage.damaged_data(self._table(name), files), None)

    def needs(self, file: str) -> bool:
        """Say whether a snapshot of any table needs a file whose path ends so."""
        needed = (location for name in CONTRACTS for location in reachable(self._table(name)).needed)
        return any(location.endswith(file) for location in needed)

    def discard(self, files: Sequence[DataFile]) -> None:
        """Delete data files that no snapshot names."""
        self._delete(file.file_path for file in files)

    def _delete(self, places: Iterable[str]) -> None:
        """Delete files that nothing reaches; what can't be deleted is left to a maintenance."""
        io = self._table(RUN).io
        for place in places:
            with contextlib.suppress(OSError):
                io.delete(place)

    def small_groups(
        self, name: str, snapshot_id: int, target: compaction.Target
    ) -> Sequence[compaction.Group]:
        """Return the data files of a snapshot that should become one."""
        return compaction.groups(self._table(name), snapshot_id, target)

    def small_files(self, name: str, snapshot_id: int, target: compaction.Target) -> Sequence[DataFile]:
        """Return the small data files of a snapshot."""
        return compaction.small_files(self._table(name), snapshot_id, target)

    def many_manifests(self, name: str, snapshot_id: int) -> bool:
        """Say whether a snapshot has more manifests than it should."""
        return compaction.many_manifests(self._table(name), snapshot_id)

    def rows_of(self, name: str, files: Iterable[DataFile]) -> Iterator[pl.DataFrame]:
        """Yield the rows of data files in frames of bounded size."""
        return read.rows_of(self._table(name), files)

    def compact(
        self, name: str, branch: str, base: int, added: Sequence[DataFile], removed: Sequence[DataFile]
    ) -> int:
        """Put data files in the place of others with the same rows, on a branch; return the new snapshot."""
        return rewrite.stage_compaction(self._writable(name), branch, base=base, added=added, removed=removed)

    def rewrite_runs(self, added: Sequence[DataFile], removed: Sequence[DataFile]) -> None:
        """Put data files in the place of others in the run table, if it is as it was when it was loaded."""
        rewrite.rewrite_main(self._writable(RUN), added, removed)

    def snapshots(self, name: str) -> Mapping[int, datetime]:
        """Return the snapshots of a table, and when each was made."""
        return expiry.snapshots(self._table(name))

    def has_snapshot(self, name: str, snapshot_id: int) -> bool:
        """Say whether a table still has a snapshot."""
        return self._table(name).snapshot_by_id(snapshot_id) is not None

    def referred(self, name: str, *, but: str) -> set[int]:
        """Return the snapshots that tags and branches name, but for branches whose name begins so."""
        return expiry.referred(self._table(name), but=but)

    def expire(self, name: str, snapshot_ids: Collection[int]) -> None:
        """Let snapshots leave the metadata of a table; their files stay."""
        expiry.expire(self._writable(name), snapshot_ids)

    def leftovers(self, *, before: datetime, without: Mapping[str, Collection[int]]) -> unreachable.Leftovers:
        """Find the files of the warehouse that no table reaches.

        Args:
            before: Only files that were written before this time count.
            without: Snapshots of tables to leave out, as if they were expired.
        """
        tables = {name: self._table(name) for name in CONTRACTS}
        reached = {
            name: (table, reachable(table, without=without.get(name, ()))) for name, table in tables.items()
        }
        return unreachable.find_unreachable(self.root, reached, before=before)

    def inspect(self, name: str) -> Inspection:
        """Return everything that the metadata of a table says; what of it can't be read is named."""
        try:
            table = self._table(name)
        except UnsafeTableError:
            raise
        except UNREADABLE:
            home = f"{self.root}/{self._namespace}/{name}"
            return Inspection.unread(name, home, metadata_place(self._catalog, self._namespace, name) or home)
        return inspect(table)

    @property
    def root(self) -> str:
        """Return where the tables' files are kept."""
        return str(self._catalog.properties["warehouse"]).removeprefix("file://").rstrip("/")

    def listing(self) -> Iterator[Found]:
        """Yield the files that there are in the warehouse, whoever wrote them."""
        return files_under(self._table(RUN).io, self.root)

    def read_file(self, location: str) -> BinaryIO:
        """Open a file of the warehouse for reading."""
        return cast("BinaryIO", self._table(RUN).io.new_input(location).open())

    def delete(self, files: Iterable[Found], done: Callable[[], None]) -> None:
        """Delete files that no table reaches."""
        unreachable.delete(self._writable(RUN).io, files, done)


def _manifests(table: Table, snapshot_id: int) -> Sequence[ManifestFile]:
    snapshot = table.snapshot_by_id(snapshot_id)
    return manifests_of(snapshot, table.io) if snapshot is not None else ()
