"""A run costs what is new: old objects are not read, untouched files stay, and a plan tells the truth."""

import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from bench import Bench
from lakes import (
    ANN,
    DERIVED,
    PUBLISHED,
    IcebergTable,
    contents,
    expected,
    lake_at,
    put_rows,
    put_world,
    rich_world,
    run,
    tables_of,
)
from stedi.pipeline.run_report import RunReport
from stedi.plan.change import Change, People
from stedi.simulate import simulate
from worlds import HOURS, NOW, World, customer, reading, step

BUCKETED = ("accelerometer_trusted", "step_trainer_trusted", "machine_learning_curated")
BOB = "bob@example.com"
BOTH = World(
    customers=(*ANN.customers, customer(BOB, "bobs", share=HOURS[0], at=HOURS[1], _digest="customer")),
    accelerometer=(*ANN.accelerometer, reading(BOB, at=HOURS[2])),
    steps=(*ANN.steps, step("bobs", at=HOURS[2])),
)
LATER = NOW + timedelta(hours=1)


def files_of(folder: Path, table: str) -> set[str]:
    return {file["file_path"] for file in IcebergTable.of(folder, table).data_files()}


def deliver(lake, place: Path, *, now=LATER, **rows) -> RunReport:
    """Deliver some rows; kinds that are not named come empty."""
    kinds = dict.fromkeys(("customer", "accelerometer", "step_trainer"), ())
    return run(lake, put_rows(place, **{**kinds, **rows}), now=now)


@pytest.fixture
def both(tmp_path):
    """Return a lake of Ann and Bob, who live in different buckets."""
    lake = lake_at(tmp_path / "lake", buckets=64)
    run(lake, put_world(tmp_path / "first", BOTH))
    assert all(len(files_of(tmp_path / "lake", table)) == 2 for table in BUCKETED)
    return lake


def test_new_readings_of_a_known_customer_are_added_in_files_of_their_own(both, tmp_path):
    before = {table: files_of(tmp_path / "lake", table) for table in BUCKETED}
    late = (reading(at=HOURS[5]),)
    report = deliver(both, tmp_path / "second", accelerometer=late, step_trainer=[step(at=HOURS[5])])
    for table in BUCKETED:
        after = files_of(tmp_path / "lake", table)
        assert before[table] < after
        assert len(after) == 3
        assert report.changes[table] == Change(gained=1)
    assert report.people == People()
    whole = World(BOTH.customers, (*BOTH.accelerometer, *late), (*BOTH.steps, step(at=HOURS[5])))
    assert tables_of(both) == expected(whole, now=LATER)


def test_what_was_there_already_adds_no_file(both, tmp_path):
    before = {table: files_of(tmp_path / "lake", table) for table in BUCKETED}
    report = deliver(both, tmp_path / "second", accelerometer=[reading(at=HOURS[2])])
    assert {table: files_of(tmp_path / "lake", table) for table in BUCKETED} == before
    assert report.accounts["accelerometer_trusted"].dropped["duplicate"] == 1


@pytest.mark.parametrize("late", ["phone", "step trainer"])
def test_a_late_reading_pairs_with_an_old_one_of_the_other_sensor(tmp_path, late):
    lake = lake_at(tmp_path / "lake", buckets=2)
    readings, steps = [reading(at=HOURS[2])], [step(at=HOURS[2])]
    first = reading(at=HOURS[4])
    run(
        lake,
        put_rows(
            tmp_path / "first",
            customer=ANN.customers,
            accelerometer=[first] if late == "phone" else [first, *readings],
            step_trainer=steps if late == "phone" else [],
        ),
    )
    assert lake.scan("machine_learning_curated").collect().is_empty()
    rows = {"accelerometer": readings} if late == "phone" else {"step_trainer": steps}
    report = deliver(lake, tmp_path / "second", **rows)
    assert report.changes["machine_learning_curated"] == Change(gained=1)
    assert report.match.exact == 1


def test_a_withdrawal_replaces_the_files_of_one_bucket_only(both, tmp_path):
    before = {table: files_of(tmp_path / "lake", table) for table in BUCKETED}
    report = deliver(both, tmp_path / "second", customer=[customer(at=HOURS[5])])
    assert report.people == People(left=1)
    for table in BUCKETED:
        after = files_of(tmp_path / "lake", table)
        assert after < before[table]
        assert len(after) == 1
        assert report.changes[table] == Change(lost=2)
    assert set(both.scan("accelerometer_trusted").collect()["customer_id"]) == set(
        both.scan("customer_trusted").collect()["customer_id"]
    )


def test_a_customer_who_appears_after_their_readings(tmp_path):
    lake = lake_at(tmp_path / "lake", buckets=4)
    others = (customer(BOB, "bobs", share=HOURS[0], at=HOURS[1]),)
    put_rows(tmp_path / "first", customer=others, accelerometer=ANN.accelerometer, step_trainer=ANN.steps)
    run(lake, tmp_path / "first")
    assert lake.scan("accelerometer_trusted").collect().is_empty()
    report = deliver(lake, tmp_path / "second", customer=ANN.customers)
    assert report.people == People(joined=1)
    assert report.changes["machine_learning_curated"] == Change(gained=2)
    assert report.accounts["accelerometer_trusted"].dropped["not_trusted"] == 0


def test_somebody_who_lists_a_device_takes_it_away_from_its_holder(both, tmp_path):
    report = deliver(both, tmp_path / "second", customer=[customer("eve@example.com", "bobs", at=HOURS[3])])
    assert report.people == People()
    assert report.changes["accelerometer_trusted"] == Change()
    assert report.changes["step_trainer_trusted"] == Change(lost=1)
    assert report.accounts["step_trainer_trusted"].dropped["device_not_usable"] == 1


def test_old_objects_are_not_read_again(tmp_path):
    world = rich_world()
    lake = lake_at(tmp_path / "lake")
    run(lake, put_world(tmp_path / "landing", world))
    shutil.rmtree(tmp_path / "landing")
    report = deliver(lake, tmp_path / "second", customer=[customer(share=HOURS[0], at=HOURS[5])])
    read = [f"{kind}/{kind}.json" for kind in ("customer", "accelerometer", "step_trainer")]
    assert report.read == read
    assert report.paths == [str(tmp_path / "second" / path) for path in read]


def test_a_full_run_finds_no_difference_after_many_deliveries(tmp_path):
    lake = lake_at(tmp_path / "lake", buckets=5)
    now = NOW
    for seed in range(4):
        put_world(tmp_path / str(seed), rich_world(seed, parts=6))
        now += timedelta(minutes=seed)
        last = run(lake, tmp_path / str(seed), now=now)
    before = {table: files_of(tmp_path / "lake", table) for table in BUCKETED}
    report = run(lake, tmp_path / "3", now=now, full=True)
    assert not report.differs
    assert not report.changed
    assert {table: report.accounts[table] for table in DERIVED} == {
        table: last.accounts[table] for table in DERIVED
    }
    assert report.match == last.match
    assert {table: files_of(tmp_path / "lake", table) for table in BUCKETED} == before


def test_a_full_run_mends_what_another_tool_broke_and_says_so(both, tmp_path):
    table = IcebergTable.of(tmp_path / "lake", "accelerometer_trusted")
    whole = tables_of(both)
    path = Path(min(file["file_path"] for file in table.data_files()).removeprefix("file://"))
    rows = pl.read_parquet(path)
    rows.with_columns(x=pl.col("x") + 1).write_parquet(path)
    report = run(both, tmp_path / "first", full=True)
    assert report.differs
    assert "full run found other rows" in report.warnings[0]
    assert report.changes["accelerometer_trusted"] == Change(gained=rows.height, lost=rows.height)
    assert tables_of(both) == whole
    assert not run(both, tmp_path / "first", full=True).differs


def test_a_plan_says_what_the_run_then_does_and_changes_nothing(filled: Bench, tmp_path):
    put_world(tmp_path / "more", rich_world(3))
    before = contents({table: filled.lake.scan(table) for table in PUBLISHED})
    files = set(filled.folder.rglob("*.parquet"))
    planned = run(filled.lake, tmp_path / "more", now=LATER, plan=True)
    assert not planned.published
    assert filled.lake.runs().height == 1
    assert contents({table: filled.lake.scan(table) for table in PUBLISHED}) == before
    assert set(filled.folder.rglob("*.parquet")) == files
    done = run(filled.lake, tmp_path / "more", now=LATER)
    assert done.published
    assert (planned.changes, planned.people, planned.read) == (done.changes, done.people, done.read)
    assert planned.accounts == done.accounts
    assert planned.people.joined > 0
    gains = sum(change.gained for change in planned.changes.values())
    assert gains > 0


def test_the_changes_of_a_run_are_the_differences_of_its_tables(filled: Bench, tmp_path):
    before = tables_of(filled.lake)
    report = run(filled.lake, put_world(tmp_path / "more", rich_world(5)), now=LATER)
    after = tables_of(filled.lake)
    for table in DERIVED:
        gained, lost = (after[table] - before[table]).total(), (before[table] - after[table]).total()
        assert report.changes[table] == Change(gained=gained, lost=lost), table


def test_a_plan_of_a_first_run_leaves_no_lake(tmp_path):
    made = simulate(tmp_path / "landing", customers=3)
    lake = lake_at(tmp_path / "lake")
    planned = lake.run(made.landing, now=made.as_of, plan=True)
    assert planned.changes["accelerometer_landing"].gained == made.of("accelerometer").kept
    assert not (tmp_path / "lake").exists()
