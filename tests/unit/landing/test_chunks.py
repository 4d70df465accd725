"""Where a stream is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.contract import landing_contract
from stedi.landing.chunks import chunks
from stedi.landing.layout import Separator, first_cut, last_cut
from stedi.landing.limits import Limits
from stedi.landing.salvage import Salvaged

READINGS = landing_contract("accelerometer")


def test_a_long_text_without_line_ends_is_cut_between_records() -> None:
    record = b'{"user":"a","note":"}{"}'
    pieces = list(chunks([record * 1000], Limits(chunk=500), READINGS))
    assert b"".join(piece.text for piece in pieces) == record * 1000
    assert max(len(piece.text) for piece in pieces) <= len(record) * 1000
    assert all(len(piece.text) % len(record) == 0 for piece in pieces)
    assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]


def test_memory_is_bounded_by_the_chunk() -> None:
    record = b'{"user":"a"}'
    pieces = list(chunks((record * 10 for _ in range(1000)), Limits(chunk=1000), READINGS))
    assert len(pieces) > 100
    assert max(len(piece.text) for piece in pieces) <= 1200


@pytest.mark.parametrize("step", [1, 2, 7, 10_000])
def test_an_endless_record_is_skipped_without_being_held(step: int) -> None:
    text = b'{"user":"' + b"x" * 5000 + b'"}{"user":"b"}\n' + b"y" * 3000 + b"\n{}"
    blocks = [text[start : start + step] for start in range(0, len(text), step)]
    pieces = list(chunks(blocks, Limits(chunk=50, record=300, raw=100), READINGS))
    texts = [(piece.text.strip(), piece.too_long) for piece in pieces if piece.text.strip()]
    if step < 10_000:  # at once, the reader judges the lengths
        assert texts[-2:] == [(b"y" * 100, Salvaged((), (), None)), (b"{}", None)]
    assert texts[-1][0].endswith(b"{}")


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":"}{","b":1}', b'{"a":"}{","":1}', b'{"a":["}{",":"]}', b'{"}{":1}', b'{"a":"x}{\\"user\\":"}',
        b'{"a":"} {","b":":"}', b'{"a":{"b":{}},"c":1}', b'{"a":["}{","]:"]}', b'{"a":["}{", " :"]}',
    ],
)  # fmt: skip
def test_no_boundary_is_seen_inside_a_record(text: bytes) -> None:
    assert last_cut(text) == first_cut(text) == 0
    assert not Separator().learn(text)


@given(st.dictionaries(st.text('}{":,] \\a', max_size=6), st.text('}{":,] \\a', max_size=12), max_size=4))
def test_no_boundary_is_seen_inside_any_object(value: dict[str, str]) -> None:
    import json

    for separators in ((",", ":"), (", ", ": ")):
        assert first_cut(json.dumps([value, list(value.values())], separators=separators).encode()) == 0


def test_a_byte_order_mark_is_left_out_only_at_the_beginning() -> None:
    mark = b"\xef\xbb\xbf"
    pieces = chunks([mark[:1], mark[1:], b"{}\n", mark + b"{}"], Limits(), READINGS)
    assert b"".join(piece.text for piece in pieces) == b"{}\n" + mark + b"{}"
