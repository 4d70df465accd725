"""What each customer record says about consent: a grant or a denial, at a time.

A *statement* is (customer_id, device_id, at, share): the customer, the device that the record lists (null
where it can't be read), when the record was written, and from when the customer shares with research; a
null ``share`` makes it a denial.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame

from stedi.consent.effective import names_somebody
from stedi.consent.pseudonyms import Pseudonyms
from stedi.contract import contract_of
from stedi.frame.checked import Rows, carry, fetch, null_like, take
from stedi.names import CUSTOMER_LANDING, EARLIEST, END_OF_TIME, LATEST, QUARANTINE
from stedi.outline import outline

_NEEDED: Final = (
    "table_name",
    "emails",
    "serial_numbers",
    "tombstones",
    "last_update_date",
    "released_at",
    "_digest",
)
_DENIAL: Final = ("customer_id", "device_id", "at", "_digest")
STATEMENT: Final = ("customer_id", "device_id", "at", "share")


def share(now: datetime) -> nw.Expr:
    """Return from when a record grants consent; null where it denies it.

    A record is a grant when its date of sharing with research is present, plausible and not after
    ``now``; else it is a denial.
    """
    date = nw.col("share_with_research_as_of_date")
    granted = (date >= nw.lit(EARLIEST)) & (date < nw.lit(LATEST)) & (date <= nw.lit(now))
    return nw.when(granted).then(date)


def from_records(records: Rows, now: datetime) -> Rows:
    """Return the statements of good records, which have a customer_id and a device_id."""
    return records.with_columns(at=nw.col("last_update_date"), share=share(now)).select(*STATEMENT)


class Denials(NamedTuple):
    """What rejected records say: they never keep a consent alive.

    Attributes:
        statements: A denial of each person whom a record names, and one for each device that it names: of
            that person, or of a claimant that stands for all the people whom it names.
        together: (claimant, customer_id) of whom such a claimant stands for.
    """

    statements: Rows
    together: pl.DataFrame

    def __repr__(self) -> str:
        """Show no row."""
        return outline(self)


def from_rejected(rejected: IntoFrame, records: Rows, pseudonyms: Pseudonyms) -> Denials:
    """Return what rejected records say.

    Every e-mail that can be read in a rejected customer record is a denial, and claims every serial number
    that can be read there; at its update time; if none can be read, at the newest update time among the
    good records of its object; if there is none, at the end of time. A released record says nothing.

    A record may name thousands of people and devices: what it takes grows with their number, and not with
    that of their pairs.

    Args:
        rejected: Rows of the quarantine table.
        records: The good records, with their ids, ``_digest`` (null where unknown) and ``last_update_date``.
        pseudonyms: Makes the ids.
    """
    quarantine = fetch(take(rejected, contract_of(QUARANTINE), _NEEDED))
    people, devices = _people_and_devices(quarantine, pseudonyms)
    several = people.group_by("_record").len().filter(pl.col("len") > 1).select("_record")
    many = people.join(several, on="_record", how="semi")
    one = people.join(several, on="_record", how="anti").select("_record", "customer_id")
    together = devices.join(several, on="_record", how="semi")
    claims = pl.concat(
        [devices.join(one, on="_record"), together.with_columns(customer_id="_record")], how="diagonal"
    )
    nobody = pl.lit(None, pl.String).alias("device_id")
    denials = pl.concat([part.select(_DENIAL) for part in (people.with_columns(nobody), claims)])
    said = in_effect(carry(denials, records), records)
    # Whoever lists the device themselves does not hold it any more: which of them do is known to the records.
    listed = records.select("customer_id", "device_id").unique()
    whose = carry(many.select("customer_id", "_record", "at", "_digest"), records)
    which = carry(together.select("_record", "device_id"), records)
    theirs = whose.join(listed, on="customer_id").join(which, on=["_record", "device_id"])
    said = nw.concat([said, in_effect(theirs.select(_DENIAL), records)])
    return Denials(
        statements=said.with_columns(share=null_like(nw.col("at"))).select(*STATEMENT),
        together=many.select(claimant="_record", customer_id="customer_id"),
    )


def _people_and_devices(rejected: pl.DataFrame, pseudonyms: Pseudonyms) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return whom and what rejected customer records name that are held.

    Args:
        rejected: Rows of the quarantine table.
        pseudonyms: Makes the ids.

    Returns:
        (_record, customer_id, at, _digest) and (_record, device_id, at, _digest), by the number of the
        record; ``at`` is its own update time, or null.
    """
    held = (
        rejected.filter(
            pl.col("table_name") == CUSTOMER_LANDING,
            names_somebody(),
            pl.col("released_at").is_null(),
        )
        .with_row_index("_record")
        .with_columns(_record=pl.format("rejected {}", "_record"), at=pl.col("last_update_date"))
    )
    spelled = _each(held, "emails", "customer_id", pseudonyms.customer_id)
    # Whatever of an erased person bears no time may be newer than anything.
    end = pl.lit(END_OF_TIME).cast(held.schema["at"])
    erased = _each(held.with_columns(at=end), "tombstones", "customer_id", str)
    people = pl.concat([spelled, erased]).unique(maintain_order=True)
    return people, _each(held, "serial_numbers", "device_id", pseudonyms.device_id)


def _each(held: pl.DataFrame, column: str, value: str, meaning: Callable[[str], str]) -> pl.DataFrame:
    rows = (
        held.select("_record", pl.col(column).alias(value), "at", "_digest").explode(value).drop_nulls(value)
    )
    ids = pl.Series([meaning(text) for text in rows[value]], dtype=pl.String)
    return rows.with_columns(ids.alias(value)).unique(maintain_order=True)


def from_tombstones(tombstones: pl.DataFrame, like: Rows) -> Rows:
    """Return the denials of erased people: whoever registers again consents to nothing from before.

    So does each of them that was kept out and denies: the latest counts.

    Args:
        tombstones: Rows of the tombstone table.
        like: Statements, in whose engine they are wanted.
    """
    people = pl.concat(
        tombstones.filter(pl.col(time).is_not_null(), kind="person").select(
            customer_id="digest", device_id=pl.lit(None, pl.String), at=time
        )
        for time in ("erased_at", "latest_denial")
    )
    return carry(people, like).with_columns(share=null_like(nw.col("at"))).select(*STATEMENT)


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
