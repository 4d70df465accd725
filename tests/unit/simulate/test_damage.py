"""Each kind of damage breaks a record for its one reason; each other spelling breaks nothing."""

import json
import unicodedata

import pytest
from plain_reader import TABLES, judge

from stedi.contract import landing_contract
from stedi.simulate.damage import CUT_OFF, DAMAGES, damages_of, dump, source_keys
from stedi.simulate.dirt import Line
from stedi.simulate.draws import Draws
from stedi.simulate.spelling import SPELLINGS, recase, spellings_of

RECORDS = {
    "customer": {
        "customerName": "Ada Norzel",
        "email": "Ada.Norzel@example.net",
        "phone": "5550000001",
        "birthDay": "967-01-01",
        "serialNumber": "50a1b2c3-d4e5-4f60-8a1b-2c3d4e5f6071",
        "registrationDate": 1_655_564_376_361,
        "lastUpdateDate": 1_655_564_376_361,
        "shareWithResearchAsOfDate": 1_655_564_376_361,
    },
    "accelerometer": {
        "user": "Ada.Norzel@example.net",
        "timestamp": 1_655_564_376_361,
        "x": 1.5,
        "y": 0.0,
        "z": -9,
    },
    "step_trainer": {
        "sensorReadingTime": 1_655_564_376_361,
        "serialNumber": "50a1b2c3",
        "distanceFromObject": 250,
    },
}


@pytest.mark.parametrize(
    ("noun", "damage"),
    [(noun, damage) for noun in TABLES for damage in damages_of(noun)],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_damage_breaks_a_record_for_one_reason(noun, damage):
    for seed in range(100):
        text = damage.apply(RECORDS[noun], landing_contract(noun), Draws(seed).random)
        assert b"\n" not in text
        assert b"\r" not in text
        marked = text + b"\0" if damage is CUT_OFF else text
        assert judge(marked, noun)[0] == {damage.reason.value}


@pytest.mark.parametrize(
    ("noun", "spelling"),
    [(noun, spelling) for noun in TABLES for spelling in spellings_of(noun)],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_another_spelling_means_the_same(noun, spelling):
    plain = dump(RECORDS[noun])
    for seed in range(100):
        text = spelling.apply(RECORDS[noun], landing_contract(noun), Draws(seed).random)
        assert text is not None
        assert judge(text, noun) == judge(plain, noun)
        assert judge(recase(text, source_keys(landing_contract(noun), required=False)), noun) == judge(
            plain, noun
        )


def test_kinds_have_names_of_their_own():
    names = [kind.kind for kind in (*DAMAGES, *SPELLINGS)]
    assert len(set(names)) == len(names)


def test_a_record_with_all_optional_keys_has_none_to_add_as_null():
    full = RECORDS["customer"] | {"shareWithPublicAsOfDate": 1, "shareWithFriendsAsOfDate": 1}
    (null_optional,) = (spelling for spelling in SPELLINGS if spelling.kind == "null_optional")
    assert null_optional.apply(full, landing_contract("customer"), Draws(0).random) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [(b'{"x": NaN}', True), (b"{}", False), (b"[{}]", False), (b'{"x": 1', False), (b'{"x": "\xff"}', False)],
)
def test_only_whole_objects_may_stand_back_to_back(text, expected):
    assert Line(text).is_object is expected


def test_wide_letters_are_written_as_they_are():
    wide = json.loads(dump({"email": "\uff21da"}))["email"]
    assert unicodedata.normalize("NFKC", wide) == "Ada"
