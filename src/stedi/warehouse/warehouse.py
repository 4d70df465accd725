"""The tables of one lake, by name: the face of this floor."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from stedi.contract import CONTRACTS, contract_of
from stedi.errors import CatalogError
from stedi.names import ACCELEROMETER_TRUSTED, RUN
from stedi.warehouse import bucket, compaction, expiry, read, refs, rewrite, unreachable
from stedi.warehouse.bucket_files import BucketFiles
from stedi.warehouse.catalog import create_table, load_table, local_catalog, remote_catalog
from stedi.warehouse.inspection import Inspection, inspect
from stedi.warehouse.listing import Found, files_under
from stedi.warehouse.reachable import reachable
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
        self._writers: list[TableWriter] = []

    @classmethod
    def local(cls, folder: Path, namespace: str, *, create: bool = False) -> "Warehouse":
        """Open the warehouse of a local lake; make what is not there yet if asked to."""
        return cls(local_catalog(folder, namespace, create=create), namespace)

    @classmethod
    def remote(cls, settings: Mapping[str, str], location: str, namespace: str) -> "Warehouse":
        """Open a warehouse through any catalog that pyiceberg knows."""
        return cls(remote_catalog(settings, location), namespace)

    def create_missing(self, buckets: int) -> None:
        """Make the tables that do not exist yet."""
        with contextlib.suppress(NamespaceAlreadyExistsError):
            self._catalog.create_namespace(self._namespace)
        for contract in CONTRACTS.values():
            if not self.has(contract.name):
                self._tables[contract.name] = create_table(self._catalog, self._namespace, contract, buckets)

    def refresh(self) -> None:
        """Forget the loaded tables: the next use sees what was published since."""
        self._tables.clear()
        self._writers.clear()

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

    def files(self, name: str, snapshot_id: int) -> int:
        """Return how many data files a snapshot has."""
        return refs.summary(self._table(name), snapshot_id, "total-data-files")

    def size(self, name: str, snapshot_id: int) -> int:
        """Return how many bytes the data files of a snapshot have."""
        return refs.summary(self._table(name), snapshot_id, "total-files-size")

    def scan(self, name: str, snapshot_id: int) -> pl.LazyFrame:
        """Return a lazy frame over a snapshot."""
        return read.scan(self._table(name), snapshot_id)

    def texts(self, name: str, snapshot_id: int, column: str) -> pl.Series:
        """Return the texts that a required column of a snapshot holds, each once."""
        return read.texts(self._table(name), snapshot_id, column)

    def writer(self, name: str, run_id: str) -> TableWriter:
        """Return a writer of new data files."""
        writer = TableWriter(self._table(name), run_id)
        self._writers.append(writer)
        return writer

    def add(self, name: str, branch: str, base: int, added: Sequence[DataFile]) -> int:
        """Append data files to a snapshot, on a branch, and return the new snapshot."""
        return refs.stage(self._table(name), branch, base=base, added=added)

    def bucket_files(self, name: str, snapshot_id: int, *, time: str) -> BucketFiles:
        """Return the data files of a snapshot of a bucketed table, told apart by the span of a column."""
        return BucketFiles(self._table(name), snapshot_id, time=time)

    def change(
        self, name: str, branch: str, base: int, *, added: Sequence[DataFile], removed: Sequence[DataFile]
    ) -> int:
        """Put data files into a snapshot and take others out, on a branch; return the new snapshot."""
        return refs.stage(self._table(name), branch, base=base, added=added, removed=removed)

    def replace(self, name: str, branch: str, base: int, added: Sequence[DataFile]) -> int:
        """Put data files in the place of all those of a snapshot, on a branch; return the new snapshot."""
        table = self._table(name)
        return refs.stage(table, branch, base=base, added=added, removed=refs.data_files(table, base))

    def append_run(self, files: Sequence[DataFile]) -> None:
        """Append to the run table, if no other run did since it was loaded: the publication."""
        refs.append(self._table(RUN), files)

    def advance(self, name: str, snapshot_id: int, tag: str, retired: Sequence[str]) -> None:
        """Move main and a tag of a table to a snapshot, and drop retired tags."""
        refs.advance(self._table(name), snapshot_id, tag=tag, retired=retired)

    def tag(self, name: str, snapshot_id: int, tag: str) -> None:
        """Tag a snapshot; main stays where it is."""
        refs.tag(self._table(name), snapshot_id, tag)

    def drop_branches(self, prefix: str) -> None:
        """Drop the branches of all tables whose name begins with a prefix."""
        for name in CONTRACTS:
            if self.has(name):
                refs.drop_branches(self._table(name), prefix)

    def first_damaged(self) -> str | None:
        """Return the first data file on main that can't be read to its end; None where all can."""
        found = (read.first_damaged(self._table(name), self.main(name)) for name in CONTRACTS)
        return next((path for path in found if path is not None), None)

    def discard_written(self) -> None:
        """Delete the data files that were written since ``refresh``: nothing may use them."""
        for writer in self._writers:
            self.discard(writer.files)
        self._writers.clear()

    def discard(self, files: Sequence[DataFile]) -> None:
        """Delete data files that no snapshot names."""
        io = self._table(RUN).io
        for file in files:
            with contextlib.suppress(OSError):
                io.delete(file.file_path)

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
        return compaction.rows_of(self._table(name), files)

    def compact(
        self, name: str, branch: str, base: int, added: Sequence[DataFile], removed: Sequence[DataFile]
    ) -> int:
        """Put data files in the place of others with the same rows, on a branch; return the new snapshot."""
        return rewrite.stage_compaction(self._table(name), branch, base=base, added=added, removed=removed)

    def rewrite_runs(self, added: Sequence[DataFile], removed: Sequence[DataFile]) -> None:
        """Put data files in the place of others in the run table, if it is as it was when it was loaded."""
        rewrite.rewrite_main(self._table(RUN), added, removed)

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
        expiry.expire(self._table(name), snapshot_ids)

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
        return unreachable.find_unreachable(self._catalog.properties["warehouse"], reached, before=before)

    def inspect(self, name: str) -> Inspection:
        """Return everything that the metadata of a table says."""
        return inspect(self._table(name))

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
        unreachable.delete(self._table(RUN).io, files, done)
