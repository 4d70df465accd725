r"""How the records of an object lie in its text: in lines, or spread over them.

In most objects a line end ends a record. In one whose first record goes on in the next line (pretty-printed),
or shares its line with others in an array, it ends none: there a carriage return takes the place of each line
feed. Both are white space to JSON between tokens, and neither may stand in a string, so that what is valid
stays valid and what is not stays so; and what looks for line ends finds those alone that part records.
"""

import json
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import chain
from typing import Final, NamedTuple, Self

from stedi.landing.limits import Limits
from stedi.landing.strict import DECODER, Pairs

BOM: Final = b"\xef\xbb\xbf"
_OPENING: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\[[ \t\r\n]*(?=\{)")
_INDENT: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n\[]*\n([ \t]*)\{")
_BLANK_LINES: Final = re.compile(rb"\n[ \t\r\n]*\n")
_TO_RETURNS: Final = bytes.maketrans(b"\n", b"\r")
_SPACES: Final = " \t\r\n"
_SPACE: Final = re.compile(f"[{_SPACES}]*")
_BLANKS: Final = b" \t\r"
MARKS: Final = b" \t\r\n,[]"
"""What stands around objects: white space, and the marks of an array or of a part of one."""
_AHEAD: Final = 256
_NEXT_IN_LINE: Final = re.compile(r"[ \t]*,[ \t]*\{")
_IN_ONE_LINE: Final = re.compile(r"\[[ \t]*\{[^\n]*\}[ \t]*,[ \t]*\{[ \t]*\"")
_OPENED: Final = re.compile(r"(?:\{|\[[ \t\r\n]*\{)[ \t\r]*\n")


class Layout(Enum):
    """How records lie in a text."""

    LINES = "lines"
    """A line end ends a record."""
    OBJECTS = "objects"
    """Objects over several lines, one after the other."""
    ARRAY = "array"
    """Objects in an array, over several lines or all in one."""

    @property
    def spread(self) -> bool:
        """Whether a line end ends no record."""
        return self is not Layout.LINES


class Form(NamedTuple):
    """How records lie in an object.

    Attributes:
        layout: In lines, or spread over them.
        indent: So many blanks stand before the first one in its line, and before no record more.
    """

    layout: Layout
    indent: int = 0


LINES: Final = Form(Layout.LINES)


def layout_of(head: bytes) -> Layout:
    r"""Return the layout of the object that begins so.

    Examples:
        >>> layout_of(b'{"x": 1}\n{"x": 2}\n'), layout_of(b'[\n{"x": 1},\n{"x": 2}\n]')
        (<Layout.LINES: 'lines'>, <Layout.LINES: 'lines'>)
        >>> layout_of(b'{\n  "x": 1\n}\n'), layout_of(b'[{"x": 1}, {"x": 2}]')
        (<Layout.OBJECTS: 'objects'>, <Layout.ARRAY: 'array'>)
    """
    text = head.removeprefix(BOM).decode(errors="replace")
    start = _after_space(text, 0)
    array = text[start : start + 1] == "["
    first = _after_space(text, start + 1) if array else start
    spread = Layout.ARRAY if array else Layout.OBJECTS
    try:
        value, stop = DECODER.raw_decode(text, first)
    except (ValueError, RecursionError):
        # A first record that is broken: printers put its brace in a line of its own.
        return spread if _OPENED.match(text, start) or _IN_ONE_LINE.match(text, start) else Layout.LINES
    if not isinstance(value, Pairs):
        return Layout.LINES
    in_line = array and _NEXT_IN_LINE.match(text, stop) is not None
    return spread if in_line or "\n" in text[first:stop] else Layout.LINES


class Beginning(NamedTuple):
    """What the beginning of an object tells of it.

    Attributes:
        form: How its records lie.
        opened: They begin in an array.
        skipped: So many bytes come before the first record: a byte order mark, and the bracket of the array.
    """

    form: Form
    opened: bool
    skipped: int

    @classmethod
    def of(cls, head: bytes) -> Self:
        """Look at the first bytes of an object."""
        layout = layout_of(head)
        opened = _OPENING.match(head)
        skipped = opened.end() if opened else len(BOM) if head.startswith(BOM) else 0
        return cls(Form(layout, _indent(head)) if layout.spread else LINES, opened is not None, skipped)


def begin(blocks: Iterable[bytes], limits: Limits) -> tuple[Beginning, Iterator[bytes]]:
    """Look at the beginning of an object, and return what it tells and all blocks."""
    rest = iter(blocks)
    head: list[bytes] = []
    held = 0
    while held < limits.spread and (block := next(rest, None)) is not None:
        head.append(block)
        held += len(block)
    return Beginning.of(b"".join(head)[: limits.spread]), chain(head, rest)


def laid_out(blocks: Iterable[bytes], limits: Limits) -> tuple[Beginning, Iterator[bytes]]:
    """Return what the beginning of an object tells, and its text in which only line ends part records.

    The text begins with the first record.
    """
    beginning, whole = begin(blocks, limits)
    text = _skip(whole, beginning.skipped)
    return beginning, map(returns, text) if beginning.form.layout.spread else text


def _skip(blocks: Iterator[bytes], count: int) -> Iterator[bytes]:
    for block in blocks:
        left = block[count:]
        count -= len(block) - len(left)
        if left:
            yield left


def _indent(text: bytes) -> int:
    found = _INDENT.match(text)
    return len(found[1]) if found else 0


def returns(text: bytes) -> bytes:
    """Return a text with a carriage return for each line feed."""
    return text.translate(_TO_RETURNS)


def _after_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def end_of_lines(text: bytes, lined: bytes, start: int, stop: int, window: int) -> int | None:
    r"""Return where the lines end over which a record goes on that begins in one of them.

    Args:
        text: Some lines.
        lined: The same text, with a line end wherever a record may end.
        start: Where the line begins.
        stop: Where it ends.
        window: No record of more bytes is followed.

    Returns:
        The end of the record's last line: ``stop`` where it does not go on, or is no record. None where it
        may go on behind the text.

    Examples:
        >>> text = b'{"x": [\n1]}\n{"y": 2}\n'
        >>> end_of_lines(text, text, 0, 8, 100), end_of_lines(text, text, 12, 21, 100)
        (12, 21)
        >>> end_of_lines(text[:8], text[:8], 0, 8, 100) is None
        True
    """
    line = lined[start:stop].lstrip(_BLANKS)
    begin = stop - len(line)
    if line[:1] != b"{" or _is_closed(text, begin, stop) or _end_of_value(text[begin:stop]) is not None:
        return stop
    part = text[begin : begin + window]
    found = _end_of_value(part)
    if found is None:
        return stop if len(part) == window else None
    end = lined.find(b"\n", begin + found) + 1 or len(lined)
    return end if found > 0 and not text[begin + found : end].strip(MARKS) else stop


def _is_closed(text: bytes, start: int, stop: int) -> bool:
    """Say whether a line ends like a record, and the next one begins like another."""
    ends = text[start:stop].rstrip(_BLANKS + b"\n").endswith(b"}")
    return ends and text[stop : stop + _AHEAD].lstrip(_BLANKS)[:1] in (b"{", b"[")


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
        stop = DECODER.raw_decode(text, _after_space(text, 0))[1]
    except json.JSONDecodeError as error:
        return needs_more if error.pos >= len(text.rstrip(_SPACES)) else -1
    except (ValueError, RecursionError):
        return -1
    return len(text[:stop].encode())


def records_begun(text: bytes, indent: int) -> list[bytes]:
    r"""Part a spread text before each line that begins like a record, with so many blanks at most.

    Examples:
        >>> records_begun(b'{\r  "x": 1,\r{\r  "x": {\r  }\r}', 0)
        [b'{\r  "x": 1,\r', b'{\r  "x": {\r  }\r}']
    """
    return re.split(rb"(?<=\r)(?=[ \t]{0,%d}\{)" % indent, text)


def without_blank_lines(text: bytes) -> bytes:
    r"""Return a text without the lines that hold nothing.

    Examples:
        >>> without_blank_lines(b'{"x":1}\n\n \r\n{"x":2}\n')
        b'{"x":1}\n{"x":2}\n'
    """
    if b"\n\n" not in text and _BLANK_LINES.search(text) is None:
        return text
    return _BLANK_LINES.sub(b"\n", text)
