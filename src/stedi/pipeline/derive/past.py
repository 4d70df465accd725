"""What the run before left: its tables, its counts, and who could be used then."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property

import polars as pl

from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.names import CUSTOMER_CURATED, CUSTOMER_TRUSTED, EPOCH
from stedi.pipeline.derive.standing import Moved
from stedi.pipeline.history import Run
from stedi.plan.account import Account
from stedi.warehouse.warehouse import Warehouse


class Past:
    """What a run builds upon.

    Args:
        warehouse: The lake's tables.
        base: The run before; None for a first run.
        snapshots: The snapshot of each table to build upon.
        forgotten: Take nothing of it for granted: derive everything anew, in the place of what is there.

    Attributes:
        snapshots: The snapshot of each table to build upon.
        forgotten: Everything is derived anew.
    """

    def __init__(
        self, warehouse: Warehouse, base: Run | None, snapshots: Mapping[str, int], *, forgotten: bool
    ) -> None:
        """Read nothing yet."""
        self._warehouse = warehouse
        self._base = base
        self.snapshots = snapshots
        self.forgotten = forgotten or base is None

    def account(self, table: str) -> Account | None:
        """Return the counts to go on from; None to count anew."""
        return None if self.forgotten or self._base is None else self._base.accounts[table]

    @property
    def now(self) -> datetime:
        """The time at which consent was judged; the epoch for a first run."""
        return EPOCH if self._base is None else self._base.now

    @property
    def nearby(self) -> int:
        """How many step readings had a phone reading nearby."""
        return 0 if self.forgotten or self._base is None else self._base.match.nearby

    def scan(self, table: str) -> pl.LazyFrame:
        """Return a table as it was."""
        return self._warehouse.at(self.snapshots).scan(table)

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the rows of a table as it was, in frames of bounded size."""
        return self._warehouse.table(table).rows(self.snapshots[table], columns)

    def spelled(self, table: str, column: str, wanted: pl.Series) -> pl.Series:
        """Return the texts of a required column of a table that had one of some keys, each once."""
        return self._warehouse.table(table).spelled(self.snapshots[table], column, wanted)

    def table(self, table: str) -> pl.DataFrame:
        """Return a small table as it was."""
        if self._base is None:
            return polars_schema(contract_of(table)).to_frame()
        return self.scan(table).collect()

    @cached_property
    def customers(self) -> pl.DataFrame:
        """The customers who consented, with their devices."""
        return self.table(CUSTOMER_TRUSTED)

    @cached_property
    def curated(self) -> pl.DataFrame:
        """The customers who had readings, with their devices."""
        return self.table(CUSTOMER_CURATED)

    def still_curated(self, moved: Moved) -> pl.DataFrame:
        """Return the customers who had readings, and keep them."""
        return (
            self.curated.clear()
            if self.forgotten
            else self.curated.join(moved.ids, on="customer_id", how="anti")
        )
