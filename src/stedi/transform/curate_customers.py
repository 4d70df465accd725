"""customer_trusted → customer_curated: customers with readings, without anything that names them."""

from typing import Final

import narwhals as nw
from narwhals.typing import IntoFrame, IntoFrameT

from stedi.contract import contract_of
from stedi.frame.checked import Rows, give, take
from stedi.names import ACCELEROMETER_TRUSTED, CUSTOMER_CURATED, CUSTOMER_TRUSTED

_NEEDED: Final = ("customer_id", "device_id", "birth_day", "consent_from", "device_consent_from")
_YEARS: Final = 10


def curate_customers(customers: IntoFrameT, accelerometer: IntoFrame) -> IntoFrameT:
    """Keep the customers who have at least one trusted accelerometer reading, without personal data.

    One row per (customer_id, device_id), never fans out. No name, e-mail, phone, birthday or serial
    number; the birthday is cut to its decade.

    Args:
        customers: The customer_trusted table.
        accelerometer: The accelerometer_trusted table.

    Returns:
        The customer_curated table, in the engine of ``customers``.

    Raises:
        FrameError: A column is missing or has another type.
    """
    people = take(customers, contract_of(CUSTOMER_TRUSTED), _NEEDED)
    return give(curate(people, seen(accelerometer)), contract_of(CUSTOMER_CURATED), like=customers)


def seen(accelerometer: IntoFrame) -> Rows:
    """Return (customer_id, first_reading_at, last_reading_at, readings) of everybody who has a reading."""
    return (
        take(accelerometer, contract_of(ACCELEROMETER_TRUSTED), ("customer_id", "timestamp"))
        .group_by("customer_id")
        .agg(
            nw.col("timestamp").min().alias("first_reading_at"),
            nw.col("timestamp").max().alias("last_reading_at"),
            nw.len().alias("readings"),
        )
        .with_columns(nw.col("readings").cast(nw.Int64))
    )


def curate(people: Rows, readings: Rows) -> Rows:
    """Return the people who have readings, with these, and without what names them."""
    return (
        people.join(readings, on="customer_id", how="inner")
        .with_columns(birth_decade=(nw.col("birth_day").dt.year() // _YEARS * _YEARS).cast(nw.Int32))
        .select(*contract_of(CUSTOMER_CURATED).names)
    )
