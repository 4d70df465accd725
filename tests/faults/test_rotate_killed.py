"""kill -9 at any moment of a rotation: the lake is as before or after it, and once more ends it.

The campaign tries STEDI_CAMPAIGN_KILLS more moments: ``pytest -m campaign tests/faults``.
"""

import random
import signal

import pytest
from campaign import moments, seeds, spread, told

from lakes import DERIVED, lake_at, run
from processes import start
from stedi import Pseudonyms
from stedi.errors import RotationUnfinishedError
from traces import found_in
from worlds import NOW, SECRET

# The matrix of interruptions has a rotation in the test command, too.
pytestmark = pytest.mark.campaign
OLD = Pseudonyms(SECRET)
RING = OLD.followed_by(Pseudonyms(b"n" * 32))
KILLS = 5


@pytest.fixture(scope="module")
def doomed(cages):
    cage = cages.back_to("built")
    code, steps = rotate(cage, 0)
    assert code == 0
    return cages, steps, state_of(cage)


def rotate(cage, step):
    keys = ",".join(each.hex() for each in RING.reveal_all())
    with start("doomed_rotation.py", cage.folder, str(step), keys=keys) as process:
        out, err = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), err
    return process.returncode, out.splitlines()


def state_of(cage):
    lake = lake_at(cage.folder, pseudonyms=RING)
    people = lake.scan("customer_landing").collect()["email"]
    assert found_in(cage.folder, map(OLD.customer_id, people)) == []
    assert lake.last_run().kind == "rotation"
    return {table: sorted(map(repr, lake.scan(table).collect().rows())) for table in DERIVED}


def is_whole(cage):
    """Whatever happened, all ids that are read were made with one key; return what the newest row says."""
    lake = lake_at(cage.folder, pseudonyms=RING)
    newest = lake.last_run()
    ids = RING.using(newest.key_fingerprint)
    people = {ids.customer_id(each) for each in lake.scan("customer_landing").collect()["email"]}
    for table in DERIVED:
        assert set(lake.scan(table).collect()["customer_id"]) <= people
    if newest.kind == "rotating":
        with pytest.raises(RotationUnfinishedError):
            run(lake, cage.landing, now=NOW)
    return newest.kind


def finish(cage):
    if is_whole(cage) != "rotation":
        tags = ["before", "study", "training", "withdrawn"]
        assert lake_at(cage.folder, pseudonyms=RING).rotate_key(drop_tags=tags).outcome == "rotated"


@pytest.mark.parametrize("number", spread(KILLS, usual=1))
def test_a_killed_rotation_is_finished_by_one_more(doomed, number):
    cages, steps, state = doomed
    cage = cages.back_to("built")
    dice = random.Random(number)  # noqa: S311 - a test's dice
    step = 1 + int((number + dice.random()) * len(steps) / KILLS)
    assert rotate(cage, step)[0] == -signal.SIGKILL
    finish(cage)
    assert state_of(cage) == state


@pytest.mark.campaign
def test_campaign_of_kills(doomed):
    """Kill rotations at seeded steps, up to three times in a row."""
    cages, steps, state = doomed
    for seed, dice in seeds(100):
        cage = cages.back_to("built")
        kills = moments(dice, len(steps))
        with told(seed, kills):
            for step in kills:
                if is_whole(cage) != "rotation":
                    rotate(cage, step)
            finish(cage)
            assert state_of(cage) == state
