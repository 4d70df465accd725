"""Compaction: many small data files become a few, and it is checked that they hold the same rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from stedi.contract import contract_of
from stedi.errors import ConservationError
from stedi.names import RUN
from stedi.pipeline.history import Run, to_frame
from stedi.pipeline.publish import commit
from stedi.warehouse.compaction import CompactionTarget, Group, groups_to_merge, many_manifests, small_files
from stedi.warehouse.read import rows_of
from stedi.warehouse.rewrite import rewrite_main, stage_compaction
from stedi.warehouse.warehouse import Warehouse
from stedi.warehouse.writer import TableWriter


@dataclass
class _Rows:
    """Rows as a multiset: how many, and the sum of their hashes, which no order changes."""

    height: int = 0
    hashes: int = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Add rows."""
        self.height += frame.height
        # The sum of unsigned integers wraps around, in whatever parts it is taken.
        self.hashes = (self.hashes + int(frame.hash_rows().sum())) % 2**64


def compact(
    warehouse: Warehouse,
    table: str,
    groups: Sequence[Group],
    *,
    run_id: str,
    branch: str,
    base: int,
    count: Callable[[int], None],
) -> int:
    """Write groups of small files of a table as one file each, on a branch, and return the new snapshot.

    Without groups, only the manifests are written anew.

    Args:
        warehouse: The lake's tables.
        table: The table.
        groups: Its small files.
        run_id: The run that will publish the snapshot.
        branch: The branch.
        base: The snapshot to build upon.
        count: Is called with how many rows were read.

    Raises:
        ConservationError: The new files hold other rows than the old ones.
    """
    writer = warehouse.table(table).writer(run_id)
    for group in groups:
        _merge(warehouse, table, group, writer, count)
    removed = [file for group in groups for file in group.files]
    snapshot_id = stage_compaction(
        warehouse.table(table).writable, branch, base=base, added=writer.close(), removed=removed
    )
    if warehouse.table(table).count(snapshot_id) != warehouse.table(table).count(base):
        raise _lost(table)
    return snapshot_id


def _merge(
    warehouse: Warehouse, table: str, group: Group, writer: TableWriter, count: Callable[[int], None]
) -> None:
    first = len(writer.close())
    read = _Rows()
    frames = []
    for frame in rows_of(warehouse.table(table).iceberg, group.files):
        read.add(frame)
        count(frame.height)
        if group.bucket is None:
            writer.write(frame)
        else:
            frames.append(frame)
    if group.bucket is not None:
        writer.write_bucket(pl.concat(frames).sort(contract_of(table).key), group.bucket)
    _check(table, read, rows_of(warehouse.table(table).iceberg, writer.close()[first:]))


def publish_compacted(warehouse: Warehouse, run: Run, runs: Sequence[Run], target: CompactionTarget) -> None:
    """Append a run to the run table, whose small files become one by the same commit; then show it.

    Raises:
        RunConflictError: Another run was published meanwhile.
        ConservationError: The new file holds other rows than the old ones.
    """
    small = small_files(warehouse.table(RUN).iceberg, warehouse.table(RUN).main(), target)
    row = to_frame(run)
    writer = warehouse.table(RUN).writer(run.run_id)
    read = _Rows()
    read.add(row)
    for frame in rows_of(warehouse.table(RUN).iceberg, small):
        read.add(frame)
        writer.write(frame)
    writer.write(row)
    files = writer.close()
    _check(RUN, read, rows_of(warehouse.table(RUN).iceberg, files))
    commit(warehouse, run, runs, files, lambda: rewrite_main(warehouse.table(RUN).writable, files, small))


def _check(table: str, expected: _Rows, frames: Iterable[pl.DataFrame]) -> None:
    """Decode what was written, and compare."""
    found = _Rows()
    for frame in frames:
        found.add(frame)
    if found != expected:
        raise _lost(table)


def _lost(table: str) -> ConservationError:
    return ConservationError(
        f"{table}: the merged files do not hold the rows of those they were made of; nothing was published. "
        "This is a bug in stedi, or the disk is damaged: please report it"
    )


def plan_compaction(
    warehouse: Warehouse, snapshots: Mapping[str, int], target: CompactionTarget
) -> dict[str, Sequence[Group]]:
    """Return the groups of each table that has something to compact: none where only manifests are many."""
    plans = {}
    for table, snapshot_id in snapshots.items():
        groups = groups_to_merge(warehouse.table(table).iceberg, snapshot_id, target)
        if groups or many_manifests(warehouse.table(table).iceberg, snapshot_id):
            plans[table] = groups
    return plans
