"""The worked examples of the consent page, and the README's table of the derived tables.

What stedi decides is computed when the site is built. What it ought to decide was worked out by hand from
the words of the rule, and stands here.
"""

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stedi.contract import contract_of
from stedi.contract.reasons import Drop
from stedi.plan.lineage import LINEAGE

ROOT = Path(__file__).parents[2]


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2024, month, day, hour, tzinfo=UTC)


@pytest.fixture(scope="module")
def example():
    """Return the module with the worked examples."""
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import worked_example
    finally:
        sys.path.remove(str(ROOT / "docs"))
    return worked_example


def test_anns_year_is_as_worked_out_by_hand(example):
    february, april, june = example.decisions(example.ANN)
    assert february.consent_from == {"ann": at(1, 10)}
    assert february.phone["ann"] == {at(1, 5): Drop.BEFORE_CONSENT, at(1, 20): None, at(2, 15): None}
    assert april.consent_from == {"ann": None}
    assert set(april.phone["ann"].values()) == {Drop.NOT_TRUSTED}
    assert june.consent_from == {"ann": at(3, 1) + timedelta(milliseconds=1)}
    assert [time for time, reason in june.phone["ann"].items() if reason is None] == [at(4, 1), at(5, 15)]


def test_the_shared_device_is_as_worked_out_by_hand(example):
    decided = example.decisions(example.SHARED)
    assert [decision.device_from["trainer-7"] for decision in decided] == [at(1, 10), None, at(4, 1), None]
    assert [decision.consent_from for decision in decided] == [
        {"ben": at(1, 10), "cleo": None},
        {"ben": at(1, 10), "cleo": None},
        {"ben": at(1, 10), "cleo": at(4, 1)},
        {"ben": at(1, 10), "cleo": None},
    ]
    assert [(decision.step_rows, decision.ml_rows) for decision in decided] == [
        (1, 1),
        (0, 0),
        (4, 2),
        (0, 0),
    ]
    used = [time for time, reason in decided[2].steps["trainer-7"].items() if reason is None]
    assert used == [at(4, 15), at(5, 15)]


def test_the_small_questions_are_answered_as_worked_out_by_hand(example):
    clamped = at(3, 1) + timedelta(milliseconds=1)
    expected = [at(5, 1), None, None, None, None, at(5, 1), clamped, at(5, 1), None, None]
    assert [case.consent_from() for case in example.CASES] == expected


# The README -----------------------------------------------------------------------------------------


def test_the_readme_has_the_lineage_and_the_grains_of_the_contracts():
    text = (ROOT / "README.md").read_text("utf-8")
    table = {
        name: (made_of, grain)
        for name, made_of, grain in re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", text, re.MULTILINE)
    }
    assert table == {
        step.table: (
            ", ".join(f"`{name}`" for name in (step.driving, *step.others)),
            contract_of(step.table).grain,
        )
        for step in LINEAGE
    }
