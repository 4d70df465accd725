"""When customer records take effect: rejected ones without a time of their own, and what time changes."""

from datetime import UTC, datetime

import polars as pl

from stedi.names import CUSTOMER_LANDING


def dated(quarantine: pl.LazyFrame, ledger: pl.LazyFrame) -> pl.LazyFrame:
    """Return the quarantine; an update time that can't be read is the newest one of the record's object.

    ``_own_date`` says whether the record's own time could be read.

    The ledger keeps the newest update time of each object: were it looked up among the records that are
    there now, erasing one person could date back another's denial.

    Args:
        quarantine: The table of that name.
        ledger: The table ``object``.
    """
    objects = (
        ledger.filter(pl.col("table_name") == CUSTOMER_LANDING)
        .group_by(_digest="digest")
        .agg(pl.col("newest_update").max())
    )
    return (
        quarantine.join(objects, on="_digest", how="left")
        .with_columns(
            pl.col("last_update_date").fill_null(pl.col("newest_update")),
            _own_date=pl.col("last_update_date").is_not_null(),
        )
        .drop("newest_update")
    )


def names_somebody() -> pl.Expr:
    """Say of a rejected record whether it names somebody."""
    return pl.col("emails").list.len() + pl.col("tombstones").list.len() > 0


def undated_in(quarantine: pl.LazyFrame) -> list[str]:
    """Return the digests of objects by whose newest update time a rejected record of somebody is dated."""
    undated = quarantine.filter(
        pl.col("table_name") == CUSTOMER_LANDING,
        names_somebody(),
        pl.col("last_update_date").is_null(),
    )
    return undated.select("_digest").unique().collect()["_digest"].to_list()


def changes_between(since: datetime, now: datetime) -> pl.Expr:
    """Say of a customer record whether it means something else at ``now`` than it meant at ``since``.

    A share date was reached, or a birthday that lay in the future.
    """
    shares = pl.col("share_with_research_as_of_date").is_between(since, now, closed="right")
    days = (f"{since.astimezone(UTC):%Y-%m-%d}", f"{now.astimezone(UTC):%Y-%m-%d}")
    born = pl.col("birth_day").is_between(pl.lit(days[0]), pl.lit(days[1]), closed="right")
    return (shares | born).fill_null(value=False)
