"""Whatever bytes arrive: no exception, nothing lost, and nothing let in that a plain reader would not."""

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from effort import cases
from stedi.contract import LANDING, Contract, Kind, landing_contract
from stedi.landing.chunks import chunks
from stedi.landing.limits import Limits
from stedi.landing.reader import Reader
from stedi.landing.rules import Origin
from stedi.landing.split import Split

START, END = 946684800000, 4102444800000


def read(data: bytes, contract: Contract, limits: Limits) -> Split:
    reader = Reader(contract, Origin("object", None, None), limits)
    return Split.concat(reader.read(chunks([data], limits, contract)), contract)


def sound(value: object, kind: Kind) -> bool:
    """Judge a value as the contract's words do, from a plain reading of the JSON."""
    if isinstance(value, bool | list | dict):
        return False
    if kind is Kind.STRING:
        return isinstance(value, str) or (float(value).is_integer() if not isinstance(value, int) else True)
    if isinstance(value, str):
        return False
    if kind is Kind.DOUBLE:
        return math.isfinite(value)
    if kind is Kind.LONG:
        return value == int(value) and -(2**63) <= value < 2**63
    return START <= value < END and value == int(value)


def plainly_good(record: str, contract: Contract) -> bool:
    """Read one line the plain way: only Python's JSON reader and the contract's words."""
    try:
        value = json.loads(record)
    except ValueError:
        return False
    if not isinstance(value, dict):
        return False
    given_values = {key.lower(): item for key, item in value.items()}
    for column in contract.source_columns:
        item = given_values.get(str(column.source).lower())
        if item is None:
            if column.required:
                return False
        elif not sound(item, Kind(str(column.kind))) or (
            column.required and isinstance(item, str) and not item.strip()
        ):
            return False
    return True


PIECES = st.sampled_from(
    [b'{"user":', b'"a@b.c"', b',"timestamp":', b"1655564376361",
     b',"x":', b',"y":', b',"z":', b"1.5", b"}", b"{",
     b"\n", b'"', b"\\", b",", b":", b"[", b"]", b" ", b"\r", b"\x00", b"\xff", b"null", b"NaN", b"1e999",
     b"\xef\xbb\xbf",
     b'{"sensorReadingTime":1655564376361,"serialNumber":"s","distanceFromObject":5}',
     b'{"user":"a@b.c","timestamp":1655564376361,"x":1,"y":1,"z":1}',
     b'{"email":"a@b.c","serialNumber":"s","lastUpdateDate":1655564376361}', b"\x1f\x8b", b"\x28\xb5\x2f\xfd"]
)  # fmt: skip
BYTES = st.binary(max_size=200) | st.lists(PIECES, max_size=30).map(b"".join)


@settings(deadline=None, max_examples=cases(300))
@given(BYTES, st.sampled_from(LANDING), st.booleans())
def test_any_bytes_are_accounted_for(data: bytes, contract: Contract, fast: bool) -> None:  # noqa: FBT001
    split = read(data, contract, Limits(few=0, short=0, fast=fast))
    positions = sorted([*split.kept["_position"], *split.rejected["_position"]])
    assert positions == list(range(len(positions)))
    lines = [line for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip(b" \t\r\n")]
    # What stands around the records of an array is none.
    lines = [line for line in lines if line.replace(b"\xef\xbb\xbf", b"").strip(b" \t\r,[]")]
    # A record that goes on over lines is one of several.
    objects = sum(line.strip(b" \t\r,[]").startswith(b"{") for line in lines)
    assert len(positions) >= (len(lines) if objects == len(lines) == data.count(b"{") else bool(lines))


@settings(deadline=None, max_examples=cases(300))
@given(st.lists(PIECES, max_size=30).map(b"".join), st.sampled_from(LANDING))
def test_nothing_is_kept_that_a_plain_reader_would_not_keep(data: bytes, contract: Contract) -> None:
    text = data.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    # Any part of the text from a { to a } can be a record at most: so many of them are good.
    possible = 0
    for line in text.split("\n"):
        starts = [index for index, char in enumerate(line) if char == "{"]
        ends = [index + 1 for index, char in enumerate(line) if char == "}"]
        possible += sum(
            any(plainly_good(line[start:end], contract) for end in ends if end > start) for start in starts
        )
    assert len(read(data, contract, Limits(few=0, short=0)).kept) <= possible


@settings(deadline=None, max_examples=cases(200))
@given(
    st.lists(PIECES.filter(lambda piece: b"}" not in piece), max_size=12).map(b"".join),
    st.lists(PIECES.filter(lambda piece: b"\n" not in piece), max_size=12).map(b"".join),
)
def test_a_good_line_is_kept_whatever_is_around_it(before: bytes, after: bytes) -> None:
    good = b'{"user":"the@one.x","timestamp":1655564376361,"x":1,"y":1,"z":1}'
    split = read(
        b"\n".join([b"{}", before, good, after]), landing_contract("accelerometer"), Limits(few=0, short=0)
    )
    assert (split.kept["user"] == "the@one.x").sum() == 1
