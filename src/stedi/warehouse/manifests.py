"""Manifest lists and manifests of a table, each read once while it is the file that it was.

They never change, and pyiceberg 0.12 works out their Avro schema anew for each that it opens: a verb opens
the same ones many times. Of files on a disk it is remembered what they held, and when they were written.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final, Generic, TypeVar

from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile, ManifestContent, ManifestEntry, ManifestEntryStatus, ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from stedi.errors import CatalogError
from stedi.warehouse.location import plain

T = TypeVar("T")
_MOST: Final = 20_000


class Remembered(Generic[T]):
    """What files held, as long as they are what they were; the oldest is forgotten where it becomes much."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._known: OrderedDict[str, tuple[tuple[int, ...], Sequence[T]]] = OrderedDict()
        self._count = 0
        self._lock = Lock()

    def of(self, location: str, read: Callable[[], Sequence[T]]) -> Sequence[T]:
        """Return what a file holds."""
        place = plain(location)
        if "://" in place:
            return read()
        at = _written(place)
        known = self._known.get(place)
        if known is not None and known[0] == at:
            return known[1]
        found = tuple(read())
        with self._lock:
            before = self._known.pop(place, None)
            self._known[place] = at, found
            self._count += len(found) - (0 if before is None else len(before[1]))
            while self._count > _MOST and len(self._known) > 1:
                _, (_, oldest) = self._known.popitem(last=False)
                self._count -= len(oldest)
        return found


def _written(file: str) -> tuple[int, ...]:
    """Return what changes when a file is written anew."""
    found = Path(file).stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


_lists: Final = Remembered[ManifestFile]()
_manifests: Final = Remembered[ManifestEntry]()


def snapshot_of(table: Table, snapshot_id: int) -> Snapshot:
    """Return a snapshot of a table.

    Raises:
        CatalogError: The table has none of this id.
    """
    snapshot = table.snapshot_by_id(snapshot_id)
    if snapshot is None:
        raise CatalogError(
            f"table {table.name()[-1]} has no snapshot {snapshot_id} any more: it was expired, by stedi "
            "maintain or by another tool"
        )
    return snapshot


def manifests_of(snapshot: Snapshot, io: FileIO) -> Sequence[ManifestFile]:
    """Return the manifests of a snapshot.

    Raises:
        OSError: The list is gone.
    """
    return _lists.of(snapshot.manifest_list, lambda: snapshot.manifests(io))


def entries_of(manifest: ManifestFile, io: FileIO) -> Sequence[ManifestEntry]:
    """Return the entries of a manifest, also those of files that were taken out: not to be changed.

    Raises:
        OSError: The manifest is gone.
    """
    return _manifests.of(
        manifest.manifest_path, lambda: manifest.fetch_manifest_entry(io, discard_deleted=False)
    )


def live_entries_of(manifest: ManifestFile, io: FileIO) -> Sequence[ManifestEntry]:
    """Return the entries of a manifest of files that its snapshots hold."""
    return [entry for entry in entries_of(manifest, io) if entry.status != ManifestEntryStatus.DELETED]


def files_of(table: Table, snapshot_id: int) -> list[DataFile]:
    """Return the data files of a snapshot.

    Raises:
        CatalogError: The table has no such snapshot any more.
    """
    return [
        entry.data_file
        for manifest in manifests_of(snapshot_of(table, snapshot_id), table.io)
        if manifest.content == ManifestContent.DATA
        for entry in live_entries_of(manifest, table.io)
    ]
