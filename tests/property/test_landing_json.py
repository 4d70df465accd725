"""Whatever the grammar of JSON (RFC 8259) allows may stand in a record beside what its contract asks."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.contract import landing_contract
from stedi.landing.fetch import Fetched
from stedi.landing.limits import Limits
from stedi.landing.objects import LandingObject
from stedi.landing.split import Split

READINGS = landing_contract("accelerometer")

BLANKS = st.text(" \t\r\n", max_size=3)
DIGITS = st.text("0123456789", min_size=1, max_size=40)
SIGNS = st.sampled_from(["", "+", "-"])
FRACTIONS = st.just("") | DIGITS.map(".{}".format)
EXPONENTS = st.just("") | st.builds("{}{}{}".format, st.sampled_from("eE"), SIGNS, DIGITS)
WHOLE = st.just("0") | st.builds("{}{}".format, st.sampled_from("123456789"), st.just("") | DIGITS)
NUMBERS = st.builds("{}{}{}{}".format, st.sampled_from(["", "-"]), WHOLE, FRACTIONS, EXPONENTS)
LETTERS = st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters='"\\')
# Half a surrogate pair is no text: a record that has one is rejected.
CODES = st.characters(exclude_categories=["Cs"]).map(lambda each: json.dumps(each)[1:-1])
ESCAPES = st.sampled_from(list('"\\/bfnrt')).map("\\{}".format) | CODES
TEXTS = st.lists(LETTERS | ESCAPES, max_size=8).map(lambda parts: f'"{"".join(parts)}"')
LAYOUTS = ["{}\n{}\n{}\n", "{}{}{}", "{},\n{},\n{},\n", "[{},\n{},\n{}]", "[{}, {}, {}]"]
WAYS = [Limits(few=0, short=0), Limits(fast=False)]
ODD = [
    *("[-0]", "[1E+2]", "[0e+1]", f"-1{'0' * 400}", '["\\ud834\\udd1e"]', '{"a":1,"a":1}', '{"":0}', ' "" '),
    *('{"\\u0000":1}', "[\n\n1\n]", '{\n"a": {\r\n"b": []}\r}', "[[]   ]", '"a/*b*/c//d"'),
    '["\x7f\u2028\ufeff\U0010ffff"]',
]


def apart(blanks: list[str], parts: list[str]) -> str:
    """Put parts together with blanks around each."""
    around = iter(blanks)
    return "".join(f"{next(around, '')}{part}" for part in parts)


def several(opening: str, members: st.SearchStrategy[str], closing: str) -> st.SearchStrategy[str]:
    return st.builds(
        lambda items, blanks: apart(blanks, [opening, *_between(items), closing]),
        st.lists(members, max_size=4),
        st.lists(BLANKS, min_size=12, max_size=12),
    )


def _between(items: list[str]) -> list[str]:
    return [part for item in items for part in (",", item)][1:]


def _nested(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    members = st.builds("{}{}:{}{}".format, TEXTS, BLANKS, BLANKS, values)
    return several("[", values, "]") | several("{", members, "}")


VALUES = st.recursive(st.sampled_from(["null", "true", "false"]) | NUMBERS | TEXTS, _nested, max_leaves=8)


def record(number: int, more: str = "") -> str:
    return f'{{"user":"a{number}@x.com","timestamp":1655564376361,"x":1,"y":2.5,"z":3{more}}}'


def read(text: str, limits: Limits) -> Split:
    data = text.encode()
    obj = LandingObject(table="accelerometer_landing", path="object", size=len(data), version="1")
    fetched = Fetched(obj, "digest", len(data), lambda: io.BytesIO(data), limits)
    return Split.concat(fetched.splits(READINGS, run="run"), READINGS)


@given(
    VALUES, BLANKS, st.sampled_from(LAYOUTS), st.sampled_from([Limits(few=0, short=0), Limits(fast=False)])
)
def test_any_json_may_stand_in_a_record(value, blanks, layout, limits):
    json.loads(value)
    text = layout.format(record(1), record(2, f',{blanks}"extra"{blanks}:{value}'), record(3))
    split = read(text, limits)
    assert split.rejected["reason"].to_list() == []
    assert split.kept["user"].to_list() == ["a1@x.com", "a2@x.com", "a3@x.com"]


@pytest.mark.parametrize("value", ODD)
def test_odd_json_may_stand_in_a_record(value):
    more = f',"extra":{value}'
    split = read(f"{record(1)}\n{record(2, more)}\n{record(3)}\n", Limits())
    assert (split.kept.height, split.rejected.height) == (3, 0)


def test_a_record_with_half_a_character_is_rejected_alone():
    more = r',"extra":"\ud800"'
    split = read(f"{record(1)}\n{record(2, more)}\n{record(3)}\n", Limits())
    assert split.kept["user"].to_list() == ["a1@x.com", "a3@x.com"]
    assert split.rejected["reason"].to_list() == ["not_json"]
