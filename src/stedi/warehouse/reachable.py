"""The files that a table's metadata reaches."""

from collections.abc import Collection
from dataclasses import dataclass

from pyiceberg.manifest import ManifestFile
from pyiceberg.table import Table

from stedi.warehouse.location import plain
from stedi.warehouse.manifests import live_entries_of, manifests_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachable:
    """What a table needs.

    Attributes:
        needed: Files without which a snapshot can't be read.
        kept: Files that may be gone already: older versions of the metadata, statistics.
    """

    needed: frozenset[str]
    kept: frozenset[str]


def reachable(table: Table, *, without: Collection[int] = ()) -> Reachable:
    """Return the files that the snapshots of a table reach.

    Args:
        table: The table.
        without: Snapshots to leave out, as if they were expired.
    """
    metadata = table.metadata
    needed = {table.metadata_location}
    seen: dict[str, ManifestFile] = {}
    for snapshot in metadata.snapshots:
        if snapshot.snapshot_id in without:
            continue
        needed.add(snapshot.manifest_list)
        # Snapshots share manifests: each is read once.
        seen |= {manifest.manifest_path: manifest for manifest in manifests_of(snapshot, table.io)}
    for path, manifest in seen.items():
        needed.add(path)
        # One that only lists what was deleted reaches nothing, and opening it is what takes the time.
        if not (manifest.has_added_files() or manifest.has_existing_files()):
            continue
        needed |= {entry.data_file.file_path for entry in live_entries_of(manifest, table.io)}
    kept = {entry.metadata_file for entry in metadata.metadata_log}
    kept |= {file.statistics_path for file in metadata.statistics}
    kept |= {file.statistics_path for file in metadata.partition_statistics}
    return Reachable(
        needed=frozenset(map(plain, needed)),
        kept=frozenset(map(plain, kept)),
    )
