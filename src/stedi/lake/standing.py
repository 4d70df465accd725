"""Who and what may be used: of one run, and what differs between two."""

from dataclasses import dataclass

import polars as pl

from stedi.lake.tally import only_in
from stedi.transform.trust_accelerometer import consenting_customers
from stedi.transform.trust_step_trainer import device_holders, usable_devices


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who and what may be used, as one run decided.

    Attributes:
        customers: The customer_trusted table.
        consenting: (_key, customer_id, consent_from) of everybody who consents.
    """

    customers: pl.DataFrame
    consenting: pl.DataFrame

    @classmethod
    def of(cls, customers: pl.DataFrame) -> "Standing":
        """Read customer_trusted."""
        return cls(customers=customers, consenting=consenting_customers(customers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """Which devices may be used, and for whom.

    Attributes:
        usable: (_key, device_id, device_consent_from, _curated) of every held device.
        holders: (device_id, customer_id) of the holders who have readings.
    """

    usable: pl.DataFrame
    holders: pl.DataFrame

    @classmethod
    def of(cls, customers: pl.DataFrame, curated: pl.DataFrame) -> "Devices":
        """Read customer_trusted, and (customer_id, device_id) of customer_curated."""
        holders = device_holders(customers, curated)
        return cls(usable=usable_devices(customers, holders), holders=holders)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Those of whom anything differs between two runs: all that was derived of them is derived again.

    Attributes:
        ids: Their ids, in the column of that name.
        keys: The keys by which landing records name them.
    """

    ids: pl.DataFrame
    keys: pl.Series

    @classmethod
    def of(cls, moved: pl.DataFrame, name: str) -> "Moved":
        """Take the column of ids, and the keys beside it."""
        return cls(ids=moved.select(name).unique(), keys=moved["_key"].unique())


def moved_customers(before: Standing, after: Standing) -> Moved:
    """Return the customers who came, left, or consent from another time on."""
    return Moved.of(_either(before.consenting, after.consenting), "customer_id")


def moved_devices(before: Devices, after: Devices) -> Moved:
    """Return the devices that came, left, may be used from another time on, or for other customers."""
    moved = _either(before.usable, after.usable)
    held = _either(before.holders, after.holders)
    if not held.is_empty():
        known = pl.concat([before.usable, after.usable])
        moved = pl.concat([moved, known.join(held, on="device_id", how="semi")])
    return Moved.of(moved, "device_id")


def _either(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that are in one of two frames only."""
    return pl.concat([only_in(before, after), only_in(after, before)])
