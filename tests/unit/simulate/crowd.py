"""Sessions of people of all kinds, and their readings, for tests of the signals' statistics."""

from random import Random

import polars as pl

from stedi.simulate.draws import Draws
from stedi.simulate.preset import preset_of
from stedi.simulate.sessions import Exercise
from stedi.simulate.signals import Readings, read_sensors
from stedi.simulate.walker import Walker, invent_walker

START = 1_700_000_000_123
APART = 10_000_000
"""Milliseconds between the starts of two sessions: a session is known by its times."""

STEADY = Walker(age=60.0, balance=0.95, pace=0.0, asymmetry=0.0)
UNSTEADY = Walker(age=60.0, balance=0.3, pace=0.0, asymmetry=0.0)


def sessions_of(walkers: list[Walker]) -> list[Exercise]:
    return [
        Exercise(user=f"u{n}@example.com", serial_number=f"d{n}", start=START + n * APART, walker=walker)
        for n, walker in enumerate(walkers)
    ]


def crowd(n: int, *, preset: str = "realistic", seed: int = 7) -> list[Exercise]:
    """Return sessions of n different people."""
    random = Random(seed)  # noqa: S311 - a test's dice
    shift = preset_of(preset).balance_shift
    return sessions_of([invent_walker(random, balance_shift=shift) for _ in range(n)])


def read(
    sessions: list[Exercise],
    *,
    preset: str = "realistic",
    clocks: str = "one",
    order: str = "time",
    seed: int = 7,
) -> Readings:
    return read_sensors(sessions, Draws(seed), preset=preset_of(preset), clocks=clocks, order=order)


def phone_of(readings: Readings) -> pl.DataFrame:
    """Return the distinct phone readings with their session and the second in it."""
    return _placed(readings.accelerometer, "timestamp")


def trainer_of(readings: Readings) -> pl.DataFrame:
    """Return the distinct step trainer readings with their session and the second in it."""
    return _placed(readings.step_trainer, "sensorReadingTime")


def steps_of(readings: Readings) -> pl.DataFrame:
    """Return the steps with the second of their session."""
    start = START + pl.col("session") * APART
    return readings.steps.with_columns(second=(pl.col("at") / 1000 - start) / 1000)


def _placed(frame: pl.DataFrame, time: str) -> pl.DataFrame:
    # The phone's clock may be behind: its first readings belong to the session all the same.
    since = pl.col(time) - START + APART // 2
    return (
        frame.unique(maintain_order=True)
        .sort(time, maintain_order=True)
        .with_columns(session=since // APART, second=(since % APART - APART // 2) / 1000)
    )
