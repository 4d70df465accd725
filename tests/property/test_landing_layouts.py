"""However the records of an object are laid out, they are read; and one of them can be taken out."""

import gzip
import io
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from effort import cases
from stedi.contract import landing_contract
from stedi.landing.fetch import Fetched
from stedi.landing.limits import Limits
from stedi.landing.objects import LandingObject
from stedi.landing.removal import RecordOwner, write_object_without
from stedi.landing.split import Split

Row = dict[str, object]
READINGS = landing_contract("accelerometer")
FAST, STRICT, SMALL = Limits(few=0, short=0), Limits(fast=False, short=0), Limits(chunk=100, few=5)

JUNK = st.recursive(
    st.none() | st.booleans() | st.text('}{":,[]\\a\n', max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('}{":a', max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def readings(draw: st.DrawFn) -> Row:
    row = {
        "user": draw(st.sampled_from(["ann@x.com", "bob@x.com", "cid@x.com"])),
        "timestamp": draw(st.integers(1655564376361, 1655564376999)),
        "x": draw(st.integers(-3, 3)),
        "y": draw(st.floats(-3, 3)),
        "z": 0.5,
    }
    if draw(st.integers(0, 3)) == 0:
        row["extra"] = draw(JUNK)
    if draw(st.integers(0, 9)) == 0:
        row["x"] = "1"
    return row


LAYOUTS: dict[str, Callable[[list[Row]], str]] = {
    "lines": lambda rows: "".join(json.dumps(row) + "\n" for row in rows),
    "back to back": lambda rows: "".join(map(json.dumps, rows)),
    "lines that end in a comma": lambda rows: "".join(json.dumps(row) + ",\n" for row in rows),
    "blank lines between": lambda rows: "\n\n\r\n \n".join(map(json.dumps, rows)),
    "an array in a line": json.dumps,
    "an array in a line, compact": lambda rows: json.dumps(rows, separators=(",", ":")) + "\r\n",
    "an array in each line": lambda rows: "".join(
        json.dumps(rows[n : n + 3]) + "\n" for n in range(0, len(rows), 3)
    ),
    "an array over lines": lambda rows: "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n",
    "an array, commas before": lambda rows: "[\n" + "\n,".join(map(json.dumps, rows)) + "\n]",
    "an array, commas between": lambda rows: "[\n" + "\n,\n".join(map(json.dumps, rows)) + "\n]",
    "an array, printed": lambda rows: json.dumps(rows, indent=2),
    "an array, printed with tabs": lambda rows: json.dumps(rows, indent="\t").replace("\n", "\r\n"),
    "an array, printed flat": lambda rows: json.dumps(rows, indent=0) + "\n",
    "printed": lambda rows: "\n".join(json.dumps(row, indent=4) for row in rows),
    "printed, back to back": lambda rows: "".join(json.dumps(row, indent=1) for row in rows),
    "printed, with blank lines": lambda rows: "".join(json.dumps(row, indent=2) + "\n\n" for row in rows),
    "printed, with commas": lambda rows: "".join(json.dumps(row, indent=2) + ",\n" for row in rows),
    "some printed": lambda rows: "".join(
        json.dumps(row, indent=None if n % 3 else 2) + "\n" for n, row in enumerate(rows, start=1)
    ),
    "lines, then printed, and a line": lambda rows: "".join(
        json.dumps(row, indent=1 if 0 < n < len(rows) - 1 else None) + "\n" for n, row in enumerate(rows)
    ),
}  # fmt: skip
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": str.encode,
    "utf-8-sig": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf-16-be": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
}
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
    "gzip twice": lambda data: gzip.compress(gzip.compress(data)),
    "gzip in zstd": lambda data: pa.compress(gzip.compress(data), "zstd", asbytes=True),
    "members of gzip": lambda data: gzip.compress(data[:50]) + gzip.compress(data[50:]),
    "zstd behind a frame without data": lambda data: (
        b"\x5a\x2a\x4d\x18\x04\x00\x00\x00abcd" + pa.compress(data, "zstd", asbytes=True)
    ),
}
layouts = st.sampled_from(sorted(LAYOUTS))


def read(data: bytes, limits: Limits) -> Split:
    obj = LandingObject(table="accelerometer_landing", path="object", size=len(data), version="1")
    fetched = Fetched(obj, "digest", len(data), lambda: io.BytesIO(data), limits)
    return Split.concat(fetched.splits(READINGS, run="run"), READINGS)


def packed(rows: list[Row], layout: str, encoding: str = "utf-8", packing: str = "plain") -> bytes:
    return PACKINGS[packing](ENCODINGS[encoding](LAYOUTS[layout](rows)))


def assert_same(split: Split, plain: Split) -> None:
    assert_frame_equal(split.kept, plain.kept, check_exact=True)
    # The text of a rejected record is as it was written.
    assert_frame_equal(split.rejected.drop("raw"), plain.rejected.drop("raw"), check_exact=True)
    assert [json.loads(raw) for raw in split.rejected["raw"]] == [
        json.loads(raw) for raw in plain.rejected["raw"]
    ]


EXTRAS = st.sampled_from([1, [{"a": 1}, {"b": [{}]}], {"user": {"user": []}}, "}\n{"])
"""What stands in records beside what is asked: some of it looks like the end of one, and the next."""


@settings(deadline=None, max_examples=cases(300))
@given(
    st.lists(readings(), max_size=12),
    layouts,
    st.sampled_from(sorted(ENCODINGS)),
    st.sampled_from(sorted(PACKINGS)),
    st.sampled_from([Limits(), FAST, STRICT, SMALL]),
)
def test_records_are_the_same_in_any_layout(
    rows: list[Row], layout: str, encoding: str, packing: str, limits: Limits
) -> None:
    assert_same(read(packed(rows, layout, encoding, packing), limits), read(packed(rows, "lines"), STRICT))


@settings(deadline=None, max_examples=cases(200))
@given(
    st.lists(readings(), min_size=2, max_size=9), layouts, st.data(), st.sampled_from([FAST, STRICT, SMALL])
)
def test_a_torn_record_takes_none_with_it(
    rows: list[Row], layout: str, data: st.DataObject, limits: Limits
) -> None:
    rows = [{**row, "extra": data.draw(EXTRAS)} for row in rows]
    place = data.draw(st.integers(0, len(rows) - 1))
    rows[place] = {**rows[place], "user": "torn", "extra": "torn off"}
    text = LAYOUTS[layout](rows)
    if data.draw(st.booleans()):
        # A quote that is lost: what follows is no text, and what comes after the record is.
        torn = text.replace('"torn"', '"torn', 1)
    else:
        # An end that is lost, behind which the next record begins in a line of its own.
        torn, rest = re.split(r'"torn off"\s*\}', text)
        assume("\n" in rest[: len(rest) - len(rest.lstrip(" ,[]\t\r\n"))])
        torn += rest
    split = read(torn.encode(), limits)
    kept = [row for n, row in enumerate(rows) if n != place and row["x"] != "1"]
    assert split.kept["user"].to_list() == [row["user"] for row in kept]
    assert any("torn" in raw for raw in split.rejected["raw"])


def whose(email: str) -> RecordOwner:
    return RecordOwner(
        contract=READINGS, goes=lambda name, _: name == email, named_in=lambda text: email in text,
        names_others=lambda _: False, nameless=lambda text: email in text, probes=(email.encode(),),
    )  # fmt: skip


def without(data: bytes, email: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "target"
        found = write_object_without(
            lambda: io.BytesIO(data), target, whose(email), size=len(data), name="object"
        )
        assert found.complete
        return target.read_bytes()


@settings(deadline=None, max_examples=cases(300))
@given(
    st.lists(readings(), min_size=1, max_size=12),
    layouts,
    st.sampled_from(sorted(ENCODINGS)),
    st.sampled_from([40, 300, 1 << 20]),
)
def test_a_person_is_taken_out_of_any_layout(rows: list[Row], layout: str, encoding: str, block: int) -> None:
    rows = [row for row in rows if "ann@x.com" not in str(row.get("extra"))]
    data = packed(rows, layout, encoding)
    rest = [row for row in rows if row["user"] != "ann@x.com"]
    # Texts are cut into blocks, wherever records end.
    with patch("stedi.landing.splice._BLOCK", block), patch("stedi.landing.stream.MIB", block):
        left = without(data, "ann@x.com")
    assert_same(read(left, STRICT), read(packed(rest, "lines"), STRICT))
    if len(rest) == len(rows):
        assert left == data
    text = left.decode(encoding.replace("-be", "").replace("-sig", "") if "16" in encoding else "utf-8-sig")
    assert "ann@x.com" not in text
    if layout.startswith("an array") and "each" not in layout:
        assert json.loads(text) == rest


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_many_records_are_read_at_once_in_any_layout(layout: str) -> None:
    rows = [
        {"user": "ann@x.com", "timestamp": 1655564376361 + n, "x": n, "y": 0.5, "z": -1.5}
        for n in range(5000)
    ]
    rows[4000]["x"] = "1"
    assert_same(read(packed(rows, layout), Limits(chunk=50_000)), read(packed(rows, "lines"), STRICT))
    assert without(packed(rows, layout), "bob@x.com") == packed(rows, layout)


@settings(deadline=None, max_examples=cases(300))
@given(
    st.lists(st.tuples(st.lists(readings(), min_size=1, max_size=4), layouts), min_size=2, max_size=4),
    EXTRAS,
    st.sampled_from(["", "\n", "\n\ufeff", "\ufeff", "\ufeff\n", "\ufeff\ufeff"]),
    st.sampled_from(["plain", "plain", "gzip", "zstd"]),
    st.sampled_from([FAST, STRICT, SMALL]),
)
def test_files_that_were_put_together_are_read(
    files: list[tuple[list[Row], str]], extra: object, between: str, packing: str, limits: Limits
) -> None:
    files = [([{**row, "extra": extra} for row in rows], layout) for rows, layout in files]
    *texts, last = (LAYOUTS[layout](rows) for rows, layout in files)
    data = "".join(text + between for text in texts).encode() + PACKINGS[packing](last.encode())
    rows = [row for each, _layout in files for row in each]
    assert_same(read(data, limits), read(packed(rows, "lines"), STRICT))
    left = without(data, "ann@x.com")
    rest = [row for row in rows if row["user"] != "ann@x.com"]
    assert_same(read(left, limits), read(packed(rest, "lines"), STRICT))
    assert b"ann@x.com" not in left
