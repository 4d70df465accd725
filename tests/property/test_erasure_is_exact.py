"""Whoever is cut out of landing texts goes from them entirely, and of everybody else not a byte.

People are drawn from names that stand in each other, and records in every state of repair.
"""

import json
import random
from datetime import UTC, datetime
from io import BytesIO
from typing import NamedTuple

import pytest

import stedi
from effort import cases
from stedi.consent.pseudonyms import key
from stedi.consent.tombstones import TombstoneIndex
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.governance.erase.neighbours import Neighbours
from stedi.governance.erase.subject import Subject
from stedi.governance.erase.whose import whose_is
from stedi.landing.names_and_phones import name_forms
from stedi.landing.removal import write_object_without
from worlds import SECRET

KEY = stedi.Pseudonyms(SECRET)
NOBODY = polars_schema(contract_of("tombstone")).to_frame()
LOCALS = [
    "ann",
    "joann",
    "an",
    "ann.b",
    "ann-b",
    "ann_b",
    "ann+b",
    "b.ann",
    "b-ann",
    "b_ann",
    "b+ann",
    "o'ann",
    "ann1",
    "1ann",
    "x",
    "_ann",
    "ann_",
]
DOMAINS = ["ex.com", "ex.co", "ex.com.au", "aex.com", "ex-com.org", "sub.ex.com", "ex.community"]
SERIALS = (
    *[
        "12",
        "dev-12",
        "dev-1",
        "dev-123",
        "x-dev-12",
        "dev-12-x",
        "417",
        "2022",
        "unknown",
        "true",
        "null",
        "12.5",
        "dev-12.5",
        "DEV-12",
        "backups",
    ],
    *[
        "50a1b2c3-d4e5",
        "50a1b2c3",
        "d4e5-ffff",
        "1655564400000",
        "date",
        "7/12",
        "dev_12",
        "dev:12",
        "1e5",
        "0012",
        "email",
        "ann@ex.com",
    ],
    "serialNumber",
    "a b-7",
)
NAMES = ("Ann Lee", "Joann Lee", "Mary Ann Lee", "Ann Lee Smith", "Annlee", "Ann", "Ann O'Lee", "Customer")
PHONES = (
    "8015550000",
    "18015550000",
    "+1 801 555 0000",
    "80155500001",
    "5550000",
    "2022061815",
    "1655564400",
)


class One(NamedTuple):
    """Somebody."""

    email: str
    serial: str
    name: str
    phone: str

    @property
    def asides(self):
        return name_forms(self.name) | name_forms(self.phone)

    def records(self, table, dice):
        """Return records of theirs, whole, odd, escaped and torn."""
        if table == "accelerometer_landing":
            reading = {"user": self.email, "timestamp": 1655564400000, "x": 12.5, "y": 417, "z": 1e5}
            return [json.dumps(reading), json.dumps({**reading, "x": "no"}), json.dumps(reading)[:-9]]
        if table == "step_trainer_landing":
            step = {"serialNumber": self.serial, "sensorReadingTime": 1655564400000}
            whole = json.dumps(step | {"distanceFromObject": dice.choice([12, 417, 2022])})
            return [whole, json.dumps(step)[:-3], f'x","serialNumber":{json.dumps(self.serial)},"sens']
        values = {"customerName": self.name, "email": self.email, "phone": self.phone}
        values |= {"serialNumber": self.serial, "lastUpdateDate": 1655564400000}
        return [
            json.dumps(values),
            json.dumps(values | {"x": 1}).replace("@", "\\u0040"),
            json.dumps(values | {"phone": {"b": 1}, "note": "12 417 2022 unknown true date"}),
            json.dumps(values)[: -dice.randint(1, 3)] + ', "x":',
            json.dumps({"email": self.email, "nested": json.dumps({"serialNumber": self.serial})}),
        ]


def four_people(dice):
    found: dict[str, One] = {}
    taken: set[str] = set()
    while len(found) < 4:
        email = f"{dice.choice(LOCALS)}@{dice.choice(DOMAINS)}"
        one = One(dice.choice([email, email.upper()]), *map(dice.choice, (SERIALS, NAMES, PHONES)))
        names = {key(one.email), key(one.serial)}
        if not names & taken:
            found[one.email] = one
            taken |= names
    return list(found.values())


def person_of(one, others):
    neighbours = Neighbours(scan=None, person=key(one.email))
    # What it would find in the tables.
    neighbours.__dict__.update(
        emails=frozenset(key(other.email) for other in others) - {key(one.email)},
        devices=frozenset(key(other.serial) for other in others),
        quasi_identifiers=frozenset().union(*(other.asides for other in others)),
    )
    return Subject(
        key=key(one.email),
        customer_id=KEY.customer_id(one.email),
        own={key(one.serial): KEY.device_id(one.serial)},
        lost=frozenset(),
        quasi_identifiers=one.asides - neighbours.quasi_identifiers,
        lost_quasi_identifiers=frozenset(),
        tombstone_index=TombstoneIndex(NOBODY, KEY),
        neighbours=neighbours,
        pseudonyms=KEY,
    )


@pytest.mark.parametrize("table", ["customer_landing", "accelerometer_landing", "step_trainer_landing"])
def test_one_of_four_goes_and_the_others_stay_to_the_byte(table, tmp_path):
    for seed in range(cases(400)):
        dice = random.Random(seed)  # noqa: S311 - a test's dice
        one, *others = everybody = four_people(dice)
        lines = [(each, line) for each in everybody for line in each.records(table, dice)]
        dice.shuffle(lines)
        text = "".join(f"{line}\n" for _, line in lines).encode()
        whose = whose_is(
            contract_of(table), person_of(one, others), erased_at=datetime.now(UTC), erase_shared=False
        )
        write_object_without(lambda: BytesIO(text), tmp_path / "cut", whose, size=len(text), name="it")  # noqa: B023
        left = "".join(f"{line}\n" for each, line in lines if each is not one)
        assert (tmp_path / "cut").read_text() == left, (seed, everybody)
