"""What becomes of a step that fails: all of it is taken back, unless it was published.

One way for every verb. Nobody believes what this process thinks that it did: a reply may have been lost. The
catalog is asked what was published, and if it can't be asked, nothing is deleted; the next run takes it back.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from stedi.interrupts import unbroken
from stedi.names import RunKind
from stedi.pipeline.history import TAG_PREFIX, Run, published
from stedi.pipeline.publish import show_run
from stedi.pipeline.purge import sweep
from stedi.plan.lineage import published_tables
from stedi.progress import silent
from stedi.warehouse.undo import take_back_tables
from stedi.warehouse.warehouse import Warehouse

_T = TypeVar("_T")


@contextmanager
def undone(warehouse: Warehouse, run_id: str) -> Iterator[None]:
    """Take back what was staged for a run if the block fails; finish it if it was published all the same."""
    try:
        yield
    except BaseException:
        # What can't be done now, the next run does: another error is on its way to the user.
        with unbroken(), contextlib.suppress(Exception):
            _settle(warehouse, run_id)
        raise


def carried_out(
    warehouse: Warehouse, runs: Sequence[Run], execute: Callable[[Sequence[Run]], _T], *, unfinished: RunKind
) -> _T:
    """Carry out work that takes several publications; once it has begun, it is brought to its end.

    A fault or an interrupt in the middle is followed by one more try, and raised only then. What that can't
    finish either, the same command finishes.

    Args:
        warehouse: The lake's tables.
        runs: The published runs.
        execute: Does the work, or goes on with it, from what is published.
        unfinished: The kind of the newest run while the work is not finished.
    """
    try:
        return execute(runs)
    except BaseException as error:
        with unbroken():
            warehouse.refresh()
            newer = published(warehouse)
            if newer[-1].kind != unfinished:
                raise
            try:
                outcome = execute(newer)
            except Exception:  # noqa: BLE001 - the first error tells more
                raise error from None
        if isinstance(error, Exception):
            return outcome
        raise


def _settle(warehouse: Warehouse, run_id: str) -> None:
    warehouse.refresh()
    runs = published(warehouse)
    if any(run.run_id == run_id for run in runs):
        show_run(warehouse, runs)
        return
    if warehouse.alone:
        # Files that no snapshot names go first: the disk may be full. They are all of this run.
        with contextlib.suppress(Exception):
            sweep(warehouse, silent)
    take_back(warehouse, runs, TAG_PREFIX + run_id)


def take_back(warehouse: Warehouse, runs: Sequence[Run], prefix: str = TAG_PREFIX) -> None:
    """Take back what was staged for branches, and was not published."""
    kept = {table: {run.snapshots[table] for run in runs} for table in published_tables()}
    take_back_tables(warehouse, prefix, kept)
