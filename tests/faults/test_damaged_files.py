"""Every kind of file of a lake, damaged in every way, under every verb: one clear line, and no other harm.

By default a seeded part of all trials is made; the campaign makes all: ``pytest -m campaign tests/faults``.
"""

import random
import re
from collections.abc import Iterator

import pytest
from patient import DAMAGES, Patient, file_of
from verbs import COMMANDS, IN_PYTHON, Outcome, attempt

from lakes import PUBLISHED, tables_of
from stedi.errors import ConfigurationError
from worlds import SECRET

FILES = (
    "metadata of run",
    "metadata of customer_landing",
    "manifest list of run",
    "manifest list of accelerometer_trusted",
    "manifest of run",
    "manifest of customer_trusted",
    "data file of run",
    "data file of object",
    "data file of quarantine",
    "data file of customer_landing",
    "data file of step_trainer_trusted",
    "catalog",
    "lock",
    "receipt",
)
ENDED = ("data file", "catalog", "receipt")
"""Files of which the end tells something that the other half does not."""
# The lock has no bytes that could be lost.
CASES = [
    (file, damage)
    for file in FILES
    for damage in DAMAGES
    if (file != "lock" or damage in ("deleted", "replaced"))
    and (damage != "cut at its end" or file.startswith(ENDED))
]
HARMLESS = (
    # The next run makes it anew.
    ("lock", "deleted"),
    # The middle of so small a database is in no row, and nothing reads it.
    ("catalog", "garbled"),
)
VERBS = [*IN_PYTHON, *COMMANDS]
TRIALS = 12
"""How many trials of all make the part of a default run; there are two parts."""

_PERSONAL = re.compile(r"[\w.+-]+@[\w.-]+\.\w+|50a1b2c3", re.IGNORECASE)


@pytest.fixture(scope="module")
def patient(tmp_path_factory) -> Iterator[Patient]:
    place = tmp_path_factory.mktemp("patient")
    with pytest.MonkeyPatch.context() as patch:
        # The command line has no other way to the key.
        patch.setenv("STEDI_PSEUDONYM_KEY", SECRET.hex())
        patch.setenv("XDG_CONFIG_HOME", str(place / "config"))
        yield Patient.build(place)


def tried(patient: Patient, which: str, damage: str, verb: str) -> None:
    """Damage a file, try a verb, put the file back, and check that nothing else was harmed."""
    file = file_of(patient.folder, which)
    name = patient.name_of(file)
    try:
        DAMAGES[damage](file)
        outcome = attempt(verb, patient)
        assert_clear(outcome)
        if verb in ("verify", "stedi verify"):
            assert not outcome.done or (which, damage) in HARMLESS, "the audit found nothing"
        assert_nothing_else_harmed(patient, name, outcome)
    except BaseException as error:
        error.add_note(f"{which}, {damage}: {verb}")
        raise
    finally:
        patient.restore()


def assert_clear(outcome: Outcome) -> None:
    if outcome.done:
        return
    assert outcome.lines == 1, outcome.told
    assert "Traceback" not in outcome.told
    assert not _PERSONAL.search(outcome.told)
    assert 20 < len(outcome.told) < 600


def assert_nothing_else_harmed(patient: Patient, name: str, outcome: Outcome) -> None:
    """Check that with the damaged file put back all is as before, or as the verb should leave it."""
    if not patient.changed(name):
        return
    if name == "catalog.db" and outcome.done:
        # It was written to: it can't have been damaged where anything is kept.
        return
    patient.put_back(name)
    assert [str(each) for each in patient.lake.verify().findings] == []
    if not outcome.done:
        assert tables_of(patient.lake, PUBLISHED) == patient.rows
        assert patient.lake.last_run().run_id == patient.newest


@pytest.mark.parametrize("part", range(2))
def test_a_damaged_file_is_told_in_one_clear_line_and_nothing_else_is_harmed(patient, part):
    dice = random.Random(part)  # noqa: S311 - a test's dice
    trials = [(*case, verb) for case in CASES for verb in VERBS]
    for which, damage, verb in dice.sample(trials, TRIALS):
        tried(patient, which, damage, verb)


@pytest.mark.campaign
@pytest.mark.parametrize(("which", "damage"), CASES)
def test_campaign_of_damaged_files(patient, which, damage):
    for verb in VERBS:
        tried(patient, which, damage, verb)


@pytest.mark.campaign
def test_a_sound_lake_bears_every_verb(patient):
    for verb in VERBS:
        outcome = attempt(verb, patient)
        patient.restore()
        assert outcome.done, f"{verb}: {outcome.told}"


@pytest.mark.parametrize(
    "act",
    [
        lambda lake: lake.scan("run", at=5).collect(),
        lambda lake: lake.scan(5),
        lambda lake: lake.maintain(keep_days="many"),
        lambda lake: lake.run(5),
    ],
)
def test_a_wrong_argument_is_no_damage(patient, act):
    with pytest.raises(ConfigurationError, match=r"^(at|table|keep_days|landing) (is|can't be) "):
        act(patient.lake)


def test_a_fault_of_the_code_raises_what_it_always_did(patient):
    def wrong(*_):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        patient.lake.maintain(progress=wrong)


def test_what_is_wrong_in_a_block_of_somebody_else_stays_what_it_is(patient):
    import polars as pl

    with pytest.raises(pl.exceptions.ColumnNotFoundError), patient.lake.reading():
        patient.lake.scan("run").select("nope").collect()
    with pytest.raises(pl.exceptions.InvalidOperationError), patient.lake.reading():
        patient.lake.scan("run").select(pl.col("run_id").cast(pl.Int8)).collect()
    with pytest.raises(FileNotFoundError), patient.lake.reading():
        (patient.folder.parent / "of mine.parquet").read_bytes()
    with pytest.raises(KeyError), patient.lake.reading():
        {}["mine"]
