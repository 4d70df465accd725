"""What a run makes of rows that are there: of some buckets of a table, or of a small table as a whole."""

from typing import NamedTuple

import polars as pl

from stedi.outline import outline


class BucketRewrite(NamedTuple):
    """The rows of some buckets before and after a run.

    Attributes:
        kept: Rows that were there and stay without being looked at.
        gone: Rows that were there and are taken out: all that was derived of those who moved.
        added: Rows that are put in, none of them a copy of a kept one.
        gained: Of the added rows, those that were not there before.
        lost: Of the rows that are gone, those that do not come back.
    """

    kept: pl.DataFrame
    gone: pl.DataFrame
    added: pl.DataFrame
    gained: pl.DataFrame
    lost: pl.DataFrame

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    @classmethod
    def of(cls, before: pl.DataFrame, gone: pl.Expr, fresh: pl.DataFrame) -> "BucketRewrite":
        """Take out what is gone, and put in what is fresh and distinct.

        Args:
            before: The rows that are there.
            gone: Says of a row whether it is taken out.
            fresh: The rows to put in, each once.
        """
        kept, taken = before.filter(~gone), before.filter(gone)
        added = only_in(fresh, kept)
        return cls(
            kept=kept, gone=taken, added=added, gained=only_in(added, taken), lost=only_in(taken, added)
        )

    def from_nothing(self) -> "BucketRewrite":
        """Return it as if nothing had been there."""
        return self._replace(gone=self.gone.clear())

    @property
    def before(self) -> pl.DataFrame:
        """The rows that were there."""
        return pl.concat([self.kept, self.gone])

    @property
    def after(self) -> pl.DataFrame:
        """The rows that are there then."""
        return pl.concat([self.kept, self.added])


class TableRewrite(NamedTuple):
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
    def of(cls, before: pl.DataFrame, after: pl.DataFrame, others: pl.DataFrame) -> "TableRewrite":
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
