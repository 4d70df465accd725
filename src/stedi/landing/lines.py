"""The lines of a chunk as an Arrow array: no Python object per line."""

import re
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple, Self

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from stedi.landing.layout import returns
from stedi.outline import outline

_LINE_END: Final = 10
_UTF8: Final = r"\A[\x{0}-\x{D7FF}\x{E000}-\x{10FFFF}]*\z"
"""All code points but surrogates; Arrow's engine takes no other bytes for one."""
_BETWEEN: Final = re.compile(rb"\}[ \t\r]{0,64}\n(?=[ \t\r\n]{0,64}\{)")
"""Between two objects, where a line ends."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of a text, each with its line end where it has one.

    Attributes:
        numbers: The number of each in the text.
        array: The lines (large_binary).
        sent: The lines as they were sent, where that is something else.
    """

    numbers: pl.Series
    array: pa.LargeBinaryArray
    sent: pa.LargeBinaryArray | None = None

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    @classmethod
    def of(cls, text: bytes) -> Self:
        r"""Split a text.

        Examples:
            >>> Lines.of(b"a\n\nb").array.to_pylist()
            [b'a\n', b'\n', b'b']
        """
        if not text:
            return cls(pl.Series([], dtype=pl.Int64), pa.array([], pa.large_binary()))
        data = pa.py_buffer(text)
        codes = pl.Series(pa.UInt8Array.from_buffers(pa.uint8(), len(text), [None, data]))
        ends = (codes == _LINE_END).arg_true().cast(pl.Int64) + 1
        edges = [pl.Series([0], dtype=pl.Int64), ends]
        if text[-1] != _LINE_END:
            edges.append(pl.Series([len(text)], dtype=pl.Int64))
        offsets = pl.concat(edges, rechunk=True).to_arrow().buffers()[1]
        count = sum(len(edge) for edge in edges) - 1
        array = pa.LargeBinaryArray.from_buffers(pa.large_binary(), count, [None, offsets, data])
        return cls(pl.int_range(count, dtype=pl.Int64, eager=True), array)

    def __len__(self) -> int:
        """Return how many lines there are."""
        return len(self.array)

    def lengths(self) -> pl.Series:
        """Return the bytes of each line."""
        return pl.Series(pc.binary_length(self.array), dtype=pl.Int64)

    def starts(self) -> pl.Series:
        """Return where each line begins, of lines that are all of a text."""
        lengths = self.lengths()
        return lengths.cum_sum() - lengths

    def matches(self, pattern: str) -> pl.Series:
        """Return which lines match a regular expression."""
        return pl.Series(pc.match_substring_regex(self.array.view(pa.large_string()), pattern))

    def are_utf8(self) -> pl.Series:
        r"""Return which lines are UTF-8.

        Examples:
            >>> Lines.of(b"a\n\xc3\xbc\n\xc3\n").are_utf8().to_list()
            [True, True, False]
        """
        plain = pl.Series(pc.string_is_ascii(self.array.view(pa.large_string())))
        others = self.where(~plain)
        return plain.scatter((~plain).arg_true(), others.matches(_UTF8)) if len(others) else plain

    def where(self, mask: pl.Series) -> Self:
        """Return the lines where the mask is true."""
        if mask.all():
            return self
        chosen = mask.to_arrow()
        sent = None if self.sent is None else self.sent.filter(chosen)
        return type(self)(self.numbers.filter(mask), self.array.filter(chosen), sent)

    def merged(self, other: "Lines") -> Self:
        """Return these lines and others of the same text, in the order of the text."""
        if not len(other):
            return self
        numbers = pl.concat([self.numbers, other.numbers])
        order = numbers.arg_sort()
        array = pa.concat_arrays([self.array, other.array])
        return type(self)(numbers.gather(order), array.take(order.to_arrow()))

    def over(self, text: bytes) -> pa.LargeBinaryArray:
        r"""Return the lines of another text where the lines of this one are, which are all of it.

        Examples:
            >>> Lines.of(b"a\n\nb").over(b"a--b").to_pylist()
            [b'a-', b'-', b'b']
        """
        _, offsets, _ = self.array.buffers()
        return pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), len(self), [None, offsets, pa.py_buffer(text)]
        )

    def text(self) -> bytes:
        """Return the lines as one text."""
        _, offsets, data = self.array.buffers()
        if not len(self):
            return b""
        ends = pl.Series(
            pa.Int64Array.from_buffers(pa.int64(), len(self) + 1, [None, offsets], offset=self.array.offset)
        )
        text: bytes = data[ends[0] : ends[-1]].to_pybytes()
        return text


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


def is_utf8(text: bytes) -> bool:
    """Return whether a text is UTF-8."""
    try:
        return text.isascii() or bool(text.decode())
    except UnicodeDecodeError:
        return False


def has_longer_line(text: bytes, limit: int) -> bool:
    """Return whether a line of a text is longer than so many bytes."""
    start = 0
    while len(text) - start > limit:
        start = text.rfind(b"\n", start, start + limit) + 1
        if start == 0:
            return True
    return False
