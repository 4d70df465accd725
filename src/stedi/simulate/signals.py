"""What the sensors record in a session: a plain swing wave, and gravity with a wobble.

This is the place for better physics: a batch of sessions goes in, two frames of readings come out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from stedi.simulate.draws import Draws
from stedi.simulate.sessions import Session

RATE_HZ: Final = 30
"""Readings of the step trainer per second. The phone takes its stamps, misses some and adds some."""

STANDING_S: Final = 3.0
"""How long a session begins with standing still."""

_MISSED: Final = 0.04
_ADDED: Final = 0.05
_SHARED: Final = 0.005
_DELIVERED_TWICE: Final = 0.003
_GRAVITY: Final = 9.81


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The readings of a batch of sessions, with the sources' own names and epoch milliseconds.

    Attributes:
        accelerometer: ``user``, ``timestamp``, ``x``, ``y``, ``z``.
        step_trainer: ``sensorReadingTime``, ``serialNumber``, ``distanceFromObject``.
        shared_times: Accelerometer readings with the time of another one of the same session, and
            another x, y or z.
    """

    accelerometer: pl.DataFrame
    step_trainer: pl.DataFrame
    shared_times: int


def read_sensors(sessions: Sequence[Session], draws: Draws) -> Readings:
    """Make the readings of these sessions.

    The step trainer reads every 1/30 s. The phone reads at the same times, so that most step readings
    find their accelerometer reading; a few readings of both sensors are delivered twice.

    Examples:
        >>> session = Session(user="a@example.com", serial_number="5", start=1_700_000_000_000, seconds=20.0)
        >>> readings = read_sensors([session], Draws(7))
        >>> readings.step_trainer.unique().height
        600
        >>> readings.accelerometer.columns
        ['user', 'timestamp', 'x', 'y', 'z']
    """
    ticks = _ticks(sessions, draws)
    phone = _phone(ticks, draws)
    accelerometer = _accelerometer(phone, draws)
    steps = _step_trainer(ticks, draws)
    shared = accelerometer.height - accelerometer.select("session", "timestamp").n_unique()
    return Readings(
        accelerometer=_twice(accelerometer.drop("session"), draws),
        step_trainer=_twice(steps, draws),
        shared_times=shared,
    )


def _ticks(sessions: Sequence[Session], draws: Draws) -> pl.DataFrame:
    """Return one row per step trainer reading, with the walker's traits of its session."""
    n = len(sessions)
    angle, tilt = 2 * math.pi * draws.uniform(n), 0.6 * draws.normal(n)
    walkers = pl.DataFrame(
        {
            "session": range(n),
            "user": [session.user for session in sessions],
            "serial": [session.serial_number for session in sessions],
            "start": [session.start for session in sessions],
            "readings": [round(session.seconds * RATE_HZ) for session in sessions],
            "cadence": 1.2 + 0.8 * draws.uniform(n),
            "rest": 255 + 75 * draws.uniform(n),
            "swing": 60 + 60 * draws.uniform(n),
            "bounce": 1 + 2 * draws.uniform(n),
            "down_x": tilt.sin() * angle.cos(),
            "down_y": tilt.cos(),
            "down_z": tilt.sin() * angle.sin(),
        }
    )
    tick = pl.int_ranges(0, pl.col("readings")).alias("tick")
    rows = walkers.with_columns(tick).drop("readings").explode("tick")
    return rows.with_columns(time=pl.col("start") + pl.col("tick") * 1000 // RATE_HZ)


def _phone(ticks: pl.DataFrame, draws: Draws) -> pl.DataFrame:
    """Let the phone miss some of the stamps, read between some, and read twice at some."""
    luck = ticks.with_columns(luck=draws.uniform(ticks.height))
    between = pl.col("luck").is_between(_MISSED, _MISSED + _ADDED)
    parts = [
        luck.filter(pl.col("luck") >= _MISSED),
        luck.filter(between).with_columns(pl.col("time") + 500 // RATE_HZ),
        luck.filter(pl.col("luck") > 1 - _SHARED),
    ]
    return pl.concat(parts).sort("session", "time", maintain_order=True)


def _steps_taken() -> pl.Expr:
    seconds = (pl.col("time") - pl.col("start")) / 1000
    return (seconds - STANDING_S).clip(lower_bound=0) * pl.col("cadence")


def _accelerometer(phone: pl.DataFrame, draws: Draws) -> pl.DataFrame:
    """Return gravity along the session's down, a bounce per step, a sway per stride, and noise."""
    steps = _steps_taken()
    pull = _GRAVITY + pl.col("bounce") * (2 * math.pi * steps).sin()
    sway = 0.5 * (math.pi * steps).sin()
    noise = [pl.lit(0.2 * draws.normal(phone.height)) for _ in range(3)]
    return phone.select(
        "session",
        "user",
        timestamp="time",
        x=(pull * pl.col("down_x") + sway * pl.col("down_y") + noise[0]).round(3),
        y=(pull * pl.col("down_y") - sway * pl.col("down_x") + noise[1]).round(3),
        z=(pull * pl.col("down_z") + noise[2]).round(3),
    )


def _step_trainer(ticks: pl.DataFrame, draws: Draws) -> pl.DataFrame:
    """Return the distance at rest, less the swing of each step, with noise."""
    swing = pl.col("swing") * (math.pi * (_steps_taken() % 1)).sin() ** 2
    distance = pl.col("rest") - swing + pl.lit(5 * draws.normal(ticks.height))
    return ticks.select(
        sensorReadingTime="time",
        serialNumber="serial",
        distanceFromObject=distance.round(0).cast(pl.Int64).clip(lower_bound=1),
    )


def _twice(readings: pl.DataFrame, draws: Draws) -> pl.DataFrame:
    """Deliver a few readings a second time, after all others."""
    again = readings.filter(draws.uniform(readings.height) < _DELIVERED_TWICE)
    return pl.concat([readings, again])
