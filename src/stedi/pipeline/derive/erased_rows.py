"""Landing rows that an erasure took out, for the derivation that has to do without them."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ErasedRows:
    """What is in the landing tables no more.

    Attributes:
        people: The key of whom it was about; none where only a device was erased.
        landing: The rows that went, by landing table.
    """

    people: pl.Series
    landing: Mapping[str, pl.DataFrame]

    def rows(self, table: str) -> pl.DataFrame:
        """Return the rows that went of a landing table."""
        return self.landing[table]
