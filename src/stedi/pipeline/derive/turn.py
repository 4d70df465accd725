"""What becomes of some buckets of a table: rows that go, rows that stay, rows that come."""

from typing import NamedTuple

import polars as pl

from stedi.outline import outline
from stedi.pipeline.derive.remade import only_in


class Turn(NamedTuple):
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
    def of(cls, before: pl.DataFrame, gone: pl.Expr, fresh: pl.DataFrame) -> "Turn":
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

    def of_nothing(self) -> "Turn":
        """Return the turn as if nothing had been there."""
        return self._replace(gone=self.gone.clear())

    @property
    def before(self) -> pl.DataFrame:
        """The rows that were there."""
        return pl.concat([self.kept, self.gone])

    @property
    def after(self) -> pl.DataFrame:
        """The rows that are there then."""
        return pl.concat([self.kept, self.added])
