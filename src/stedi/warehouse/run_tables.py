"""The tables of a lake as one run left them: each at the snapshot that the run names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from stedi.warehouse.warehouse import Warehouse

Scan = Callable[[str], pl.LazyFrame]
"""What gives the lazy frame of a table, by the table's name: ``RunTables.scan``, or frames in a test."""


@dataclass(frozen=True, slots=True)
class RunTables:
    """The tables of a run.

    Attributes:
        warehouse: The lake's tables.
        snapshots: The snapshot of each table.
    """

    warehouse: "Warehouse"
    snapshots: Mapping[str, int]

    def scan(self, table: str) -> pl.LazyFrame:
        """Return a lazy frame over a table."""
        return self.warehouse.table(table).scan(self.snapshots[table])

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return self.warehouse.table(table).count(self.snapshots[table])

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield some columns of a table in frames of bounded size."""
        return self.warehouse.table(table).rows(self.snapshots[table], columns)

    def spelled(self, table: str, column: str, wanted: pl.Series) -> pl.Series:
        """Return the texts of a required column that have one of some keys, each once."""
        return self.warehouse.table(table).spelled(self.snapshots[table], column, wanted)

    def has(self, table: str) -> bool:
        """Say whether the snapshot of a table is still there."""
        return self.warehouse.table(table).has_snapshot(self.snapshots[table])
