"""The estimate of the phone's clock, and when it must refuse."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from stedi.ml import estimate_clock
from walks import START, acceleration_at, contacts, distance_at


@pytest.mark.parametrize("offset_s", [-0.6, -0.25, 0.0, 0.31, 0.8])
def test_finds_the_offset(offset_s: float) -> None:
    told = estimate_clock(*_readings(contacts(), offset_s))
    assert told.usable, told
    assert told.reason is None
    assert told.offset_s == pytest.approx(offset_s, abs=0.03)
    assert told.confidence > 0.95
    assert told.matched >= 28


def test_the_order_of_the_rows_does_not_matter() -> None:
    steps, phone = _readings(contacts(), 0.2)
    shuffled = steps.sample(fraction=1, shuffle=True, seed=1), phone.sample(fraction=1, shuffle=True, seed=2)
    assert estimate_clock(*shuffled) == estimate_clock(steps, phone)


def test_a_walk_without_beginning_and_end_could_be_one_step_off() -> None:
    # Steps like a clock's, and both sensors see only the middle: nothing tells which step is which.
    steps, phone = _readings(contacts(60, spread=0.0), 0.27)
    middle = timedelta(seconds=12), timedelta(seconds=30)
    told = estimate_clock(
        _between(steps, "sensor_reading_time", *middle), _between(phone, "timestamp", *middle)
    )
    assert not told.usable
    assert told.confidence < 0.95
    assert "fit almost equally well" in told.reason


def test_it_refuses_what_it_can_not_know() -> None:
    steps, phone = _readings(contacts(), 0.2)
    few, few_phone = _readings(contacts(4), 0.2)
    for refused, reason in (
        (estimate_clock(steps[:0], phone[:0]), "neither sensor"),
        (estimate_clock(steps, phone[:0]), "the accelerometer has 0 readings"),
        (estimate_clock(steps[:0], phone), "the step trainer has 0 readings"),
        (estimate_clock(steps[::60], phone), "the step trainer has 0.5 readings a second"),
        (estimate_clock(few, few_phone), "at least 8 are needed"),
    ):
        assert not refused.usable
        assert np.isnan(refused.offset_s)
        assert refused.confidence == 0
        assert reason in refused.reason


def test_another_walk_is_no_match() -> None:
    steps, _ = _readings(contacts(), 0.0)
    _, phone = _readings(contacts(seed=8) + 14, 0.0)
    assert not estimate_clock(steps, phone).usable


def _readings(at: NDArray[np.float64], offset_s: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    luck = np.random.default_rng(1)
    trainer, phone = np.arange(0, at[-1] + 3, 1 / 30), np.arange(0, at[-1] + 3, 1 / 50)
    distance = (distance_at(trainer, at) + luck.normal(0, 4, len(trainer))).round().astype(np.int64)
    xyz = acceleration_at(phone, at) + luck.normal(0, 0.2, (len(phone), 3))
    return (
        pl.DataFrame({"sensor_reading_time": _times(trainer), "distance_from_object": distance}),
        pl.DataFrame({"timestamp": _times(phone + offset_s), "x": xyz[:, 0], "y": xyz[:, 1], "z": xyz[:, 2]}),
    )


def _times(seconds: NDArray[np.float64]) -> pl.Series:
    start = int(START.timestamp() * 1e6)
    return pl.Series((seconds * 1e3).round().astype(np.int64) * 1000 + start).cast(pl.Datetime("us", "UTC"))


def _between(frame: pl.DataFrame, time: str, start: timedelta, end: timedelta) -> pl.DataFrame:
    return frame.filter(pl.col(time).is_between(START + start, START + end))
