"""A small table of customers, of which a run makes some rows again."""

from typing import NamedTuple

import polars as pl

from stedi.outline import outline


class Remade(NamedTuple):
    """The rows of a small table as they are now, and what came and went.

    Attributes:
        rows: All rows, in any order.
        gained: Those that were not there before.
        lost: Rows that were there, and are no more.
    """

    rows: pl.DataFrame
    gained: pl.DataFrame
    lost: pl.DataFrame

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    @classmethod
    def of(cls, before: pl.DataFrame, after: pl.DataFrame, others: pl.DataFrame) -> "Remade":
        """Put rows in the place of what they were; others stay as they are."""
        rows = after if others.is_empty() else pl.concat([others, after])
        return cls(rows=rows, gained=only_in(after, before), lost=only_in(before, after))

    @property
    def changed(self) -> pl.DataFrame:
        """(customer_id, device_id) of the rows that came or went."""
        return pl.concat([self.gained, self.lost]).select("customer_id", "device_id")


def only_in(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that are not among others."""
    if rows.is_empty() or others.is_empty():
        return rows
    return rows.join(others, on=rows.columns, how="anti", nulls_equal=True)
