"""A text is parted at every boundary, and at nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from stedi.landing.layout import BOUNDARY, Separator


def part(text: bytes) -> bytes:
    """Return a text with a line end at every boundary."""
    separator = Separator()
    while separator.learn(parted := separator.apply(text)):
        pass
    return parted


PIECES = [*b'}{":, \t\na\\', *(b"}{", b'{"', b'":', b'}{"a":', b'} {"a}" :')]


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=24))
def test_every_boundary_becomes_a_line_end(pieces):
    text = b"".join(bytes([piece]) if isinstance(piece, int) else piece for piece in pieces)
    assert part(text) == BOUNDARY.sub(rb"}\n\1", text)
    assert BOUNDARY.search(part(text)) is None
