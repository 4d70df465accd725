"""The truth beside simulated files: under the ids of a lake, and true."""

import polars as pl
import pytest

import stedi
from lakes import PSEUDONYMS
from stedi.errors import LandingError
from stedi.simulate import simulate, truth


@pytest.fixture(scope="module")
def known(dirty):
    return truth(dirty.landing, PSEUDONYMS)


def test_ids_are_those_of_the_lake(dirty, known):
    customers = stedi.sanitize_customers(
        stedi.read_landing(dirty.landing / "customer", "customer_landing").kept,
        now=dirty.as_of,
        pseudonyms=PSEUDONYMS,
        consent="current",
    )
    trusted = customers.select("customer_id", "device_id").unique()
    sessions = known.sessions.select("customer_id", "device_id").unique()
    assert sessions.join(trusted, on=["customer_id", "device_id"], how="semi").height > 10
    strangers = known.sessions.filter(~pl.col("known_user"))
    assert strangers.height > 0
    assert strangers.join(customers, on="customer_id", how="semi").is_empty()


def test_nothing_in_it_names_a_person(dirty, known):
    text = " ".join(
        frame.write_csv() for frame in (known.sessions, known.step_events, known.defects, known.rejected)
    ).lower()
    assert "@" not in text
    assert "user" not in known.sessions.columns
    records = stedi.read_landing(dirty.landing / "customer", "customer_landing").kept
    for column in ("email", "serial_number", "customer_name"):
        assert not any(value.strip().lower() in text for value in records[column].unique())


def test_every_step_lies_in_its_session(known):
    steps = known.step_events.join(known.sessions, on="session")
    assert (steps["customer_id"] == steps["customer_id_right"]).all()
    assert steps.filter(~pl.col("at").is_between("started_at", "ended_at")).is_empty()
    counted = known.step_events.group_by("session").len().sort("session")
    assert counted["len"].to_list() == known.sessions.sort("session")["steps"].to_list()
    assert known.step_events.schema["at"] == pl.Datetime("us", "UTC")


def test_every_session_has_readings_at_its_time(dirty, known):
    readings = stedi.read_landing(dirty.landing / "step_trainer", "step_trainer_landing").kept
    at = readings.select("sensor_reading_time").unique().sort("sensor_reading_time")
    first = known.sessions.sort("started_at").join_asof(
        at, left_on="started_at", right_on="sensor_reading_time", strategy="forward"
    )
    assert (first["sensor_reading_time"] - first["started_at"]).max().total_seconds() < 0.5


def test_sessions_are_numbered_by_time_across_batches(monkeypatch, tmp_path):
    monkeypatch.setattr("stedi.simulate.generate._SESSIONS_A_BATCH", 3)
    simulate(tmp_path, customers=10, seed=5)
    known = truth(tmp_path, PSEUDONYMS)
    assert known.sessions["session"].to_list() == list(range(known.sessions.height))
    assert known.sessions["started_at"].is_sorted()


def test_defects_and_rejected_are_those_of_the_result(dirty, known):
    assert known.defects.rows() == [
        (one.table, one.kind, one.unit, one.count, one.outcome.value) for one in dirty.defects
    ]
    assert known.rejected.height == sum(sum(table.rejected.values()) for table in dirty.written)


def test_a_folder_without_truth_is_refused(tmp_path):
    with pytest.raises(LandingError, match=r"sessions\.parquet is missing"):
        truth(tmp_path, PSEUDONYMS)
