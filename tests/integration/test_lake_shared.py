"""A lake in a catalog that others share: PostgreSQL, of our own, where it is installed."""

import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest

import stedi
from lakes import PSEUDONYMS, expected, pour, rich_world, run, tables_of
from servers import postgres, postgres_programs
from stedi.errors import RunConflictError
from stedi.warehouse import shared_lock
from worlds import NOW, PEOPLE, random_world

sqlalchemy = pytest.importorskip("sqlalchemy")
pytestmark = pytest.mark.skipif(
    postgres_programs() is None and "STEDI_REQUIRE_POSTGRES" not in os.environ, reason="needs PostgreSQL"
)
HOUR = timedelta(hours=1)
AT_ONCE = {"keep_days": 0, "older_than": timedelta(0)}
WORLD = rich_world(0, parts=3)


@pytest.fixture(scope="module")
def server():
    with postgres() as uri:
        yield uri


class Place:
    """A place for one lake on the server."""

    def __init__(self, uri: str, folder: Path, namespace: str) -> None:
        self.uri, self.folder, self.namespace = uri, folder, namespace

    def open(self, **options) -> stedi.Lake:
        return stedi.Lake.open(
            catalog={"type": "sql", "uri": self.uri},
            warehouse=f"file://{self.folder}",
            namespace=self.namespace,
            pseudonyms=PSEUDONYMS,
            buckets=2,
            **options,
        )

    def signs(self) -> list[Path]:
        return list((self.folder / "_lock").glob("*"))


@pytest.fixture
def place(server, tmp_path, request):
    (tmp_path / "warehouse").mkdir()
    return Place(server, tmp_path / "warehouse", f"t{abs(hash(request.node.name)) % 10**12}")


@pytest.fixture
def filled(place, tmp_path):
    run(place.open(), pour(tmp_path / "landing", WORLD))
    return place


def connections(uri: str) -> int:
    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as asking:
        return asking.execute(sqlalchemy.text("SELECT count(*) FROM pg_stat_activity")).scalar()


def test_a_lake_on_it_is_the_oracle_and_sound(filled):
    lake = filled.open()
    assert tables_of(lake) == expected(WORLD)
    assert lake.verify(older_than=timedelta(0)).findings == ()
    assert filled.signs() == []


@pytest.mark.campaign
def test_every_verb_works_and_leaves_a_sound_lake(filled, tmp_path):
    lake = filled.open()
    more = pour(tmp_path / "more", rich_world(1, parts=2))
    plan = run(lake, more, now=NOW + HOUR, plan=True)
    assert lake.verify(older_than=timedelta(0)).findings == ()
    assert run(lake, more, now=NOW + HOUR).changes == plan.changes
    lake.tag("training")
    lake.erase(email=PEOPLE[0][0], device="keep", move_tags=["training"])
    lake.maintain(**AT_ONCE)
    lake.rotate_key(stedi.Pseudonyms.generate(), drop_tags=["training"])
    assert not run(lake, more, now=NOW + 2 * HOUR, full=True).differs
    assert lake.verify(older_than=timedelta(0)).findings == ()


def test_connections_do_not_grow_with_the_runs_of_a_process(filled, tmp_path):
    lake = filled.open()
    root = tmp_path / "landing"
    run(lake, root, now=NOW + HOUR)
    before = connections(filled.uri)
    for number in range(2, 6):
        run(lake, root, now=NOW + number * HOUR)
    assert connections(filled.uri) <= before


def test_many_who_begin_a_lake_at_once_wait_for_each_other(place, tmp_path):
    """All of them make it, and each delivers, though none tries a second time."""
    worlds = [random_world(number) for number in range(4)]
    roots = [pour(tmp_path / str(number), world) for number, world in enumerate(worlds)]
    failed = []

    def deliver(root: Path) -> None:
        try:
            run(place.open(), root)
        except Exception as error:  # noqa: BLE001 - told by the main thread
            failed.append(error)

    threads = [threading.Thread(target=deliver, args=(root,)) for root in roots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    lake = place.open()
    assert lake.runs().height == 4
    paths = lake.scan("object").collect()["path"]
    assert {Path(path).parents[1].name for path in paths} == {"0", "1", "2", "3"}
    assert lake.verify().findings == ()


def test_a_holder_is_waited_for_and_then_told_of(filled, tmp_path):
    with filled.open()._site.hold():
        impatient = filled.open(wait=timedelta(seconds=0.5))
        with pytest.raises(RunConflictError, match="another run holds the lake, and did for 0 s"):
            run(impatient, tmp_path / "landing", now=NOW + HOUR)
        assert len(filled.signs()) == 1
    assert run(filled.open(wait=timedelta(0)), tmp_path / "landing", now=NOW + HOUR).published
    assert filled.signs() == []


def test_the_lock_of_a_dead_holder_is_taken_over_and_what_it_staged_is_taken_back(
    filled, tmp_path, monkeypatch
):
    """Killed in mid-run: its sign of life stays, and does not change any more."""
    monkeypatch.setattr(shared_lock, "_DEAD_AFTER", 1.0)
    monkeypatch.setattr(shared_lock, "_BEAT", 0.2)
    lake = filled.open()
    monkeypatch.setattr("stedi.pipeline.undo._settle", lambda *_: None)
    monkeypatch.setattr(shared_lock.SharedLock, "_forget", lambda *_: None)

    def die(what, *_):
        if what == "deriving":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(lake, pour(tmp_path / "more", rich_world(1, parts=2)), now=NOW + HOUR, progress=die)
    monkeypatch.undo()
    monkeypatch.setattr(shared_lock, "_DEAD_AFTER", 2.0)
    monkeypatch.setattr(shared_lock, "_BEAT", 0.2)
    assert len(filled.signs()) >= 1
    assert {str(finding.code) for finding in filled.open().verify().findings} == {"unfinished"}
    assert run(filled.open(), tmp_path / "more", now=NOW + HOUR).changed
    filled.open().maintain(**AT_ONCE)
    assert filled.open().verify(older_than=timedelta(0)).findings == ()


def test_a_holder_who_was_only_asleep_publishes_nothing_any_more(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(shared_lock, "_DEAD_AFTER", 0.5)
    monkeypatch.setattr(shared_lock, "_BEAT", 60.0)
    asleep, awake = filled.open(), filled.open()
    more = pour(tmp_path / "more", rich_world(1, parts=2))

    def sleep(what, *_):
        if what == "deriving" and awake.runs().height == 1:
            run(awake, tmp_path / "landing", now=NOW + HOUR)

    # It is not asked how long it was asleep: main of the run table has moved.
    monkeypatch.setattr(shared_lock.SharedLock, "check", lambda _: None)
    with pytest.raises(RunConflictError):
        run(asleep, more, now=NOW + HOUR, progress=sleep)
    monkeypatch.undo()
    lake = filled.open()
    assert lake.runs().height == 2
    lake.maintain(**AT_ONCE)
    assert lake.verify(older_than=timedelta(0)).findings == ()


@pytest.mark.campaign
def test_what_holders_left_goes_after_an_hour(filled, tmp_path, monkeypatch):
    """Each leaves a snapshot of the run table that adds nothing: they don't pile up, and are reached."""
    lake, root = filled.open(), tmp_path / "landing"

    def snapshots() -> int:
        return len(lake._site.read()[0].table("run").snapshots())

    for number in range(1, 4):
        run(lake, root, now=NOW + number * HOUR)
    before = snapshots()
    monkeypatch.setattr(shared_lock, "_READ_FOR", 0)
    for number in range(4, 7):
        run(lake, root, now=NOW + number * HOUR)
    # Three more runs, and the locks of all before the last are gone.
    assert snapshots() <= before + 1
    assert lake.verify(older_than=timedelta(0)).findings == ()


def test_a_holder_who_may_be_taken_for_dead_writes_nothing_more(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(shared_lock.SharedLock, "_go_on", lambda *_: None)
    lake = filled.open()

    def sleep(what, *_):
        if what == "deriving":
            lake._site._warehouse._lock._beaten_at -= 60

    with pytest.raises(RunConflictError, match="another one may hold the lake"):
        run(lake, pour(tmp_path / "more", rich_world(1, parts=2)), now=NOW + HOUR, progress=sleep)
    assert filled.open().runs().height == 1


@pytest.mark.campaign
def test_a_conflict_with_another_tool_is_one_clear_error(filled, tmp_path, monkeypatch):
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.exceptions import CommitFailedException

    commit = SqlCatalog.commit_table

    def conflicting(self, table, requirements, updates):
        if table.name()[-1] == "customer_trusted":
            raise CommitFailedException("Table has been updated by another process")
        return commit(self, table, requirements, updates)

    lake = filled.open()
    monkeypatch.setattr(SqlCatalog, "commit_table", conflicting)
    for verb in (
        lambda: lake.tag("training"),
        lambda: run(lake, pour(tmp_path / "m", rich_world(1, parts=2)), now=NOW + HOUR),
    ):
        with pytest.raises(RunConflictError, match="run it again"):
            verb()
    monkeypatch.undo()
    run(lake, tmp_path / "landing", now=NOW + HOUR)
    assert filled.open().verify().findings == ()


def test_an_answer_that_the_server_never_gave_is_found_out(filled, tmp_path, monkeypatch):
    """The connection breaks just after the commit that publishes."""
    from pyiceberg.catalog.sql import SqlCatalog

    commit = SqlCatalog.commit_table

    def lost(self, table, requirements, updates):
        answer = commit(self, table, requirements, updates)
        if table.name()[-1] == "run" and any(update.action == "add-snapshot" for update in updates):
            added = next(update for update in updates if update.action == "add-snapshot")
            if int(added.snapshot.summary.additional_properties.get("added-records", 0)):
                raise sqlalchemy.exc.OperationalError(
                    "COMMIT", None, Exception("server closed the connection")
                )
        return answer

    lake = filled.open()
    monkeypatch.setattr(SqlCatalog, "commit_table", lost)
    report = run(lake, pour(tmp_path / "more", rich_world(1, parts=2)), now=NOW + HOUR)
    monkeypatch.undo()
    assert lake.last_run().run_id == report.run_id
    assert filled.open().verify(older_than=timedelta(0)).findings == ()


def test_a_publication_that_did_not_land_is_fenced_off_before_anything_is_deleted(
    filled, tmp_path, monkeypatch
):
    """The commit is still on its way when the process looks: afterwards it must fail."""
    from pyiceberg.catalog.sql import SqlCatalog

    commit = SqlCatalog.commit_table
    late = []

    def on_its_way(self, table, requirements, updates):
        adds = [update for update in updates if update.action == "add-snapshot"]
        rows = [int(each.snapshot.summary.additional_properties.get("added-records", 0)) for each in adds]
        if table.name()[-1] == "run" and any(rows) and not late:
            late.append((self, table, requirements, updates))
            raise sqlalchemy.exc.OperationalError("COMMIT", None, Exception("server closed the connection"))
        return commit(self, table, requirements, updates)

    lake = filled.open()
    monkeypatch.setattr(SqlCatalog, "commit_table", on_its_way)
    with pytest.raises(stedi.errors.CatalogError, match="server closed the connection"):
        run(lake, pour(tmp_path / "more", rich_world(1, parts=2)), now=NOW + HOUR)
    monkeypatch.undo()
    (arrived,) = late
    # The row that it would change has changed since.
    catalog, table, _, _ = arrived
    assert catalog.load_table(table.name()).metadata_location != table.metadata_location
    assert lake.runs().height == 1
    assert filled.open().verify().findings == ()
