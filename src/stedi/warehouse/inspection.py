"""What a table's metadata says, all of it, for whoever checks it against what is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyiceberg.manifest import ManifestEntryStatus, ManifestFile
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.snapshots import Snapshot

from stedi.warehouse.layout import ICEBERG_FORMAT
from stedi.warehouse.location import plain
from stedi.warehouse.manifests import entries_of, manifests_of
from stedi.warehouse.unreadable import UNREADABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """A data file, as a manifest has it.

    Attributes:
        location: Where it is.
        rows: How many rows it is said to have.
        live: It is part of the snapshots that have the manifest; else it is listed as deleted.
        bounded: The columns of whose values the manifest keeps bounds.
    """

    location: str
    rows: int
    live: bool
    bounded: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFacts:
    """A snapshot: when it was made, what its summary says, and its manifests."""

    snapshot_id: int
    made_at: datetime
    summary: Mapping[str, str]
    manifest_list: str
    manifests: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A table, as its metadata has it.

    Attributes:
        table: Its name.
        location: Where its files are.
        metadata: Where its metadata is: the newest version.
        older: Where older versions and statistics may still be.
        main: The snapshot that main points at; None where it points at none.
        tags: The tags and their snapshots.
        branches: The branches beside main and their snapshots.
        snapshots: The snapshots, by id.
        manifests: The files that each manifest lists.
        format_version: The version of Iceberg's table format.
        partitioned_by: The columns that a partition spec, old or new, is made of.
        damaged: The metadata files, manifest lists and manifests that can't be read.
    """

    table: str
    location: str
    metadata: str
    older: frozenset[str]
    main: int | None
    tags: Mapping[str, int]
    branches: Mapping[str, int]
    snapshots: Mapping[int, SnapshotFacts]
    manifests: Mapping[str, Sequence[ListedFile]]
    partitioned_by: frozenset[str]
    format_version: int = ICEBERG_FORMAT
    damaged: frozenset[str] = frozenset()

    @classmethod
    def unread(cls, table: str, location: str, metadata: str) -> "Inspection":
        """Return what is known of a table whose metadata can't be read."""
        return cls(
            table=table,
            location=location,
            metadata=metadata,
            older=frozenset(),
            main=None,
            tags={},
            branches={},
            snapshots={},
            manifests={},
            partitioned_by=frozenset(),
            damaged=frozenset([metadata]),
        )

    @property
    def is_read(self) -> bool:
        """Whether the metadata file could be read."""
        return self.metadata not in self.damaged

    def whole(self, snapshot_id: int) -> bool:
        """Say whether all that lists the files of a snapshot could be read."""
        snapshot = self.snapshots[snapshot_id]
        return self.damaged.isdisjoint((snapshot.manifest_list, *snapshot.manifests))

    def files(self, snapshot_id: int) -> list[ListedFile]:
        """Return the data files of a snapshot."""
        listed = (
            file for path in self.snapshots[snapshot_id].manifests for file in self.manifests.get(path, ())
        )
        return [file for file in listed if file.live]

    def needed(self) -> set[str]:
        """Return the files without which a snapshot can't be read."""
        found = {self.metadata, *self.manifests}
        for snapshot in self.snapshots.values():
            found |= {snapshot.manifest_list, *snapshot.manifests}
        return found | {file.location for listed in self.manifests.values() for file in listed if file.live}


def inspect(table: Table) -> Inspection:
    """Read all metadata of a table; what can't be read is named."""
    metadata = table.metadata
    manifests: dict[str, ManifestFile] = {}
    snapshots = {}
    damaged: set[str] = set()
    for snapshot in metadata.snapshots:
        try:
            own = manifests_of(snapshot, table.io, anew=True)
        except UNREADABLE:
            own = ()
            damaged.add(plain(snapshot.manifest_list))
        manifests |= {manifest.manifest_path: manifest for manifest in own}
        snapshots[snapshot.snapshot_id] = _facts(snapshot, tuple(plain(each.manifest_path) for each in own))
    names = {field_id: name for schema in metadata.schemas for field_id, name in _names(schema).items()}
    older = {entry.metadata_file for entry in metadata.metadata_log}
    older |= {file.statistics_path for file in (*metadata.statistics, *metadata.partition_statistics)}
    refs = {name: ref for name, ref in table.refs().items() if name != "main"}
    kinds = {
        kind: {name: ref.snapshot_id for name, ref in refs.items() if ref.snapshot_ref_type is kind}
        for kind in (SnapshotRefType.TAG, SnapshotRefType.BRANCH)
    }
    listed: dict[str, list[ListedFile]] = {}
    for path, manifest in manifests.items():
        try:
            listed[plain(path)] = _listed(table, manifest, names)
        except UNREADABLE:
            damaged.add(plain(path))
    return Inspection(
        table=table.name()[-1],
        location=plain(metadata.location),
        metadata=plain(table.metadata_location),
        older=frozenset(map(plain, older)),
        main=metadata.current_snapshot_id,
        tags=kinds[SnapshotRefType.TAG],
        branches=kinds[SnapshotRefType.BRANCH],
        snapshots=snapshots,
        manifests=listed,
        partitioned_by=frozenset(
            names.get(field.source_id, str(field.source_id))
            for spec in metadata.partition_specs
            for field in spec.fields
        ),
        format_version=metadata.format_version,
        damaged=frozenset(damaged),
    )


def _listed(table: Table, manifest: ManifestFile, names: Mapping[int, str]) -> list[ListedFile]:
    return [
        ListedFile(
            location=plain(entry.data_file.file_path),
            rows=entry.data_file.record_count,
            live=entry.status is not ManifestEntryStatus.DELETED,
            bounded=frozenset(
                names.get(field, str(field))
                for bounds in (entry.data_file.lower_bounds, entry.data_file.upper_bounds)
                for field in bounds or ()
            ),
        )
        for entry in entries_of(manifest, table.io, anew=True)
    ]


def _facts(snapshot: Snapshot, manifests: tuple[str, ...]) -> SnapshotFacts:
    summary = snapshot.summary
    return SnapshotFacts(
        snapshot_id=snapshot.snapshot_id,
        made_at=datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC),
        summary={} if summary is None else dict(summary.additional_properties),
        manifest_list=plain(snapshot.manifest_list),
        manifests=manifests,
    )


def _names(schema: Schema) -> dict[int, str]:
    """Return the columns of a schema by id; a field inside one by its path."""
    found = {field: schema.find_column_name(field) for field in range(1, schema.highest_field_id + 1)}
    return {field: name for field, name in found.items() if name is not None}
