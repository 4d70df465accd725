"""kill -9 at any moment of a maintenance: readers see the last published run, and the next one completes it.

The campaign tries STEDI_CAMPAIGN_KILLS more moments: ``pytest -m campaign tests/faults``.
"""

import random
import shutil
import signal
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from campaign import moments, seeds, spread, told

import stedi
from lakes import (
    EVERY_TABLE,
    PUBLISHED,
    IcebergTable,
    Tables,
    contents,
    files_of,
    lake_at,
    local,
    put_world,
    rich_world,
    run,
)
from processes import start

# The matrix of interruptions has a maintenance in the test command, too.
pytestmark = pytest.mark.campaign
KILLS = 16
RUNS = 12
WANTED = ("commit_table", "new_output", "delete")


@dataclass(frozen=True)
class Worn:
    """A lake that needs maintenance: many small files, old snapshots, and files that nothing reaches."""

    folder: Path
    stored: Path
    rows: Tables
    tagged: Tables
    steps: list[str]

    @property
    def lake(self) -> stedi.Lake:
        return lake_at(self.folder)

    def begin(self) -> None:
        """Put the worn lake back."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.stored, self.folder)

    def check_readers(self) -> None:
        """Readers see the rows of the last run, by stedi and on main of every table, and those of the tag."""
        assert contents({table: self.lake.scan(table) for table in PUBLISHED}) == self.rows
        tables = {table: IcebergTable.of(self.folder, table).frame().lazy() for table in PUBLISHED}
        assert contents({name: frame for name, frame in tables.items() if self.rows[name]}) == {
            name: rows for name, rows in self.rows.items() if rows
        }
        tagged = {name: self.lake.scan(name, at="kept", include_withdrawn=True) for name in PUBLISHED}
        assert contents(tagged) == self.tagged
        assert self.lake.runs().filter(kind="run").height == RUNS

    def finish(self) -> None:
        """The next maintenance completes what was begun; then there is nothing to do."""
        self.lake.maintain(keep_days=0, older_than=timedelta(0))
        self.check_readers()
        newest = self.lake.last_run()
        reached: set[Path] = set()
        for name in EVERY_TABLE:
            table = IcebergTable.of(self.folder, name)
            assert set(table.refs("branch")) == {"main"}, name
            assert table.main == table.refs("tag")[newest.ref], name
            reached |= {table.file, *(local(e["metadata-file"]) for e in table.metadata["metadata-log"])}
            for snapshot in table.metadata["snapshots"]:
                manifests = table.manifests(snapshot["snapshot-id"])
                reached |= {local(snapshot["manifest-list"]), *map(local, manifests)}
                reached |= {local(file["file_path"]) for file in table.data_files(snapshot["snapshot-id"])}
        assert set(files_of(self.folder / "warehouse")) == reached
        for name in ("accelerometer_landing", "object", "run"):
            assert len(IcebergTable.of(self.folder, name).data_files()) == 1, name
        assert not self.lake.maintain(keep_days=0, older_than=timedelta(0)).changed
        assert sorted(path.name for path in self.folder.iterdir()) == ["catalog.db", "lock.db", "warehouse"]


def maintain(lake: Path, step: int) -> tuple[int, list[str]]:
    """Maintain a lake until a step; return how it ended, and its steps if it lived."""
    with start("doomed_maintenance.py", lake, str(step)) as process:
        out, err = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), err
    return process.returncode, out.splitlines()


@pytest.fixture(scope="module")
def worn(tmp_path_factory) -> Worn:
    place = tmp_path_factory.mktemp("worn")
    folder, stored = place / "lake", place / "stored"
    lake = lake_at(folder)
    for number in range(RUNS):
        run(lake, put_world(place / str(number), rich_world(number, parts=2)))
        if not number:
            lake.tag("kept")
            tagged = contents({name: lake.scan(name) for name in PUBLISHED})
    data = folder / "warehouse/stedi/accelerometer_landing/data"
    shutil.copy(next(data.iterdir()), data / "20260101T000000Z-abcdef-00000.parquet")
    shutil.copytree(folder, stored)
    rows = contents({name: lake.scan(name) for name in PUBLISHED})
    code, steps = maintain(folder, 0)
    assert code == 0
    return Worn(folder, stored, rows, tagged, steps)


def test_the_steps_are_those_of_a_whole_maintenance(worn):
    found = Counter(worn.steps)
    assert all(found[f"before {name}"] == found[f"after {name}"] > 5 for name in WANTED)
    deletions = [place for place, name in enumerate(worn.steps) if name == "before delete"]
    commits = [place for place, name in enumerate(worn.steps) if name == "after commit_table"]
    # pyiceberg itself deletes old metadata at a commit: all of our own deletions come after the last one.
    assert sum(place > commits[-1] for place in deletions) > 20
    assert worn.steps[-1] == "after delete"


@pytest.mark.parametrize("number", spread(KILLS, usual=2))
def test_a_killed_maintenance_loses_nothing_and_is_completed_by_the_next(worn, number):
    worn.begin()
    dice = random.Random(number)  # noqa: S311 - a test's dice
    step = 1 + int((number + dice.random()) * len(worn.steps) / KILLS)
    assert maintain(worn.folder, step)[0] == -signal.SIGKILL
    # Main may be behind the last row of the run table: the rows are the same.
    worn.check_readers()
    worn.finish()


@pytest.mark.parametrize(
    "parts", [(0.6, 0.2), pytest.param((0.3, 0.6, 0.2, 0.1, 0.4), marks=pytest.mark.campaign)]
)
def test_one_that_is_killed_again_and_again_is_completed_in_the_end(worn, parts):
    worn.begin()
    for part in parts:
        maintain(worn.folder, 1 + int(part * len(worn.steps)))
        worn.check_readers()
    worn.finish()


def test_a_run_goes_on_after_a_killed_maintenance(worn, tmp_path):
    worn.begin()
    assert maintain(worn.folder, len(worn.steps) // 2)[0] == -signal.SIGKILL
    report = run(worn.lake, put_world(tmp_path / "more", rich_world(77, parts=2)))
    assert report.changed
    grown = worn.lake.scan("customer_landing").collect().height - worn.rows["customer_landing"].total()
    assert grown == report.accounts["customer_landing"].rows_out > 0


@pytest.mark.campaign
def test_campaign_of_kills(worn):
    """Kill maintenances at seeded steps, up to three times in a row."""
    for seed, dice in seeds(100):
        worn.begin()
        kills = moments(dice, len(worn.steps))
        with told(seed, kills):
            for step in kills:
                maintain(worn.folder, step)
                worn.check_readers()
            worn.finish()
