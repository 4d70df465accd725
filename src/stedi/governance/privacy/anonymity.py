"""How well customers hide who are known by some columns: looks that few share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

QUASI_IDENTIFIERS: Final = (
    ("birth_decade",),
    ("birth_decade", "devices"),
    ("birth_decade", "consent_month"),
    ("birth_decade", "consent_month", "last_reading_month"),
    ("birth_decade", "consent_from", "first_reading_at", "last_reading_at", "readings"),
)
"""What somebody may know of a person from elsewhere: ever more of what customer_curated shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """The different looks of customers, counted exactly.

    A customer who comes or goes changes each count by one at most. That is not so of k, the number of
    customers who share the rarest look: somebody who looks like nobody else brings it down from any number to
    1. Nor of the number of customers whose look is rare.

    Attributes:
        different: How many there are.
        rare: How many of them fewer customers share than the threshold.
    """

    different: int
    rare: int


def customers_of(curated: pl.DataFrame) -> pl.DataFrame:
    """Return one row per customer of customer_curated, with all that can be known of them from there."""
    return (
        curated.group_by("customer_id")
        .agg(
            pl.col("birth_decade", "consent_from", "first_reading_at", "last_reading_at", "readings").first(),
            pl.len().alias("devices"),
        )
        .with_columns(
            pl.col("consent_from").dt.strftime("%Y-%m").alias("consent_month"),
            pl.col("last_reading_at").dt.strftime("%Y-%m").alias("last_reading_month"),
        )
    )


def looks_of(customers: pl.DataFrame, columns: Sequence[str], *, threshold: int) -> Looks:
    """Count the looks of customers who are known by these columns; nothing known is a value like others.

    Args:
        customers: A row per customer.
        columns: The columns.
        threshold: A look is rare that fewer share.

    Examples:
        >>> known = pl.DataFrame({"birth_decade": [1950, 1950, 1960, 1960, 1960, None]})
        >>> looks_of(known, ["birth_decade"], threshold=3)
        Looks(different=3, rare=2)
    """
    sizes = customers.group_by(list(columns)).len()["len"]
    return Looks(different=sizes.len(), rare=sizes.filter(sizes < threshold).len())
