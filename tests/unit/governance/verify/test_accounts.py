"""The arithmetic of runs, with one figure wrong at a time."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from stedi.governance.verify.accounts import check_arithmetic
from stedi.pipeline.history import Run
from stedi.plan.account import Account
from stedi.plan.match import Match

AT = datetime(2026, 1, 1, tzinfo=UTC)
SOUND = Account(
    table="accelerometer_trusted", rows_in=10, used=6, dropped={"not_trusted": 4}, fan_out=0, rows_out=6
)


def wrong(account):
    run = Run(
        run_id="r",
        base_run_id=None,
        started_at=AT,
        published_at=AT,
        now=AT,
        consent="as_of",
        key_fingerprint="",
        code_version="",
        match=Match(readings=0, exact=0, nearby=0),
        snapshots={},
        accounts={account.table: account},
    )
    return check_arithmetic([run])


def test_a_sound_account_is_sound():
    assert wrong(SOUND) == []


@pytest.mark.parametrize(
    "change",
    [
        {"rows_in": 11},
        {"rows_out": 7},
        {"dropped": {"not_trusted": 5}},
        {"dropped": {"a rule of nobody's": 4}},
        {"dropped": {"not_trusted": 5, "duplicate": -1}},
    ],
)
def test_one_wrong_figure_is_found(change):
    (finding,) = wrong(replace(SOUND, **change))
    assert (str(finding.code), finding.place) == ("wrong_account", "run r, accelerometer_trusted")
