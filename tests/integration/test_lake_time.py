"""Time passes between runs: consent is judged anew, forwards only."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from lakes import ANN, DERIVED, IcebergTable, expected, lake_at, put_world, run, tables_of
from stedi.errors import LakeError
from worlds import HOURS, MS, NOW, World, customer, reading, step

SOON = NOW + timedelta(days=1)
FUTURE = World(
    customers=(customer(share=SOON, at=HOURS[1], _digest="customer"),),
    accelerometer=(reading(at=HOURS[2]), reading(at=SOON), reading(at=SOON + MS)),
    steps=(step(at=HOURS[2]), step(at=SOON), step(at=SOON + MS)),
)


@pytest.fixture
def landing(tmp_path):
    return put_world(tmp_path / "landing", FUTURE)


def snapshots(folder):
    return {table: IcebergTable.of(folder, table).main for table in DERIVED}


def test_a_share_date_between_two_runs_is_taken_up(bench, landing):
    lake = bench.empty().lake
    run(lake, landing, now=NOW)
    assert all(lake.scan(table).collect().is_empty() for table in DERIVED)
    report = run(lake, landing, now=SOON - MS)
    assert not report.changed
    report = run(lake, landing, now=SOON)
    assert (report.changed, report.objects) == (True, 0)
    assert lake.scan("machine_learning_curated").collect()["timestamp"].sort().to_list() == [SOON, SOON + MS]
    assert tables_of(lake) == expected(FUTURE, now=SOON)


def test_a_share_date_of_an_older_record_between_two_runs_changes_what_the_customer_shares(bench, tmp_path):
    """The older record was a denial before that date, and a grant after it: consent reaches further back."""
    world = World(
        customers=(
            customer(share=SOON, at=HOURS[3], _digest="customer"),
            customer(share=HOURS[0], at=HOURS[5], _digest="customer"),
        ),
        accelerometer=ANN.accelerometer,
        steps=ANN.steps,
    )
    landing = put_world(tmp_path / "landing", world)
    lake = bench.empty().lake
    run(lake, landing, now=NOW)
    assert tables_of(lake) == expected(world, now=NOW)
    assert lake.scan("machine_learning_curated").collect().is_empty()
    run(lake, landing, now=SOON)
    assert tables_of(lake) == expected(world, now=SOON)
    assert lake.scan("machine_learning_curated").collect().height == 2


def test_a_birthday_between_two_runs_is_taken_up(bench, tmp_path):
    born = date(2022, 6, 2)
    assert NOW.date() < born
    world = World(
        customers=({**ANN.customers[0], "birth_day": born.isoformat()},), accelerometer=ANN.accelerometer
    )
    landing = put_world(tmp_path / "landing", world)
    lake = bench.empty().lake
    run(lake, landing, now=NOW)
    assert lake.scan("customer_trusted").collect()["birth_day"].to_list() == [None]
    run(lake, landing, now=datetime(2022, 6, 1, 23, 59, 59, 999999, tzinfo=UTC))
    assert lake.scan("customer_trusted").collect()["birth_day"].to_list() == [None]
    run(lake, landing, now=datetime(2022, 6, 2, tzinfo=UTC))
    assert lake.scan("customer_trusted").collect()["birth_day"].to_list() == [born]
    assert lake.scan("customer_curated").collect()["birth_decade"].to_list() == [2020]


def test_time_that_passes_without_an_event_changes_nothing(filled):
    before = snapshots(filled.folder)
    later = NOW + timedelta(microseconds=999)
    report = run(filled.lake, filled.landing, now=later)
    assert (report.changed, report.run.now) == (False, later)
    assert snapshots(filled.folder) == before
    assert tables_of(filled.lake) == expected(filled.world, now=later)


def test_the_same_now_again_is_fine_and_an_earlier_one_is_not(filled):
    assert not run(filled.lake, filled.landing, now=NOW).changed
    with pytest.raises(LakeError, match="forwards"):
        run(filled.lake, filled.landing, now=NOW - timedelta(microseconds=1))
    assert filled.lake.runs()["now"].to_list() == [NOW, NOW]


def test_every_event_of_a_world_is_taken_up_as_time_passes(filled):
    for later in (NOW + MS, HOURS[7], HOURS[7] + timedelta(days=1)):
        run(filled.lake, filled.landing, now=later)
        assert tables_of(filled.lake) == expected(filled.world, now=later)


def test_another_version_of_the_code_derives_again(filled, monkeypatch):
    before, rows = snapshots(filled.folder), tables_of(filled.lake)
    # The version is the only part of a run that another release can't be brought in for.
    monkeypatch.setattr("stedi.pipeline.run.version", lambda _: "99.0")
    judged = []
    report = run(filled.lake, filled.landing, progress=lambda what, *_: judged.append(what))
    assert "judging accelerometer_landing" in judged
    assert report.run.code_version == "99.0"
    # It finds what is there: nothing is written again.
    assert not report.changed
    assert snapshots(filled.folder) == before
    assert tables_of(filled.lake) == rows
    judged.clear()
    run(filled.lake, filled.landing, progress=lambda what, *_: judged.append(what))
    assert "judging accelerometer_landing" not in judged


def test_microseconds_of_now_count(bench, tmp_path):
    """A share date is a whole millisecond: a now just before it is before it."""
    landing = put_world(tmp_path / "landing", FUTURE)
    lake = bench.empty().lake
    run(lake, landing, now=SOON - timedelta(microseconds=1))
    assert lake.scan("customer_trusted").collect().is_empty()
    run(lake, landing, now=SOON)
    assert lake.scan("customer_trusted").collect()["consent_from"].to_list() == [SOON]


def test_two_lakes_that_met_at_a_time_are_equal_whatever_came_before(tmp_path, landing):
    often, once = lake_at(tmp_path / "often"), lake_at(tmp_path / "once")
    for now in (NOW, SOON - MS, SOON, SOON + timedelta(days=3)):
        run(often, landing, now=now)
    run(once, landing, now=SOON + timedelta(days=3))
    tables = ("customer_landing", "accelerometer_landing", "step_trainer_landing")
    for table in tables:
        rows = [Counter(lake.scan(table).drop("_run").collect().rows()) for lake in (often, once)]
        assert rows[0] == rows[1]
    assert tables_of(often) == tables_of(once)
