"""A table as Polars scans it: its files may be gone, or cut off, when the scan is collected."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from stedi.errors import CatalogError
from stedi.warehouse.location import plain
from stedi.warehouse.manifests import live_entries_of, manifests_of
from stedi.warehouse.unreadable import UNREADABLE


class ScannedTable(Table):
    """A table of which a scan says in one clear error that its files are gone.

    Polars asks a table for its snapshot each time that a scan of it is collected, before it reads a file, and
    lets pass what is raised then. So the scan itself stays that of Polars, and is as fast. On an object store
    the manifest list is looked for, which an expired snapshot loses together with its data files. On a
    disk all files are: Polars would end in a panic where one has fewer bytes than its manifest says.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Use ``ScannedTable.of``."""
        super().__init__(*arguments, **options)
        self._sizes: dict[int, Mapping[Path, int]] = {}

    @classmethod
    def of(cls, table: Table) -> "ScannedTable":
        """Return a table for scans."""
        place = table.metadata_location
        return cls(table.name(), table.metadata, place, table.io, table.catalog, table.config)

    def snapshot_by_id(self, snapshot_id: int) -> Snapshot | None:
        """Return a snapshot; None where there never was one of this id.

        Raises:
            CatalogError: Its files are gone, or cut off.
        """
        snapshot = super().snapshot_by_id(snapshot_id)
        if snapshot is not None:
            self._check(snapshot)
        return snapshot

    def _check(self, snapshot: Snapshot) -> None:
        if not self.io.new_input(snapshot.manifest_list).exists():
            raise self._gone(snapshot, snapshot.manifest_list)
        if "://" in plain(snapshot.manifest_list):
            return
        for file, size in self._files(snapshot).items():
            try:
                found = file.stat().st_size
            except FileNotFoundError:
                raise self._gone(snapshot, str(file)) from None
            if found != size:
                raise self._damaged(str(file))

    def _files(self, snapshot: Snapshot) -> Mapping[Path, int]:
        """Return the data files of a snapshot and their sizes; read once, since they never change."""
        known = self._sizes.get(snapshot.snapshot_id)
        if known is not None:
            return known
        place = snapshot.manifest_list
        try:
            found = {}
            for manifest in manifests_of(snapshot, self.io):
                place = manifest.manifest_path
                for entry in live_entries_of(manifest, self.io):
                    found[Path(plain(entry.data_file.file_path))] = entry.data_file.file_size_in_bytes
        except FileNotFoundError:
            raise self._gone(snapshot, place) from None
        except UNREADABLE:
            raise self._damaged(place) from None
        return self._sizes.setdefault(snapshot.snapshot_id, found)

    def _damaged(self, file: str) -> CatalogError:
        return CatalogError(
            f"the table {self.name()[-1]} is damaged: {plain(file)} can't be read. Restore it from a backup, "
            "or make the lake again from the landing files"
        )

    def _gone(self, snapshot: Snapshot, file: str) -> CatalogError:
        name = self.name()[-1]
        if self._still_named(snapshot.snapshot_id):
            return CatalogError(
                f"the table {name} has lost a file ({plain(file)}): restore it from a backup, or make the "
                "lake again from the landing files"
            )
        return CatalogError(
            f"the files of the table {name} that this scan reads were removed since it was made, by an "
            "erasure, a rotation of the key or a maintenance: scan the table again"
        )

    def _still_named(self, snapshot_id: int) -> bool:
        """Say whether the newest metadata names a snapshot, so that its files should be there."""
        try:
            return self.catalog.load_table(self.name()).snapshot_by_id(snapshot_id) is not None
        except UNREADABLE:
            return True
