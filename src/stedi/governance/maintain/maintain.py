"""A maintenance: small files are merged, snapshots that nobody needs expire, unreachable files are deleted.

In this order, so that whatever is interrupted leaves a lake that can be read, and the next maintenance goes
on: the merged files are published like a run, by one row of the run table; what expires is named by nobody;
and what is deleted is reached by nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Final

from stedi.governance.maintain.compact import compact, plan_compaction, publish_compacted
from stedi.governance.maintain.report import MaintenanceReport, TableMaintenance
from stedi.landing.redact import as_typed
from stedi.names import END_OF_TIME, RUN
from stedi.pipeline.clock import lake_time, time_since
from stedi.pipeline.expired import expirable
from stedi.pipeline.history import Run
from stedi.pipeline.publication import publication
from stedi.pipeline.site import Site
from stedi.plan.lineage import published_tables
from stedi.progress import Progress
from stedi.warehouse.compaction import CompactionTarget, Group
from stedi.warehouse.unreachable import Leftovers
from stedi.warehouse.warehouse import Warehouse

_TARGET: Final = CompactionTarget()


def maintain_site(
    site: Site, *, plan: bool, keep_days: int, older_than: timedelta, progress: Progress
) -> MaintenanceReport:
    """Maintain the lake of a site, or say what that would do now; ``Lake.maintain`` tells of it.

    Args:
        site: The site.
        plan: Change nothing.
        keep_days: For how many days runs stay readable.
        older_than: The age from which an unreachable file is deleted.
        progress: Is told how far the work is.
    """
    maintained = partial(maintain, keep_days=keep_days, older_than=older_than, progress=progress)
    warehouse, runs = site.read()
    if plan:
        with site.explained():
            return maintained(warehouse, runs, plan=True)
    # A scratch folder is asked for, so that those of killed runs go.
    with site.hold() as (held, published), site.scratch():
        return maintained(held, published)


def maintain(
    warehouse: Warehouse,
    runs: Sequence[Run],
    *,
    plan: bool = False,
    keep_days: int,
    older_than: timedelta,
    target: CompactionTarget = _TARGET,
    progress: Progress,
) -> MaintenanceReport:
    """Maintain a lake, repaired and written to by nobody else; or say what that would do now.

    Args:
        warehouse: The lake's tables.
        runs: The published runs, the newest last.
        plan: Do nothing.
        keep_days: For how many days runs stay readable.
        older_than: The age from which an unreachable file is deleted.
        target: How large data files should be.
        progress: Is told how far the work is.
    """
    started_at = lake_time(runs[-1])
    kept_from, unnamed_from = started_at - timedelta(days=keep_days), started_at - older_than
    # All files are old where no age is asked for.
    oldest = unnamed_from if older_than else END_OF_TIME
    if not plan:
        # Files are deleted in the end, and all that is needed for that must be there: found out before.
        warehouse.leftovers(before=started_at, without={})
    newest = _snapshots(warehouse, runs[-1])
    rows = {table: warehouse.table(table).count(snapshot_id) for table, snapshot_id in newest.items()}
    before = _files(warehouse, newest)
    groups = plan_compaction(warehouse, newest, target)
    run = None
    if plan:
        merged = {table: sum(len(group.files) - 1 for group in some) for table, some in groups.items()}
        after = {table: before[table] - merged.get(table, 0) for table in newest}
        expired = expirable(warehouse, runs, kept_from=kept_from, unnamed_from=unnamed_from)
        progress("looking for files that nothing reaches", 0, 1)
        found = warehouse.leftovers(before=oldest, without=expired)
    else:
        if groups:
            run = _publish_compaction(warehouse, runs, groups, target, progress)
            runs = [*runs, run]
        after = _files(warehouse, _snapshots(warehouse, runs[-1]))
        expired = expirable(warehouse, runs, kept_from=kept_from, unnamed_from=unnamed_from)
        for place, (table, snapshot_ids) in enumerate(expired.items()):
            progress("expiring snapshots", place, len(expired))
            warehouse.table(table).expire(snapshot_ids)
        progress("looking for files that nothing reaches", 0, 1)
        # What the catalog says now, not what this process believes.
        warehouse.refresh()
        found = warehouse.leftovers(before=oldest, without={})
        _delete(warehouse, found, progress)
    return MaintenanceReport(
        planned=plan,
        run=run,
        started_at=started_at,
        ended_at=time_since(started_at),
        keep_days=keep_days,
        older_than=older_than,
        tables=tuple(
            TableMaintenance(
                table=table,
                rows=rows[table],
                files_before=before[table],
                files_after=after[table],
                rewritten=table in groups,
                expired=len(expired[table]),
                deleted=len(found.files[table]),
                freed=sum(file.size for file in found.files[table]),
            )
            for table in rows
        ),
        young=found.young,
        foreign=tuple(map(as_typed, found.foreign)),
    )


def _publish_compaction(
    warehouse: Warehouse,
    runs: Sequence[Run],
    groups: Mapping[str, Sequence[Group]],
    target: CompactionTarget,
    progress: Progress,
) -> Run:
    """Write groups of small files as one file each, and publish that; return the row of the run table."""
    total = sum(group.rows for group in chain(*groups.values()))
    done = 0
    snapshots = dict(runs[-1].snapshots)

    def count(rows: int) -> None:
        nonlocal done
        done += rows
        progress("merging small files", done, total)

    with publication(warehouse, runs) as step:
        for table in (name for name in groups if name != RUN):
            snapshots[table] = compact(
                warehouse,
                table,
                groups[table],
                run_id=step.run_id,
                branch=step.branch,
                base=snapshots[table],
                count=count,
            )
        run = step.row("maintenance", snapshots=snapshots)
        publish_compacted(warehouse, run, runs, target)
    return run


def _delete(warehouse: Warehouse, found: Leftovers, progress: Progress) -> None:
    files = list(chain(*found.files.values()))
    numbers = iter(range(1, len(files) + 1))
    what = "deleting files that nothing reaches"
    warehouse.files.delete(files, lambda: progress(what, next(numbers), len(files)))


def _snapshots(warehouse: Warehouse, run: Run) -> Mapping[str, int]:
    """Return the snapshots that a run shows, in the order of the tables; the run table's too."""
    return {table: run.snapshots[table] for table in published_tables()} | {RUN: warehouse.table(RUN).main()}


def _files(warehouse: Warehouse, snapshots: Mapping[str, int]) -> dict[str, int]:
    return {
        table: warehouse.table(table).total(snapshot_id, "data-files")
        for table, snapshot_id in snapshots.items()
    }
