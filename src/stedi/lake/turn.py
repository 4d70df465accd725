"""What becomes of some buckets of a table: rows that go, rows that stay, rows that come."""

from typing import NamedTuple

import polars as pl


class Turn(NamedTuple):
    """The rows of some buckets before and after a run.

    Attributes:
        kept: Rows that were there and stay without being looked at.
        gone: Rows that were there and are taken out: all that was derived of those who moved.
        added: Rows that are put in, none of them a copy of a kept one.
    """

    kept: pl.DataFrame
    gone: pl.DataFrame
    added: pl.DataFrame

    @classmethod
    def of(cls, before: pl.DataFrame, gone: pl.Expr, fresh: pl.DataFrame) -> "Turn":
        """Take out what is gone, and put in what is fresh and distinct.

        Args:
            before: The rows that are there.
            gone: Says of a row whether it is taken out.
            fresh: The rows to put in, each once.
        """
        kept = before.filter(~gone)
        added = fresh if kept.is_empty() else fresh.join(kept, on=fresh.columns, how="anti")
        return cls(kept=kept, gone=before.filter(gone), added=added)

    def of_nothing(self) -> "Turn":
        """Return the turn as if nothing had been there."""
        return Turn(kept=self.kept, gone=self.gone.clear(), added=self.added)

    @property
    def before(self) -> pl.DataFrame:
        """The rows that were there."""
        return pl.concat([self.kept, self.gone])

    @property
    def after(self) -> pl.DataFrame:
        """The rows that are there then."""
        return pl.concat([self.kept, self.added])

    @property
    def gained(self) -> pl.DataFrame:
        """The rows that were not there before."""
        if self.gone.is_empty():
            return self.added
        return self.added.join(self.gone, on=self.added.columns, how="anti")

    @property
    def lost(self) -> pl.DataFrame:
        """The rows that are not there any more."""
        if self.gone.is_empty() or self.added.is_empty():
            return self.gone
        return self.gone.join(self.added, on=self.gone.columns, how="anti")
