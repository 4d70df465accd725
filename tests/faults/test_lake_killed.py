"""kill -9 at any moment of a run: readers see whole runs, and the next run gives the tables of a clean one.

The campaign tries STEDI_CAMPAIGN_KILLS more moments: ``pytest -m campaign tests/faults``.
"""

import random
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from campaign import moments, seeds, spread, told

import stedi
from bench import Bench
from lakes import EVERY_TABLE, PUBLISHED, IcebergTable, Tables, contents, put_world, rich_world, run
from processes import die_after, die_at, steps_of_a_run
from stedi.errors import LakeError

KILLS_OF_A_FIRST_RUN = 6
KILLS_OF_A_SECOND_RUN = 8
KILLS_BY_DELAY = 3

DIE_IN_A_COMMIT = """
import os, sqlite3, sys
catalog = sqlite3.connect(sys.argv[1], isolation_level=None)
catalog.execute("PRAGMA cache_size = 1")
catalog.execute("BEGIN")
catalog.execute("UPDATE iceberg_tables SET metadata_location = ?", ("x" * 20000,))
os.kill(os.getpid(), 9)
"""

DIE_WITH_THE_LOCK = """
import os, pathlib, sys
from stedi.warehouse.lock import exclusive
with exclusive(pathlib.Path(sys.argv[1])):
    os.kill(os.getpid(), 9)
"""


@dataclass(frozen=True)
class Case:
    """A run to be killed: from a state of the lake, over a landing root, and what it must lead to."""

    bench: Bench
    state: str
    landing: Path
    steps: int
    before: Tables | None
    after: Tables

    def begin(self) -> None:
        """Put the lake into the state from which the run starts."""
        {"gone": self.bench.gone, "filled": self.bench.filled}[self.state]()

    def check_readers(self) -> None:
        """Readers see the last published run, whole; no main shows what was not published."""
        lake = self.bench.lake
        if self.before is None and not has_run(lake):
            return
        runs = lake.runs()
        published = self.before is None or runs.height > 1
        shown = contents({table: lake.scan(table) for table in PUBLISHED})
        assert shown == (self.after if published else self.before)
        known: dict[str, set[int]] = {table: set() for table in PUBLISHED}
        for row in runs.iter_rows(named=True):
            for table in row["tables"]:
                known[table["table_name"]].add(table["snapshot_id"])
        for table in PUBLISHED:
            iceberg = IcebergTable.of(self.bench.folder, table)
            if self.before is None:
                known[table].add(iceberg.metadata["snapshots"][0]["snapshot-id"])  # the table was made empty
            assert iceberg.main in known[table], table

    def finish(self) -> None:
        """The next run completes what was begun, and leaves nothing behind."""
        run(self.bench.lake, self.landing)
        check_whole(self.bench)
        tables = {table: IcebergTable.of(self.bench.folder, table).frame().lazy() for table in PUBLISHED}
        assert contents(tables) == self.after


def has_run(lake: stedi.Lake) -> bool:
    """Say whether a run was published; if not, the lake says so too."""
    try:
        lake.last_run()
    except LakeError as error:
        if "no published run" not in str(error):
            raise
        return False
    return True


def check_whole(bench: Bench) -> None:
    """Main and tag of every table agree with the newest run; no branch and no scratch file remains."""
    newest = bench.lake.last_run()
    for table in EVERY_TABLE:
        iceberg = IcebergTable.of(bench.folder, table)
        assert set(iceberg.refs("branch")) == {"main"}, table
        assert iceberg.main == iceberg.refs("tag")[newest.ref], table
        if table in PUBLISHED:
            assert iceberg.main == newest.snapshots[table], table
    assert sorted(path.name for path in bench.folder.iterdir()) == ["catalog.db", "lock.db", "warehouse"]


@pytest.fixture(scope="module")
def first(bench) -> Case:
    """A first run, where there is no lake yet."""
    bench.filled()
    after = contents({table: bench.lake.scan(table) for table in PUBLISHED})
    steps = len(steps_of_a_run(bench.gone().folder, bench.landing))
    return Case(bench, "gone", bench.landing, steps, None, after)


@pytest.fixture(scope="module")
def second(bench, tmp_path_factory) -> Case:
    """A second run, over new files; the clean run loads the old and the new ones at once."""
    landing = put_world(tmp_path_factory.mktemp("second"), rich_world(1))
    both = tmp_path_factory.mktemp("both")
    for kind in ("customer", "accelerometer", "step_trainer"):
        shutil.copytree(bench.landing / kind, both / kind / "old")
        shutil.copytree(landing / kind, both / kind / "new")
    bench.empty()
    run(bench.lake, both)
    after = contents({table: bench.lake.scan(table) for table in PUBLISHED})
    bench.filled()
    before = contents({table: bench.lake.scan(table) for table in PUBLISHED})
    steps = len(steps_of_a_run(bench.folder, landing))
    return Case(bench, "filled", landing, steps, before, after)


def step_of(case: Case, number: int, of: int) -> int:
    """Return a step in the n-th part of a run: seeded, so that it is the same every time."""
    dice = random.Random(f"{case.state} {number} {of}")  # noqa: S311 - a test's dice
    return 1 + int((number + dice.random()) * case.steps / of)


@pytest.mark.parametrize("number", spread(KILLS_OF_A_FIRST_RUN, usual=1))
def test_a_killed_first_run_shows_nothing_and_is_completed_by_the_next(first, number):
    first.begin()
    assert die_at(first.bench.folder, first.landing, step_of(first, number, KILLS_OF_A_FIRST_RUN))
    first.check_readers()
    first.finish()


def test_a_first_run_killed_as_soon_as_it_has_the_lock_is_completed_by_the_next(first):
    first.begin()
    first.bench.folder.mkdir()
    killed = subprocess.run([sys.executable, "-c", DIE_WITH_THE_LOCK, first.bench.folder], check=False)
    assert killed.returncode == -signal.SIGKILL
    first.check_readers()
    first.finish()


@pytest.mark.parametrize("number", spread(KILLS_OF_A_SECOND_RUN, usual=2))
def test_a_killed_run_shows_the_run_before_and_is_completed_by_the_next(second, number):
    second.begin()
    assert die_at(second.bench.folder, second.landing, step_of(second, number, KILLS_OF_A_SECOND_RUN))
    second.check_readers()
    second.finish()


@pytest.mark.parametrize("number", spread(KILLS_BY_DELAY, usual=1))
def test_a_run_killed_from_outside_is_completed_by_the_next(second, number):
    second.begin()
    die_after(second.bench.folder, second.landing, 0.1 + 0.35 * number)
    second.check_readers()
    second.finish()


def test_a_repair_that_is_killed_is_completed_by_the_next(second):
    """Killed just after its publication, then while the next runs repair it."""
    second.begin()
    assert die_at(second.bench.folder, second.landing, second.steps - 40)
    assert second.bench.lake.runs().height == 2
    second.check_readers()
    for step in (8, 25):
        assert die_at(second.bench.folder, second.landing, step)
        second.check_readers()
    second.finish()


def test_a_lake_killed_in_the_middle_of_a_catalog_commit_is_read_at_the_last_one(second):
    """Such a kill leaves a hot rollback journal: whoever comes next, a reader too, must roll it back."""
    second.begin()
    catalog = second.bench.folder / "catalog.db"
    killed = subprocess.run([sys.executable, "-c", DIE_IN_A_COMMIT, catalog], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert catalog.with_name("catalog.db-journal").stat().st_size > 0
    second.check_readers()
    second.finish()


@pytest.mark.campaign
def test_campaign_of_kills(first, second):
    """Kill runs at seeded steps, up to three times in a row."""
    for seed, dice in seeds(100):
        case = dice.choice((first, second))
        case.begin()
        kills = moments(dice, case.steps)
        with told(seed, kills, of=f"a lake that was {case.state}, "):
            for step in kills:
                die_at(case.bench.folder, case.landing, step)
                case.check_readers()
            case.finish()
