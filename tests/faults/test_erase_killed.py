"""kill -9 at any moment of an erasure: the same erasure once more ends in the same state, without a trace.

The campaign tries STEDI_CAMPAIGN_KILLS more moments: ``pytest -m campaign tests/faults``.
"""

import random
import signal
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pytest
from campaign import moments, seeds, spread, told

from canary import ASIDE_IDS, DEVICE_ID, EMAIL, ID, TEXTS, Cage, Cages, everybody_else
from lakes import EVERY_TABLE, PUBLISHED, IcebergTable, files_of, run
from processes import start
from stedi.errors import ErasureUnfinishedError
from traces import found_in
from worlds import NOW

KILLS = 8
ASKED = {
    "email": EMAIL,
    "drop_tags": ["training"],
    "move_tags": ["withdrawn"],
    "rebuild_tags": ["study"],
    "reason": "a test",
}
LATER = NOW + timedelta(hours=5)


@dataclass(frozen=True)
class Doomed:
    """A cage that is put back before each kill, and what it is like after an erasure that lived."""

    cages: Cages
    steps: list[str]
    state: dict[str, object]

    @property
    def cage(self) -> Cage:
        return self.cages.cage

    def begin(self) -> None:
        self.cages.back_to("built")

    def finish(self) -> None:
        """The same erasure once more completes it, to the same state."""
        self.cage.lake.erase(**ASKED, landing=self.cage.landing)
        assert state_of(self.cage) == self.state

    def go_on(self) -> None:
        """Then there is nothing left to do, and runs go on as if nothing had been there."""
        again = self.cage.lake.erase(**ASKED, landing=self.cage.landing)
        assert (again.outcome, again.rows) == ("nothing_left", 0)
        report = run(self.cage.lake, self.cage.landing, now=LATER)
        assert (report.objects, report.changed) == (0, False)
        assert not run(self.cage.lake, self.cage.landing, now=LATER, full=True).differs


def state_of(cage: Cage) -> dict[str, object]:
    """Return all that must not depend on whether an erasure was killed; check that no trace is left."""
    lake = cage.lake
    assert found_in(cage.folder, TEXTS) == []
    receipts = lake.receipts()
    lake.check_receipt()
    (receipt,) = [each for each in receipts if each.outcome == "erased"]
    tables = {name: IcebergTable.of(cage.folder, name) for name in EVERY_TABLE}
    newest = lake.last_run()
    for name in PUBLISHED:
        assert tables[name].main == newest.snapshots[name]
        assert set(tables[name].refs("branch")) == {"main"}
        ids = {snapshot["snapshot-id"] for snapshot in tables[name].metadata["snapshots"]}
        assert len(ids) <= 4, name
    return {
        "kind": newest.kind,
        "rows": everybody_else(lake),
        "study": everybody_else(lake, at="study", include_withdrawn=True),
        "counts": {name: lake.scan(name).collect().height for name in sorted({*PUBLISHED} - {"tombstone"})},
        "ledger": sorted(
            lake.scan("object").collect().select("table_name", "records", "rejected", "erased", "path").rows()
        ),
        "accounts": {name: repr(newest.accounts[name]) for name in sorted({*PUBLISHED} - {"tombstone"})},
        # Whoever asks again for an erasure that had come to its end asks for one more.
        "tombstones": sorted(lake.scan("tombstone").collect()["digest"].unique()),
        "tags": {
            name: set(tables[name].refs("tag")) & {"before", "study", "training", "withdrawn"}
            for name in tables
        },
        "landing": {
            str(file.relative_to(cage.landing)): file.read_bytes()
            for file in files_of(cage.landing)
            if not file.name.startswith(".")
        },
        "went": [(table.table, table.rows, len(table.removed)) for table in receipt.tables],
        "objects": sorted((each.path, each.records) for each in receipt.objects),
        "trained_on": receipt.remains.trained_on,
    }


def erase(cage: Cage, step: int) -> tuple[int, list[str]]:
    """Erase until a step; return how it ended, and its steps if it lived."""
    with start("doomed_erasure.py", cage.folder, EMAIL, cage.landing, str(step)) as process:
        out, err = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), err
    return process.returncode, out.splitlines()


@pytest.fixture(scope="module")
def doomed(cages) -> Doomed:
    cage = cages.back_to("built")
    code, steps = erase(cage, 0)
    assert code == 0
    return Doomed(cages, steps, state_of(cage))


def test_the_steps_are_those_of_a_whole_erasure(doomed):
    found = Counter(doomed.steps)
    for name, least in (("commit_table", 30), ("delete", 30), ("_replace", 6), ("write", 2), ("copy", 4)):
        assert found[f"before {name}"] == found[f"after {name}"] >= least, name
    assert doomed.steps.index("after commit_table") < doomed.steps.index("before _replace")
    assert doomed.state["tombstones"] == sorted([ID, DEVICE_ID, *ASIDE_IDS])
    assert doomed.state["kind"] == "erasure"


@pytest.mark.parametrize("number", spread(KILLS, usual=0))
def test_a_killed_erasure_is_completed_by_the_same_once_more(doomed, number):
    doomed.begin()
    dice = random.Random(number)  # noqa: S311 - a test's dice
    step = 1 + int((number + dice.random()) * len(doomed.steps) / KILLS)
    assert erase(doomed.cage, step)[0] == -signal.SIGKILL
    lake = doomed.cage.lake
    if lake.last_run().kind == "erasing":
        with pytest.raises(ErasureUnfinishedError, match="run stedi erase again for the same person"):
            run(lake, doomed.cage.landing, now=LATER)
    doomed.finish()
    if number % 4 == 0:
        doomed.go_on()


def test_one_killed_between_the_new_name_of_an_object_and_the_old_is_completed(doomed):
    doomed.begin()
    places = [place for place, name in enumerate(doomed.steps, start=1) if name == "before unlink"]
    first = doomed.steps.index("before _replace")
    within = next(place for place in places if place > first and doomed.steps[place - 2] == "after replace")
    assert erase(doomed.cage, within)[0] == -signal.SIGKILL
    doomed.finish()


@pytest.mark.campaign
def test_campaign_of_kills(doomed):
    """Kill erasures at seeded steps, up to three times in a row."""
    for seed, dice in seeds(200):
        doomed.begin()
        kills = moments(dice, len(doomed.steps))
        with told(seed, kills):
            for step in kills:
                erase(doomed.cage, step)
            doomed.finish()
            doomed.go_on()
