"""The lines of a chunk as an Arrow array: no Python object per line."""

from dataclasses import dataclass
from typing import Self

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from stedi.outline import outline

_LINE_END = 10
_UTF8 = r"\A[\x{0}-\x{D7FF}\x{E000}-\x{10FFFF}]*\z"
"""All code points but surrogates; Arrow's engine takes no other bytes for one."""


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
