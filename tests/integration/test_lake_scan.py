"""Reading a lake: the newest run, an older one by id, tag or time, without whom the newest doesn't trust."""

from collections import Counter
from datetime import timedelta

import polars as pl
import pytest

from lakes import (
    ANN,
    DERIVED,
    EVERY_TABLE,
    PSEUDONYMS,
    PUBLISHED,
    lake_at,
    put_rows,
    put_world,
    run,
    tables_of,
)
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import CatalogError, ConfigurationError, LakeError, UnknownNameError
from worlds import DEVICES, HOURS, NOW, PEOPLE, customer, reading, step

BOB = (
    customer(PEOPLE[3][0], DEVICES[1][0], share=HOURS[0], at=HOURS[1]),
    reading(PEOPLE[3][0], HOURS[2]),
    step(DEVICES[1][0], HOURS[2]),
)
WITH_CUSTOMER = ("customer_trusted", *DERIVED[1:])


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A lake of three runs: Ann and Bob, then more readings of both, then Ann withdraws."""
    place = tmp_path_factory.mktemp("history")
    lake = lake_at(place / "lake")
    put_world(place / "1", ANN)
    put_rows(place / "1/bob", customer=BOB[:1], accelerometer=BOB[1:2], step_trainer=BOB[2:])
    for kind in ("customer", "accelerometer", "step_trainer"):
        (place / f"1/bob/{kind}").rename(place / f"1/{kind}/bob")
    put_rows(
        place / "2",
        accelerometer=[reading(at=HOURS[4]), reading(PEOPLE[3][0], HOURS[4])],
        step_trainer=[step(at=HOURS[4]), step(DEVICES[1][0], HOURS[4])],
    )
    put_rows(place / "3", customer=[customer(at=HOURS[5])])
    runs = []
    for number in range(3):
        runs.append(run(lake, place / str(number + 1), now=NOW + number * timedelta(hours=1)).run)
        lake.tag(f"tag-{number}")
    return lake, runs


ANN_ID = PSEUDONYMS.customer_id("ann@example.com")
BOB_ID = PSEUDONYMS.customer_id(PEOPLE[3][0])


def readings_of(lake, **options):
    ids = lake.scan("machine_learning_curated", **options).collect()["customer_id"]
    return Counter(ids)


def test_a_scan_reads_the_newest_run(history):
    lake, runs = history
    assert readings_of(lake) == {BOB_ID: 2}
    assert tables_of(lake) == tables_of(lake, at=runs[-1].run_id)


def test_a_withdrawn_customer_is_not_in_scans_of_older_runs(history):
    lake, runs = history
    assert readings_of(lake, at=runs[0].run_id) == {BOB_ID: 1}
    assert readings_of(lake, at=runs[1].run_id) == {BOB_ID: 2}
    for table in WITH_CUSTOMER:
        for each in runs:
            ids = lake.scan(table, at=each.run_id).collect()["customer_id"].unique().to_list()
            assert ids == [BOB_ID], table


def test_a_withdrawn_customer_is_in_scans_of_older_runs_when_asked_for(history):
    lake, runs = history
    first = readings_of(lake, at=runs[0].run_id, include_withdrawn=True)
    second = readings_of(lake, at=runs[1].run_id, include_withdrawn=True)
    assert first == {ANN_ID: 2, BOB_ID: 1}
    assert second == {ANN_ID: 3, BOB_ID: 2}
    assert readings_of(lake, at=runs[2].run_id, include_withdrawn=True) == {BOB_ID: 2}
    assert readings_of(lake, include_withdrawn=True) == {BOB_ID: 2}


def test_a_run_is_named_by_id_by_its_tag_by_a_users_tag_or_by_time(history):
    lake, runs = history
    for number, each in enumerate(runs):
        expected = tables_of(lake, at=each.run_id)
        for at in (each.ref, f"tag-{number}", each.published_at):
            assert tables_of(lake, at=at) == expected, at


def test_a_time_names_the_newest_run_published_by_then(history):
    lake, runs = history
    moment = timedelta(microseconds=1)
    first = tables_of(lake, at=runs[0].run_id)
    assert tables_of(lake, at=runs[1].published_at - moment) == first
    assert tables_of(lake, at=runs[2].published_at + timedelta(days=1)) == tables_of(lake)
    with pytest.raises(LakeError, match="no run was published by"):
        lake.scan("customer_trusted", at=runs[0].published_at - moment)


def test_the_run_table_of_an_older_run_ends_with_it(history):
    lake, runs = history
    for number, each in enumerate(runs):
        found = lake.scan("run", at=each.run_id).collect()
        assert set(found["run_id"]) == {one.run_id for one in runs[: number + 1]}


def test_a_date_and_a_text_name_the_newest_run_published_by_then(history):
    lake, runs = history
    newest = runs[-1]
    after = newest.published_at + timedelta(days=1)
    for at in (
        after.date() + timedelta(days=1),
        f"{after:%Y-%m-%d %H:%M:%S}",
        after.isoformat(),
        "9999-12-31",
    ):
        assert lake.find_run(at) == newest, at
    with pytest.raises(LakeError, match="no run was published by 2001-02-03T00:00"):
        lake.find_run("2001-02-03")
    for at in ("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", 5):
        with pytest.raises(ConfigurationError, match=r"^at (lies outside the years|is a int)"):
            lake.scan("customer_trusted", at=at)


def test_a_text_that_is_a_tag_and_a_time_is_the_tag(bench):
    lake = bench.filled().lake
    lake.tag("2001-02-03")
    assert lake.find_run("2001-02-03") == lake.last_run()


def test_a_naive_time_is_refused(history):
    lake, runs = history
    with pytest.raises(ConfigurationError, match="time zone"):
        lake.scan("customer_trusted", at=runs[0].published_at.replace(tzinfo=None))


def test_unknown_names_are_refused_with_the_closest_one(history):
    lake, runs = history
    with pytest.raises(UnknownNameError, match="machine_learning_curated"):
        lake.scan("machine_learning_curate")
    with pytest.raises(UnknownNameError, match="tag-2"):
        lake.scan("customer_trusted", at="tag-22")
    with pytest.raises(UnknownNameError, match=runs[0].run_id):
        lake.scan("customer_trusted", at=f"{runs[0].run_id}0")


def test_every_table_has_the_columns_and_types_of_its_contract(history):
    lake, _ = history
    for table in EVERY_TABLE:
        schema = polars_schema(contract_of(table))
        assert lake.scan(table).collect_schema() == schema
        assert lake.scan(table).collect().schema == schema


def test_a_scan_is_lazy_and_takes_filters(history):
    lake, _ = history
    frame = lake.scan("accelerometer_trusted")
    assert isinstance(frame, pl.LazyFrame)
    assert frame.filter(pl.col("timestamp") >= HOURS[4]).select(pl.len()).collect().item() == 1
    assert frame.filter(customer_id=BOB_ID).collect().height == 2
    assert frame.filter(customer_id="0" * 32).collect().height == 0


def test_the_list_of_tables_counts_their_rows(history):
    lake, runs = history
    tables = lake.tables()
    assert sorted(tables["table"]) == sorted(EVERY_TABLE)
    for row in tables.iter_rows(named=True):
        assert row["rows"] == lake.scan(row["table"]).collect().height
        assert (row["bytes"] > 0) == (row["rows"] > 0)
        if row["table"] != "run":
            assert row["snapshot_id"] == runs[-1].snapshots[row["table"]]


def test_tags_name_the_newest_run_of_their_time(history):
    lake, runs = history
    assert lake.tags() == {f"tag-{number}": each.run_id for number, each in enumerate(runs)}


def test_a_tag_that_exists_is_refused(history):
    lake, runs = history
    with pytest.raises(LakeError, match=runs[0].run_id):
        lake.tag("tag-0")
    assert lake.tags()["tag-0"] == runs[0].run_id


@pytest.mark.parametrize(
    "name", ["main", "run-1", "run-20260101T000000Z-abcdef", "", " ", "a b", "a/b", "-a", "a" * 129]
)
def test_a_name_that_can_be_no_tag_is_refused(history, name):
    lake, _ = history
    with pytest.raises(ConfigurationError, match="can't be a tag"):
        lake.tag(name)
    assert set(lake.tags()) == {"tag-0", "tag-1", "tag-2"}


def test_the_whole_history_can_be_read_after_run_tags_are_gone(bench, tmp_path):
    lake = bench.filled().lake
    first = lake.last_run()
    expected = tables_of(lake, PUBLISHED)
    put_rows(tmp_path, customer=[customer(at=NOW)])
    for _ in range(11):
        run(lake, tmp_path)
    rows = tables_of(lake, PUBLISHED, at=first.run_id, include_withdrawn=True)
    assert rows == expected


def test_a_lake_that_another_tool_changed_is_refused_in_one_line(bench):
    lake = bench.filled().lake
    table = lake._site.read()[0].table("run").iceberg
    with table.update_schema(allow_incompatible_changes=True) as update:
        update.delete_column("code_version")
    with pytest.raises(CatalogError, match="run has no column 'code_version': another tool changed it"):
        bench.lake.scan("customer_trusted")


def test_a_run_is_found_by_what_scan_takes(history):
    lake, runs = history
    assert lake.find_run() == runs[-1]
    for number, each in enumerate(runs):
        for at in (each.run_id, each.ref, f"tag-{number}", each.published_at):
            assert lake.find_run(at) == each
    with pytest.raises(UnknownNameError, match="tag-2"):
        lake.find_run("tag-22")
