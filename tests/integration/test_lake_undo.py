"""A step that fails, is refused or is a plan leaves the lake as it was: in its metadata and its files."""

import sqlite3
import threading
from collections import Counter
from contextlib import closing
from datetime import timedelta

import pytest

import stedi
from canary import EMAIL
from lakes import EVERY_TABLE, IcebergTable, files_of, pour, put, rich_world, run, tables_of
from stedi.errors import RejectedError, RunConflictError, StediError
from stedi.governance.erase import erase
from stedi.pipeline import publish
from stedi.pipeline.tags import MARK
from stedi.warehouse import sqlite_catalog
from stedi.warehouse.table import LakeTable
from stedi.warehouse.warehouse import Warehouse
from worlds import NOW

AT_ONCE = timedelta(0)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def more(tmp_path):
    """A landing root with new objects, withdrawals among them."""
    return pour(tmp_path / "more", rich_world(1))


def snapshots(folder) -> dict[str, set[int]]:
    return {
        name: {each["snapshot-id"] for each in IcebergTable.of(folder, name).metadata["snapshots"]}
        for name in EVERY_TABLE
    }


def data(folder) -> set:
    return {file for file in files_of(folder / "warehouse") if file.suffix in (".parquet", ".avro")}


def check_untouched(filled, before) -> None:
    """Nothing of what failed is left, and every other verb works."""
    assert snapshots(filled.folder) == before[0]
    assert data(filled.folder) == before[1]
    assert filled.lake.verify(older_than=AT_ONCE).findings == ()


def state(filled):
    return snapshots(filled.folder), data(filled.folder)


def test_a_plan_leaves_nothing_in_the_metadata_and_no_file(filled, more):
    before = state(filled)
    planned = run(filled.lake, more, now=LATER, plan=True)
    assert planned.changes["machine_learning_curated"].gained
    check_untouched(filled, before)
    assert not any((filled.folder / "scratch").glob("*"))
    # What a plan said is what the run does, and a plan does not stand in its way.
    assert run(filled.lake, more, now=LATER).changes == planned.changes
    assert filled.lake.verify(older_than=AT_ONCE).findings == ()


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt,
        pytest.param(RuntimeError, marks=pytest.mark.campaign),
        pytest.param(StediError, marks=pytest.mark.campaign),
    ],
)
def test_a_run_that_fails_at_any_of_its_steps_is_taken_back(filled, more, error):
    told: list[str] = []
    run(filled.lake, more, now=LATER, plan=True, progress=lambda what, *_: told.append(what))
    steps = list(dict.fromkeys(told))
    assert len(steps) > 3
    before = state(filled)
    for step in steps:

        def fail(what, *_, step=step):
            if what == step:
                raise error

        with pytest.raises(error):
            run(filled.lake, more, now=LATER, progress=fail)
        check_untouched(filled, before)


def test_a_refused_run_is_taken_back(filled, tmp_path):
    bad = put(tmp_path, "bad/customer/x.json", ['{"email": 1}', "{", "[]"]).parents[1]
    put(bad, "accelerometer/x.json", ["{}"])
    put(bad, "step_trainer/x.json", ["{}"])
    before = state(filled)
    with pytest.raises(RejectedError):
        run(filled.lake, bad, now=LATER, max_rejected=0.1)
    check_untouched(filled, before)


def test_a_release_that_fails_is_taken_back(filled, monkeypatch):
    held = filled.lake.scan("quarantine").collect().row(0, named=True)
    before = state(filled)
    monkeypatch.setattr("stedi.pipeline.run.audit", fails)
    with pytest.raises(ZeroDivisionError):
        filled.lake.release([f"{held['_digest'][:12]}:{held['_position']}"], now=LATER)
    check_untouched(filled, before)


def test_a_rotation_that_fails_before_it_has_begun_is_taken_back(filled, monkeypatch):
    before = state(filled)
    monkeypatch.setattr("stedi.governance.rotate.rotate.audit", fails)
    with pytest.raises(ZeroDivisionError):
        filled.lake.rotate_key(stedi.Pseudonyms.generate())
    check_untouched(filled, before)
    assert filled.lake.last_run().kind == "run"


def test_a_maintenance_that_fails_is_taken_back(filled, more, monkeypatch):
    run(filled.lake, more, now=LATER)
    before = state(filled)
    monkeypatch.setattr("stedi.governance.maintain.compact._check", fails)
    with pytest.raises(ZeroDivisionError):
        filled.lake.maintain(keep_days=0, older_than=AT_ONCE)
    check_untouched(filled, before)


@pytest.mark.parametrize(
    "step",
    [pytest.param(step, marks=pytest.mark.campaign) for step in ("stage_tables", "expire_but", "forget")],
)
def test_an_erasure_that_has_begun_is_brought_to_its_end(cages, monkeypatch, step):
    """A fault in the middle is followed by one more try; only one before the first publication ends it."""
    cage = cages.back_to("built")
    asked = {"email": EMAIL, "drop_tags": ["training", "study", "withdrawn"], "landing": cage.landing}
    failing = Counter()

    def once(function, name):
        def wrapped(*args, **options):
            failing[name] += 1
            if failing[name] == 1:
                raise OSError(5, "Input/output error")
            return function(*args, **options)

        return wrapped

    monkeypatch.setattr(erase, step, once(getattr(erase, step), step))
    receipt = cage.lake.erase(**asked)
    # What was signed before the fault is what is returned.
    assert (receipt.outcome, receipt.resumed) == ("erased", step != "forget")
    assert failing[step] == 2
    assert cage.lake.verify(older_than=AT_ONCE).findings == ()
    assert len(cage.lake.receipts()) == 1


def test_an_interrupted_tag_is_on_no_table(filled, monkeypatch):
    tag = LakeTable.tag
    calls = []

    def interrupted(self, *args):
        calls.append(self.name)
        if len(calls) == 4:
            raise KeyboardInterrupt
        tag(self, *args)

    monkeypatch.setattr(LakeTable, "tag", interrupted)
    with pytest.raises(KeyboardInterrupt):
        filled.lake.tag("training")
    monkeypatch.undo()
    assert filled.lake.tags() == {}
    assert all("training" not in IcebergTable.of(filled.folder, name).refs("tag") for name in EVERY_TABLE)
    assert filled.lake.verify().findings == ()
    filled.lake.tag("training")
    assert filled.lake.verify().findings == ()


def test_a_tag_that_a_killed_process_left_half_set_is_unfinished_and_dropped_by_the_next_verb(filled):
    """Killed between two tables: only the mark on the run table tells."""
    warehouse = Warehouse.local(filled.folder, "stedi")
    newest = filled.lake.last_run()
    warehouse.table("run").tag(warehouse.table("run").main(), f"{MARK}training")
    warehouse.table("customer_landing").tag(newest.snapshots["customer_landing"], "training")
    assert {str(finding.code) for finding in filled.lake.verify().findings} == {"unfinished"}
    assert filled.lake.tags() == {}
    run(filled.lake, filled.landing, now=LATER)
    assert filled.lake.verify().findings == ()
    assert "training" not in IcebergTable.of(filled.folder, "customer_landing").refs("tag")


def test_a_publication_whose_answer_is_lost_is_found_out(filled, more, monkeypatch):
    """The commit landed, and then the connection broke: the run is published, and nothing is deleted."""
    move = sqlite_catalog.SqliteCatalog._move

    def lost(self, identifier, place, before):
        move(self, identifier, place, before)
        if identifier[-1] == "run":
            raise sqlite3.OperationalError("the connection broke")

    monkeypatch.setattr(sqlite_catalog.SqliteCatalog, "_move", lost)
    report = run(filled.lake, more, now=LATER)
    monkeypatch.undo()
    assert report.published
    assert filled.lake.last_run().run_id == report.run_id
    assert filled.lake.verify(older_than=AT_ONCE).findings == ()


def test_an_interrupt_after_the_publication_loses_nothing(filled, more, monkeypatch):
    append = publish.append_to_main

    def interrupted(table, files):
        append(table, files)
        raise KeyboardInterrupt

    monkeypatch.setattr(publish, "append_to_main", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(filled.lake, more, now=LATER)
    monkeypatch.undo()
    assert filled.lake.runs().height == 2
    assert filled.lake.verify(older_than=AT_ONCE).findings == ()
    rows = tables_of(filled.lake)
    assert run(filled.lake, more, now=LATER).objects == 0
    assert tables_of(filled.lake) == rows


def test_where_it_cannot_be_found_out_nothing_is_deleted(filled, more, monkeypatch):
    """The catalog is gone just after the commit that may have published: the next run finds out."""
    move = sqlite_catalog.SqliteCatalog._move
    gone = []

    def lost(self, identifier, place, before):
        move(self, identifier, place, before)
        if identifier[-1] == "run":
            gone.append(identifier)
            raise sqlite3.OperationalError("the connection broke")

    def refused(self):
        if gone:
            raise sqlite3.OperationalError("the server is away")
        return connect(self)

    connect = sqlite_catalog.SqliteCatalog._connect
    monkeypatch.setattr(sqlite_catalog.SqliteCatalog, "_move", lost)
    monkeypatch.setattr(sqlite_catalog.SqliteCatalog, "_connect", refused)
    with pytest.raises(stedi.errors.CatalogError, match="the catalog can't be read"):
        run(filled.lake, more, now=LATER)
    monkeypatch.undo()
    assert filled.lake.runs().height == 2
    run(filled.lake, more, now=LATER)
    assert filled.lake.verify(older_than=AT_ONCE).findings == ()


def test_a_busy_catalog_is_called_busy_and_what_was_staged_is_taken_back_later(filled, more, monkeypatch):
    monkeypatch.setattr(sqlite_catalog, "BUSY_SECONDS", 0.2)
    with closing(sqlite3.connect(filled.folder / "catalog.db", isolation_level=None)) as other:

        def lock(what, *_):
            if what == "deriving" and not other.in_transaction:
                other.execute("BEGIN IMMEDIATE")

        with pytest.raises(RunConflictError, match=r"the catalog of the lake .* is busy"):
            run(filled.lake, more, now=LATER, progress=lock)
        other.execute("ROLLBACK")
    assert {str(finding.code) for finding in filled.lake.verify().findings} <= {"unfinished"}
    run(filled.lake, more, now=LATER)
    # Files of a failed commit that were written, and that nothing reaches, are those of a maintenance.
    filled.lake.maintain(keep_days=30, older_than=AT_ONCE)
    assert filled.lake.verify(older_than=AT_ONCE).findings == ()


def test_a_busy_catalog_is_waited_for(filled, more):
    """Another program that lets go of it within the limit is no reason to fail."""
    with closing(
        sqlite3.connect(filled.folder / "catalog.db", isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(1, other.execute, ["ROLLBACK"])
        timer.start()
        assert run(filled.lake, more, now=LATER).changed
        timer.join()


def fails(*_, **__):
    raise ZeroDivisionError
