"""Who and what may be used, and what of it differs between two runs.

Whatever differs is among the customers whose rows changed, and the devices whose rows changed or whose
holders got, or lost, readings. So only these are compared: what a run costs does not grow with those of
whom nothing is new.
"""

from dataclasses import dataclass

import polars as pl

from stedi.outline import outline
from stedi.pipeline.derive.rewrites import TableRewrite, only_in
from stedi.plan.change import People
from stedi.transform.trust_accelerometer import consenting_customers
from stedi.transform.trust_step_trainer import usable_devices


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableDevices:
    """Which devices may be used, and for whom.

    Attributes:
        usable: (_key, device_id, device_consent_from, _curated) of every held device.
        holders: (device_id, customer_id) of the holders who have readings.
    """

    usable: pl.DataFrame
    holders: pl.DataFrame

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    @classmethod
    def of(cls, customers: pl.DataFrame, curated: pl.DataFrame) -> "UsableDevices":
        """Read customer_trusted, and (customer_id, device_id) of those of its rows that are curated."""
        holders = curated.select("device_id", "customer_id")
        return cls(usable=usable_devices(customers, holders), holders=holders)

    def among(self, ids: pl.DataFrame) -> "UsableDevices":
        """Return those of some devices, given by their ``device_id``."""
        return UsableDevices(
            usable=self.usable.join(ids, on="device_id", how="semi"),
            holders=self.holders.join(ids, on="device_id", how="semi"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Those of whom anything differs between two runs: all that was derived of them is derived again.

    Attributes:
        ids: Their ids, in the column of that name.
        keys: The keys by which landing records name them.
    """

    ids: pl.DataFrame
    keys: pl.Series

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    @classmethod
    def of(cls, moved: pl.DataFrame, name: str) -> "Changed":
        """Take the column of ids, and the keys beside it."""
        return cls(ids=moved.select(name).unique(), keys=moved["_key"].unique())


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDiff:
    """Who consents, and what of it differs from the run before.

    All frames have (_key, customer_id, consent_from).

    Attributes:
        now: Everybody who consents.
        before: Of those whose rows changed, who consented.
        after: Of them, who does now.
        moved: Who came, left, or consents from another time on.
    """

    now: pl.DataFrame
    before: pl.DataFrame
    after: pl.DataFrame

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    moved: Changed

    @classmethod
    def of(cls, were: pl.DataFrame, customers: TableRewrite) -> "ConsentDiff":
        """Compare customer_trusted as it was with what became of it."""
        changed = customers.changed.select("customer_id")
        now = consenting_customers(customers.rows)
        before = consenting_customers(were.join(changed, on="customer_id", how="semi"))
        after = now.join(changed, on="customer_id", how="semi")
        return cls(
            now=now, before=before, after=after, moved=Changed.of(_either(before, after), "customer_id")
        )

    def count(self) -> People:
        """Return how many customers came, left, and consent from another time on."""
        came = self.after.join(self.before, on="customer_id", how="anti").height
        left = self.before.join(self.after, on="customer_id", how="anti").height
        same = self.after.join(self.before, on=["customer_id", "consent_from"], how="semi").height
        return People(joined=came, left=left, moved=self.after.height - came - same)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDiff:
    """Which devices may be used, and what of it differs from the run before.

    Attributes:
        now: All devices that are held.
        before: Which of those that may have moved could be used.
        moved: Those that came, left, may be used from another time on, or for other customers.
    """

    now: UsableDevices
    before: UsableDevices
    moved: Changed

    @classmethod
    def of(
        cls, were: tuple[pl.DataFrame, pl.DataFrame], now: UsableDevices, asked: pl.DataFrame
    ) -> "DeviceDiff":
        """Compare devices with what they were.

        Args:
            were: customer_trusted and customer_curated as they were.
            now: All devices as they are.
            asked: The ids of all devices that may have moved, and maybe of others.
        """
        ids = asked.select("device_id").unique()
        before = UsableDevices.of(*(rows.join(ids, on="device_id", how="semi") for rows in were))
        after = now.among(ids)
        moved = _either(before.usable, after.usable)
        held = _either(before.holders, after.holders)
        if not held.is_empty():
            known = pl.concat([before.usable, after.usable])
            moved = pl.concat([moved, known.join(held, on="device_id", how="semi")])
        return cls(now=now, before=before, moved=Changed.of(moved, "device_id"))


def _either(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that are in one of two frames only."""
    return pl.concat([only_in(before, after), only_in(after, before)])
