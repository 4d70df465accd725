"""Whatever JSON a key holds that no contract knows, its record is read, and so are its neighbours."""

import io
import json

import pytest

from stedi.contract import landing_contract
from stedi.landing.fetch import Fetched
from stedi.landing.limits import Limits
from stedi.landing.objects import LandingObject
from stedi.landing.split import Split

READINGS = landing_contract("accelerometer")
GOOD = b'{"user":"ann@x.com","timestamp":1655564376361,"x":1,"y":2,"z":3}'
VALUES = [
    # Numbers in all their spellings.
    "0",
    "-0",
    "-0.0",
    "1e5",
    "1E+2",
    "1e-2",
    "0e1",
    "0E+1",
    "-12",
    "123456789012345678901234567890",
    "1.5e300",
    "0.1e1",
    "-1e-999",
    "1" * 400,
    "0." + "3" * 300,
    # Texts: escapes, pairs of surrogates, what ends no text, what no editor shows.
    '""',
    '"a"',
    '"\\u0041\\u00e9"',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
    '"\\uD834\\uDD1E"',
    '"\\u0000"',
    '"\\u007F"',
    '"\U0001d11e\u20ac"',
    '"\x7f"',
    '"\u2028\u2029"',
    '"\ufeff\uffff\U0010ffff"',
    '"a,b:c}{[]"',
    '"/* no */ // comment"',
    '"}\\n{\\"user\\":"',
    '" "',
    '"\\u005C\\u0022"',
    '"\\uDBFF\\uDFFE"',
    '"[1]\\u2064"',
    # Words, and what holds others.
    "true",
    "false",
    "null",
    "[]",
    "{}",
    "[[]]",
    "[[[[[[[[]]]]]]]]",
    '[null, 1, "1", {}]',
    '{"":0}',
    '{"a":{"b":[]}}',
    '{"a":"b","a":"b"}',
    '{"min":-1.0e+28,"max":1.0e+28}',
    '[{"a":1},{"b":2}]',
    '[{"a":{}},\n {"a":[{"b":1},{"c":2}]}]',
    '{"user":"bob@x.com"}',
    '"' + "x" * 5000 + '"',
    # White space, line ends in it.
    "[ 1 ]",
    "[1\n]",
    "[\r\n1,\t2 ]",
    '{\n"a":\n"b"\n}',
    "\n\n1\n",
    "[\n{\n}\n,\n{\n}\n]",
    ' \r\n "a" \n',
    "[1,null,\n\n\n2]",
]
AROUND = {
    "between lines": b"%b\n%b\n%b\n",
    "first": b"%.0b%b\n%b",
    "back to back": b"%b%b%b",
    "in an array": b"[%b,%b,%b]",
    "in an array over lines": b"[\n  %b,\n  %b,\n  %b\n]\n",
    "behind commas": b"%b,\n%b,\n%b,\n",
    "amid many": (GOOD + b"\n") * 300 + b"%b\n%b\n%b\n" + (GOOD + b"\n") * 300,
}


def read(data: bytes, limits: Limits) -> Split:
    obj = LandingObject(table="accelerometer_landing", path="object", size=len(data), version="1")
    fetched = Fetched(obj, "digest", len(data), lambda: io.BytesIO(data), limits)
    return Split.concat(fetched.splits(READINGS, run="run"), READINGS)


@pytest.mark.parametrize("around", AROUND)
def test_a_value_that_nobody_asked_for_takes_no_record_away(around):
    ways = (Limits(), Limits(few=0, short=0))
    for value in VALUES:
        json.loads(value)
        record = GOOD[:-1] + b',"extra":' + value.encode() + b"}"
        data = AROUND[around] % (GOOD, record, GOOD)
        for limits in ways[: 1 if around == "amid many" else 2]:
            split = read(data, limits)
            assert split.kept.height == data.count(b'"ann@x.com"'), (value, split.rejected["raw"].to_list())
            assert split.rejected.is_empty()
