"""Somebody withdraws: what goes with the next run, what is shown before it, and what is held for how long.

Ann and Bob each have a device of their own, and both once listed a third. Then Ann withdraws.
"""

from datetime import timedelta

import pytest

from lakes import DERIVED, PSEUDONYMS, expected, lake_at, put_rows, run, tables_of
from stedi.errors import CatalogError
from stedi.lake.health import health_of
from stedi.plan.change import Change, People
from traces import found_in
from worlds import HOURS, NOW, World, customer, reading, step

ANN, BOB = "ann@example.com", "bob@example.com"
OLD_RECORDS = World(
    customers=(
        customer(ANN, "anns", at=HOURS[1], share=HOURS[0]),
        customer(ANN, "shared", at=HOURS[1], share=HOURS[0]),
        customer(BOB, "bobs", at=HOURS[1], share=HOURS[0]),
        customer(BOB, "shared", at=HOURS[1], share=HOURS[0]),
    ),
    accelerometer=tuple(reading(who, at=at) for who in (ANN, BOB) for at in HOURS[2:5]),
    steps=tuple(step(serial, at=at) for serial in ("anns", "bobs", "shared") for at in HOURS[2:5]),
)
WITHDRAWAL = customer(ANN, "anns", at=HOURS[5])
WHOLE = World((*OLD_RECORDS.customers, WITHDRAWAL), OLD_RECORDS.accelerometer, OLD_RECORDS.steps)
ANN_ID, BOB_ID = map(PSEUDONYMS.customer_id, (ANN, BOB))
SHARED_ID = PSEUDONYMS.device_id("shared")
LATER = NOW + timedelta(days=1)
LOST = {
    # Ann's two devices; Bob keeps both of his, though one may not be used any more: a row less, and another.
    "customer_trusted": Change(gained=1, lost=3),
    "accelerometer_trusted": Change(lost=3),
    "customer_curated": Change(gained=1, lost=3),
    # Ann's own device, and of the shared one what each of the two had.
    "step_trainer_trusted": Change(lost=9),
    "machine_learning_curated": Change(lost=9),
}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Return the lake, the run before the withdrawal, the plan of the one with it, and that run."""
    place = tmp_path_factory.mktemp("withdrawal")
    lake = lake_at(place / "lake")
    rows = {"accelerometer": OLD_RECORDS.accelerometer, "step_trainer": OLD_RECORDS.steps}
    first = run(lake, put_rows(place / "1", customer=OLD_RECORDS.customers, **rows))
    landing = put_rows(place / "2", customer=[WITHDRAWAL], accelerometer=[], step_trainer=[])
    plan = run(lake, landing, now=LATER, plan=True)
    planned_upon = tables_of(lake)
    second = run(lake, landing, now=LATER)
    return place / "lake", first, (plan, planned_upon), second


@pytest.fixture
def lake(story):
    return lake_at(story[0])


def test_their_rows_and_those_of_their_devices_leave_every_table(lake):
    assert tables_of(lake) == expected(WHOLE, now=LATER)
    for table in DERIVED:
        rows = lake.scan(table).collect()
        assert ANN_ID not in rows["customer_id"]
        assert BOB_ID in rows["customer_id"]
    for table in ("step_trainer_trusted", "machine_learning_curated"):
        assert SHARED_ID not in lake.scan(table).collect()["device_id"]


def test_the_plan_shows_it_beforehand_and_changes_nothing(story):
    _, _, (plan, planned_upon), second = story
    assert not plan.published
    assert {table: plan.changes[table] for table in DERIVED} == LOST
    assert plan.people == People(left=1)
    assert planned_upon == expected(OLD_RECORDS)
    assert plan.changes == second.changes


def test_the_report_counts_who_came_left_and_moved(story):
    _, first, _, second = story
    assert first.people == People(joined=2)
    assert second.people == People(left=1)
    assert {table: second.changes[table] for table in DERIVED} == LOST


def test_older_runs_leave_them_out_unless_asked(story, lake):
    first = story[1].run.run_id
    for table in DERIVED:
        assert ANN_ID not in lake.scan(table, at=first).collect()["customer_id"]
    assert tables_of(lake, at=first, include_withdrawn=True) == expected(OLD_RECORDS)


def test_who_moves_is_counted_apart(tmp_path):
    lake = lake_at(tmp_path / "lake")
    landing = tmp_path / "landing"
    put_rows(landing, customer=OLD_RECORDS.customers, accelerometer=[], step_trainer=[])
    run(lake, landing)
    again = customer(BOB, "bobs", at=HOURS[5], share=HOURS[3])
    later = put_rows(tmp_path / "later", customer=[again], accelerometer=[], step_trainer=[])
    assert run(lake, later, now=LATER).people == People(moved=1)


def test_what_is_held_is_said_and_goes_in_time(tmp_path):
    lake = lake_at(tmp_path / "lake")
    rows = {"accelerometer": OLD_RECORDS.accelerometer, "step_trainer": OLD_RECORDS.steps}
    first = run(lake, put_rows(tmp_path / "1", customer=OLD_RECORDS.customers, **rows)).run
    landing = put_rows(tmp_path / "2", customer=[WITHDRAWAL], accelerometer=[], step_trainer=[])
    run(lake, landing, now=LATER)
    held = health_of(lake).withdrawn
    assert (held.customers, held.runs) == (1, 1)
    assert held.until == first.published_at + timedelta(days=30)
    # Ten runs are protected: only then is the first one a run like any other.
    for _ in range(9):
        run(lake, landing, now=LATER)
    lake.maintain(keep_days=30, older_than=timedelta(0))
    trusted = lake.scan("customer_trusted", at=first.run_id, include_withdrawn=True).collect()
    assert ANN_ID in trusted["customer_id"]
    assert found_in(tmp_path / "lake", [ANN_ID])
    lake.maintain(keep_days=0, older_than=timedelta(0))
    with pytest.raises(CatalogError, match="were expired"):
        lake.scan("customer_trusted", at=first.run_id, include_withdrawn=True)
    assert health_of(lake).withdrawn is None
    # Neither in data files nor in the bounds that manifests keep.
    assert found_in(tmp_path / "lake", [ANN_ID]) == []
