"""Customers, sessions and steps as they were; sessions and steps are gathered batch by batch."""

from collections.abc import Sequence

import polars as pl

from stedi.simulate.customers import Customer
from stedi.simulate.signals import Readings

_UTC = pl.Datetime("us", "UTC")


def true_customers(customers: Sequence[Customer]) -> pl.DataFrame:
    """Return one row per customer."""
    return pl.DataFrame(
        {
            "user": [customer.person.email for customer in customers],
            "history": [customer.history.value for customer in customers],
            "age": [customer.walker.age for customer in customers],
            "balance": [customer.walker.balance for customer in customers],
            "devices": [len(customer.devices) for customer in customers],
        }
    )


class TrueFrames:
    """The truth of the batches so far: a row per session, and a row per step."""

    def __init__(self) -> None:
        self._sessions: list[pl.DataFrame] = []
        self._steps: list[pl.DataFrame] = []

    def add(self, readings: Readings) -> None:
        """Number the sessions of a batch on from those before."""
        number = pl.col("session") + sum(sessions.height for sessions in self._sessions)
        self._sessions.append(readings.sessions.with_columns(number))
        self._steps.append(readings.steps.with_columns(number))

    def sessions(self) -> pl.DataFrame:
        """Return one row per session."""
        started = 1000 * pl.col("start")
        return pl.concat(self._sessions).select(
            "session",
            "user",
            "serial_number",
            "known_user",
            "known_device",
            started_at=started.cast(_UTC),
            ended_at=(started + (1e6 * pl.col("seconds")).round().cast(pl.Int64)).cast(_UTC),
            age="age",
            balance="balance",
            cadence="cadence",
            variability="variability",
            asymmetry="asymmetry",
            hesitations=pl.col("hesitations").cast(pl.Int64),
            steps=pl.col("steps").cast(pl.Int64),
            phone_offset_s="offset_s",
            phone_drift_ppm=1e6 * pl.col("drift"),
        )

    def step_events(self) -> pl.DataFrame:
        """Return one row per step."""
        return pl.concat(self._steps).with_columns(pl.col("at", "at_on_phone").cast(_UTC))
