"""A stream of bytes, cut into chunks that hold whole records."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from stedi.contract.table import Contract
from stedi.landing.layout import LINES, REACH, SPACE, Layout, first_cut, last_cut, layout_of, returns
from stedi.landing.limits import Limits
from stedi.landing.record_ends import BOM, MARKS
from stedi.landing.salvage import Salvaged, SalvageSearch
from stedi.landing.stream import peek
from stedi.outline import outline

_OPENING: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\[[ \t\r\n]*(?=\{)")
_CLOSED: Final = {
    False: re.compile(rb"(?<=\})[ \t\r]*\n[ \t\r\n]*\][ \t\r\n]*\Z"),
    True: re.compile(rb"(?<=\})[ \t\r]*(?:,[ \t\r]*\]?|\])[ \t\r]*\Z"),
}
"""The end of an array of objects, or of objects behind commas, where the text is spread over lines or not."""


class Beginning(NamedTuple):
    """What the beginning of an object tells of it.

    Attributes:
        layout: How its records lie.
        opened: They begin in an array.
        prefix: What comes before the first record: a byte order mark, and the bracket of the array.
    """

    layout: Layout
    opened: bool
    prefix: bytes


def begin(blocks: Iterable[bytes], limits: Limits, contract: Contract) -> tuple[Beginning, Iterator[bytes]]:
    """Look at the beginning of an object.

    Returns:
        What it tells, and the text from the first record on.
    """
    head, whole = peek(blocks, limits.spread)
    head = head[: limits.spread]
    opened = _OPENING.match(head)
    prefix = opened[0] if opened else BOM if head.startswith(BOM) else b""
    beginning = Beginning(layout_of(head, contract), opened is not None, prefix)
    return beginning, _skip(whole, len(prefix))


def _skip(blocks: Iterator[bytes], count: int) -> Iterator[bytes]:
    for block in blocks:
        left = block[count:]
        count -= len(block) - len(left)
        if left:
            yield left


class Chunk(NamedTuple):
    """Some whole records of an object.

    Attributes:
        text: Their text.
        too_long: The text is the beginning of one record that is longer than the limit: what all of it names.
        last: The object ends here.
        layout: How records lie in the object.
    """

    text: bytes
    too_long: Salvaged | None = None
    last: bool = False
    layout: Layout = LINES

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)


def chunks(blocks: Iterable[bytes], limits: Limits, contract: Contract) -> Iterator[Chunk]:
    r"""Cut blocks of any size into chunks.

    A byte order mark at the beginning is left out, and the brackets of an array that the object is.

    Examples:
        >>> from stedi.contract import landing_contract
        >>> blocks, contract = [b'{"x":1}\n{"x', b'":2}'], landing_contract("customer")
        >>> [chunk.text for chunk in chunks(blocks, Limits(chunk=8), contract)]
        [b'{"x":1}\n', b'{"x":2}']
    """
    (layout, opened, _), text = begin(blocks, limits, contract)
    buffer = _Buffer(map(returns, text) if layout.spread else text)
    wanted = limits.chunk
    while buffer.fill(wanted):
        if lines := buffer.take_lines():
            yield Chunk(lines, layout=layout)
            wanted = max(limits.chunk, buffer.held + 1)
            continue
        cut = last_cut(buffer.text, layout)
        if cut:
            yield Chunk(buffer.text[:cut], layout=layout)
            buffer.text = buffer.text[cut:]
            wanted = max(limits.chunk, len(buffer.text) + 1)
            continue
        if not buffer.text.strip(SPACE):
            buffer.text = buffer.text[-REACH:]
        if len(buffer.text) > max(limits.record, limits.raw) + REACH:  # a boundary may just be coming in
            head = buffer.text.lstrip(MARKS)[: limits.raw]
            yield Chunk(head, too_long=buffer.skip_record(SalvageSearch(contract), layout), layout=layout)
            wanted = limits.chunk
        else:
            wanted = max(limits.chunk, 2 * len(buffer.text))
    end = buffer.text
    if opened or layout.spread:
        closed = _CLOSED[layout.spread].search(end, max(0, len(end) - REACH))
        end = end[: closed.start()] + b"\n" if closed else end
    yield Chunk(end, last=True, layout=layout)


class _Buffer:
    """The bytes of a stream that were read and not yet handed on."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._parts: list[bytes] = []
        self.held = 0

    @property
    def text(self) -> bytes:
        """The bytes."""
        if len(self._parts) != 1:
            self._parts = [b"".join(self._parts)]
        return self._parts[0]

    @text.setter
    def text(self, text: bytes) -> None:
        self._parts, self.held = [text], len(text)

    def fill(self, size: int) -> bool:
        """Read until there are so many bytes; return whether there are."""
        while self.held < size and (block := next(self._blocks, None)) is not None:
            self._parts.append(block)
            self.held += len(block)
        return self.held >= size

    def take_lines(self) -> bytes:
        """Hand on all whole lines, if one ends in the last block: so that the others are copied only once."""
        *before, block = self._parts
        cut = block.rfind(b"\n") + 1
        if not cut:
            return b""
        lines = b"".join([*before, block[:cut]])
        self._parts, self.held = [block[cut:]], len(block) - cut
        return lines

    def skip_record(self, search: SalvageSearch, layout: Layout) -> Salvaged:
        """Search, and drop, everything up to the end of the record that the text is in the middle of."""
        search.feed(self.text[:-REACH])
        while True:
            self.text = self.text[-REACH:]
            more = self.fill(len(self.text) + 1)
            cut = first_cut(self.text, layout)
            if cut or not more:
                search.feed(self.text[:cut] if cut else self.text)
                self.text = self.text[cut:] if cut else b""
                return search.end()
            search.feed(self.text[:-REACH])
