"""An explanation as plain values: which, and in which order."""

import json
from datetime import UTC, datetime

from stedi.governance.explain.explanation import Device, Entry, Explanation, Person, Portion, Reason
from stedi.plan.account import Account

AT = datetime(2024, 3, 1, 9, tzinfo=UTC)
ENTRY = Entry(
    at=None,
    record="good",
    says="grant",
    share_from=AT,
    customer=None,
    device="device 1",
    superseded=False,
    sent=2,
    words="shares with research",
    effect="consent is given",
)
ACCOUNT = Account(table="step_trainer_trusted", rows_in=3, used=2, dropped={"a": 1, "b": 0}, rows_out=2)
EXPLANATION = Explanation(
    kind="email",
    asked="ann@example.com",
    run_id="r",
    now=AT,
    consent="as_of",
    known=True,
    rows=2,
    consent_from=AT,
    verdict="in",
    timeline=(ENTRY,),
    reasons=(Reason(rule=1, words="so"),),
    people=(Person(name="customer 1", consent_from=None, holds=True, words="does not consent"),),
    devices=(Device(name="device 1", claimants=1, refusing=0, holders=1, held=True, consent_from=AT),),
    portions=(Portion(device="device 1", account=ACCOUNT),),
)


def test_plain_values_are_these_in_this_order():
    time = "2024-03-01T09:00:00+00:00"
    assert json.dumps(EXPLANATION.to_dict()) == json.dumps(
        {
            "kind": "email",
            "asked": "ann@example.com",
            "run_id": "r",
            "now": time,
            "consent": "as_of",
            "known": True,
            "included": True,
            "rows": 2,
            "consent_from": time,
            "verdict": "in",
            "timeline": [
                {
                    "at": None,
                    "record": "good",
                    "says": "grant",
                    "share_from": time,
                    "customer": None,
                    "device": "device 1",
                    "superseded": False,
                    "sent": 2,
                    "words": "shares with research",
                    "effect": "consent is given",
                }
            ],
            "reasons": [
                {"rule": 1, "title": "Only the newest record decides, and a denial wins", "words": "so"}
            ],
            "people": [
                {
                    "name": "customer 1",
                    "consents": False,
                    "consent_from": None,
                    "holds": True,
                    "words": "does not consent",
                }
            ],
            "devices": [
                {
                    "name": "device 1",
                    "claimants": 1,
                    "refusing": 0,
                    "holders": 1,
                    "held": True,
                    "consent_from": time,
                }
            ],
            "portions": [
                {
                    "table": "step_trainer_trusted",
                    "device": "device 1",
                    "rows_in": 3,
                    "used": 2,
                    "dropped": {"a": 1},
                    "fan_out": 0,
                    "rows_out": 2,
                }
            ],
        }
    )
