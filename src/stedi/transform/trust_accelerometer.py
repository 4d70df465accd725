"""accelerometer_landing → accelerometer_trusted: readings of consenting customers, since they consent."""

from typing import Final

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame, IntoFrameT

from stedi.consent.pseudonyms import keys
from stedi.contract import contract_of
from stedi.contract.reasons import Drop
from stedi.frame.checked import Rows, carry, fetch, first_reason, give, take
from stedi.names import ACCELEROMETER_LANDING, ACCELEROMETER_TRUSTED, CUSTOMER_TRUSTED

_TRUSTED: Final = contract_of(ACCELEROMETER_TRUSTED)


def trust_accelerometer(accelerometer_landing: IntoFrameT, customers: IntoFrame) -> IntoFrameT:
    """Keep the readings that customers agreed to share, since they agreed.

    1 customer : N readings, never fans out. Exact duplicates (the same customer, time, x, y and z) count
    once: delivery is at least once. Readings that share a time but differ in x, y or z are all kept.

    Args:
        accelerometer_landing: Records of the app, with the columns of that table.
        customers: The customer_trusted table.

    Returns:
        The accelerometer_trusted table, in the engine of ``accelerometer_landing``.

    Raises:
        FrameError: A column is missing or has another type.
    """
    judged = judge_accelerometer(accelerometer_landing, consenting_customers(customers))
    return give(_distinct(judged), _TRUSTED, like=accelerometer_landing)


def consenting_customers(customers: IntoFrame) -> pl.DataFrame:
    """Return (_key, customer_id, consent_from), one row per consenting customer."""
    wanted = ("customer_id", "email", "consent_from")
    found = fetch(take(customers, contract_of(CUSTOMER_TRUSTED), wanted))
    return (
        found.with_columns(_key=keys(found["email"]))
        .select("_key", "customer_id", "consent_from")
        .unique("_key")
    )


def judge_accelerometer(accelerometer_landing: IntoFrame, consenting: pl.DataFrame) -> Rows:
    """Return each reading with its customer_id, and in ``_reason`` why it is kept out (or null)."""
    readings = take(accelerometer_landing, contract_of(ACCELEROMETER_LANDING))
    users = fetch(readings.select("user").unique())
    known = users.with_columns(_key=keys(users["user"])).join(consenting, on="_key", how="inner").drop("_key")
    return readings.join(carry(known, readings), on="user", how="left").with_columns(
        _reason=first_reason(
            (nw.col("customer_id").is_null(), Drop.NOT_TRUSTED),
            (nw.col("timestamp") < nw.col("consent_from"), Drop.BEFORE_CONSENT),
        )
    )


def _distinct(judged: Rows) -> Rows:
    """Return the admitted readings, each once."""
    return judged.filter(nw.col("_reason").is_null()).select(*_TRUSTED.names).unique()
