"""The counts of a derived table as they change in a run: what the run before had, more or less."""

from collections import Counter

import polars as pl

from stedi.contract.reasons import Drop
from stedi.plan.account import Account
from stedi.plan.lineage import LineageStep as Step


class RunningAccount:
    """Counts the rows of one derived table.

    Args:
        step: How the table comes to be.
        before: What the run before counted; None to count anew.
    """

    def __init__(self, step: Step, before: Account | None) -> None:
        self._step = step
        self.rows_in = before.rows_in if before else 0
        self.used = before.used if before else 0
        self.rows_out = before.rows_out if before else 0
        self.reasons: Counter[str] = Counter(before.dropped if before else {})
        self.gained = 0
        self.lost = 0

    def judged(self, decided: pl.DataFrame, *, sign: int = 1) -> int:
        """Count why rows are kept out, by their column ``_reason``; return how many are not.

        Args:
            decided: The rows.
            sign: -1 takes back what a former run decided.
        """
        for reason, rows in decided["_reason"].drop_nulls().value_counts().iter_rows():
            self.reasons[reason] += sign * rows
        return sign * int(decided["_reason"].null_count())

    def dropped(self, reason: Drop, rows: int) -> None:
        """Count rows that are kept out for a reason."""
        self.reasons[reason.value] += rows

    def add(self, *, used: int, rows_out: int) -> None:
        """Count rows that were used, and that came out of it (negative: that do not any more)."""
        self.used += used
        self.rows_out += rows_out

    def changed(self, *, gained: int, lost: int) -> None:
        """Count the rows that come and go."""
        self.gained += gained
        self.lost += lost

    def account(self) -> Account:
        """Return the arithmetic of the table."""
        return Account(
            table=self._step.table,
            rows_in=self.rows_in,
            used=self.used,
            dropped={reason.value: self.reasons[reason.value] for reason in self._step.drops},
            fan_out=self.rows_out - self.used if self._step.fans_out else 0,
            rows_out=self.rows_out,
        )
