"""Compaction: many small data files become a few, and it is checked that they hold the same rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from stedi.contract import contract_of
from stedi.errors import ConservationError
from stedi.names import RUN
from stedi.pipeline.history import Run, to_frame
from stedi.pipeline.publish import commit
from stedi.warehouse.compaction import Group, Target
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
    writer = warehouse.writer(table, run_id)
    for group in groups:
        _merge(warehouse, table, group, writer, count)
    removed = [file for group in groups for file in group.files]
    snapshot_id = warehouse.compact(table, branch, base, writer.close(), removed)
    if warehouse.count(table, snapshot_id) != warehouse.count(table, base):
        raise _lost(table)
    return snapshot_id


def _merge(
    warehouse: Warehouse, table: str, group: Group, writer: TableWriter, count: Callable[[int], None]
) -> None:
    first = len(writer.close())
    read = _Rows()
    frames = []
    for frame in warehouse.rows_of(table, group.files):
        read.add(frame)
        count(frame.height)
        if group.bucket is None:
            writer.write(frame)
        else:
            frames.append(frame)
    if group.bucket is not None:
        writer.write_bucket(pl.concat(frames).sort(contract_of(table).key), group.bucket)
    _check(table, read, warehouse.rows_of(table, writer.close()[first:]))


def publish_compacted(warehouse: Warehouse, run: Run, runs: Sequence[Run], target: Target) -> None:
    """Append a run to the run table, whose small files become one by the same commit; then show it.

    Raises:
        RunConflictError: Another run was published meanwhile.
        ConservationError: The new file holds other rows than the old ones.
    """
    small = warehouse.small_files(RUN, warehouse.main(RUN), target)
    row = to_frame(run)
    writer = warehouse.writer(RUN, run.run_id)
    read = _Rows()
    read.add(row)
    for frame in warehouse.rows_of(RUN, small):
        read.add(frame)
        writer.write(frame)
    writer.write(row)
    files = writer.close()
    _check(RUN, read, warehouse.rows_of(RUN, files))
    commit(warehouse, run, runs, files, lambda: warehouse.rewrite_runs(files, small))


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
    warehouse: Warehouse, snapshots: Mapping[str, int], target: Target
) -> dict[str, Sequence[Group]]:
    """Return the groups of each table that has something to compact: none where only manifests are many."""
    plans = {}
    for table, snapshot_id in snapshots.items():
        groups = warehouse.small_groups(table, snapshot_id, target)
        if groups or warehouse.many_manifests(table, snapshot_id):
            plans[table] = groups
    return plans
