"""What the passing of time alone changes: share dates that are reached, and birthdays."""

from datetime import UTC, datetime

import polars as pl


def passing(since: datetime, now: datetime) -> pl.Expr:
    """Say of a customer record whether it means something else at ``now`` than it meant at ``since``."""
    shares = pl.col("share_with_research_as_of_date").is_between(since, now, closed="right")
    days = (f"{since.astimezone(UTC):%Y-%m-%d}", f"{now.astimezone(UTC):%Y-%m-%d}")
    born = pl.col("birth_day").is_between(pl.lit(days[0]), pl.lit(days[1]), closed="right")
    return (shares | born).fill_null(value=False)
