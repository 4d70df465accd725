"""Whatever strikes wherever a verb writes: the lake is sound, and the same command ends what was begun.

The campaign has every place at which a verb writes, each with STEDI_CAMPAIGN_WAYS faults of different kinds:
2 by default, and 1 for a verb's variants, which write at the same places in another state. Each kind of fault
strikes at every verb, and STEDI_CAMPAIGN_FAULTS (300) more do somewhere:
``pytest -m campaign tests/faults/test_interruptions.py``.
"""

import os
import random
from collections.abc import Iterator, Sequence

import pytest
from commands import COMMANDS, NEXT_GONE, open_lake
from interrupting import Fault, faults_at
from trial import Trial, follow

IN_A_ROW = 8
"""So many faults strike one lake before its command is let come to its end."""
SMALL = ("run", "maintain")
"""Of these a few faults are in the tests of every day; of erasures, see below."""
VARIANTS = (
    "first run, new key",
    "first run, plan",
    "erase by serial number",
    "rotate, key file",
    "run after a run killed before its publication",
    "run after a run killed after its publication",
    "maintain after a killed tag",
)
PARTS = {command: 4 if command.startswith("erase") else 2 for command in COMMANDS}
BATCHES = 20


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """Make the lake in all its states, once."""
    trial = Trial.build(tmp_path_factory.mktemp("trial"))
    yield trial
    trial.close()


def selection(trial: Trial, command: str) -> list[Fault]:
    """Return some faults for every place of a command, of different kinds, and each kind at least once."""
    dice = random.Random(command)  # noqa: S311 - a test's dice
    at = faults_at(trial.reference(command).visited, dice)
    ways = int(os.environ.get("STEDI_CAMPAIGN_WAYS", "1" if command in VARIANTS else "2"))
    chosen: list[Fault] = []
    for faults in at.values():
        by_kind = {fault.kind: fault for fault in dice.sample(faults, len(faults))}
        chosen += [*by_kind.values()][:ways]
    known = {fault.kind for fault in chosen}
    others = [fault for faults in at.values() for fault in faults if fault.kind not in known]
    dice.shuffle(others)
    chosen += {fault.kind: fault for fault in others}.values()
    dice.shuffle(chosen)
    return chosen


def some(trial: Trial, command: str, dice: random.Random, count: int) -> list[Fault]:
    """Return faults at places of a command, as the dice have it."""
    at = faults_at(trial.reference(command).visited, dice)
    return [dice.choice(at[dice.choice(list(at))]) for _ in range(count)]


def strike(trial: Trial, command: str, faults: Sequence[Fault], *, on: bool) -> None:
    """Let faults strike; whatever fails tells which they were."""
    try:
        follow(trial, command, faults, on=on)
    except BaseException as error:
        error.add_note(f"{command}: {'; '.join(map(str, faults))}")
        raise


@pytest.mark.parametrize("command", SMALL)
def test_a_disturbed_command_leaves_a_sound_lake_and_is_ended_by_the_same(trial, command):
    dice = random.Random(f"small {command}")  # noqa: S311 - a test's dice
    strike(trial, command, some(trial, command, dice, 2 if command in ("run", "tag") else 1), on=False)


def test_plans_of_erasures_and_rotations_write_nothing(trial):
    for command in ("erase, plan", "rotate, plan"):
        assert {place.operation for _, place in trial.reference(command).visited} <= {"progress"}


@pytest.mark.parametrize(
    ("moment", "operation", "by", "kind"),
    [
        pytest.param("before", "vacuum", "scrub_catalog", "sigkill", marks=pytest.mark.campaign),
        pytest.param(
            "after", "commit", "_publish_end > tables.publish_step", "interrupt", marks=pytest.mark.campaign
        ),
    ],
)
def test_an_erasure_by_serial_number_is_ended_by_the_same_when_no_table_tells_the_person_any_more(
    trial, moment, operation, by, kind
):
    command = "erase by serial number"
    visited = trial.reference(command).visited
    places = [
        place for at, place in visited if (at, place.operation) == (moment, operation) and by in place.by
    ]
    strike(trial, command, [Fault(kind, moment, places[0])], on=False)


def test_what_a_killed_erasure_had_not_put_in_place_goes_with_the_next_one(trial):
    trial.begin("used")
    draft = trial.root / "landing" / "customer" / ".gone.json.erasing"
    draft.write_text("zoe@example.com")
    open_lake(trial.root).erase(
        email=NEXT_GONE, drop_tags=["dropped", "moved", "rebuilt"], landing=trial.root / "landing"
    )
    assert not draft.exists()


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("command", "part"), [(each, part) for each in COMMANDS for part in range(PARTS[each])]
)
def test_campaign_of_faults_at_every_place(trial, command, part, record_property):
    chosen = selection(trial, command)
    mine = chosen[part :: PARTS[command]]
    for first in range(0, len(mine), IN_A_ROW):
        strike(trial, command, mine[first : first + IN_A_ROW], on=not (part or first))
    record_property("faults struck", len(mine))
    if not part:
        visited = trial.reference(command).visited
        record_property("places that commands write at", len({place for _, place in visited}))
        record_property("visits to them", sum(visited.values()))
        product = faults_at(visited, random.Random(0))  # noqa: S311 - only counted
        record_property("ways to strike at them", sum(map(len, product.values())))


@pytest.mark.campaign
@pytest.mark.parametrize("batch", range(BATCHES))
def test_campaign_of_faults_at_random(trial, batch, record_property):
    wanted = int(os.environ.get("STEDI_CAMPAIGN_FAULTS", "300")) // BATCHES
    dice = random.Random(f"batch {batch}")  # noqa: S311 - a test's dice
    struck = 0
    while struck < wanted:
        # The plan of a rotation writes nothing, and does not say how far it is.
        command = dice.choice([each for each in COMMANDS if each != "rotate, plan"])
        faults = some(trial, command, dice, min(wanted - struck, dice.choice((1, 2, 3, 4, 5))))
        strike(trial, command, faults, on=dice.random() < 0.2)
        struck += len(faults)
    record_property("faults struck", struck)
