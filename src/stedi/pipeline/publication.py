"""The one way to publish: stage on a branch, append a row to the run table; what fails is taken back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from stedi.names import ERASED, RunKind
from stedi.pipeline.clock import lake_time, time_since
from stedi.pipeline.history import TAG_PREFIX, Run, new_run_id
from stedi.pipeline.publish import publish
from stedi.pipeline.undo import undone
from stedi.plan.account import Account
from stedi.plan.lineage import RECORD_TABLES
from stedi.warehouse.warehouse import Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A row of the run table in the making.

    Attributes:
        warehouse: The lake's tables.
        runs: The published runs, the newest last.
        run_id: The id of the new one.
        started_at: When it began, by the time of the lake.
    """

    warehouse: Warehouse
    runs: Sequence[Run]
    run_id: str
    started_at: datetime

    @property
    def base(self) -> Run:
        """The newest published run.

        Raises:
            IndexError: There is none.
        """
        return self.runs[-1]

    @property
    def branch(self) -> str:
        """The branch on which tables are staged."""
        return TAG_PREFIX + self.run_id

    def row(self, kind: RunKind, **changes: object) -> Run:
        """Return the row: that of the base with another kind, times and id, and some changes.

        Accounts are those of a step that loads nothing, unless they are among the changes.
        """
        return replace(
            self.base,
            run_id=self.run_id,
            base_run_id=self.base.run_id,
            kind=kind,
            started_at=self.started_at,
            published_at=time_since(self.started_at),
            **{"accounts": unchanged(self.base), **changes},  # type: ignore[arg-type] # replace() checks them
        )

    def publish(self, row: Run) -> None:
        """Append a row to the run table, and show it to readers.

        Raises:
            RunConflictError: Another run was published meanwhile.
        """
        publish(self.warehouse, row, self.runs)


@contextmanager
def publication(warehouse: Warehouse, runs: Sequence[Run]) -> Iterator[Publication]:
    """Give what a verb stages and publishes in the block; if the block fails, all of it is taken back.

    Args:
        warehouse: The lake's tables, held by this process.
        runs: The published runs, the newest last.
    """
    started_at = lake_time(runs[-1] if runs else None)
    run_id = new_run_id(started_at)
    with undone(warehouse, run_id):
        yield Publication(warehouse=warehouse, runs=tuple(runs), run_id=run_id, started_at=started_at)


def account_of(table: str, *, added: int = 0, erased: int = 0) -> Account:
    """Return the account of a table of records to which rows were added, or from which some were erased."""
    return Account(
        table=table,
        rows_in=added + erased,
        used=added,
        dropped={ERASED: erased} if erased else {},
        rows_out=added,
    )


def unchanged(base: Run) -> dict[str, Account]:
    """Return the accounts of a step that loads nothing, and derives nothing."""
    return {**base.accounts, **{table: account_of(table) for table in RECORD_TABLES}}
