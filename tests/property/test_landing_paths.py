"""However an object is written, cut or read, its records come out the same."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from effort import cases
from stedi.contract import LANDING, Contract, Kind, landing_contract
from stedi.landing.chunks import chunks
from stedi.landing.limits import Limits
from stedi.landing.reader import Reader
from stedi.landing.rules import Origin
from stedi.landing.split import Split

ACCELEROMETER = landing_contract("accelerometer")
ALL_FAST = Limits(few=0, short=0)
ALL_STRICT = Limits(fast=False, short=0)


def read(data: bytes, table: str, limits: Limits, *, step: int = 1 << 20) -> Split:
    contract = landing_contract(table)
    blocks = (data[start : start + step] for start in range(0, len(data), step))
    reader = Reader(contract, Origin("object", "digest", "run"), limits)
    return Split.concat(reader.read(chunks(blocks, limits, contract)), contract)


def assert_same(left: Split, right: Split) -> None:
    assert_frame_equal(left.kept, right.kept, check_exact=True)
    assert_frame_equal(left.rejected, right.rejected, check_exact=True)


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**17), 10**17).map(str),
    st.sampled_from(
        ["0", "-0", "-0.0", "1E5", "1e-7", "1e308", "1e999", "123456789012345.123456789", "5e-324"]
    ),
    st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-1000, max_value=1000).map(
        "{:f}".format
    ),
)
TIMES = st.one_of(
    st.integers(946684800000, 4102444799999).map(str),
    st.sampled_from(
        ["1655564376361.0", "1655564376361.000", "1.655564376361e12", "1655564376361.5", "946684799999",
         "946684800000", "4102444800000", "4102444799999", "1655564376", "1655564376361000", "0", "-1"]
    ),
)  # fmt: skip
INTEGERS = st.one_of(
    st.integers(-400, 400).map(str),
    st.sampled_from(
        ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "246.0", "246.5", "2.46e2",
         "9007199254740993", "1e20", "9007199254740993.0", "-0", "1" * 40, "1" * 5000]
    ),
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=8).map(json.dumps),
    st.text(max_size=8).map(lambda text: json.dumps(text, ensure_ascii=False)).filter(str.isprintable),
    st.sampled_from(
        ['"a@b.c"', '""', '"  "', '"\\u001c"', '"}{\\"user\\":"', '"}{"', '"a,b"', '"a: {b} c"',
         '"\\ud83d\\ude00"',
         '"\\ud800"', '"\\u0000"', '"é"', '"null"', "8015551212", "801.0", "801.5", "-0", "1" * 5000]
    ),
)  # fmt: skip
ODD = st.sampled_from(
    ["null", "true", "NaN", "Infinity", "-Infinity", "[1]", "{}", '"1.0"', '{"a":{"a":1,"a":2}}']
)
KINDS = {Kind.STRING: TEXTS, Kind.TIMESTAMPTZ: TIMES, Kind.DOUBLE: NUMBERS, Kind.LONG: INTEGERS}
GAPS = st.sampled_from(["", "", "", "", " ", "\t", "\r", "\n", "\r\n  "])


@st.composite
def records(draw: st.DrawFn, contract: Contract) -> str:
    """A record's text: mostly good, sometimes bad, in any spelling."""
    pairs = []
    spelling = draw(st.sampled_from([str, str, str, str.lower, str.upper]))
    for column in contract.source_columns:
        chance = draw(st.integers(0, 30))
        if chance == 0:
            continue
        value = draw(ODD) if chance == 1 else draw(KINDS[Kind(str(column.kind))])
        pairs.append((spelling(str(column.source)), value))
        if chance == 2:
            pairs.append((draw(st.sampled_from([str(column.source), "extra", "EXTRA"])), draw(ODD | TEXTS)))
    if draw(st.integers(0, 10)) == 0:
        pairs = draw(st.permutations(pairs))
    gap = draw(GAPS)
    return "{" + f"{gap},{gap}".join(f'"{key}"{gap}:{gap}{value}' for key, value in pairs) + gap + "}"


JUNK = st.sampled_from(
    ["{}", "[]", "1", '"}{"', "nul", '{"user":"a@b.c","timest', '{"user":"a"}}', "{", "}", "\x0b", "[{}]",
     "{}{}",
     '{"user":"a"} x', '{"a":["}{",":"]}', "\ufeff{}", "[", "]", ",", '{"a":[\n1]\n}',
     '{"a":[{"b":1},\n{"b":2}]}',
     '{"a":{"b":1}\n,"c":[\n', '{"a":[{"b":1},{"b":{}}],"user":"a"}', '{\n"a":\n', '{"a":1,', "]\n["]
)  # fmt: skip


ENDS = st.sampled_from(["\n", "\n", "\r\n", "", " ", "\n\n", ",\n", ",", ",\n\n  ", " , \r\n"])
WRAPS = (("", ""), ("", ""), ("[", "]"), ("[\n", "]\n"), ("\n [", ""), ("[{}\n,", "\n]"), ("{\n}\n", ""))


@st.composite
def objects(draw: st.DrawFn) -> tuple[str, bytes]:
    contract = draw(st.sampled_from(LANDING))
    parts = draw(st.lists(records(contract) | records(contract) | records(contract) | JUNK, max_size=12))
    ends = draw(st.lists(ENDS, min_size=1, max_size=3))
    text = "".join(part + ends[index % len(ends)] for index, part in enumerate(parts))
    before, after = draw(st.sampled_from(WRAPS))
    text = before + text + after
    data = text.encode(errors="surrogatepass")
    if data and draw(st.integers(0, 5)) == 0:
        place = draw(st.integers(0, len(data) - 1))
        data = data[:place] + draw(st.binary(max_size=3)) + data[place:]
    return contract.name, data


@settings(deadline=None, max_examples=cases(150))
@given(objects(), st.integers(1, 3))
def test_the_fast_way_reads_what_the_strict_way_reads(item: tuple[str, bytes], repeat: int) -> None:
    table, data = item
    data *= repeat
    strict = read(data, table, ALL_STRICT)
    assert_same(read(data, table, ALL_FAST), strict)
    assert_same(read(data, table, Limits(short=len(data) + 8)), strict)


@settings(deadline=None, max_examples=cases(60))
@given(objects(), st.integers(1, 300), st.integers(1, 64))
def test_chunks_of_any_size_read_the_same(item: tuple[str, bytes], chunk: int, step: int) -> None:
    table, data = item
    assert_same(
        read(data, table, Limits(few=0, short=0, chunk=chunk), step=step), read(data, table, ALL_STRICT)
    )


@settings(deadline=None, max_examples=cases(60))
@given(objects(), st.integers(1, 300), st.integers(1, 64), st.integers(10, 60))
def test_records_that_are_too_long_are_so_in_chunks_of_any_size(
    item: tuple[str, bytes], chunk: int, step: int, longest: int
) -> None:
    table, data = item
    small = Limits(few=0, short=0, chunk=chunk, record=longest, raw=20)
    assert_same(read(data, table, small, step=step), read(data, table, Limits(record=longest, raw=20)))
