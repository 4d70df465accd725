"""Records that go on over the ends of lines."""

import json
import re
from collections.abc import Iterable
from typing import Final

from stedi.contract.table import Contract
from stedi.landing.strict import DECODER, Pairs, after

BOM: Final = b"\xef\xbb\xbf"
"""The byte order mark; where files were put together it stands within a text."""
MARKS: Final = b" \t\r\n,[]"
"""What stands around objects: white space, and the marks of an array or of a part of one."""

_SPACES: Final = " \t\r\n"
_SPACE: Final = re.compile(f"[{_SPACES}]*")
_BLANKS: Final = b" \t\r"
_AHEAD: Final = 256


class OverLines:
    """Follows records over the ends of lines.

    Args:
        contract: The contract of the landing table.
        window: So many bytes.

    Attributes:
        window: No record of more bytes is followed.
    """

    __slots__ = ("_contract", "window")

    def __init__(self, contract: Contract, window: int) -> None:
        """Follow none yet."""
        self._contract = contract
        self.window = window

    def end(self, text: bytes, lined: bytes, start: int, stop: int) -> int | None:
        r"""Return where the lines end over which a record goes on that begins in one of them.

        Args:
            text: Some lines.
            lined: The same text, with a line end wherever a record may end.
            start: Where the line begins.
            stop: Where it ends.

        Returns:
            The end of the record's last line: ``stop`` where it does not go on, or is no record. None where
            it may go on behind the text.

        Examples:
            >>> text = b'{"x": [\n1]}\n{"y": 2}\n'
            >>> from stedi.contract import landing_contract
            >>> over = OverLines(landing_contract("customer"), 100)
            >>> over.end(text, text, 0, 8), over.end(text, text, 12, 21), over.end(text[:8], text[:8], 0, 8)
            (12, 21, None)
        """
        line = lined[start:stop].lstrip(MARKS).removeprefix(BOM).lstrip(MARKS)
        begin = stop - len(line)
        if line[:1] != b"{" or _is_closed(text, begin, stop):
            return stop
        found = _end_of_value(text[begin:stop])
        if found is not None and (found < 0 or not text[begin + found : stop].strip(MARKS)):
            return stop
        last, end = begin, stop
        while last < end:
            found = _end_of_value(text[last : begin + self.window])
            if found is None:
                return stop if begin + self.window <= len(text) else None
            if found < 0:
                return stop
            # Another may begin in the line in which one ends.
            end = lined.find(b"\n", last + found) + 1 or len(lined)
            last = end - len(text[last + found : end].lstrip(MARKS))
        # Whoever tore the line before left the records in the next ones.
        lines = text[begin:end].split(b"\n")[1:]
        return stop if holds_records(lines, self._contract) else end


def holds_records(lines: Iterable[bytes], contract: Contract) -> bool:
    """Say whether one of some lines is by itself a record with all that a contract requires."""
    required = {str(column.source).lower() for column in contract.source_columns if column.required}
    for line in lines:
        text = line.strip(MARKS)
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
    return ends and text[stop : stop + _AHEAD].lstrip(_BLANKS)[:1] in (b"{", b"[")


def end_of_first(text: bytes) -> int:
    r"""Return where the line ends in which a record ends that a spread text begins with.

    Returns:
        0 where it begins with none, where more stands in that line, or nothing behind it.

    Examples:
        >>> end_of_first(b'{\r"x": 1\r},\r8 rows'), end_of_first(b'{"x": 1} 8 rows')
        (12, 0)
    """
    start = len(text) - len(text.lstrip(MARKS))
    found = _end_of_value(text[start:])
    if not found or found < 0 or text[start : start + 1] != b"{":
        return 0
    end = text.find(b"\r", start + found) + 1
    return 0 if end == len(text) or text[start + found : end].strip(MARKS) else end


def is_whole(text: bytes) -> bool:
    """Say whether a text is one value, whatever marks stand around it."""
    core = text.strip(MARKS)
    return _end_of_value(core) == len(core)


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
