"""Avro files that are damaged are refused before C code takes their bytes for lengths."""

import random
from io import BytesIO

import fastavro
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stedi.warehouse.avro import check_frame

SCHEMA = {"type": "record", "name": "r", "fields": [{"name": "a", "type": "string"}]}


def written(rows: int, codec: str = "deflate") -> bytes:
    out = BytesIO()
    fastavro.writer(out, SCHEMA, [{"a": f"row {n}"} for n in range(rows)], codec=codec, sync_interval=100)
    return out.getvalue()


@pytest.mark.parametrize("codec", ["null", "deflate"])
@pytest.mark.parametrize("rows", [0, 1, 500])
def test_a_whole_file_is_let_through(rows, codec):
    check_frame(written(rows, codec))


@given(st.integers(1, 400))
def test_a_file_that_ends_too_early_is_not(size):
    text = written(100)
    early = text[:-size]
    # Where a block ends, the file might.
    assume(not early.endswith(text[-16:]))
    with pytest.raises(EOFError):
        check_frame(early)


def test_a_file_of_fewer_blocks_is_whole():
    text = written(100)
    end = text.rindex(text[-16:], 0, -16) + 16
    check_frame(text[:end])


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_or_refused(text, begins):
    try:
        check_frame(b"Obj\x01" + text if begins else text)
    except EOFError:
        return
    assert begins


def test_random_bytes_of_the_size_of_a_manifest_are_refused():
    for seed in range(400):
        with pytest.raises(EOFError):
            check_frame(b"Obj\x01" + random.Random(seed).randbytes(4000))  # noqa: S311 - a test's
