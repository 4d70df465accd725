"""What the run before left: its tables, its counts, and who could be used then."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property

import polars as pl

from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.names import CUSTOMER_CURATED, CUSTOMER_TRUSTED, EPOCH
from stedi.pipeline.derive.consent_diff import Changed
from stedi.pipeline.history import Run
from stedi.plan.account import Account
from stedi.warehouse.warehouse import Warehouse


class PreviousRun:
    """What a run builds upon.

    Args:
        warehouse: The lake's tables.
        base: The run before; None for a first run.
        snapshots: The snapshot of each table to build upon.
        anew: Take nothing of it for granted: derive everything anew, in the place of what is there.

    Attributes:
        tables: Its tables, to be scanned.
        snapshots: The snapshot of each table to build upon.
        anew: Everything is derived anew.
    """

    def __init__(
        self, warehouse: Warehouse, base: Run | None, snapshots: Mapping[str, int], *, anew: bool
    ) -> None:
        self.tables = warehouse.at(snapshots)
        self._base = base
        self.snapshots = snapshots
        self.anew = anew or base is None

    def account(self, table: str) -> Account | None:
        """Return the counts to go on from; None to count anew."""
        return None if self.anew or self._base is None else self._base.accounts[table]

    @property
    def now(self) -> datetime:
        """The time at which consent was judged; the epoch for a first run."""
        return EPOCH if self._base is None else self._base.now

    @property
    def nearby(self) -> int:
        """How many step readings had a phone reading nearby."""
        return 0 if self.anew or self._base is None else self._base.match.nearby

    def table(self, table: str) -> pl.DataFrame:
        """Return a small table as it was."""
        if self._base is None:
            return polars_schema(contract_of(table)).to_frame()
        return self.tables.scan(table).collect()

    @cached_property
    def customers(self) -> pl.DataFrame:
        """The customers who consented, with their devices."""
        return self.table(CUSTOMER_TRUSTED)

    @cached_property
    def curated(self) -> pl.DataFrame:
        """The customers who had readings, with their devices."""
        return self.table(CUSTOMER_CURATED)

    def kept_curated(self, moved: Changed) -> pl.DataFrame:
        """Return the customers who had readings, and keep them."""
        return (
            self.curated.clear() if self.anew else self.curated.join(moved.ids, on="customer_id", how="anti")
        )
