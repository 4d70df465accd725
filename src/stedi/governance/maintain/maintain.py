"""A maintenance: small files are merged, snapshots that nobody needs expire, unreachable files are deleted.

In this order, so that whatever is interrupted leaves a lake that can be read, and the next maintenance goes
on: the merged files are published like a run, by one row of the run table; what expires is named by nobody;
and what is deleted is reached by nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from stedi.governance.maintain.compact import compact, plan_compaction, publish_compacted
from stedi.governance.maintain.report import MaintenanceReport, TableMaintenance
from stedi.landing.redact import as_typed
from stedi.names import END_OF_TIME, RUN
from stedi.pipeline.clock import lake_time, time_since
from stedi.pipeline.expired import expirable
from stedi.pipeline.history import Run
from stedi.pipeline.publication import publication
from stedi.plan.lineage import published_tables
from stedi.progress import Progress
from stedi.warehouse.compaction import CompactionTarget, Group
from stedi.warehouse.unreachable import Leftovers
from stedi.warehouse.warehouse import Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """What a maintenance is asked to do.

    Attributes:
        keep_days: For how many days runs stay readable.
        older_than: The age from which an unreachable file is deleted.
        target: How large data files should be.
        progress: Is told how far the work is.
    """

    keep_days: int
    older_than: timedelta
    target: CompactionTarget
    progress: Progress


def _old(started_at: datetime, care: Care) -> datetime:
    """Return the time before which a file was written that is old; all are where no age is asked for."""
    return started_at - care.older_than if care.older_than else END_OF_TIME


def plan_maintenance(warehouse: Warehouse, runs: Sequence[Run], care: Care) -> MaintenanceReport:
    """Say what a maintenance would do now, and do nothing."""
    started_at = lake_time(runs[-1])
    newest = _snapshots(warehouse, runs[-1])
    before = _files(warehouse, newest)
    groups = plan_compaction(warehouse, newest, care.target)
    merged = {table: sum(len(group.files) - 1 for group in groups.get(table, ())) for table in newest}
    expired = _expirable(warehouse, runs, care, started_at)
    care.progress("looking for files that nothing reaches", 0, 1)
    found = warehouse.leftovers(before=_old(started_at, care), without=expired)
    return _report(
        care,
        started_at,
        None,
        _Work(
            rows=_rows(warehouse, newest),
            before=before,
            after={table: before[table] - merged[table] for table in newest},
            rewritten=groups.keys(),
            expired=expired,
            found=found,
        ),
    )


def maintain(warehouse: Warehouse, runs: Sequence[Run], care: Care) -> MaintenanceReport:
    """Maintain a repaired lake that nobody else writes to."""
    started_at = lake_time(runs[-1])
    # Files are deleted in the end, and for that all that is needed must be there: found out before anything.
    warehouse.leftovers(before=started_at, without={})
    newest = _snapshots(warehouse, runs[-1])
    rows, before = _rows(warehouse, newest), _files(warehouse, newest)
    groups = plan_compaction(warehouse, newest, care.target)
    run = _compact(warehouse, runs, groups, care) if groups else None
    if run is not None:
        runs = [*runs, run]
    after = _files(warehouse, _snapshots(warehouse, runs[-1]))
    expired = _expirable(warehouse, runs, care, started_at)
    for place, (table, snapshot_ids) in enumerate(expired.items()):
        care.progress("expiring snapshots", place, len(expired))
        warehouse.table(table).expire(snapshot_ids)
    care.progress("looking for files that nothing reaches", 0, 1)
    # What the catalog says now, not what this process believes.
    warehouse.refresh()
    found = warehouse.leftovers(before=_old(started_at, care), without={})
    _delete(warehouse, found, care.progress)
    return _report(
        care,
        started_at,
        run,
        _Work(rows=rows, before=before, after=after, rewritten=groups.keys(), expired=expired, found=found),
        planned=False,
    )


def _compact(
    warehouse: Warehouse,
    runs: Sequence[Run],
    groups: Mapping[str, Sequence[Group]],
    care: Care,
) -> Run:
    total = sum(group.rows for of_table in groups.values() for group in of_table)
    done = 0
    snapshots = dict(runs[-1].snapshots)

    def read(rows: int) -> None:
        nonlocal done
        done += rows
        care.progress("merging small files", done, total)

    with publication(warehouse, runs) as step:
        for table in (name for name in groups if name != RUN):
            snapshots[table] = compact(
                warehouse,
                table,
                groups[table],
                run_id=step.run_id,
                branch=step.branch,
                base=snapshots[table],
                told=read,
            )
        run = step.row("maintenance", snapshots=snapshots)
        publish_compacted(warehouse, run, runs, care.target)
    return run


def _delete(warehouse: Warehouse, found: Leftovers, progress: Progress) -> None:
    total = sum(map(len, found.files.values()))
    deleted = 0

    def done() -> None:
        nonlocal deleted
        deleted += 1
        progress("deleting files that nothing reaches", deleted, total)

    for files in found.files.values():
        warehouse.files.delete(files, done)


def _expirable(
    warehouse: Warehouse, runs: Sequence[Run], care: Care, now: datetime
) -> Mapping[str, set[int]]:
    return expirable(
        warehouse,
        runs,
        kept_from=now - timedelta(days=care.keep_days),
        unnamed_from=now - care.older_than,
    )


def _snapshots(warehouse: Warehouse, run: Run) -> Mapping[str, int]:
    """Return the snapshots that a run shows, in the order of the tables; the run table's too."""
    return {table: run.snapshots[table] for table in published_tables()} | {RUN: warehouse.table(RUN).main()}


def _files(warehouse: Warehouse, snapshots: Mapping[str, int]) -> Mapping[str, int]:
    return {
        table: warehouse.table(table).total(snapshot_id, "data-files")
        for table, snapshot_id in snapshots.items()
    }


def _rows(warehouse: Warehouse, snapshots: Mapping[str, int]) -> Mapping[str, int]:
    return {table: warehouse.table(table).count(snapshot_id) for table, snapshot_id in snapshots.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The figures of a report, by table."""

    rows: Mapping[str, int]
    before: Mapping[str, int]
    after: Mapping[str, int]
    rewritten: Collection[str]
    expired: Mapping[str, Collection[int]]
    found: Leftovers


def _report(
    care: Care, started_at: datetime, run: Run | None, work: _Work, *, planned: bool = True
) -> MaintenanceReport:
    return MaintenanceReport(
        planned=planned,
        run=run,
        started_at=started_at,
        ended_at=time_since(started_at),
        keep_days=care.keep_days,
        older_than=care.older_than,
        tables=tuple(
            TableMaintenance(
                table=table,
                rows=work.rows[table],
                files_before=work.before[table],
                files_after=work.after[table],
                rewritten=table in work.rewritten,
                expired=len(work.expired[table]),
                deleted=len(work.found.files[table]),
                freed=sum(file.size for file in work.found.files[table]),
            )
            for table in work.rows
        ),
        young=work.found.young,
        foreign=tuple(map(as_typed, work.found.foreign)),
    )
