"""Snapshots that nobody needs any more, and what to say to whoever asks for one."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from stedi.errors import CatalogError
from stedi.names import RUN
from stedi.pipeline.history import TAG_PREFIX, Run
from stedi.plan.lineage import KEYED_TABLES, published_tables
from stedi.warehouse.warehouse import Warehouse


def expirable(
    warehouse: Warehouse, runs: Sequence[Run], *, kept_from: datetime, unnamed_from: datetime
) -> Mapping[str, set[int]]:
    """Return the snapshots of each table that nobody needs.

    Needed are those of the newest run, of runs published since ``kept_from``, and of all tags. A snapshot
    that no run names was left by a run that failed or by another tool, and goes sooner; so do those of the
    run table, of which the newest holds all rows of the others.

    Args:
        warehouse: The lake's tables.
        runs: The published runs.
        kept_from: Runs that were published since then stay readable.
        unnamed_from: Snapshots that were made since then stay, whoever made them.
    """
    young = [run for run in runs if run.published_at >= kept_from]
    found: dict[str, set[int]] = {}
    for table in (*published_tables(), RUN):
        stored = warehouse.table(table)
        # Branches of unfinished runs are not among them: a repair drops these.
        branches = {at for name, at in stored.refs().items() if not name.startswith(TAG_PREFIX)}
        kept = {stored.main(), *stored.tags().values(), *branches}
        named: set[int] = set()
        if table != RUN:
            kept |= {run.snapshots[table] for run in (*young, runs[-1])}
            named = {run.snapshots[table] for run in runs}
        found[table] = {
            snapshot_id
            for snapshot_id, made_at in stored.snapshots().items()
            if snapshot_id not in kept and (snapshot_id in named or made_at < unnamed_from)
        }
    return found


def check_readable(warehouse: Warehouse, runs: Sequence[Run], run: Run, table: str) -> None:
    """Refuse to read a run whose snapshot of a table was expired.

    Raises:
        CatalogError: It was.
    """
    if table in KEYED_TABLES and run.key_fingerprint != runs[-1].key_fingerprint:
        raise CatalogError(
            f"run {run.run_id}, published {run.published_at:%Y-%m-%d %H:%M}, can no longer be read: the key "
            f"was rotated since, and its {table} went with the old key"
        )
    if warehouse.at(run.snapshots).has(table):
        return
    there = warehouse.table(table).snapshots()
    oldest = next((each.run_id for each in runs if each.snapshots[table] in there), "none")
    raise CatalogError(
        f"run {run.run_id}, published {run.published_at:%Y-%m-%d %H:%M}, can no longer be read: its "
        "snapshots were expired, as stedi maintain does with those of old runs that no tag names. The "
        f"oldest run whose {table} can be read is {oldest}; stedi tag NAME keeps the newest one for good"
    )
