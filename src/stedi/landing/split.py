"""What reading landing data gives: the records that keep their contract, and those that break it."""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple, Self

import polars as pl

from stedi.contract.registry import contract_of
from stedi.contract.schemas import polars_schema
from stedi.contract.table import Contract
from stedi.names import QUARANTINE
from stedi.outline import outline


class Split(NamedTuple):
    """Landing records in two frames; together they are every record that was sent.

    Attributes:
        kept: Records that keep the contract, with exactly the columns of the landing table.
        rejected: Records that break it, with exactly the columns of ``quarantine``: each with its
            reason, the column at fault, its raw text and its place.

    It prints heights and columns, never a record. The frames themselves are plain Polars frames: whoever
    prints one prints records.

    Examples:
        >>> from stedi.contract import landing_contract
        >>> Split.empty(landing_contract("step_trainer")).kept.columns[:3]
        ['sensor_reading_time', 'serial_number', 'distance_from_object']
    """

    kept: pl.DataFrame
    rejected: pl.DataFrame

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    @classmethod
    def empty(cls, contract: Contract) -> Self:
        """Return the split of no records at all."""
        return cls(_no_rows(contract), _no_rows(contract_of(QUARANTINE)))

    @classmethod
    def concat(cls, splits: Iterable["Split"], contract: Contract) -> Self:
        """Return the records of all splits, in their order."""
        parts = list(splits)
        if not parts:
            return cls.empty(contract)
        return cls(pl.concat([part.kept for part in parts]), pl.concat([part.rejected for part in parts]))


@cache
def _no_rows(contract: Contract) -> pl.DataFrame:
    return polars_schema(contract).to_frame()
