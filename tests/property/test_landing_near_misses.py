"""Records that are nearly good, between good ones of the same layout, are never let in.

The campaign tries 100,000 of them: ``pytest -m campaign tests/property/test_landing_near_misses.py``.
"""

import random
from typing import Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from effort import cases
from stedi.contract import landing_contract
from stedi.landing.chunks import chunks
from stedi.landing.limits import Limits
from stedi.landing.reader import Reader
from stedi.landing.rules import Origin
from stedi.landing.split import Split

SMALL: Final = Limits(few=0, short=0, chunk=2000)
STRICT: Final = Limits(fast=False)
TIME: Final = "1655564376361"
FIELDS: Final = {
    "accelerometer": ("user", "timestamp", "x", "y", "z"),
    "step_trainer": ("sensorReadingTime", "serialNumber", "distanceFromObject"),
}
TEXT_FIELDS: Final = ("user", "serialNumber")
TIME_FIELDS: Final = ("timestamp", "sensorReadingTime")
INTEGER_FIELDS: Final = (*TIME_FIELDS, "distanceFromObject")

# None of these is a number of JSON that is finite.
NO_NUMBERS: Final = (
    "01", "-01", "00", "1.", "-1.", ".5", "-.5", "+1", "-", "1e", "1e+", "1.e5", "1.5.5", "1-1", "0x10",
    "1_0", "1f", "NaN", "-NaN", "nan", "Infinity", "-Infinity", "inf", "1e400", "1E+999", "--1", "1,5",
    "1:5", "1 2", "\uff11", '"1"', '""', "true", "[1]", "{}", "", "'1'", "1}", "{1", "nul", "nullnull",
    "1\x00", "1\x0b", "1\n0",
)  # fmt: skip
NO_INTEGERS: Final = ("1655564376361.5", "1.5", "1e-1", "1.0000001", "9e99", "-1e19")
NO_TIMES: Final = ("1655564376", "1655564376361000", "0", "-1655564376361", "-0", "1e3", "4102444800000")
NO_TEXTS: Final = (
    "a", '"a', 'a"', '"a"b"', "'a'", '"a\\q"', '"\\ud800"', '"\\u12"', '"a\tb"', '"a\x00b"', '"a\rb"',
    '"a\nb"', '"\\"', '""', '" "', '"\\u0020"', '"\\u00a0"', "1.5", "true", '["a"]', '{"a":1}', '"a","b"',
    '"a":"b"', '"a"}', "", "null", '"\ufeff"x', "1e400", "NaN", "-", "01",
)  # fmt: skip
GOOD_TEXTS: Final = ('"a@b.c"', '"e.+-_7@é.x"', '"0"', '"null"', '"NaN"', '"0.25"')


class Record(NamedTuple):
    """A record as written, and how many records are counted for it, each of them bad; 0 for a good one."""

    text: bytes
    bad: int


def values(dice: random.Random, table: str) -> dict[str, str]:
    number = [
        repr(round(dice.uniform(-20, 20), dice.randrange(0, 16))),
        str(dice.randrange(-9, 10)),
        f"{dice.random():e}",
        "-0.0",
    ]
    given_values = {}
    for field in FIELDS[table]:
        if field in TEXT_FIELDS:
            given_values[field] = dice.choice(GOOD_TEXTS)
        elif field in TIME_FIELDS:
            given_values[field] = str(dice.randrange(946684800000, 4102444800000))
        else:
            given_values[field] = str(dice.randrange(400)) if field in INTEGER_FIELDS else dice.choice(number)
    return given_values


def written(pairs: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"


def bad(text: str) -> Record:
    return Record(text.encode("utf-8"), sum(bool(line.strip(" \t\r")) for line in text.split("\n")))


def with_bad_value(dice: random.Random, table: str) -> Record:
    given_values = values(dice, table)
    field = dice.choice(FIELDS[table])
    if field in TEXT_FIELDS:
        wrong = NO_TEXTS
    else:
        wrong = (*NO_NUMBERS, "null")
        wrong += NO_INTEGERS if field in INTEGER_FIELDS else ()
        wrong += NO_TIMES if field in TIME_FIELDS else ()
    given_values[field] = dice.choice(wrong)
    return bad(written(list(given_values.items())))


def with_bad_structure(dice: random.Random, table: str) -> Record:
    pairs = list(values(dice, table).items())
    field = dice.choice(FIELDS[table])
    index = FIELDS[table].index(field)
    value = pairs[index][1]
    good = written(pairs)
    without = [pair for pair in pairs if pair[0] != field]
    texts = [
        good[:-1],
        good[1:],
        good + "}",
        "{" + good,
        good + "x",
        good + "1",
        good[:-1] + ",}",
        good.replace('"' + field, '"' + field + " ", 1),
        good.replace(f'"{field}"', field, 1),
        good.replace(f'"{field}"', f"'{field}'", 1),
        good.replace(f'"{field}":', f'"{field}",', 1),
        good.replace(f'"{field}":', f'"{field}"', 1),
        good.replace(f'"{field}":', f'"{field}"::', 1),
        good.replace(f'"{field}":', f'"{field}"=', 1),
        good.replace(",", ",,", 1),
        good.replace(",", ";", 1),
        good.replace(",", "", 1),
        good.replace(",", ":", 1),
        written(without),
        written([*without, (field + "_", value)]),
        written([*pairs, (field, value)]),
        written([*pairs, (field.upper(), value)]),
        written([(field.title(), value), *pairs]),
        good[0] + "\ufeff" + good[1:],
        "\x00" + good,
        good + "\x0b",
        good + "//",
    ]
    return bad(dice.choice(texts))


def with_bad_bytes(dice: random.Random, table: str) -> Record:
    good = written(list(values(dice, table).items())).encode()
    field = next(name for name in FIELDS[table] if name in TEXT_FIELDS)
    wrong = dice.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82", b"\x80", b"\xf5\x80\x80\x80"])
    return Record(good.replace(b'"' + field.encode() + b'":"', b'"' + field.encode() + b'":"' + wrong, 1), 1)


def good_one(dice: random.Random, table: str) -> Record:
    return Record(written(list(values(dice, table).items())).encode(), 0)


def near_miss(dice: random.Random, table: str) -> Record:
    return dice.choice([with_bad_value, with_bad_value, with_bad_structure, with_bad_bytes])(dice, table)


def read(data: bytes, table: str, limits: Limits) -> Split:
    contract = landing_contract(table)
    reader = Reader(contract, Origin("object", "digest", "run"), limits)
    return Split.concat(reader.read(chunks([data], limits, contract)), contract)


def file_of(records: list[Record]) -> bytes:
    return b"".join(record.text + b"\n" for record in records)


def batch(dice: random.Random, table: str, share: float, size: int) -> list[Record]:
    return [(near_miss if dice.random() < share else good_one)(dice, table) for _ in range(size)]


def assert_only_good_ones_are_kept(records: list[Record], split: Split) -> None:
    """Every record is where it was: the good ones kept, each bad one rejected."""
    kept, rejected, position = [], [], 0
    for record in records:
        (rejected if record.bad else kept).extend(range(position, position + max(record.bad, 1)))
        position += max(record.bad, 1)
    assert split.kept["_position"].to_list() == kept
    assert split.rejected["_position"].to_list() == rejected


@settings(deadline=None, max_examples=cases(100))
@given(st.integers(0, 2**32), st.sampled_from(sorted(FIELDS)), st.sampled_from([0.0, 0.01, 0.1, 1.0]))
def test_near_misses_are_rejected_and_all_ways_agree(seed: int, table: str, share: float) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    records = batch(dice, table, share, 60)
    strict = read(file_of(records), table, STRICT)
    assert_only_good_ones_are_kept(records, strict)
    for limits in (SMALL, Limits(few=0, short=0)):
        split = read(file_of(records), table, limits)
        assert_frame_equal(split.kept, strict.kept, check_exact=True)
        assert_frame_equal(split.rejected, strict.rejected, check_exact=True)


@settings(deadline=None, max_examples=cases(200))
@given(st.integers(0, 2**32), st.sampled_from(sorted(FIELDS)), st.integers(0, 2))
def test_a_near_miss_spoils_no_chunk_that_is_good_but_for_it(seed: int, table: str, place: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    records = [good_one(dice, table) for _ in range(2)]
    records.insert(place, near_miss(dice, table))
    assert_only_good_ones_are_kept(records, read(file_of(records), table, Limits(few=0, short=0)))


@pytest.mark.campaign
@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_campaign_of_bad_records(share: float) -> None:
    dice = random.Random(share)  # noqa: S311 - a test's dice
    tried = 0
    while tried < 34_000:
        table = dice.choice(sorted(FIELDS))
        records = batch(dice, table, share, 1000)
        assert_only_good_ones_are_kept(records, read(file_of(records), table, SMALL))
        tried += sum(record.bad > 0 for record in records)
