"""Taking back what was staged: it leaves the metadata of a table first, and only then its files are deleted.

A staged snapshot says in its summary which branch it was staged for. So what a killed process left is told
from what was published, even where the branch is gone and only the snapshot is still there.
"""

import sqlite3
from collections.abc import Collection, Mapping

from pyiceberg.manifest import ManifestEntryStatus
from pyiceberg.table import Table
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update.snapshot import ExpireSnapshots, ManageSnapshots

from stedi.contract import CONTRACTS
from stedi.warehouse.failure import committing
from stedi.warehouse.manifests import entries_of, manifests_of
from stedi.warehouse.rewrite import STAGED
from stedi.warehouse.transaction import Changes
from stedi.warehouse.unreadable import UNREADABLE
from stedi.warehouse.warehouse import Warehouse


def take_back_tables(warehouse: Warehouse, prefix: str, kept: Mapping[str, Collection[int]]) -> None:
    """Take what was staged for branches out of the metadata of all tables, and delete its files.

    What one table refuses is left to whoever comes next, and all others are tried.

    Args:
        warehouse: The lake's tables.
        prefix: How the names of the branches begin.
        kept: Per table, snapshots that stay.
    """
    refused: Exception | None = None
    for name in CONTRACTS:
        try:
            if warehouse.has(name):
                files = _take_back(warehouse.table(name).writable, prefix, kept.get(name, ()))
                warehouse.files.discard(files)
        except sqlite3.OperationalError:
            # The catalog is busy, and was waited for: that is as long for each other table.
            raise
        except Exception as error:  # noqa: BLE001 - the first is raised in the end
            refused = refused or error
    if refused is not None:
        raise refused


def _take_back(table: Table, prefix: str, kept: Collection[int]) -> list[str]:
    """Take branches, and what was staged for them, out of the metadata of a table, in one commit.

    Args:
        table: The table, as the catalog has it now.
        prefix: How the names of the branches begin.
        kept: Snapshots that stay, for whichever branch they were staged.

    Returns:
        The files that nothing reaches any more.
    """
    refs = table.refs()
    branches = [
        name
        for name, ref in refs.items()
        if name.startswith(prefix) and ref.snapshot_ref_type is SnapshotRefType.BRANCH
    ]
    needed = {ref.snapshot_id for name, ref in refs.items() if name not in branches} | set(kept)
    snapshots = table.metadata.snapshots
    built_upon = _ancestors(snapshots, needed)
    gone = [
        snapshot
        for snapshot in snapshots
        if _staged_for(snapshot).startswith(prefix) and snapshot.snapshot_id not in needed | built_upon
    ]
    if not branches and not gone:
        return []
    files = [file for snapshot in gone for file in _own_files(table, snapshot)]
    with committing(), Changes(table) as transaction:
        for name in branches:
            ManageSnapshots(transaction).remove_branch(name).commit()
        if gone:
            ExpireSnapshots(transaction).by_ids([snapshot.snapshot_id for snapshot in gone]).commit()
    return files


def _staged_for(snapshot: Snapshot) -> str:
    return snapshot.summary.additional_properties.get(STAGED, "") if snapshot.summary is not None else ""


def _ancestors(snapshots: Collection[Snapshot], of: Collection[int]) -> set[int]:
    """Return the snapshots that others were built upon: they share manifests."""
    parents = {snapshot.snapshot_id: snapshot.parent_snapshot_id for snapshot in snapshots}
    found: set[int] = set()
    for snapshot_id in of:
        parent = parents.get(snapshot_id)
        while parent is not None and parent not in found:
            found.add(parent)
            parent = parents.get(parent)
    return found


def _own_files(table: Table, snapshot: Snapshot) -> list[str]:
    """Return the files that were written for a snapshot; what can't be read is left to a maintenance."""
    try:
        manifests = [
            each
            for each in manifests_of(snapshot, table.io)
            if each.added_snapshot_id == snapshot.snapshot_id
        ]
        data = [
            entry.data_file.file_path
            for manifest in manifests
            for entry in entries_of(manifest, table.io)
            if entry.status == ManifestEntryStatus.ADDED and entry.snapshot_id == snapshot.snapshot_id
        ]
    except UNREADABLE:
        return []
    return [*data, *(manifest.manifest_path for manifest in manifests), snapshot.manifest_list]
