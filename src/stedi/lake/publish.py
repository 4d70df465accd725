"""Write, audit, publish: a run stages each table on a branch; one commit to the run table publishes it all.

Iceberg commits one table at a time. So a run's row in the run table, which names the snapshot of every
table, is the publication; moving main and setting tags afterwards only shows it to readers that do not
know the run table, and the next run repairs it if it was interrupted.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from stedi.errors import ConservationError
from stedi.lake.history import TAG_PREFIX, Run, to_frame
from stedi.names import ERASED, RUN
from stedi.plan.account import Account
from stedi.plan.lineage import LINEAGE, RECORD_TABLES
from stedi.warehouse.warehouse import Warehouse

KEPT_RUN_TAGS: Final = 10


def repair(warehouse: Warehouse, runs: Sequence[Run]) -> None:
    """Finish what an interrupted run left: move main where it was published, drop what was not."""
    warehouse.drop_branches(TAG_PREFIX)
    if runs:
        show(warehouse, runs)


def audit(
    warehouse: Warehouse,
    base: Mapping[str, int],
    staged: Mapping[str, int],
    accounts: Mapping[str, Account],
    *,
    erasing: bool = False,
) -> None:
    """Check the arithmetic of a run, or of an erasure, against the tables that it staged.

    Raises:
        ConservationError: Rows were lost or made.
    """
    for account in accounts.values():
        account.check()
    for table in RECORD_TABLES:
        grown = warehouse.count(table, staged[table]) - warehouse.count(table, base[table])
        # What a tombstone keeps out was never there; only an erasure takes rows away.
        gone = accounts[table].dropped.get(ERASED, 0) if erasing else 0
        _same(table, "rows were added", grown, accounts[table].rows_out - gone)
    for step in LINEAGE:
        _same(
            step.table,
            "rows were judged",
            accounts[step.table].rows_in,
            warehouse.count(step.driving, staged[step.driving]),
        )
        _same(
            step.table,
            "rows were written",
            warehouse.count(step.table, staged[step.table]),
            accounts[step.table].rows_out,
        )


def _same(table: str, what: str, found: int, expected: int) -> None:
    if found != expected:
        raise ConservationError(
            f"{table}: {found} {what}, but it should be {expected}; nothing was published. This is a bug in "
            "stedi, or another tool changed the lake: please report it"
        )


def publish(warehouse: Warehouse, run: Run, runs: Sequence[Run]) -> None:
    """Append the run to the run table, then show it.

    Raises:
        RunConflictError: Another run was published meanwhile.
    """
    writer = warehouse.writer(RUN, run.run_id)
    writer.write(to_frame(run))
    files = writer.close()
    try:
        warehouse.append_run(files)
    except BaseException:
        warehouse.discard(files)
        raise
    show(warehouse, [*runs, run])


def show(warehouse: Warehouse, runs: Sequence[Run]) -> None:
    """Move main of every table to the newest run's snapshot, and tag it; keep the last few run tags."""
    newest = runs[-1]
    retired = [run.ref for run in runs[:-KEPT_RUN_TAGS]]
    for table, snapshot_id in newest.snapshots.items():
        warehouse.advance(table, snapshot_id, newest.ref, retired)
    warehouse.advance(RUN, warehouse.main(RUN), newest.ref, retired)
