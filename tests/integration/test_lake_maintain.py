"""Maintenance: a few files in place of many, the same rows, and nothing left that nobody needs."""

import json
import os
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table.update import SetLocationUpdate

from lakes import (
    DERIVED,
    EVERY_TABLE,
    LANDING,
    PUBLISHED,
    IcebergTable,
    avro,
    contents,
    derived_rows,
    expected,
    files_of,
    lake_at,
    local,
    parquet,
    pour,
    published,
    put,
    put_world,
    rich_world,
    run,
    sent,
    tables_of,
)
from stedi.contract import CONTRACTS
from stedi.errors import CatalogError, ConfigurationError, ConservationError, LakeError, RunConflictError
from stedi.governance.maintain import compact
from stedi.governance.maintain.maintain import maintain
from stedi.progress import silent
from stedi.warehouse.bucket import buckets_of
from stedi.warehouse.compaction import CompactionTarget, groups_to_merge
from stedi.warehouse.lock import exclusive
from worlds import HOURS, World, customer, reading, step

SECOND = timedelta(seconds=1)
AT_ONCE = {"keep_days": 0, "older_than": timedelta(0)}
"""Keep no run but those of tags, and delete whatever nothing reaches, however young."""


def rows_of(lake):
    """Return the rows of all published tables, as stedi reads them."""
    return contents({table: lake.scan(table) for table in PUBLISHED})


def tiny(number: int) -> World:
    """Return a delivery of one customer and two pairs of readings."""
    who, device = f"customer-{number}@example.com", f"device-{number}"
    return World(
        customers=(customer(who, device, share=HOURS[0], at=HOURS[1], _digest="d"),),
        accelerometer=tuple(reading(who, hour) for hour in HOURS[2:4]),
        steps=tuple(step(device, hour) for hour in HOURS[2:4]),
    )


def together(worlds):
    kinds = ("customers", "accelerometer", "steps")
    return replace(
        worlds[0], **{kind: tuple(row for world in worlds for row in getattr(world, kind)) for kind in kinds}
    )


def deliver(lake, root: Path, number: int):
    """Run a lake over one more tiny delivery."""
    return run(lake, pour(root / str(number), tiny(number)))


def age(lake: Path, by: timedelta) -> None:
    """Make all files of a warehouse older."""
    for file in files_of(lake / "warehouse"):
        then = file.stat().st_mtime - by.total_seconds()
        os.utime(file, (then, then))


def pyiceberg_table(folder, name):
    catalog = SqlCatalog("stedi", uri=f"sqlite:///{folder}/catalog.db", warehouse=str(folder / "warehouse"))
    return catalog.load_table(("stedi", name))


def reached(folder: Path) -> set[Path]:
    """Return the files that the metadata of all tables reaches, by the independent reader."""
    found: set[Path] = set()
    for name in EVERY_TABLE:
        table = IcebergTable.of(folder, name)
        found |= {table.file, *(local(entry["metadata-file"]) for entry in table.metadata["metadata-log"])}
        for snapshot in table.metadata["snapshots"]:
            found.add(local(snapshot["manifest-list"]))
            for manifest in table.manifests(snapshot["snapshot-id"]):
                found.add(local(manifest))
            found |= {local(file["file_path"]) for file in table.data_files(snapshot["snapshot-id"])}
    return found


@pytest.fixture(scope="module", params=[11, pytest.param(40, marks=pytest.mark.campaign)])
def fed(request, tmp_path_factory):
    """A lake after many tiny deliveries and two maintenances.

    Returns:
        Its folder, the world in it, what it showed before, and the reports of two maintenances.
    """
    place = tmp_path_factory.mktemp("fed")
    lake = lake_at(place / "lake")
    for number in range(request.param):
        deliver(lake, place / "in", number)
    world = together([tiny(number) for number in range(request.param)])
    before = published(place / "lake")
    counts = {name: len(IcebergTable.of(place / "lake", name).data_files()) for name in EVERY_TABLE}
    first = lake.maintain(**AT_ONCE)
    second = lake.maintain(**AT_ONCE)
    return place / "lake", world, before, counts, first, second


def test_no_row_changes(fed):
    folder, world, before, _, report, _ = fed
    after = published(folder)
    assert {name: after.rows[name] for name in PUBLISHED} == {name: before.rows[name] for name in PUBLISHED}
    assert tables_of(lake_at(folder)) == derived_rows(folder) == expected(world)
    # The run table has the rows that it had, and one more.
    assert after.rows["run"] - before.rows["run"] == Counter(
        {row: 1 for row in after.rows["run"] if report.run_id in row}
    )
    assert after.rows["run"].total() == before.rows["run"].total() + 1


def test_many_small_runs_end_with_few_files(fed):
    folder, world, _, counts, report, _ = fed
    deliveries = len(world.customers)
    assert {counts[name] for name in (*LANDING, "object", "run")} == {deliveries}
    for name in EVERY_TABLE:
        table = IcebergTable.of(folder, name)
        files = table.data_files()
        buckets = Counter(json.dumps(file["partition"]) for file in files)
        assert set(buckets.values()) <= {1}, name
        assert len(table.manifests()) <= 1, name
    by_table = {table.table: table for table in report.tables}
    assert (by_table["object"].files_before, by_table["object"].files_after) == (deliveries, 1)
    assert report.merged == sum(counts.values()) - sum(
        len(IcebergTable.of(folder, name).data_files()) for name in EVERY_TABLE
    )


def test_a_second_maintenance_has_nothing_to_do(fed):
    folder, world, _, _, first, second = fed
    assert first.changed
    assert not second.changed
    assert second.run is None
    assert (second.expired, second.deleted, second.merged, second.young) == (0, 0, 0, 0)
    assert lake_at(folder).runs().height == len(world.customers) + 1
    assert lake_at(folder).last_run().run_id == first.run_id


def test_what_nothing_reaches_is_gone_from_the_disk(fed):
    folder, world, _, _, report, _ = fed
    assert report.expired > 2.5 * len(world.customers)
    # Of each snapshot its list of manifests goes at least; data files that were only added to stay in use.
    assert report.deleted >= report.expired
    assert set(files_of(folder / "warehouse")) == reached(folder)
    snapshots = sum(len(IcebergTable.of(folder, name).metadata["snapshots"]) for name in EVERY_TABLE)
    assert snapshots <= 10 * len(EVERY_TABLE)


def test_the_last_ten_runs_stay_and_older_ones_say_why_they_are_gone(fed):
    folder, world, _, _, report, _ = fed
    lake = lake_at(folder)
    runs = lake.runs()["run_id"].to_list()
    kept = runs[-10:]
    for place, run_id in enumerate(kept[:-1]):
        known = together([tiny(number) for number in range(len(world.customers) - 9 + place + 1)])
        assert tables_of(lake, at=run_id, include_withdrawn=True) == expected(known)
        assert IcebergTable.of(folder, "machine_learning_curated").refs("tag")[f"run-{run_id}"]
    for run_id in (runs[0], runs[-11]):
        with pytest.raises(CatalogError, match=f"run {run_id}.*were expired.*oldest run.*{kept[0]}"):
            lake.scan("machine_learning_curated", at=run_id)
    assert kept[-1] == report.run_id


def test_the_lake_runs_on(fed, tmp_path):
    """A run after a maintenance builds on it, and knows what was loaded before."""
    source, world, _, _, report, _ = fed
    lake = lake_at(source)
    again = run(lake, source.parent / "in" / "7")
    assert (again.objects, again.changed) == (0, False)
    assert again.run.base_run_id == report.run_id
    more = deliver(lake, tmp_path, 99)
    assert more.changed
    assert tables_of(lake) == derived_rows(source) == expected(together([world, tiny(99)]))


def test_a_maintenance_is_no_run(filled):
    run(filled.lake, put_world(filled.folder.with_name("more"), rich_world(1)))
    base = filled.lake.last_run()
    report = filled.lake.maintain()
    made = filled.lake.last_run()
    assert made == report.run
    assert (made.kind, made.base_run_id) == ("maintenance", base.run_id)
    assert (made.now, made.consent, made.key_fingerprint) == (base.now, base.consent, base.key_fingerprint)
    assert (made.match, made.code_version) == (base.match, base.code_version)
    for table in PUBLISHED:
        account = made.accounts[table]
        assert account == base.accounts[table] if table in DERIVED else account.rows_in == 0
    assert filled.lake.runs()["kind"].to_list() == ["run", "run", "maintenance"]


@pytest.fixture(scope="module")
def first_rows(bench, tmp_path_factory):
    """Keep a worn lake: of a first run, which is tagged, and 12 tiny ones. Return the rows of the first."""
    place = tmp_path_factory.mktemp("worn")
    lake = bench.filled().lake
    lake.tag("first")
    rows = rows_of(lake)
    for number in range(12):
        deliver(lake, place, number)
    bench.keep("worn")
    return rows


@pytest.fixture
def worn(bench, first_rows):
    """Return the bench with a lake that needs maintenance."""
    assert first_rows
    return bench.back_to("worn")


def test_a_tagged_run_stays_readable(worn, first_rows):
    lake, world = worn.lake, worn.world
    lake.maintain(**AT_ONCE)
    assert lake.runs().height == 14
    shown = {name: lake.scan(name, at="first", include_withdrawn=True) for name in PUBLISHED}
    assert contents(shown) == first_rows
    assert tables_of(lake, at="first", include_withdrawn=True) == expected(world)
    assert lake.tags()["first"] == lake.runs()["run_id"][0]


def test_runs_stay_readable_for_as_many_days_as_asked(worn):
    # The very first is tagged.
    oldest, world = worn.lake.runs()["run_id"][1], together([worn.world, tiny(0)])
    report = worn.lake.maintain(keep_days=1, older_than=timedelta(0))
    assert tables_of(worn.lake, at=oldest, include_withdrawn=True) == expected(world)
    # The first snapshots of the tables, which are empty, and old ones of the run table are of no use.
    assert {table.table for table in report.tables if table.expired} <= set(EVERY_TABLE)
    assert worn.lake.maintain(**AT_ONCE).expired
    with pytest.raises(CatalogError, match="were expired"):
        worn.lake.scan("customer_trusted", at=oldest)


def test_buckets_are_merged_one_by_one_and_sorted(filled):
    """Another writer added to buckets: each becomes one file, in the order of its key."""
    table = "accelerometer_trusted"
    iceberg = pyiceberg_table(filled.folder, table)
    rows = derived_rows(filled.folder)[table]
    warehouse, runs = filled.lake._site.read()
    writer = warehouse.table(table).writer("20260101T000000Z-abcdef")
    frame = warehouse.at(runs[-1].snapshots).scan(table).collect()
    places = pl.Series(buckets_of(frame["customer_id"], 3))
    for bucket in range(3):
        part = frame.filter(places == bucket)
        for half in (part[1::2], part[0::2]):
            writer.write_bucket(half, bucket)
    snapshot = warehouse.table(table).replace("parted", runs[-1].snapshots[table], writer.close())
    groups = groups_to_merge(warehouse.table(table).iceberg, snapshot, CompactionTarget())
    assert [group.bucket for group in groups] == sorted({*places})
    assert all(len(group.files) == 2 for group in groups)
    branch = "run-x"
    made = compact.compact(
        warehouse,
        table,
        groups,
        run_id="20260101T000000Z-abcde0",
        branch=branch,
        base=snapshot,
        count=lambda _: None,
    )
    after = IcebergTable.of(filled.folder, table)
    assert after.rows(made) == rows
    assert after.main == iceberg.current_snapshot().snapshot_id
    assert len(after.data_files(made)) == len(groups)
    key = list(CONTRACTS[table].key)
    for file in after.data_files(made):
        found = parquet([str(local(file["file_path"]))])
        assert found.equals(found.sort(key, maintain_order=True))
        assert set(buckets_of(found["customer_id"], 3)) == {file["partition"]["customer_id_bucket"]}
    (summary,) = [s["summary"] for s in after.metadata["snapshots"] if s["snapshot-id"] == made]
    assert summary["operation"] == "replace"


@pytest.mark.campaign
def test_files_are_packed_up_to_the_target_and_large_ones_are_left(filled, tmp_path):
    for number in range(9):
        deliver(filled.lake, tmp_path, number)
    table = "accelerometer_landing"
    before = IcebergTable.of(filled.folder, table)
    large = max(before.data_files(), key=lambda file: file["record_count"])["file_path"]
    with filled.lake._site.hold() as (warehouse, runs):
        maintain(warehouse, runs, **AT_ONCE, target=CompactionTarget(rows=9), progress=silent)
    after = IcebergTable.of(filled.folder, table)
    sizes = sorted(file["record_count"] for file in after.data_files() if file["file_path"] != large)
    # Nine files of two rows: four of them fill a file, four more another, and one is alone.
    assert sizes == [2, 8, 8]
    assert large in {file["file_path"] for file in after.data_files()}
    assert after.rows() == before.rows()


def test_manifests_of_tables_that_are_overwritten_again_and_again_stay_few(worn):
    table = "customer_trusted"
    assert len(IcebergTable.of(worn.folder, table).manifests()) > 8
    report = worn.lake.maintain()
    (told,) = [each for each in report.tables if each.table == table]
    assert told.rewritten
    assert len(IcebergTable.of(worn.folder, table).manifests()) == 1


def test_rows_that_get_lost_stop_a_maintenance_before_it_is_shown(filled, tmp_path, monkeypatch):
    deliver(filled.lake, tmp_path, 1)
    before, tables = published(filled.folder), rows_of(filled.lake)
    read = compact.rows_of
    forged = []

    def forge(table, files):
        """Give one row another value when the new files are read back."""
        for frame in read(table, files):
            if table.name()[-1] == "accelerometer_landing" and len(list(files)) == 1:
                forged.append(table.name())
                yield frame.with_columns(x=pl.when(pl.int_range(pl.len()) == 0).then(7.5).otherwise("x"))
            else:
                yield frame

    monkeypatch.setattr(compact, "rows_of", forge)
    with pytest.raises(ConservationError, match=r"accelerometer_landing.*nothing was published"):
        filled.lake.maintain(**AT_ONCE)
    assert forged
    after = published(filled.folder)
    assert (after.mains, after.tags, after.rows) == (before.mains, before.tags, before.rows)
    assert {frozenset(names) for names in after.branches.values()} == {frozenset({"main"})}
    monkeypatch.undo()
    filled.lake.maintain(**AT_ONCE)
    assert rows_of(filled.lake) == tables
    assert set(files_of(filled.folder / "warehouse")) == reached(filled.folder)


def test_a_plan_changes_nothing_and_tells_what_comes(worn):
    before = {file: file.read_bytes() for file in files_of(worn.folder)}
    planned = worn.lake.maintain(plan=True, **AT_ONCE)
    assert {file: file.read_bytes() for file in files_of(worn.folder)} == before
    assert (planned.planned, planned.run, planned.changed) == (True, None, True)
    done = worn.lake.maintain(**AT_ONCE)
    for will, did in zip(planned.tables, done.tables, strict=True):
        assert (will.table, will.rows, will.files_before, will.files_after, will.rewritten) == (
            did.table,
            did.rows,
            did.files_before,
            did.files_after,
            did.rewritten,
        )
        # The row that publishes the maintenance retires one more run tag.
        assert did.expired - 1 <= will.expired <= did.expired
        assert will.deleted <= did.deleted


# Files that nothing reaches --------------------------------------------------------------------------


def orphans(folder: Path) -> list[Path]:
    """Leave files as killed runs leave them, and return them."""
    home = folder / "warehouse/stedi/accelerometer_trusted"
    some = next(file for file in files_of(home) if file.suffix == ".parquet")
    uuid = "00000000-1111-2222-3333-444444444444"
    names = [
        "data/20260101T000000Z-abcdef-00000.parquet",
        "data/customer_id_bucket=1/20260101T000000Z-abcdef-00001.parquet",
        f"metadata/00099-{uuid}.metadata.json",
        f"metadata/{uuid}-m0.avro",
        f"metadata/snap-123-0-{uuid}.avro",
    ]
    for name in names:
        (home / name).parent.mkdir(exist_ok=True)
        shutil.copy(some, home / name)
    return [home / name for name in names]


def test_leftovers_are_deleted_once_they_are_old(filled):
    left = orphans(filled.folder)
    assert filled.lake.maintain().young == len(left)
    assert all(file.exists() for file in left)
    age(filled.folder, timedelta(minutes=61))
    report = filled.lake.maintain()
    assert report.deleted >= len(left)
    assert report.freed > 0
    assert not any(file.exists() for file in left)
    assert set(files_of(filled.folder / "warehouse")) == reached(filled.folder)


def test_leftovers_of_a_killed_run_are_deleted(filled, tmp_path, monkeypatch):
    root = pour(tmp_path / "more", rich_world(1))
    whole = set(files_of(filled.folder / "warehouse"))

    def fail(what, *_):
        if what == "deriving":
            raise RuntimeError

    # A run that fails is taken back; one that is killed is not.
    monkeypatch.setattr("stedi.pipeline.undo._settle", lambda *_: None)
    with pytest.raises(RuntimeError):
        run(filled.lake, root, progress=fail)
    data = {file for file in files_of(filled.folder / "warehouse") if file.suffix == ".parquet"}
    assert data > {file for file in whole if file.suffix == ".parquet"}
    # By default what is younger than an hour stays: it could be that of a run that is at work elsewhere.
    assert not filled.lake.maintain().changed
    filled.lake.maintain(**AT_ONCE)
    assert set(files_of(filled.folder / "warehouse")) == reached(filled.folder)
    assert {file for file in reached(filled.folder) if file.suffix == ".parquet"} < whole
    assert tables_of(filled.lake) == expected(filled.world)


def test_what_stedi_did_not_write_is_left_alone_and_told(filled, tmp_path):
    warehouse = filled.folder / "warehouse"
    outside = tmp_path / "outside"
    outside.mkdir()
    precious = outside / "20260101T000000Z-abcdef-00000.parquet"
    precious.write_bytes(b"precious")
    table = warehouse / "stedi/customer_landing"
    strange = [
        warehouse / "notes of zoe@example.com.txt",
        warehouse / "20260101T000000Z-abcdef-00000.parquet",
        table / "data/00000-1-spark.parquet",
        table / "data/deeper/20260101T000000Z-abcdef-00000.parquet",
        warehouse / "stedi/other_table/data/20260101T000000Z-abcdef-00000.parquet",
    ]
    for file in strange:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("not ours")
    link = table / "data/20260101T000000Z-abcdef-00007.parquet"
    link.symlink_to(precious)
    folder = warehouse / "stedi/customer_trusted/data/customer_id_bucket=1"
    folder.symlink_to(outside, target_is_directory=True)
    age(filled.folder, timedelta(days=1))
    report = filled.lake.maintain(**AT_ONCE)
    assert all(file.exists() for file in strange)
    assert link.is_symlink()
    assert folder.is_symlink()
    assert precious.read_bytes() == b"precious"
    assert len(report.foreign) == len(strange) + 2
    assert "stedi/customer_landing/data/00000-1-spark.parquet" in report.foreign
    assert "zoe" not in json.dumps(report.to_dict())


def test_nothing_is_deleted_when_a_file_is_missing(filled, tmp_path):
    deliver(filled.lake, tmp_path, 1)
    left = orphans(filled.folder)
    lost = IcebergTable.of(filled.folder, "accelerometer_landing")
    local(lost.data_files()[0]["file_path"]).rename(tmp_path / "lost.parquet")
    age(filled.folder, timedelta(days=1))
    with pytest.raises(LakeError):
        filled.lake.maintain(**AT_ONCE)
    assert all(file.exists() for file in left)


def test_a_warehouse_that_is_a_link_is_not_swept(filled, tmp_path):
    left = orphans(filled.folder)
    (filled.folder / "warehouse").rename(tmp_path / "elsewhere")
    (filled.folder / "warehouse").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(CatalogError, match="no file was deleted"):
        filled.lake.maintain(**AT_ONCE)
    assert all(file.exists() for file in left)


def test_a_table_that_lies_elsewhere_is_refused(filled):
    place = f"{filled.folder}/warehouse/../elsewhere"
    with pyiceberg_table(filled.folder, "tombstone").transaction() as transaction:
        transaction._apply((SetLocationUpdate(location=place),))
    left = orphans(filled.folder)
    with pytest.raises(CatalogError, match="not under the warehouse"):
        filled.lake.maintain(**AT_ONCE)
    assert all(file.exists() for file in left)


# Who may, and when ----------------------------------------------------------------------------------


def test_a_lake_without_a_run_is_refused_and_not_made(tmp_path):
    with pytest.raises(LakeError, match="no published run"):
        lake_at(tmp_path / "lake").maintain()
    assert not (tmp_path / "lake").exists()


def test_a_lake_that_is_held_is_refused(filled):
    before = published(filled.folder)
    with exclusive(filled.folder), pytest.raises(RunConflictError):
        filled.lake.maintain()
    assert published(filled.folder) == before


@pytest.mark.parametrize("ages", [{"keep_days": -1}, {"older_than": timedelta(seconds=-1)}], ids=str)
def test_negative_ages_are_refused(filled, ages):
    with pytest.raises(ConfigurationError):
        filled.lake.maintain(**ages)


def test_it_tells_how_far_it_is(worn):
    told = []
    worn.lake.maintain(**AT_ONCE, progress=lambda *each: told.append(each))
    assert {what for what, _, _ in told} == {
        "merging small files",
        "expiring snapshots",
        "looking for files that nothing reaches",
        "deleting files that nothing reaches",
    }
    assert all(0 <= done <= total for _, done, total in told)


# Privacy --------------------------------------------------------------------------------------------


def test_rewritten_manifests_hold_no_statistics_of_personal_columns(fed):
    folder, *_ = fed
    kinds = ("lower_bounds", "upper_bounds", "value_counts", "null_value_counts", "nan_value_counts")
    for name in EVERY_TABLE:
        table = IcebergTable.of(folder, name)
        fields = {
            field["id"]: field["name"] for schema in table.metadata["schemas"] for field in schema["fields"]
        }
        bounded = set()
        for manifest in table.manifests():
            for entry in avro(local(manifest)):
                for kind in kinds:
                    named = {fields.get(each["key"]) for each in entry["data_file"][kind] or ()}
                    assert not named & set(CONTRACTS[name].pii), (name, kind)
                    bounded |= named
        if name not in ("tombstone", "quarantine"):
            assert bounded, name


def test_maintained_files_of_other_tables_hold_no_e_mail(fed):
    folder, *_ = fed
    people = {*LANDING, "quarantine", "object", "customer_trusted"}
    for file in files_of(folder / "warehouse"):
        table = file.relative_to(folder / "warehouse/stedi").parts[0]
        if file.suffix == ".parquet" and table in people:
            continue
        assert b"@example.com" not in file.read_bytes(), file.name
    with closing(sqlite3.connect(folder / "catalog.db")) as catalog:
        assert "@example.com" not in "\n".join(catalog.iterdump())


# A delivery of very many tiny files -----------------------------------------------------------------


@pytest.mark.campaign
def test_ten_thousand_tiny_files_become_a_few(tmp_path):
    """One delivery of 10,000 objects: few data files, in seconds, and nothing for a maintenance to merge."""
    for number in range(10_000):
        put(
            tmp_path / "in",
            f"accelerometer/{number:05d}.json",
            [sent(reading(at=HOURS[2] + number * SECOND))],
        )
    put_world(tmp_path / "in", tiny(0))
    lake = lake_at(tmp_path / "lake")
    started = datetime.now(UTC)
    run(lake, tmp_path / "in")
    assert datetime.now(UTC) - started < timedelta(minutes=1)
    assert len(IcebergTable.of(tmp_path / "lake", "accelerometer_landing").data_files()) == 1
    assert len(IcebergTable.of(tmp_path / "lake", "object").data_files()) == 1
    report = lake.maintain(**AT_ONCE)
    assert report.merged == 0
