"""Records over several lines among lines that are records, read at once."""

import re
from itertools import pairwise
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
        ends = {
            *stops.filter(begins.shift(-1, fill_value=True)),
            *(each.end() for each in _BETWEEN.finditer(text)),
        }
        flat = b"".join(returns(text[a : b - 1]) + text[b - 1 : b] for a, b in pairwise([0, *sorted(ends)]))
        pieces = Lines.of(flat)
        last = stops.search_sorted(pieces.lengths().cum_sum(), side="left").cast(pl.Int64)
        lengths = last - last.shift(fill_value=-1)
        first = last - lengths + 1
        numbered = Lines(lines.numbers.gather(first), pieces.array, pieces.over(text))
        return cls(numbered, lengths, begins.cum_sum().gather(first))

    def covered(self, looks: pl.Series) -> pl.Series:
        """Return the numbers of the lines over which records go, of pieces that look like records or not."""
        first = pl.col("first")
        seen = pl.DataFrame(
            {"first": self.pieces.numbers, "length": self.lengths, "run": self.runs, "looks": looks}
        )
        proven = seen.filter(pl.col("looks").cast(pl.Int8).cum_min().over("run") == 1)
        return proven.select(pl.int_ranges(first, first + pl.col("length")).explode()).to_series()


def among(numbers: pl.Series, others: pl.Series) -> pl.Series:
    """Return which of some numbers are among others."""
    return numbers.is_in(others.implode())
