"""A text without some of its records: what stays is as it was."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from stedi.landing.chunks import Beginning
from stedi.landing.layout import lined, returns
from stedi.landing.limits import LIMITS, MIB
from stedi.landing.record_ends import RecordEnds, after_marks, pieces_of, stripped
from stedi.landing.strict import DECODER, Pairs, after

_BLOCK: Final = 8 * MIB
_BRACKET: Final = re.compile(rb"[\[\]]")
_SEPARATORS: Final = re.compile(r"[ \t\r\n,;\[\]\x00\ufeff]*")


class RecordFilter(Protocol):
    """Takes records out of texts."""

    def concerns(self, text: bytes) -> bool:
        """Say whether a text may hold a record that goes."""
        ...

    def left(self, piece: bytes) -> bytes:
        """Return what is left of a piece, as it is where nothing went."""
        ...


def lines_without(
    blocks: Iterable[bytes], beginning: Beginning, ends: RecordEnds, records: RecordFilter
) -> Iterator[bytes]:
    """Yield a text of lines, with what is left of each."""
    yield beginning.prefix
    for text, last in _ending_with_lines(blocks, ends):
        if records.concerns(text):
            spans = pieces_of(text, text, ends, whole=last).spans
            yield b"".join(records.left(text[start:stop]) for start, stop, _ in spans)
        else:
            yield text


def rows_without(
    blocks: Iterable[bytes], beginning: Beginning, ends: RecordEnds, records: RecordFilter
) -> Iterator[bytes]:
    """Yield a text whose records lie in an array, or are spread over lines, with what is left of each.

    With a record goes what parts it from the one before, or the first from the next.
    """
    spread = beginning.layout.spread
    rows = _Rows(records, beginning.prefix)
    rest = b""
    for text, last in _in_blocks(blocks):
        rest += text
        flat = returns(rest) if spread else rest
        lines = lined(flat) if spread else rest
        spans, carried = pieces_of(flat, lines, ends, whole=last)
        if spans and not last and spans[-1][1] == len(rest):
            carried = spans.pop()[0]
        for start, stop, _ in spans:
            yield rows.add(rest[start:stop])
        rest = rest[carried:]
    yield rows.end()


class _Rows:
    """Puts the records together that are left, each behind what parts it from the one before.

    Args:
        records: Takes records out.
        prefix: What stands before the first record.
    """

    def __init__(self, records: RecordFilter, prefix: bytes) -> None:
        self._records = records
        self._gap = prefix
        self._any = False
        self._kept_gaps = _Gaps()

    def add(self, part: bytes) -> bytes:
        """Return what is left of a part, and of what stood before it."""
        record = stripped(part)
        start = after_marks(part, 0, len(part))
        self._gap += part[:start]
        if not record:
            return b""
        before, self._gap = self._gap, part[start + len(record) :]
        self._kept_gaps.see(before)
        kept = self._records.left(record)
        if not kept:
            return b""
        self._any = True
        return self._kept_gaps.take(before) + kept

    def end(self) -> bytes:
        """Return what stands behind the last record; nothing where no record is left, nor an array."""
        text = self._kept_gaps.rest() + self._gap
        return text if self._any or text.strip() else b""


class _Gaps:
    """Puts what stands between records before those that stay.

    With a record goes what parts it from the one before. But where an array ends or begins, and before the
    first record, it stays, whichever records do.
    """

    def __init__(self) -> None:
        self._seen = False
        self._held: bytes | None = None

    def see(self, gap: bytes) -> None:
        """Come to a record, behind what stands before it."""
        if not self._seen or _BRACKET.search(gap):
            self._held = self.rest() + gap
        self._seen = True

    def take(self, gap: bytes) -> bytes:
        """Return what stands before the record that was seen last, which stays."""
        held, self._held = self._held, None
        return gap if held is None else held

    def rest(self) -> bytes:
        """Return what stays of what stood before records that went, and behind the last one that stays."""
        return self._held or b""


def _in_blocks(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield texts of some length, and of each whether it is the last."""
    parts: list[bytes] = []
    for block in blocks:
        if sum(map(len, parts)) >= _BLOCK:
            yield b"".join(parts), False
            parts = []
        parts.append(block)
    yield b"".join(parts), True


def _ending_with_lines(blocks: Iterable[bytes], ends: RecordEnds) -> Iterator[tuple[bytes, bool]]:
    """Yield texts that end with a line over which no record goes on, and the last one as it is."""
    rest = b""
    for text, last in _in_blocks(blocks):
        rest += text
        if last:
            yield rest, True
            return
        cut = rest.rfind(b"\n") + 1
        tail = rest.rfind(b"\n", 0, max(cut - LIMITS.spread, 0)) + 1
        cut = tail + pieces_of(rest[tail:cut], rest[tail:cut], ends, whole=False).carried if cut else 0
        if cut:
            yield rest[:cut], False
            rest = rest[cut:]


def joined_without(text: bytes, goes: Callable[[bytes], bool]) -> tuple[bytes, int] | None:
    """Return a text of several objects in a row without those that go, and how many these are.

    What was no JSON is none afterwards: a record that was rejected is not let in by what stood beside it.

    Args:
        text: Objects in an array, or behind commas, say.
        goes: Says of each whether it goes.

    Returns:
        The text, empty if no object is left; None where it holds anything but objects, or one alone.

    Examples:
        >>> joined_without(b'{"x": 1},{"x": 2}', lambda each: b"1" in each)
        (b'{"x": 2},', 1)
        >>> joined_without(b'[{"x": 1}, {"x": 2}]', lambda each: b"1" in each)
        (b'[{"x": 2}]', 1)
        >>> joined_without(b'{"x": 1},{"x":', bool), joined_without(b'{"x": 1}', bool)
        (None, None)
    """
    if (parts := _in_a_row(text)) is None:
        return None
    objects, close = parts
    gaps = _Gaps()
    kept = []
    for before, each in objects:
        gaps.see(before)
        if not goes(each):
            kept.append(gaps.take(before) + each)
    close = gaps.rest() + close
    gone = len(objects) - len(kept)
    if gone and len(kept) == 1 and b"[" not in objects[0][0] and not close.strip():
        close = objects[1][0].strip(b" \t\r[]") + close
    return (b"".join(kept) + close if kept else b""), gone


def _in_a_row(content: bytes) -> tuple[list[tuple[bytes, bytes]], bytes] | None:
    """Return what stands before each object, and the object; and what stands behind the last."""
    objects: list[tuple[bytes, bytes]] = []
    stop = 0
    try:
        text = content.decode()
        while (start := after(_SEPARATORS, text, stop)) < len(text):
            value, end = DECODER.raw_decode(text, start)
            if not isinstance(value, Pairs):
                return None
            objects.append((text[stop:start].encode(), text[start:end].encode()))
            stop = end
    except (ValueError, RecursionError):
        return None
    if not objects or (len(objects) == 1 and b"[" not in objects[0][0]):
        return None
    return objects, text[stop:].encode()
