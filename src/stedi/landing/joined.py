"""Objects that stand in one text in an array, or behind commas: which of them go, and what is left."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from stedi.landing.between import Between
from stedi.landing.strict import DECODER, Pairs, after

_BRACKETS: Final = " \t\r[]"
_BETWEEN: Final = re.compile(r"[ \t\r\n,;\[\]\x00\ufeff]*")
_BRACKET: Final = re.compile(r"[\[\]]")


class _Piece(NamedTuple):
    before: str
    text: str


class Joined(NamedTuple):
    """Several objects of one text.

    Attributes:
        pieces: Each, and what stands between it and the one before.
        close: What stands behind the last.
    """

    pieces: tuple[_Piece, ...]
    close: str

    def without(self, goes: Callable[[str], bool]) -> tuple[str, int]:
        """Return the text without the objects that go, and how many these are; nothing if none is left.

        What was no JSON is none afterwards: a record that was rejected is not let in by what stood beside it.
        """
        kept: list[str] = []
        gone = 0
        between = Between(_BRACKET, "")
        for piece in self.pieces:
            between.see(piece.before)
            if goes(piece.text):
                gone += 1
            else:
                kept.append(between.take(piece.before) + piece.text)
        close = between.rest() + self.close
        if gone and len(kept) == 1 and "[" not in self.pieces[0].before and not close.strip():
            close = self.pieces[1].before.strip(_BRACKETS) + close
        return ("".join(kept) + close if kept else ""), gone


def joined(text: str) -> Joined | None:
    """Return the objects of a text that is nothing but objects in a row; None of any other, or of one object.

    Examples:
        >>> joined('{"x": 1},{"x": 2}').without(lambda each: "1" in each)
        ('{"x": 2},', 1)
        >>> joined('[{"x": 1}, {"x": 2}]').without(lambda each: "1" in each)
        ('[{"x": 2}]', 1)
        >>> joined('{"x": 1},{"x":'), joined('{"x": 1}')
        (None, None)
    """
    pieces: list[_Piece] = []
    stop = 0
    while (start := after(_BETWEEN, text, stop)) < len(text):
        try:
            value, end = DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, Pairs):
            return None
        pieces.append(_Piece(text[stop:start], text[start:end]))
        stop = end
    if not pieces or (len(pieces) == 1 and "[" not in pieces[0].before):
        return None
    return Joined(tuple(pieces), text[stop:])
