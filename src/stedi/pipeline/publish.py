"""Write, audit, publish: a run stages each table on a branch; one commit to the run table publishes it all.

Iceberg commits one table at a time. So a run's row in the run table, which names the snapshot of every
table, is the publication; moving main and setting tags afterwards only shows it to readers that do not
know the run table, and the next run repairs it if it was interrupted.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence

from stedi.errors import CatalogError, ConservationError, RunConflictError
from stedi.interrupts import unbroken
from stedi.names import ERASED, RUN
from stedi.pipeline.history import Run, published, to_frame
from stedi.plan.account import Account
from stedi.plan.lineage import LINEAGE, RECORD_TABLES
from stedi.retention import KEPT_RUNS
from stedi.warehouse.rewrite import append_to_main, fence
from stedi.warehouse.warehouse import Warehouse
from stedi.warehouse.writer import NewFiles


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
        grown = warehouse.at(staged).count(table) - warehouse.at(base).count(table)
        # What a tombstone keeps out was never there; only an erasure takes rows away.
        gone = accounts[table].dropped.get(ERASED, 0) if erasing else 0
        _same(table, "rows were added", grown, accounts[table].rows_out - gone)
    for step in LINEAGE:
        _same(
            step.table,
            "rows were judged",
            accounts[step.table].rows_in,
            warehouse.table(step.driving).count(staged[step.driving]),
        )
        _same(
            step.table,
            "rows were written",
            warehouse.table(step.table).count(staged[step.table]),
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
    writer = warehouse.table(RUN).writer(run.run_id)
    writer.write(to_frame(run))
    files = writer.close()
    commit(warehouse, run, runs, files, lambda: append_to_main(warehouse.table(RUN).writable, files))


def commit(
    warehouse: Warehouse, run: Run, runs: Sequence[Run], files: NewFiles, append: Callable[[], None]
) -> None:
    """Make the commit that publishes a run, find out what came of it if nobody answers, and show the run.

    Args:
        warehouse: The lake's tables.
        run: The run.
        runs: Those before it.
        files: The data files of the run table that become part of it.
        append: Makes the commit.

    Raises:
        RunConflictError: Another run was published meanwhile.
    """
    with unbroken():
        try:
            append()
        except BaseException as error:
            if not _landed(warehouse, run):
                warehouse.files.discard(file.file_path for file in files)
                raise
            if not isinstance(error, Exception):
                show_run(warehouse, [*runs, run])
                raise
        # It is published, whatever comes now: what can't be shown, on a full disk, the next verb shows.
        with contextlib.suppress(OSError, CatalogError):
            show_run(warehouse, [*runs, run])


def _landed(warehouse: Warehouse, run: Run) -> bool:
    """Say whether a run was published, for good: if not, it never will be."""

    def there() -> bool:
        warehouse.refresh()
        return any(each.run_id == run.run_id for each in published(warehouse))

    if there():
        return True
    with contextlib.suppress(RunConflictError):
        # Of a local lake nothing can be on its way: its catalog answers, or the process is gone.
        if not warehouse.alone:
            fence(warehouse.table(RUN).iceberg)
        return False
    return there()


def show_run(warehouse: Warehouse, runs: Sequence[Run]) -> None:
    """Move main of every table to the newest run's snapshot, and tag it; keep the last few run tags."""
    with unbroken():
        try:
            _show(warehouse, runs)
        except BaseException as error:
            # What was cut in the middle is finished: what was done already is passed over.
            warehouse.refresh()
            _show(warehouse, runs)
            if not isinstance(error, Exception):
                raise


def _show(warehouse: Warehouse, runs: Sequence[Run]) -> None:
    newest = runs[-1]
    retired = [run.ref for run in runs[:-KEPT_RUNS]]
    for table, snapshot_id in newest.snapshots.items():
        warehouse.table(table).advance(snapshot_id, newest.ref, retired)
    # The run table's own tag stays where its run was published: what main has gained since is no row.
    at = warehouse.table(RUN).tags().get(newest.ref, warehouse.table(RUN).main())
    warehouse.table(RUN).advance(at, newest.ref, retired, move_main=False)
