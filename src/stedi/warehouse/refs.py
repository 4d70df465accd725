"""Branches, tags and snapshots: how a run stages its work beside main, and how main moves on."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Final

from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.update import AssertRefSnapshotId, SetPropertiesUpdate
from pyiceberg.table.update.snapshot import ManageSnapshots

from stedi.errors import CatalogError
from stedi.warehouse.failure import committing
from stedi.warehouse.manifests import snapshot_of
from stedi.warehouse.transaction import Changes, manage

STAGED: Final = "stedi.run"
"""The property of a snapshot that was staged for a run: the name of the run's branch."""


def main_snapshot(table: Table) -> int:
    """Return the id of the snapshot that main points at.

    Raises:
        CatalogError: The table has none.
    """
    snapshot = table.current_snapshot()
    if snapshot is None:
        raise CatalogError(f"table {table.name()[-1]} has no snapshot: its creation was interrupted")
    return snapshot.snapshot_id


def summary(table: Table, snapshot_id: int, key: str) -> int:
    """Return a number of a snapshot's summary: ``total-records``, ``total-files-size``.

    Raises:
        CatalogError: The table has no such snapshot, or nothing counted its rows.
    """
    summary = snapshot_of(table, snapshot_id).summary
    if summary is None:
        raise CatalogError(
            f"table {table.name()[-1]} has no summary of snapshot {snapshot_id}: another tool made it"
        )
    return int(summary[key] or 0)


def tags(table: Table) -> dict[str, int]:
    """Return the tags of a table and their snapshots."""
    return {
        name: ref.snapshot_id
        for name, ref in table.refs().items()
        if ref.snapshot_ref_type is SnapshotRefType.TAG
    }


def tag(table: Table, snapshot_id: int, name: str) -> None:
    """Tag a snapshot."""
    if tags(table).get(name) != snapshot_id:
        with committing():
            manage(table).create_tag(snapshot_id, name).commit()


def rename_tag(table: Table, old: str, new: str) -> None:
    """Have a tag bear another name, in one commit."""
    with committing(), manage(table) as change:
        change.create_tag(tags(table)[old], new)
        change.remove_tag(old)


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


def stage(table: Table, branch: str, *, base: int, added: Sequence[DataFile]) -> int:
    """Add data files on a new branch that starts at a snapshot; main does not move.

    Returns:
        The id of the branch's snapshot: the base itself where there is nothing to do.
    """
    if not added:
        return base
    properties = {STAGED: branch}
    with committing(), Changes(table) as transaction:
        ManageSnapshots(transaction).create_branch(base, branch).commit()
        update = transaction.update_snapshot(snapshot_properties=properties, branch=branch)
        with update.fast_append() as producer:
            for file in added:
                producer.append_data_file(file)
    return table.refs()[branch].snapshot_id


def append(table: Table, added: Sequence[DataFile]) -> int:
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
    return main_snapshot(table)


def advance(
    table: Table, snapshot_id: int, *, tag: str, retired: Iterable[str] = (), move_main: bool = True
) -> None:
    """Point main at a snapshot, and a tag too (a branch of that name becomes it); drop retired tags."""
    refs = table.refs()
    known = refs.get(tag)
    tagged = (
        known is not None
        and known.snapshot_ref_type is SnapshotRefType.TAG
        and known.snapshot_id == snapshot_id
    )
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


def drop(table: Table, names: Iterable[str]) -> None:
    """Drop tags and branches, in one commit."""
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
