"""Lakes of format 1, as the code of 30 November 2026 left them: after an upgrade every verb works on them."""

from datetime import UTC, datetime, timedelta

import pytest
from unpacked import NAMES, OldLake, unpack

import stedi
from stedi.errors import LakeFormatError
from stedi.pipeline import upgrade
from stedi.plan.change import Change

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


def test_nothing_but_an_upgrade_touches_it(old):
    lake = old.open()
    before = {file: file.read_bytes() for file in old.folder.rglob("*") if file.is_file()}
    for verb in (
        lambda: run(old, lake, 5),
        lambda: lake.scan("machine_learning_curated"),
        lambda: lake.erase(email="bob@example.com"),
        lambda: lake.rotate_key(stedi.Pseudonyms.generate()),
        lambda: lake.maintain(**AT_ONCE),
        lambda: lake.tag("today"),
        lambda: lake.release(["1:1"]),
        lake.verify,
    ):
        with pytest.raises(LakeFormatError, match=r"format 1.* stedi upgrade"):
            verb()
    plan = lake.upgrade(plan=True)
    assert (plan.planned, plan.old, plan.new, plan.records) == (True, 1, 2, 1)
    assert {file: file.read_bytes() for file in old.folder.rglob("*") if file.is_file()} == before


def test_an_upgraded_one_is_of_this_format_and_keeps_what_it_had(old):
    lake = old.open()
    report = lake.upgrade()
    assert (report.planned, report.old, report.new) == (False, 1, 2)
    # One name needs a second round to become its key, and so has another id.
    accent = name_of(old) == "format-1-accent"
    assert report.keys == accent
    assert any(change != Change() for change in report.changes.values()) == accent
    assert faults(lake) == KNOWN.get(name_of(old), set())
    assert lake.scan("quarantine").select("emails", "serial_numbers").collect().rows() == [
        (["finn@example.com"], ["device-finn"])
    ]
    assert lake.upgrade().old == 2
    for tag in lake.tags():
        assert lake.scan("quarantine", at=tag).collect().is_empty()


@pytest.mark.parametrize(
    "killed_at",
    [
        "_rebuild",
        *(
            pytest.param(step, marks=pytest.mark.campaign)
            for step in ("evolve_tables", "execute", "set_format", "sweep")
        ),
    ],
)
def test_an_interrupted_upgrade_is_ended_by_the_next(tmp_path, monkeypatch, killed_at):
    old = unpack("format-1-sound", tmp_path)

    def struck(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(upgrade, killed_at, struck)
        with pytest.raises(KeyboardInterrupt):
            old.open().upgrade()
    lake = old.open()
    assert lake.upgrade().new == 2
    lake.maintain(**AT_ONCE)
    assert faults(lake) == set()
    assert lake.scan("quarantine").collect().height == 1
    assert not run(old, lake, 5).differs


def test_every_verb_works_on_it(old):
    lake, known = old.open(), KNOWN.get(name_of(old), set())
    lake.upgrade()
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
    lake.upgrade()
    rows = sorted(lake.scan("machine_learning_curated").collect().rows())
    heal(lake)
    assert faults(lake) == set()
    assert sorted(lake.scan("machine_learning_curated").collect().rows()) == rows
