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

_T = TypeVar("_T")
_MOST: Final = 20_000


class Remembered(Generic[_T]):
    """What files held, as long as they are what they were; the oldest is forgotten where it becomes much."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[tuple[int, ...], Sequence[_T]]] = OrderedDict()
        self._count = 0
        self._lock = Lock()

    def of(self, location: str, read: Callable[[], Sequence[_T]], *, anew: bool = False) -> Sequence[_T]:
        """Return what a file holds; read it if it is not known, or if it must be read anew."""
        place = plain(location)
        if anew or "://" in place:
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


def manifests_of(snapshot: Snapshot, io: FileIO, *, anew: bool = False) -> Sequence[ManifestFile]:
    """Return the manifests of a snapshot.

    Args:
        snapshot: The snapshot.
        io: What reads its files.
        anew: Read the list even if it is remembered: for an audit.

    Raises:
        OSError: The list is gone.
    """
    return _lists.of(snapshot.manifest_list, lambda: snapshot.manifests(io), anew=anew)


def entries_of(manifest: ManifestFile, io: FileIO, *, anew: bool = False) -> Sequence[ManifestEntry]:
    """Return the entries of a manifest, also those of files that were taken out: not to be changed.

    Args:
        manifest: The manifest.
        io: What reads it.
        anew: Read it even if it is remembered: for an audit.

    Raises:
        OSError: The manifest is gone.
    """
    return _manifests.of(
        manifest.manifest_path,
        lambda: manifest.fetch_manifest_entry(io, discard_deleted=False),
        anew=anew,
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
