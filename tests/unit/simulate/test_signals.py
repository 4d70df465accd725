"""Sensor readings: on one clock, plausible, and equal for equal seeds."""

import polars as pl
import pytest

from stedi.simulate.draws import Draws
from stedi.simulate.sessions import Session
from stedi.simulate.signals import Readings, read_sensors

START = 1_700_000_000_123


@pytest.fixture(scope="module")
def readings() -> Readings:
    sessions = [
        Session(user=f"u{n}@example.com", serial_number=f"d{n}", start=START + n * 1_000_000, seconds=30)
        for n in range(20)
    ]
    return read_sensors(sessions, Draws(7))


def test_the_step_trainer_reads_thirty_times_a_second(readings):
    steps = readings.step_trainer.unique().filter(serialNumber="d3").sort("sensorReadingTime")
    assert steps.height == 900
    assert set(steps["sensorReadingTime"].diff().drop_nulls()) == {33, 34}
    assert steps["sensorReadingTime"][0] == START + 3_000_000


def test_most_step_readings_have_a_phone_reading_of_their_time(readings):
    steps = readings.step_trainer.unique().select(
        pl.col("serialNumber").str.replace("d", "u") + "@example.com", "sensorReadingTime"
    )
    paired = steps.join(
        readings.accelerometer,
        left_on=["serialNumber", "sensorReadingTime"],
        right_on=["user", "timestamp"],
        how="semi",
    )
    assert 0.94 < paired.height / steps.height < 0.98


def test_the_phone_also_reads_between_and_twice_at_some_times(readings):
    phone = readings.accelerometer.unique()
    times = phone.group_by("user", "timestamp").len()
    assert (times["len"] - 1).sum() == readings.shared_times > 0
    assert readings.accelerometer.height > phone.height
    grid = readings.step_trainer["sensorReadingTime"].unique()
    assert phone.filter(~pl.col("timestamp").is_in(grid.implode())).height > 0


def test_readings_are_plausible(readings):
    distance = readings.step_trainer["distanceFromObject"]
    assert distance.dtype == pl.Int64
    assert distance.is_between(50, 400).all()
    size = readings.accelerometer.select(size=(pl.sum_horizontal(pl.col("x", "y", "z") ** 2)).sqrt())["size"]
    assert 9.3 < size.mean() < 10.3
    assert size.is_between(5, 15).all()


def test_feet_rest_first_and_swing_then(readings):
    steps = readings.step_trainer.with_columns(
        second=(pl.col("sensorReadingTime") - START) % 1_000_000 / 1000
    )
    spread = steps.group_by("serialNumber", pl.col("second") < 3).agg(pl.col("distanceFromObject").std())
    still, moving = spread.partition_by("second", maintain_order=False, as_dict=True).values()
    if still["second"][0] is False:
        still, moving = moving, still
    assert still["distanceFromObject"].max() < 8
    assert moving["distanceFromObject"].min() > 15


def test_draws_are_even_and_normal():
    draws = Draws(7, "test")
    uniform, normal = draws.uniform(100_000), draws.normal(100_000)
    assert 0 <= uniform.min() < uniform.max() < 1
    assert uniform.mean() == pytest.approx(0.5, abs=0.005)
    assert normal.is_finite().all()
    assert normal.mean() == pytest.approx(0, abs=0.01)
    assert normal.std() == pytest.approx(1, abs=0.01)
    assert draws.uniform(0).len() == 0


def test_dealt_shares_are_exact():
    dealt = Draws(1).deal({"a": 3, "b": 2, "c": 1}, 7)
    assert sorted(dealt) == ["a", "a", "a", "a", "b", "b", "c"]
    assert Draws(1).deal({"a": 1, "b": 1}, 1) == ["a"]
