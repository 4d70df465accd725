"""Records that go on over the ends of lines."""

import json
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from stedi.contract.table import Contract
from stedi.landing.strict import DECODER, Pairs, after

BOM: Final = b"\xef\xbb\xbf"
"""The byte order mark; where files were put together it stands within a text."""
MARKS: Final = b" \t\r\n,[]"
"""What stands around objects: white space, and the marks of an array or of a part of one."""

_MARKS: Final = re.compile(rb"(?:[ \t\r\n,\[\]]|\xef\xbb\xbf)*")
_MARKS_BACKWARDS: Final = re.compile(rb"(?:[ \t\r\n,\[\]]|\xbf\xbb\xef)*")
_SPACES: Final = " \t\r\n"
_SPACE: Final = re.compile(f"[{_SPACES}]*")
_BLANKS: Final = b" \t\r"
_LOOKAHEAD: Final = 256
_BLANK_LINES: Final = re.compile(rb"[ \t\r\n]*\n")


class LineRecordEnds:
    """Follows records of a text of lines: what begins in a line ends where one ends.

    Args:
        contract: The contract of the landing table.
        window: No record of more bytes is followed.
    """

    __slots__ = ("_contract", "window")

    def __init__(self, contract: Contract, window: int) -> None:
        self._contract = contract
        self.window = window

    def end(self, text: bytes, lined: bytes, start: int, stop: int, *, whole: bool) -> int | None:
        r"""Return where the lines end over which a record goes on: ``stop`` where it doesn't, or is none.

        Args:
            text: Some lines.
            lined: The same text, with a line end wherever a record may end.
            start: Where a line begins.
            stop: Where it ends.
            whole: Nothing of the text goes on behind it.

        Returns:
            The end; None where the record may go on behind the text.

        Examples:
            >>> text = b'{"x": [\n1]}\n{"y": 2}\n'
            >>> from stedi.contract import landing_contract
            >>> ends = LineRecordEnds(landing_contract("customer"), 100)
            >>> ends.end(text, text, 0, 8, whole=True), ends.end(text, text, 12, 21, whole=True)
            (12, 21)
            >>> ends.end(text[:8], text[:8], 0, 8, whole=False)
        """
        begin = after_marks(text, start, stop)
        if text[begin : begin + 1] != b"{" or _is_closed(text, begin, stop):
            return stop
        found = _end_of_value(text[begin:stop])
        if found is not None and (found < 0 or after_marks(text, begin + found, stop) == stop):
            return stop
        last, end = begin, stop
        while last < end:
            found = _end_of_value(text[last : begin + self.window])
            if found is None:
                return stop if whole or begin + self.window <= len(text) else None
            if found < 0:
                return stop
            # Another may begin in the line in which one ends.
            end = lined.find(b"\n", last + found) + 1 or len(lined)
            last = after_marks(text, last + found, end)
        # Whoever tore the line before left the records in the next ones.
        lines = text[begin:end].split(b"\n")[1:]
        return stop if holds_records(lines, self._contract) else end


class SpreadRecordEnds:
    r"""Follows records of a text whose lines mean nothing, and in which a carriage return ends each.

    Args:
        window: No record of more bytes is followed.
        indent: A line that begins with a brace, no further to the right, begins a record.
    """

    __slots__ = ("_begins", "window")

    def __init__(self, window: int, indent: int) -> None:
        self.window = window
        self._begins = re.compile(rb"\r(?=(?:\xef\xbb\xbf)?[ \t]{0,%d}(?:[,\[\]][ \t]{0,4}){0,3}\{)" % indent)

    def end(self, text: bytes, lined: bytes, start: int, stop: int, *, whole: bool) -> int | None:
        r"""Return where a record ends; where it is torn, or is none, before the next one, or at ``stop``.

        Takes and gives the same as for a text of lines.

        Examples:
            >>> text = b'{\r"x": 1\r},\r8 rows\r{\r"x":\r{\r"x": 2\r}'
            >>> ends, size = SpreadRecordEnds(100, 0), len(text)
            >>> ends.end(text, text, 0, size, whole=True), ends.end(text, text, 12, size, whole=True)
            (12, 19)
            >>> ends.end(text, text, 19, size, whole=True), ends.end(text, text, 26, size, whole=True)
            (26, 36)
        """
        begin = after_marks(text, start, len(text))
        if begin >= stop:
            return stop
        far = max(begin + self.window, stop)
        opened = text[begin : begin + 1] == b"{"
        # Nearly all are whole in their line, which is far shorter.
        found = _end_of_value(text[begin:stop]) if opened else -1
        if opened and (found is None or found < 0):
            found = _end_of_value(text[begin:far])
        if found is None and not whole and far >= len(text):
            return None
        if found is None or found < 0:
            return self._next(text, begin, stop, far)
        return self._behind(text, lined, begin, begin + found)

    def _next(self, text: bytes, begin: int, stop: int, far: int) -> int:
        """Return where the next record begins; where none does in the window, the end of the line.

        What is torn in one line may have others beside it there; what goes over several may hold others.
        """
        following = self._begins.search(text, begin, far) if text.find(b"\r", begin, stop) >= 0 else None
        return stop if following is None else following.end()

    def _behind(self, text: bytes, lined: bytes, begin: int, close: int) -> int:
        """Return the end of a record, with the marks behind it, that closes at a place."""
        end = lined.find(b"\n", close) + 1 or len(lined)
        behind = after_marks(text, close, end)
        if behind == end or text[behind : behind + 1] == b"{":
            return behind
        # What stands behind a record in lines of its own is no part of it.
        line = text.find(b"\r", close, end) + 1
        return line if line and after_marks(text, close, line) == line else self._next(text, begin, end, end)


RecordEnds = LineRecordEnds | SpreadRecordEnds
"""Finds where records end that go on over the ends of lines."""


class Pieces(NamedTuple):
    """A text in pieces.

    Attributes:
        spans: Where each begins and ends, and whether it goes on over the end of a line.
        carried: Where the last one begins, which may go on behind the text; else the end of the text.
    """

    spans: list[tuple[int, int, bool]]
    carried: int


def pieces_of(text: bytes, lines: bytes, ends: RecordEnds, *, whole: bool) -> Pieces:
    r"""Part a text where its lines end that are whole records, or none.

    Args:
        text: The text.
        lines: The same text, with a line end wherever a record may end.
        ends: Follows records over line ends.
        whole: Nothing of the text goes on behind it.

    Examples:
        >>> from stedi.contract import landing_contract
        >>> ends = LineRecordEnds(landing_contract("customer"), 100)
        >>> text = b'{"x":\n1}\n{"x":2}\n{"x":'
        >>> pieces_of(text, text, ends, whole=False)
        Pieces(spans=[(0, 9, True), (9, 17, False)], carried=17)
    """
    spans: list[tuple[int, int, bool]] = []
    start = 0
    while start < len(text):
        # Lines that hold nothing are one piece, however many there are.
        blank = _BLANK_LINES.match(lines, start)
        if blank is not None:
            spans.append((start, blank.end(), False))
            start = blank.end()
            continue
        stop = lines.find(b"\n", start) + 1 or len(text)
        end = ends.end(text, lines, start, stop, whole=whole)
        if end is None:
            return Pieces(spans, start)
        spans.append((start, end, end > stop))
        start = end
    return Pieces(spans, len(text))


def holds_records(lines: Iterable[bytes], contract: Contract) -> bool:
    """Say whether one of some lines is by itself a record with all that a contract requires."""
    required = {str(column.source).lower() for column in contract.source_columns if column.required}
    for line in lines:
        text = stripped(line)
        if text.startswith(b"{") and text.endswith(b"}"):
            try:
                value = DECODER.decode(text.decode())
            except (ValueError, RecursionError):
                continue
            if isinstance(value, Pairs) and required.issubset(name.lower() for name, _ in value):
                return True
    return False


def _is_closed(text: bytes, start: int, stop: int) -> bool:
    """Say whether a line ends like a record, and the next one begins like another."""
    ends = text[start:stop].rstrip(_BLANKS + b"\n").endswith(b"}")
    return ends and text[stop : stop + _LOOKAHEAD].lstrip(_BLANKS)[:1] in (b"{", b"[")


def after_marks(text: bytes, start: int, stop: int) -> int:
    """Return where marks end that begin at a place, at ``stop`` at the latest."""
    found = _MARKS.match(text, start, stop)
    return found.end() if found else start


def stripped(text: bytes) -> bytes:
    r"""Return a text without the marks around it.

    Examples:
        >>> stripped(b'\xef\xbb\xbf[{"x": 1}],\xef\xbb\xbf\n')
        b'{"x": 1}'
    """
    text = text[after_marks(text, 0, len(text)) :]
    behind = _MARKS_BACKWARDS.match(text[::-1])
    return text[: len(text) - behind.end()] if behind else text


def _end_of_value(part: bytes) -> int | None:
    """Return where the value at the beginning of a text ends, -1 if it is none; None if more is needed."""
    needs_more = None
    try:
        text = part.decode()
    except UnicodeDecodeError as error:
        text, needs_more = part[: error.start].decode(), -1
    try:
        stop = DECODER.raw_decode(text, after_space(text, 0))[1]
    except json.JSONDecodeError as error:
        return needs_more if error.pos >= len(text.rstrip(_SPACES)) else -1
    except (ValueError, RecursionError):
        return -1
    return len(text[:stop].encode())


def after_space(text: str, start: int) -> int:
    """Return where white space ends."""
    return after(_SPACE, text, start)
