"""Write, audit, publish: one commit shows a whole run, and main and tags follow it in every table."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.transforms import BucketTransform
from pyiceberg.types import StringType

from lakes import (
    ANN,
    EVERY_TABLE,
    PSEUDONYMS,
    PUBLISHED,
    IcebergTable,
    derived_rows,
    expected,
    lake_at,
    local,
    parquet,
    published,
    put,
    put_world,
    rich_world,
    run,
    sent,
    tables_of,
)
from stedi.errors import RunConflictError
from stedi.pipeline.load import find_sources
from stedi.pipeline.publish import publish
from stedi.pipeline.run import execute
from stedi.pipeline.site import published as published_runs
from stedi.progress import silent
from stedi.warehouse.lock import exclusive
from stedi.warehouse.warehouse import Warehouse
from worlds import HOURS, NOW, reading


def check_agreement(folder):
    """Main and the run's tag of every table are the snapshots of the run row; there is no branch but main."""
    newest = lake_at(folder).last_run()
    assert set(newest.snapshots) == set(newest.accounts) == set(PUBLISHED)
    for table in EVERY_TABLE:
        iceberg = IcebergTable.of(folder, table)
        assert iceberg.main == iceberg.refs("tag")[newest.ref], table
        assert set(iceberg.refs("branch")) == {"main"}, table
        if table in PUBLISHED:
            assert iceberg.main == newest.snapshots[table], table


def pyiceberg_table(folder, name):
    catalog = SqlCatalog("stedi", uri=f"sqlite:///{folder}/catalog.db", warehouse=str(folder / "warehouse"))
    return catalog.load_table(("stedi", name))


def run_without_lock(folder, landing, scratch, *, now=NOW):
    """Run as another machine would that shares the catalog and not the lock."""
    warehouse = Warehouse.local(folder, "stedi")
    return execute(
        warehouse,
        published_runs(warehouse),
        sources=find_sources(str(landing)),
        consent="as_of",
        now=now,
        pseudonyms=PSEUDONYMS,
        scratch=scratch,
        progress=silent,
    )


def at_first(what, act):
    """Return a progress callback that acts once, when a run begins with something."""
    done = []

    def progress(doing, *_):
        if doing == what and not done:
            done.append(doing)
            act()

    return progress


@pytest.fixture
def more(tmp_path) -> Path:
    """A landing root with new records of every kind."""
    return put_world(tmp_path / "more", rich_world(1))


@pytest.fixture
def other(tmp_path) -> Path:
    """A landing root with other new records of every kind."""
    return put_world(tmp_path / "other", rich_world(2))


def test_main_and_tag_of_every_table_agree_with_the_run_row(filled, more):
    check_agreement(filled.folder)
    run(filled.lake, more)
    check_agreement(filled.folder)
    run(filled.lake, more)
    check_agreement(filled.folder)


def test_every_run_names_its_base_and_its_rows_stay_as_they_were(filled, more):
    first = filled.lake.runs()
    run(filled.lake, more)
    run(filled.lake, more)
    runs = filled.lake.runs()
    assert runs["base_run_id"].to_list() == [None, *runs["run_id"].to_list()[:-1]]
    assert runs.head(1).equals(first)
    assert runs["published_at"].is_sorted()
    assert (runs["started_at"] <= runs["published_at"]).all()


def test_nothing_is_shown_before_the_publication(filled, more):
    tables = tables_of(filled.lake)
    before = published(filled.folder)
    seen = []

    def look(*_):
        now = published(filled.folder)
        seen.append(tables_of(filled.lake) == tables)
        # Mains, tags and rows are as they were: only branches of the run may be there.
        seen.append((now.mains, now.tags, now.rows) == (before.mains, before.tags, before.rows))

    moments = ("reading landing files", "judging step_trainer_landing", "deriving")
    looks = [at_first(moment, look) for moment in moments]
    run(filled.lake, more, progress=lambda *told: [each(*told) for each in looks])
    assert seen == [True] * 6
    assert tables_of(filled.lake) != tables


def test_an_interrupted_move_is_repaired_by_the_next_run(filled, more):
    first = filled.lake.last_run()
    second = run(filled.lake, more).run
    whole = published(filled.folder)
    for table in ("customer_trusted", "machine_learning_curated", "step_trainer_landing"):
        iceberg = pyiceberg_table(filled.folder, table)
        with iceberg.manage_snapshots() as manage:
            manage.set_current_snapshot(first.snapshots[table])
            manage.remove_tag(second.ref)
    pyiceberg_table(filled.folder, "run").manage_snapshots().remove_tag(second.ref).commit()
    # Readers of the lake follow the run row, not main.
    assert tables_of(filled.lake) == {table: whole.rows[table] for table in tables_of(filled.lake)}
    assert derived_rows(filled.folder) != {table: whole.rows[table] for table in derived_rows(filled.folder)}
    third = run(filled.lake, more).run
    check_agreement(filled.folder)
    assert third.snapshots == second.snapshots
    assert all(
        IcebergTable.of(filled.folder, table).refs("tag")[second.ref] for table in ("customer_trusted", "run")
    )


def test_unfinished_branches_are_dropped_by_the_next_run(filled, more):
    snapshot = filled.lake.last_run().snapshots["customer_landing"]
    table = pyiceberg_table(filled.folder, "customer_landing")
    table.manage_snapshots().create_branch(snapshot, "run-20220101T000000Z-abcdef").commit()
    table.manage_snapshots().create_branch(snapshot, "mine").commit()
    run(filled.lake, more)
    assert set(IcebergTable.of(filled.folder, "customer_landing").refs("branch")) == {"main", "mine"}


def test_only_the_last_ten_run_tags_are_kept_and_all_user_tags(filled):
    lake = filled.lake
    lake.tag("training-2026-11")
    for _ in range(12):
        run(lake, filled.landing)
    refs = [f"run-{run_id}" for run_id in lake.runs()["run_id"]]
    assert len(refs) == 13
    for table in EVERY_TABLE:
        tags = IcebergTable.of(filled.folder, table).refs("tag")
        assert set(tags) == {*refs[-10:], "training-2026-11"}, table
    assert lake.tags() == {"training-2026-11": refs[0].removeprefix("run-")}


def test_a_second_run_is_refused_at_once_and_the_first_goes_on(filled, more, other):
    refusals = []

    def second():
        with pytest.raises(RunConflictError, match="another run holds the lake") as caught:
            run(filled.lake, other)
        refusals.append(str(caught.value))

    run(filled.lake, more, progress=at_first("deriving", second))
    assert len(refusals) == 1
    assert filled.lake.runs().height == 2
    check_agreement(filled.folder)
    run(filled.lake, other)
    assert filled.lake.runs().height == 3


def test_a_first_run_that_is_refused_leaves_the_lock_to_its_holder(tmp_path):
    """Another process holds the lock and has made nothing yet: whoever comes must not remove its lock."""
    landing, folder = put_world(tmp_path / "landing", ANN), tmp_path / "lake"
    folder.mkdir()
    with exclusive(folder):
        for _ in range(3):
            with pytest.raises(RunConflictError):
                run(lake_at(folder), landing)
    assert run(lake_at(folder), landing).changed


def test_a_tag_is_refused_while_a_run_is_at_work(filled, more):
    refusals = []

    def tag():
        with pytest.raises(RunConflictError):
            filled.lake.tag("now")
        refusals.append("now")

    run(filled.lake, more, progress=at_first("deriving", tag))
    assert refusals == ["now"]
    assert filled.lake.tags() == {}


@pytest.mark.parametrize(
    "moment",
    [
        *(
            pytest.param(moment, marks=pytest.mark.campaign)
            for moment in ("reading landing files", "judging accelerometer_landing")
        ),
        "deriving",
    ],
)
def test_a_run_that_another_one_overtook_is_refused(filled, more, other, tmp_path, moment):
    """Two machines share a catalog and no lock: the slower run must not publish over the faster one."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def overtake():
        run_without_lock(filled.folder, other, scratch)

    with pytest.raises(RunConflictError) as caught:
        run(filled.lake, more, progress=at_first(moment, overtake))
    assert "\n" not in str(caught.value)
    assert filled.lake.runs().height == 2
    world = filled.world.plus(
        customers=({**row, "_digest": "other"} for row in rich_world(2).customers),
        accelerometer=rich_world(2).accelerometer,
        steps=rich_world(2).steps,
    )
    assert tables_of(filled.lake) == expected(world)
    # Nothing is lost: the slower one runs again.
    run(filled.lake, more)
    check_agreement(filled.folder)
    world = world.plus(
        customers=({**row, "_digest": "more"} for row in rich_world(1).customers),
        accelerometer=rich_world(1).accelerometer,
        steps=rich_world(1).steps,
    )
    assert tables_of(filled.lake) == expected(world)


def test_a_publication_whose_base_is_no_longer_the_newest_is_refused(filled):
    """Two runs that find nothing new stage nothing: only the run table tells that one is stale."""
    stale = Warehouse.local(filled.folder, "stedi")
    runs = published_runs(stale)
    run(filled.lake, filled.landing)
    before = published(filled.folder)
    late = replace(filled.lake.last_run(), run_id="20990101T000000Z-000000")
    with pytest.raises(RunConflictError):
        publish(stale, late, runs)
    after = published(filled.folder)
    assert after == before
    files = {str(file) for file in (filled.folder / "warehouse/stedi/run/data").iterdir()}
    assert files == {file["file_path"] for file in IcebergTable.of(filled.folder, "run").data_files()}


def test_a_run_that_fails_leaves_no_branch_and_no_scratch(filled, more):
    before = published(filled.folder)

    class Stop(Exception):  # noqa: N818 - not an error of the lake
        pass

    def stop():
        raise Stop

    for moment in ("reading landing files", "judging step_trainer_landing", "deriving"):
        with pytest.raises(Stop):
            run(filled.lake, more, progress=at_first(moment, stop))
        assert published(filled.folder) == before
        assert not (filled.folder / "scratch").exists()


def test_an_interrupt_of_a_first_run_leaves_nothing(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)

    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(lake_at(tmp_path / "lake"), landing, progress=at_first("deriving", stop))
    assert not (tmp_path / "lake").exists() or not list((tmp_path / "lake").iterdir())
    assert run(lake_at(tmp_path / "lake"), landing).changed


def test_a_lake_object_sees_what_another_one_published(filled, more):
    reader, writer = lake_at(filled.folder), lake_at(filled.folder)
    before = tables_of(reader)
    report = run(writer, more)
    assert reader.last_run().run_id == report.run_id
    assert tables_of(reader) == tables_of(writer) != before


def test_two_lake_objects_take_turns(filled, more, other):
    one, two = lake_at(filled.folder), lake_at(filled.folder)
    run(one, more)
    run(two, other)
    run(one, put_world(more.parent / "third", ANN))
    assert one.runs().height == 4
    check_agreement(filled.folder)


def test_a_frame_taken_before_a_run_still_reads_its_snapshot(filled, more):
    frames = {table: filled.lake.scan(table) for table in PUBLISHED}
    before = {table: frame.collect() for table, frame in frames.items()}
    run(filled.lake, more)
    assert all(frames[table].collect().equals(before[table]) for table in PUBLISHED)


def test_the_tables_are_iceberg_format_2_in_buckets_of_customers(filled):
    for table in EVERY_TABLE:
        metadata = IcebergTable.of(filled.folder, table).metadata
        assert metadata["format-version"] == 2
        (spec,) = [
            each for each in metadata["partition-specs"] if each["spec-id"] == metadata["default-spec-id"]
        ]
        bucketed = table in ("accelerometer_trusted", "step_trainer_trusted", "machine_learning_curated")
        assert [field["transform"] for field in spec["fields"]] == (["bucket[3]"] if bucketed else [])


def test_every_data_file_holds_the_customers_of_its_bucket_only(filled):
    place = BucketTransform(3).transform(StringType())
    for table in ("accelerometer_trusted", "step_trainer_trusted", "machine_learning_curated"):
        files = IcebergTable.of(filled.folder, table).data_files()
        assert files
        for file in files:
            ids = parquet([str(local(file["file_path"]))])["customer_id"].unique()
            assert {place(each) for each in ids} == set(file["partition"].values())
            assert file["record_count"] > 0


def test_the_number_of_buckets_is_fixed_when_the_lake_is_made(filled, more):
    run(lake_at(filled.folder, buckets=64), more)
    metadata = IcebergTable.of(filled.folder, "accelerometer_trusted").metadata
    assert [spec["fields"][0]["transform"] for spec in metadata["partition-specs"]] == ["bucket[3]"]


def test_pyiceberg_reads_the_rows_that_stedi_and_duckdb_read(filled):
    for table in EVERY_TABLE:
        arrow = pyiceberg_table(filled.folder, table).scan().to_arrow()
        assert arrow.num_rows == filled.lake.scan(table).collect().height
        assert arrow.num_rows == IcebergTable.of(filled.folder, table).rows().total()


def test_a_run_may_wait_for_the_next_year(filled):
    """Nothing in a run depends on how long ago the last one was."""
    later = NOW + timedelta(days=4000)
    run(filled.lake, filled.landing, now=later)
    assert tables_of(filled.lake) == expected(filled.world, now=later)
    assert filled.lake.last_run().published_at <= datetime.now(UTC)


def test_new_readings_of_a_known_customer_join_the_old_ones(bench, tmp_path):
    bench.empty()
    run(bench.lake, put_world(tmp_path / "landing", ANN))
    put(tmp_path / "late", "accelerometer/late.json", [sent(reading(at=HOURS[4]))])
    run(bench.lake, tmp_path / "late")
    shutil.rmtree(tmp_path / "late")
    assert tables_of(bench.lake) == expected(ANN.plus(accelerometer=[reading(at=HOURS[4])]))
