"""Records over several lines among lines that are records, read at once."""

import re
from itertools import chain
from typing import Final, NamedTuple, Self

import polars as pl

from stedi.landing.layout import returns
from stedi.landing.lines import Lines
from stedi.outline import outline

_BETWEEN: Final = re.compile(rb"\}[ \t\r]{0,64}\n(?=[ \t\r\n]{0,64}\{)")
"""Between two objects, where a line ends."""


class Runs(NamedTuple):
    """Neighbouring lines, put together and parted where records end that go on over them.

    A record begins where the first piece of a run begins, and behind each piece that is a record. So a piece
    is a record if it is proven, with all pieces before it in its run, to look like one.

    Attributes:
        pieces: The pieces, each in one line, with the number of its first line.
        lengths: Over how many lines each goes.
        runs: The number of the run of each.
    """

    pieces: Lines
    lengths: pl.Series
    runs: pl.Series

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    @classmethod
    def of(cls, lines: Lines) -> Self:
        r"""Part some lines of a text, which are in its order.

        Examples:
            >>> lines = Lines.of(b'{\n"x": 1\n}\n{"x": 2}\n')
            >>> pieces, lengths, _ = Runs.of(lines)
            >>> pieces.array.to_pylist(), pieces.numbers.to_list(), lengths.to_list()
            ([b'{\r"x": 1\r}\n', b'{"x": 2}\n'], [0, 3], [3, 1])
        """
        text, stops = lines.text(), lines.lengths().cum_sum()
        begins = lines.numbers.diff().fill_null(0) != 1
        flat = bytearray(returns(text))
        last = stops.filter(begins.shift(-1, fill_value=True)).to_list()
        for end in chain(last, (each.end() for each in _BETWEEN.finditer(text))):
            flat[end - 1] = text[end - 1]
        pieces = Lines.of(bytes(flat))
        final = stops.search_sorted(pieces.lengths().cum_sum(), side="left").cast(pl.Int64)
        lengths = final - final.shift(fill_value=-1)
        first = final - lengths + 1
        numbered = Lines(lines.numbers.gather(first), pieces.array, pieces.over(text))
        return cls(numbered, lengths, begins.cum_sum().gather(first))

    def covered(self, looks: pl.Series) -> pl.Series:
        """Return the numbers of the lines over which records go, of pieces that look like records or not."""
        broken = (~looks).cast(pl.Int64)
        before = broken.cum_sum() - broken
        begins = self.runs.diff().fill_null(1) != 0
        of_run = before.filter(begins).gather(begins.cum_sum() - 1)
        proven = before + broken == of_run
        first, lengths = self.pieces.numbers.filter(proven), self.lengths.filter(proven)
        return pl.int_ranges(first, first + lengths, eager=True).explode()


def in_runs(lines: Lines) -> Lines:
    r"""Return the lines of which a neighbour is there, too: no other one is of a record over several.

    Examples:
        >>> some = Lines.of(b"a\nb\nc\nd\n").where(pl.Series([True, False, True, True]))
        >>> in_runs(some).array.to_pylist()
        [b'c\n', b'd\n']
    """
    follows = (lines.numbers.diff() == 1).fill_null(value=False)
    return lines.where(follows | follows.shift(-1, fill_value=False))


def among(numbers: pl.Series, others: pl.Series) -> pl.Series:
    """Return which of some numbers are among others."""
    return numbers.is_in(others.implode())
