"""A snapshot with some rows of the one before it in other data files, and a few manifests that name them all.

An ordinary overwrite keeps the manifests in which nothing is left, and lists what it deleted in another:
a table that is overwritten every minute gets one more of them each minute, and each scan reads them all.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from pyiceberg.manifest import DataFile, ManifestContent, ManifestEntry, ManifestEntryStatus, ManifestFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update import AssertRefSnapshotId, SetPropertiesUpdate
from pyiceberg.table.update.snapshot import ManageSnapshots, _OverwriteFiles

from stedi.errors import CatalogError
from stedi.warehouse.failure import committing
from stedi.warehouse.manifests import live_entries_of, manifests_of, snapshot_of
from stedi.warehouse.transaction import Changes

STAGED: Final = "stedi.run"
"""The property of a snapshot that was staged for a run: the name of the run's branch."""
_ENTRIES = 10_000
_NOTHING: Mapping[str, str] = {}
REBUILT = "stedi.rebuilt"
"""The property of a snapshot that stands in the place of another: that one's id."""


class _Rewrite(_OverwriteFiles):
    """Replaces data files, and all manifests by new ones that hold live entries only."""

    def _manifests(self) -> list[ManifestFile]:
        table = self._transaction.table_metadata
        parent = table.snapshot_by_id(self._parent_snapshot_id) if self._parent_snapshot_id else None
        manifests = manifests_of(parent, self._io) if parent is not None else ()
        entries: dict[int, list[ManifestEntry]] = {table.default_spec_id: []}
        found: set[DataFile] = set()
        for manifest in manifests:
            if manifest.content != ManifestContent.DATA:
                continue
            for entry in live_entries_of(manifest, self._io):
                if entry.data_file in self._deleted_data_files:
                    found.add(entry.data_file)
                else:
                    entries.setdefault(entry.data_file.spec_id, []).append(_existing(entry))
        if found != self._deleted_data_files:
            raise CatalogError("data files that were to be replaced are in the table no more: run it again")
        entries[table.default_spec_id] += [self._added(file) for file in self._added_data_files]
        deletes = [manifest for manifest in manifests if manifest.content == ManifestContent.DELETES]
        return [
            self._write(spec_id, of_spec[first : first + _ENTRIES])
            for spec_id, of_spec in entries.items()
            for first in range(0, len(of_spec), _ENTRIES)
        ] + deletes

    def _added(self, file: DataFile) -> ManifestEntry:
        return ManifestEntry.from_args(
            status=ManifestEntryStatus.ADDED,
            snapshot_id=self._snapshot_id,
            sequence_number=None,
            file_sequence_number=None,
            data_file=file,
        )

    def _write(self, spec_id: int, entries: Sequence[ManifestEntry]) -> ManifestFile:
        with self.new_manifest_writer(self.spec(spec_id)) as writer:
            for entry in entries:
                writer.add_entry(entry)
        return writer.to_manifest_file()


class _Compaction(_Rewrite):
    """A rewrite that changes no row, and says so: readers of changes pass over it."""

    def _summary(self, snapshot_properties: Mapping[str, str] = _NOTHING) -> Summary:
        summary = super()._summary(dict(snapshot_properties))
        return Summary(operation=Operation.REPLACE, **summary.additional_properties)


def _existing(entry: ManifestEntry) -> ManifestEntry:
    return ManifestEntry.from_args(
        status=ManifestEntryStatus.EXISTING,
        snapshot_id=entry.snapshot_id,
        sequence_number=entry.sequence_number,
        file_sequence_number=entry.file_sequence_number,
        data_file=entry.data_file,
    )


def main_snapshot(table: Table) -> int:
    """Return the id of the snapshot that main points at.

    Raises:
        CatalogError: The table has none.
    """
    snapshot = table.current_snapshot()
    if snapshot is None:
        raise CatalogError(f"table {table.name()[-1]} has no snapshot: its creation was interrupted")
    return snapshot.snapshot_id


def tag_snapshots(table: Table) -> dict[str, int]:
    """Return the tags of a table and their snapshots."""
    return {
        name: ref.snapshot_id
        for name, ref in table.refs().items()
        if ref.snapshot_ref_type is SnapshotRefType.TAG
    }


def stage_compaction(
    table: Table, branch: str, *, base: int, added: Sequence[DataFile], removed: Sequence[DataFile]
) -> int:
    """Put data files in the place of others with the same rows, on a new branch; return its snapshot."""
    return _stage(_Compaction, table, branch, base, added, removed)


def stage_rewrite(
    table: Table, branch: str, *, base: int, added: Sequence[DataFile], removed: Sequence[DataFile]
) -> int:
    """Put data files in the place of others, on a new branch; return its snapshot.

    Its manifests say nothing of the files that went: neither their names nor the bounds of their columns.
    """
    return _stage(_Rewrite, table, branch, base, added, removed)


def _stage(
    kind: type[_Rewrite],
    table: Table,
    branch: str,
    base: int,
    added: Sequence[DataFile],
    removed: Sequence[DataFile],
) -> int:
    with committing(), Changes(table) as transaction:
        ManageSnapshots(transaction).create_branch(base, branch).commit()
        _commit(kind, transaction, branch, added, removed)
    return table.refs()[branch].snapshot_id


def rebuild_tag(
    table: Table, tag: str, branch: str, *, added: Sequence[DataFile], removed: Sequence[DataFile]
) -> int:
    """Have a tag name its snapshot with data files put in the place of others; return the new snapshot.

    One commit: the tag always names one of the two. The new snapshot says in the place of which it stands,
    however often that is done.
    """
    base = table.refs()[tag].snapshot_id
    kind = _Rewrite if removed else _Compaction
    with committing(), Changes(table) as transaction:
        ManageSnapshots(transaction).create_branch(base, branch).commit()
        _commit(kind, transaction, branch, added, removed, {REBUILT: str(rebuilt_of(table, base) or base)})
        made = transaction.table_metadata.refs[branch].snapshot_id
        ManageSnapshots(transaction).create_tag(made, tag).remove_branch(branch).commit()
    return made


def rebuilt_of(table: Table, snapshot_id: int) -> int | None:
    """Return the snapshot in the place of which a rebuilt one stands; None of one that was not rebuilt."""
    snapshot = table.snapshot_by_id(snapshot_id)
    if snapshot is None or snapshot.summary is None:
        return None
    said = snapshot.summary.additional_properties.get(REBUILT, "")
    return int(said) if said.isdecimal() else None


def forget_removed(table: Table, branch: str, base: int) -> int:
    """Write the manifests of a snapshot anew where they name files that were taken out.

    Returns:
        The new snapshot, on a branch; the base where no manifest names any.
    """
    if not any(each.deleted_files_count for each in manifests_of(snapshot_of(table, base), table.io)):
        return base
    return stage_compaction(table, branch, base=base, added=(), removed=())


def rebuilt(table: Table) -> Mapping[int, int]:
    """Return the snapshots that stand in the place of others and are tagged, by those others."""
    found = {rebuilt_of(table, snapshot_id): snapshot_id for snapshot_id in tag_snapshots(table).values()}
    return {old: new for old, new in found.items() if old is not None}


def append_to_main(table: Table, added: Sequence[DataFile]) -> None:
    """Append data files to main, if main is still where it was when the table was loaded.

    Raises:
        RunConflictError: Main has moved since.
    """
    with (
        committing(),
        Changes(table) as transaction,
        transaction.update_snapshot().fast_append() as producer,
    ):
        for file in added:
            producer.append_data_file(file)


def rewrite_main(table: Table, added: Sequence[DataFile], removed: Sequence[DataFile]) -> None:
    """Put data files in the place of others on main, if main is still where it was when the table was loaded.

    Raises:
        RunConflictError: Main has moved since.
    """
    with committing(), Changes(table) as transaction:
        _commit(_Rewrite, transaction, MAIN_BRANCH, added, removed)


def fence(table: Table) -> None:
    """Change a table so that a commit to main that is still on its way fails, if main is where it was.

    Raises:
        RunConflictError: Main has moved since the table was loaded.
    """
    unmoved = AssertRefSnapshotId.model_validate({"ref": MAIN_BRANCH, "snapshot-id": main_snapshot(table)})
    with committing(), Changes(table) as transaction:
        transaction._stage(  # noqa: SLF001 - a change with a requirement of its own
            (SetPropertiesUpdate(updates={"stedi.fence": secrets.token_hex(8)}),), (unmoved,)
        )


def _commit(
    kind: type[_Rewrite],
    transaction: Transaction,
    branch: str,
    added: Sequence[DataFile],
    removed: Sequence[DataFile],
    properties: Mapping[str, str] = _NOTHING,
) -> None:
    made_by = {STAGED: branch} if branch != MAIN_BRANCH else {}
    with kind(
        operation=Operation.OVERWRITE,
        transaction=transaction,
        io=transaction._table.io,  # noqa: SLF001 - as the transaction's own producers take it
        snapshot_properties={**made_by, **properties},
        branch=branch,
    ) as producer:
        for file in removed:
            producer.delete_data_file(file)
        for file in added:
            producer.append_data_file(file)
