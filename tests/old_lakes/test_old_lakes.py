"""Lakes of format 1, as the code of 30 November 2026 left them: every verb works on them as they are."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from unpacked import NAMES, OldLake, unpack

import stedi

START = datetime(2022, 6, 18, 15, tzinfo=UTC)
AT_ONCE = {"keep_days": 0, "older_than": timedelta(0)}
KNOWN = {"format-1-erased": {"wrong_ledger"}}
"""What the code of that day left wrong, and no run puts right: twins of an erased object in the ledger."""
DAMAGED = "format-1-planned"


# One of them in the test command, all in campaigns.
@pytest.fixture(
    params=[name if name == DAMAGED else pytest.param(name, marks=pytest.mark.campaign) for name in NAMES]
)
def old(request, tmp_path) -> OldLake:
    return unpack(request.param, tmp_path)


def name_of(old: OldLake) -> str:
    return f"format-1-{old.home.name}"


def faults(lake: stedi.Lake) -> set[str]:
    return {str(finding.code) for finding in lake.verify(older_than=timedelta(0)).findings}


def run(old: OldLake, lake: stedi.Lake, day: int, **options: object):
    return lake.run(old.landing, now=START + day * timedelta(days=1), max_rejected=1, **options)


def test_there_is_a_lake_of_each_kind():
    kinds = {name.removeprefix("format-1-") for name in NAMES}
    assert kinds == {"accent", "erased", "maintained", "planned", "rotated", "sound"}


def test_every_verb_works_on_it(old):
    lake, known = old.open(), KNOWN.get(name_of(old), set())
    trusted = set(lake.scan("customer_trusted").collect()["email"])
    assert trusted
    # The objects have other paths and versions than when they were loaded: their bytes are known.
    report = run(old, lake, 5)
    assert report.changes["customer_landing"].gained == (1 if name_of(old) == DAMAGED else 0)
    assert faults(lake) == known
    assert not run(old, lake, 6, full=True).differs
    lake.tag("of-today")
    assert set(lake.tags()) >= {"of-today"}
    assert lake.explain(email="bob@example.com").to_dict()
    assert lake.report().to_dict()
    plan = lake.erase(email="bob@example.com", plan=True)
    tags = [name for name in plan.refs_holding if name != "of-today"]
    lake.erase(email="bob@example.com", drop_tags=tags, move_tags=set(plan.refs_holding) - set(tags))
    assert "bob@example.com" not in lake.scan("customer_landing").collect()["email"]
    lake.maintain(**AT_ONCE)
    before = lake.scan("accelerometer_trusted").collect().height
    lake.rotate_key(stedi.Pseudonyms.generate(), drop_tags=sorted(lake.tags()))
    assert lake.scan("accelerometer_trusted").collect().height == before
    # Erasing somebody rewrites no ledger rows of others' twins: what was wrong stays known, and nothing else.
    assert faults(lake) <= known


@pytest.mark.parametrize(
    "heal", [lambda lake: lake.maintain(**AT_ONCE), lambda lake: lake.tag("healed")], ids=["maintain", "tag"]
)
def test_what_a_plan_damaged_is_healed_by_any_verb(tmp_path, heal):
    lake = unpack(DAMAGED, tmp_path).open()
    assert faults(lake) == {"lost_file"}
    rows = sorted(lake.scan("machine_learning_curated").collect().rows())
    heal(lake)
    assert faults(lake) == set()
    assert sorted(lake.scan("machine_learning_curated").collect().rows()) == rows
