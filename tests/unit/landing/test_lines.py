"""Lines that are UTF-8 are told from others as Python tells them."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from stedi.landing.lines import Lines

EDGES = bytes.fromhex("00097f808f909fa0bfc0c1c2dfe0e1ecedeeeff0f1f3f4f5ff")
"""The first and the last bytes of all that may stand where in UTF-8, and their neighbours."""


def is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def check(lines: list[bytes]) -> None:
    found = Lines.of(b"".join(line + b"\n" for line in lines)).are_utf8().to_list()
    assert found == [is_utf8(line) for line in lines]


def test_every_code_point_is_utf8_and_no_surrogate_is():
    points = [chr(code).encode("utf-8", "surrogatepass") for code in range(0x110000) if code != 10]
    found = Lines.of(b"\n".join(points)).are_utf8()
    assert (len(found), (~found).sum()) == (0x110000 - 1, 0xE000 - 0xD800)
    check([chr(code).encode("utf-8", "surrogatepass") for code in range(0xD7F0, 0xE010)])


def test_all_short_sequences_of_the_bytes_that_matter():
    check([bytes(line) for length in (1, 2, 3) for line in product(EDGES, repeat=length)])


@given(
    lines=st.lists(st.lists(st.sampled_from(EDGES), max_size=6).map(bytes) | st.text("aä€😀").map(str.encode))
)
def test_whatever_the_bytes(lines):
    check(lines)
