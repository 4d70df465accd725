"""What each customer record says about consent: a grant or a denial, at a time.

A *statement* is (customer_id, device_id, at, share): the customer, the device that the record lists (null
where it can't be read), when the record was written, and from when the customer shares with research; a
null ``share`` makes it a denial.
"""

from datetime import datetime
from typing import Final

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame

from stedi.consent.pseudonyms import Pseudonyms
from stedi.contract import contract_of
from stedi.frame.checked import Rows, carry, fetch, never, take
from stedi.names import CUSTOMER_LANDING, EARLIEST, END_OF_TIME, LATEST, QUARANTINE

STATEMENT: Final = ("customer_id", "device_id", "at", "share")


def share(now: datetime) -> nw.Expr:
    """Return from when a record grants consent; null where it denies it.

    A record is a grant when its date of sharing with research is present, plausible and not after
    ``now``; else it is a denial.
    """
    date = nw.col("share_with_research_as_of_date")
    granted = (date >= nw.lit(EARLIEST)) & (date < nw.lit(LATEST)) & (date <= nw.lit(now))
    return nw.when(granted).then(date)


def of_records(records: Rows, now: datetime) -> Rows:
    """Return the statements of good records, which have a customer_id and a device_id."""
    return records.with_columns(at=nw.col("last_update_date"), share=share(now)).select(*STATEMENT)


def of_rejected(
    rejected: IntoFrame,
    records: Rows,
    pseudonyms: Pseudonyms,
) -> Rows:
    """Return the denials of rejected records: they never keep a consent alive.

    A rejected customer record whose e-mail can be read is a denial at its update time; if that can't be
    read, at the newest update time among the good records of its object; if there is none, at the end of
    time. A released record says nothing.

    Args:
        rejected: Rows of the quarantine table.
        records: The good records, with ``_digest`` (null where unknown) and ``last_update_date``.
        pseudonyms: Makes the ids.
    """
    wanted = ("table_name", "email", "serial_number", "last_update_date", "released_at", "_digest")
    rows = fetch(take(rejected, contract_of(QUARANTINE), wanted)).filter(
        pl.col("table_name") == CUSTOMER_LANDING,
        pl.col("email").str.strip_chars().str.len_bytes() > 0,
        pl.col("released_at").is_null(),
    )
    denials = identified(rows, pseudonyms).select("customer_id", "device_id", "at", "_digest")
    dated = in_effect(carry(denials, records), records)
    return dated.with_columns(share=never(nw.col("at"))).select(*STATEMENT)


def identified(rejected: pl.DataFrame, pseudonyms: Pseudonyms) -> pl.DataFrame:
    """Return rejected records with the ids that can be read, and their own update time or null in ``at``."""
    devices = [
        pseudonyms.device_id(serial) if serial and serial.strip() else None
        for serial in rejected["serial_number"]
    ]
    return rejected.with_columns(
        pl.Series("customer_id", [pseudonyms.customer_id(email) for email in rejected["email"]], pl.String),
        pl.Series("device_id", devices, pl.String),
        at=pl.col("last_update_date"),
    )


def of_erased(tombstones: pl.DataFrame, like: Rows) -> Rows:
    """Return the denials of erased people: whoever registers again consents to nothing from before.

    Args:
        tombstones: Rows of the tombstone table.
        like: Statements, in whose engine they are wanted.
    """
    people = tombstones.filter(kind="person").select(
        customer_id="digest", device_id=pl.lit(None, pl.String), at="erased_at"
    )
    return carry(people, like).with_columns(share=never(nw.col("at"))).select(*STATEMENT)


def in_effect(denials: Rows, records: Rows) -> Rows:
    """Return rejected records with the time at which each takes effect in ``at``.

    That is its own update time; else the newest one among the good records of its object; else the end of
    time.

    Args:
        denials: Rejected records, with their own update time (or null) in ``at``, and ``_digest``.
        records: The good records, with ``_digest`` (null where unknown) and ``last_update_date``.
    """
    newest = (
        records.filter(~nw.col("_digest").is_null())
        .group_by("_digest")
        .agg(nw.col("last_update_date").max().alias("_newest"))
    )
    return denials.join(newest, on="_digest", how="left").with_columns(
        at=nw.coalesce(nw.col("at"), nw.col("_newest"), nw.lit(END_OF_TIME))
    )
