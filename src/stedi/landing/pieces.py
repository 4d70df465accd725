"""A text in pieces that hold whole records, and what is left of it when some records go."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, Protocol

from stedi.contract.table import Contract
from stedi.landing.between import Between
from stedi.landing.boundary import lined
from stedi.landing.layout import Beginning, Form, returns
from stedi.landing.limits import LIMITS, MIB
from stedi.landing.spanning import Over, OverLines, OverSpread, after_marks, stripped

_BLOCK: Final = 8 * MIB
_BLANK: Final = re.compile(rb"[ \t\r\n]*\n")
_BRACKET: Final = re.compile(rb"[\[\]]")


class Cut(Protocol):
    """Takes records out of texts."""

    def concerns(self, text: bytes) -> bool:
        """Say whether a text may hold a record that goes."""
        ...

    def left(self, piece: bytes) -> bytes:
        """Return what is left of a piece, as it is where nothing went."""
        ...


class Pieces(NamedTuple):
    """A text in pieces.

    Attributes:
        spans: Where each begins and ends, and whether it goes on over the end of a line.
        carried: Where the last one begins, which may go on behind the text; else the end of the text.
    """

    spans: list[tuple[int, int, bool]]
    carried: int


def pieces_of(text: bytes, lines: bytes, over: Over, *, whole: bool) -> Pieces:
    r"""Part a text where its lines end that are whole records, or none.

    Args:
        text: The text.
        lines: The same text, with a line end wherever a record may end.
        over: Follows records over line ends.
        whole: Nothing of the text goes on behind it.

    Examples:
        >>> from stedi.contract import landing_contract
        >>> over = OverLines(landing_contract("customer"), 100)
        >>> text = b'{"x":\n1}\n{"x":2}\n{"x":'
        >>> pieces_of(text, text, over, whole=False)
        Pieces(spans=[(0, 9, True), (9, 17, False)], carried=17)
    """
    spans: list[tuple[int, int, bool]] = []
    start = 0
    while start < len(text):
        # Lines that hold nothing are one piece, however many there are.
        blank = _BLANK.match(lines, start)
        if blank is not None:
            spans.append((start, blank.end(), False))
            start = blank.end()
            continue
        stop = lines.find(b"\n", start) + 1 or len(text)
        end = over.end(text, lines, start, stop, whole=whole)
        if end is None:
            return Pieces(spans, start)
        spans.append((start, end, end > stop))
        start = end
    return Pieces(spans, len(text))


def over_of(form: Form, contract: Contract, window: int) -> Over:
    """Return what follows records over the ends of lines in a text of a form."""
    return OverSpread(window, form.indent) if form.spread else OverLines(contract, window)


def lines_without(blocks: Iterable[bytes], beginning: Beginning, over: Over, cut: Cut) -> Iterator[bytes]:
    """Yield a text of lines, with what is left of each."""
    ahead = beginning.skipped
    for block, last in _ending_with_lines(blocks, over):
        yield block[:ahead]
        text, ahead = block[ahead:], 0
        if cut.concerns(text):
            spans = pieces_of(text, text, over, whole=last).spans
            yield b"".join(cut.left(text[start:stop]) for start, stop, _on in spans)
        else:
            yield text


def rows_without(blocks: Iterable[bytes], beginning: Beginning, over: Over, cut: Cut) -> Iterator[bytes]:
    """Yield a text whose records lie in an array, or are spread over lines, with what is left of each.

    With a record goes what parts it from the one before, or the first from the next.
    """
    spread = beginning.form.spread
    rows = _Rows(cut)
    rest = b""
    for text, last in _in_blocks(_behind(blocks, beginning, rows)):
        rest += text
        flat = returns(rest) if spread else rest
        lines = lined(flat) if spread else rest
        spans, carried = pieces_of(flat, lines, over, whole=last)
        if spans and not last and spans[-1][1] == len(rest):
            carried = spans.pop()[0]
        for start, stop, _on in spans:
            yield rows.add(rest[start:stop])
        rest = rest[carried:]
    yield rows.end()


def _behind(blocks: Iterable[bytes], beginning: Beginning, rows: "_Rows") -> Iterator[bytes]:
    """Yield a text from its first record on."""
    left = beginning.skipped
    for block in blocks:
        rows.between += block[:left]
        yield block[left:]
        left = max(0, left - len(block))


class _Rows:
    """Puts the records together that are left, each behind what parts it from the one before.

    Attributes:
        between: What stood behind the last record so far.
    """

    def __init__(self, cut: Cut) -> None:
        self.between = b""
        self._cut = cut
        self._any = False
        self._before = Between(_BRACKET, b"")

    def add(self, part: bytes) -> bytes:
        """Return what is left of a part, and of what stood before it."""
        record = stripped(part)
        start = after_marks(part, 0, len(part))
        self.between += part[:start]
        if not record:
            return b""
        before, self.between = self.between, part[start + len(record) :]
        self._before.see(before)
        kept = self._cut.left(record)
        if not kept:
            return b""
        self._any = True
        return self._before.take(before) + kept

    def end(self) -> bytes:
        """Return what stands behind the last record; nothing where no record is left, nor an array."""
        text = self._before.rest() + self.between
        return text if self._any or text.strip() else b""


def _in_blocks(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield texts of some length, and of each whether it is the last."""
    parts: list[bytes] = []
    for block in blocks:
        if sum(map(len, parts)) >= _BLOCK:
            yield b"".join(parts), False
            parts = []
        parts.append(block)
    yield b"".join(parts), True


def _ending_with_lines(blocks: Iterable[bytes], over: Over) -> Iterator[tuple[bytes, bool]]:
    """Yield texts that end with a line over which no record goes on, and the last one as it is."""
    rest = b""
    for text, last in _in_blocks(blocks):
        rest += text
        if last:
            yield rest, True
            return
        cut = rest.rfind(b"\n") + 1
        tail = rest.rfind(b"\n", 0, max(cut - LIMITS.spread, 0)) + 1
        cut = tail + pieces_of(rest[tail:cut], rest[tail:cut], over, whole=False).carried if cut else 0
        if cut:
            yield rest[:cut], False
            rest = rest[cut:]
