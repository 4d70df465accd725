"""Expiring snapshots: they leave a table's metadata. Their files stay until they are swept."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from pyiceberg.table import Table
from pyiceberg.table.refs import SnapshotRefType

from stedi.warehouse.failure import committing


def snapshots(table: Table) -> Mapping[int, datetime]:
    """Return the snapshots of a table, and when each was made."""
    return {
        snapshot.snapshot_id: datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
        for snapshot in table.metadata.snapshots
    }


def referred(table: Table, *, but: str) -> set[int]:
    """Return the snapshots that tags and branches name.

    Args:
        table: The table.
        but: Branches whose name begins so are left out: those of unfinished runs, which a repair drops.
    """
    return {
        ref.snapshot_id
        for name, ref in table.refs().items()
        if ref.snapshot_ref_type is SnapshotRefType.TAG or not name.startswith(but)
    }


def expire(table: Table, snapshot_ids: Collection[int]) -> None:
    """Expire snapshots: what a tag or a branch names is refused."""
    if snapshot_ids:
        with committing():
            table.maintenance.expire_snapshots().by_ids(sorted(snapshot_ids)).commit()
