"""k-anonymity over customers: among how many others somebody hides who is known by some columns."""

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
class Anonymity:
    """How well customers hide who are known by some columns.

    Attributes:
        columns: The columns.
        k: Every customer looks like at least k - 1 others; 0 without customers.
        classes: How many different looks there are.
        below: How many customers look like fewer than 4 others; None where that is hidden.
    """

    columns: tuple[str, ...]
    k: int
    classes: int
    below: int | None


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


def k_anonymity(customers: pl.DataFrame, columns: Sequence[str], *, threshold: int) -> Anonymity:
    """Return how well customers hide who are known by these columns; nothing known is a value like others.

    Args:
        customers: A row per customer.
        columns: The columns.
        threshold: What counts as few.

    Examples:
        >>> known = pl.DataFrame({"birth_decade": [1950, 1950, 1960, 1960, 1960, None]})
        >>> k_anonymity(known, ["birth_decade"], threshold=3)
        Anonymity(columns=('birth_decade',), k=1, classes=3, below=3)
    """
    sizes = customers.group_by(list(columns)).len()["len"]
    smallest = sizes.min()
    below = sizes.filter(sizes < threshold).sum()
    return Anonymity(
        columns=tuple(columns),
        k=smallest if isinstance(smallest, int) else 0,
        classes=sizes.len(),
        below=int(below),
    )
