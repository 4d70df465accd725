"""One table of a lake: its snapshots and their rows, its branches and tags."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.update.snapshot import ManageSnapshots

from stedi.errors import CatalogError
from stedi.warehouse import read
from stedi.warehouse.failure import committing
from stedi.warehouse.manifests import files_of, snapshot_of
from stedi.warehouse.rewrite import STAGED, main_snapshot, stage_rewrite, tag_snapshots
from stedi.warehouse.transaction import Changes, manage
from stedi.warehouse.writer import TableWriter


@dataclass(frozen=True, slots=True)
class LakeTable:
    """A table, by name. It is loaded when it is asked for something, as the lake has it then.

    Attributes:
        name: Its name.
        load: Loads it, or returns it as it was loaded before.
        check: Raises an error if this process may not change it any more.
    """

    name: str
    load: Callable[[str], Table]
    check: Callable[[], None]

    @property
    def iceberg(self) -> Table:
        """The table for reading, as pyiceberg has it."""
        return self.load(self.name)

    @property
    def writable(self) -> Table:
        """The table for writing, as pyiceberg has it.

        Raises:
            RunConflictError: Somebody else holds the lake by now.
        """
        self.check()
        return self.load(self.name)

    @property
    def format_version(self) -> int:
        """The version of Iceberg's table format that it has."""
        return int(self.iceberg.metadata.format_version)

    def main(self) -> int:
        """Return the id of the snapshot that main points at."""
        return main_snapshot(self.iceberg)

    def tags(self) -> dict[str, int]:
        """Return the tags and their snapshots."""
        return tag_snapshots(self.iceberg)

    def refs(self) -> Mapping[str, int]:
        """Return the tags and branches and their snapshots, but for main."""
        return {name: ref.snapshot_id for name, ref in self.iceberg.refs().items() if name != "main"}

    def snapshots(self) -> Mapping[int, datetime]:
        """Return the snapshots, and when each was made."""
        return {
            snapshot.snapshot_id: datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
            for snapshot in self.iceberg.metadata.snapshots
        }

    def has_snapshot(self, snapshot_id: int) -> bool:
        """Say whether it still has a snapshot."""
        return self.iceberg.snapshot_by_id(snapshot_id) is not None

    def count(self, snapshot_id: int) -> int:
        """Return how many rows a snapshot has."""
        return self.total(snapshot_id, "records")

    def total(self, snapshot_id: int, what: str) -> int:
        """Return a total of a snapshot's summary: ``records``, ``data-files``, ``files-size`` in bytes.

        Raises:
            CatalogError: There is no such snapshot, or nothing counted its rows.
        """
        summary = snapshot_of(self.iceberg, snapshot_id).summary
        if summary is None:
            raise CatalogError(
                f"table {self.name} has no summary of snapshot {snapshot_id}: another tool made it"
            )
        return int(summary[f"total-{what}"] or 0)

    def data_files(self, snapshot_id: int) -> Sequence[DataFile]:
        """Return the data files of a snapshot."""
        return files_of(self.iceberg, snapshot_id)

    def scan(self, snapshot_id: int) -> pl.LazyFrame:
        """Return a lazy frame over a snapshot."""
        return read.scan(self.iceberg, snapshot_id)

    def rows(
        self, snapshot_id: int, columns: Sequence[str], *, run: str | None = None
    ) -> Iterator[pl.DataFrame]:
        """Yield the rows of a snapshot in frames of bounded size; those of one run only, if it is named."""
        return read.rows(self.iceberg, snapshot_id, columns, run=run)

    def spelled(self, snapshot_id: int, column: str, wanted: pl.Series) -> pl.Series:
        """Return the texts of a required column of a snapshot that have one of some keys, each once."""
        return read.spelled(self.iceberg, snapshot_id, column, wanted)

    def writer(self, run_id: str) -> TableWriter:
        """Return a writer of new data files."""
        return TableWriter(self.writable, run_id)

    def stage(
        self, branch: str, base: int, *, added: Sequence[DataFile], removed: Sequence[DataFile] = ()
    ) -> int:
        """Put data files into a snapshot and take others out, on a new branch; main does not move.

        Returns:
            The id of the branch's snapshot: the base itself where there is nothing to do.
        """
        if removed:
            return stage_rewrite(self.writable, branch, base=base, added=added, removed=removed)
        if not added:
            return base
        table = self.writable
        with committing(), Changes(table) as transaction:
            ManageSnapshots(transaction).create_branch(base, branch).commit()
            update = transaction.update_snapshot(snapshot_properties={STAGED: branch}, branch=branch)
            with update.fast_append() as producer:
                for file in added:
                    producer.append_data_file(file)
        return table.refs()[branch].snapshot_id

    def replace(self, branch: str, base: int, added: Sequence[DataFile]) -> int:
        """Put data files in the place of all those of a snapshot, on a new branch; return its snapshot."""
        return self.stage(branch, base, added=added, removed=self.data_files(base))

    def tag(self, snapshot_id: int, name: str) -> None:
        """Tag a snapshot; main stays where it is."""
        table = self.writable
        if tag_snapshots(table).get(name) != snapshot_id:
            with committing():
                manage(table).create_tag(snapshot_id, name).commit()

    def rename_tag(self, old: str, new: str) -> None:
        """Have a tag bear another name, in one commit."""
        table = self.writable
        with committing(), manage(table) as change:
            change.create_tag(tag_snapshots(table)[old], new)
            change.remove_tag(old)

    def drop_refs(self, names: Iterable[str]) -> None:
        """Drop tags and branches, in one commit; names that there are none of are passed over."""
        table = self.writable
        there = table.refs()
        kinds = {name: there[name].snapshot_ref_type for name in names if name in there}
        if not kinds:
            return
        with committing(), manage(table) as change:
            for name, kind in kinds.items():
                if kind is SnapshotRefType.TAG:
                    change.remove_tag(name)
                else:
                    change.remove_branch(name)

    def advance(
        self, snapshot_id: int, tag: str, retired: Iterable[str] = (), *, move_main: bool = True
    ) -> None:
        """Point main at a snapshot, and a tag too (a branch of that name becomes it); drop retired tags."""
        table = self.writable
        refs = table.refs()
        tagged = tag_snapshots(table).get(tag) == snapshot_id
        moved = move_main and main_snapshot(table) != snapshot_id
        old = [name for name in retired if name in refs and name != tag]
        if tagged and not moved and not old:
            return
        with committing(), manage(table) as change:
            if moved:
                change.set_current_snapshot(snapshot_id)
            if not tagged:
                change.create_tag(snapshot_id, tag)
            for name in old:
                change.remove_tag(name)

    def expire(self, snapshot_ids: Collection[int]) -> None:
        """Let snapshots leave the metadata: what a tag or a branch names is refused. Their files stay."""
        table = self.writable
        if snapshot_ids:
            with committing():
                table.maintenance.expire_snapshots().by_ids(sorted(snapshot_ids)).commit()
