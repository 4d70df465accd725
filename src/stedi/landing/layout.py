r"""How the records of an object lie in its text: in lines, or spread over them.

In most objects a line end ends a record. In one whose first record goes on in the next line (pretty-printed),
or shares its line with others in an array, it ends none: there a carriage return takes the place of each line
feed. Both are white space to JSON between tokens, and neither may stand in a string, so that what is valid
stays valid and what is not stays so; and what looks for line ends finds those alone that part records.

Where no line end says so, one record ends and the next begins between ``}`` and ``{`` followed by a quoted
key and a colon. The key must not begin like the rest of a record after a string does (``,``, ``]``, ``}``,
``:`` or a space): then the place can't be inside a string of a valid record, whatever the string holds, so
that the text can be cut there without parsing what comes before. What is bounded in length can be found
across the blocks of a stream.

An empty object has no key to be known by: after a record that parses it is found by parsing; after one
that does not parse, or is too long, it is part of that record's text. It says nothing that could be lost.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from stedi.contract.table import Contract
from stedi.landing.record_ends import (
    BOM,
    LineRecordEnds,
    RecordEnds,
    SpreadRecordEnds,
    after_space,
    holds_records,
)
from stedi.landing.strict import DECODER, Pairs

_INDENT: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n\[]*\n([ \t]*)\{")
_BLANK_LINES: Final = re.compile(rb"\n[ \t\r\n]*\n")
_TO_RETURNS: Final = bytes.maketrans(b"\n", b"\r")
_COMMA_APART: Final = re.compile(r"[ \t]*(?:\r?\n[ \t\r\n]*,[ \t\r\n]*|,[ \t]*)\{")
"""A comma between two records that does not end the line of the first."""
_IN_ONE_LINE: Final = re.compile(r"\[[ \t]*\{[^\n]*\}[ \t]*,[ \t]*\{[ \t]*\"")
_OPENED: Final = re.compile(r"(?:\{|\[[ \t\r\n]*\{)[ \t\r]*\n")

SPACE: Final = b" \t\r"
"""What JSON counts as white space, but for the line feed, which always ends a record."""

REACH: Final = 1024
"""No boundary is longer than this."""

_END: Final = rb"\}[ \t\r]{0,64}"
_BEGIN: Final = rb"\{[ \t\r]{0,64}\"[^\"\\\x00-\x20,\]}:][^\"\\\x00-\x1f]{0,255}\"[ \t\r]{0,64}:"
BOUNDARY: Final = re.compile(rb"%b(%b)" % (_END, _BEGIN))
_APART: Final = rb"[ \t\r,\[\]]{0,64}(?:\xef\xbb\xbf[ \t\r,\[\]]{0,64})?"
_BETWEEN: Final = re.compile(rb"\}(?!\{)(%b)(%b)" % (_APART, _BEGIN))
"""Between two objects of an array, or of two arrays. It can be seen in an object, too, that holds arrays."""
_SEEN: Final = re.compile(rb"\}%b%b" % (_APART, _BEGIN))
_COMMA: Final = re.compile(rb"\}[ \t\r]{0,64},[ \t\r]{0,64}\n")

_FORMS: Final = 8


class Layout(NamedTuple):
    """How records lie in an object.

    Attributes:
        spread: A line end ends no record: objects over several lines, or in an array, over several lines or
            all in one.
        indent: So many blanks stand before the first one in its line, and before no record more.
    """

    spread: bool
    indent: int = 0

    def record_ends(self, contract: Contract, window: int) -> RecordEnds:
        """Return what finds where records end that go on over line ends.

        Args:
            contract: The contract of the landing table.
            window: No record of more bytes is followed.
        """
        return SpreadRecordEnds(window, self.indent) if self.spread else LineRecordEnds(contract, window)


LINES: Final = Layout(spread=False)


def layout_of(head: bytes, contract: Contract) -> Layout:
    r"""Return how records lie in the object that begins so.

    Examples:
        >>> from stedi.contract import landing_contract
        >>> customers = landing_contract("customer")
        >>> texts = [b'{"x":1}\n{"x":2}', b'[\n{"x":1},\n{"x":2}]', b'{\n "x":1\n}', b'[{"x":1}, {"x":2}]']
        >>> [layout_of(text, customers).spread for text in texts]
        [False, False, True, True]
    """
    if not _is_spread(head, contract):
        return LINES
    found = _INDENT.match(head)
    return Layout(spread=True, indent=len(found[1]) if found else 0)


def _is_spread(head: bytes, contract: Contract) -> bool:
    text = head.removeprefix(BOM).decode(errors="replace")
    start = after_space(text, 0)
    array = text[start : start + 1] == "["
    first = after_space(text, start + 1) if array else start
    try:
        value, stop = DECODER.raw_decode(text, first)
    except (ValueError, RecursionError):
        # A first record that is broken: printers put its brace in a line of its own.
        return bool(_OPENED.match(text, start) or _IN_ONE_LINE.match(text, start))
    if not isinstance(value, Pairs):
        return False
    if "\n" in text[first:stop]:
        # Unless it is torn, and the next ones follow in lines of their own.
        return not holds_records(text[first:stop].encode().split(b"\n"), contract)
    return array and _COMMA_APART.match(text, stop) is not None


def returns(text: bytes) -> bytes:
    """Return a text with a carriage return for each line feed."""
    return text.translate(_TO_RETURNS)


def has_blank_lines(text: bytes) -> bool:
    """Say whether a text has lines that hold nothing; those with blanks alone are not looked for."""
    # Carriage returns are found ten times faster than line ends around one.
    return b"\n\n" in text or (b"\r" in text and b"\n\r\n" in text)


def without_blank_lines(text: bytes) -> bytes:
    r"""Return a text without the lines that hold nothing: many of them cost no more than a text.

    Examples:
        >>> without_blank_lines(b'{"x":1}\n\n \r\n{"x":2}\n')
        b'{"x":1}\n{"x":2}\n'
    """
    return _BLANK_LINES.sub(b"\n", text)


class _Forms:
    """Replaces what matches a pattern: its few forms literally, which is fast; many forms all at once."""

    __slots__ = ("_forms", "_pattern", "_put")

    def __init__(self, pattern: re.Pattern[bytes], put: Callable[[re.Match[bytes]], bytes]) -> None:
        self._pattern = pattern
        self._put = put
        self._forms: dict[bytes, bytes] | None = {}

    def learn(self, text: bytes) -> bool:
        """Look for a form that is not known yet, and remember it."""
        found = self._pattern.search(text)
        if found is None:
            return False
        if self._forms is not None:
            self._forms[found[0]] = self._put(found)
            if len(self._forms) > _FORMS:
                self._forms = None
        return True

    def apply(self, text: bytes) -> bytes:
        """Return the text with every known form replaced."""
        if self._forms is None:
            return self._pattern.sub(self._put, text)
        for form, other in self._forms.items():
            text = text.replace(form, other)
        return text


def _in_place(found: re.Match[bytes]) -> bytes:
    return b"}" + b"\n".rjust(len(found[1])) + found[2]


def lined(text: bytes) -> bytes:
    r"""Return a spread text with a line end between records, in the place of what stands there.

    Examples:
        >>> lined(b'{"x":1},\r{"x":2}\r{"x":3}')
        b'{"x":1} \n{"x":2}\n{"x":3}'
    """
    return _BETWEEN.sub(_in_place, text)


class Separator(_Forms):
    r"""Puts a line end between records that were written back to back.

    It learns the few forms that the boundaries of an object take (``}{"user":``) and replaces those
    literally, which is fast; beyond a few forms it takes them all at once.

    Examples:
        >>> separator = Separator()
        >>> separator.learn(b'{"x":1}{"x":2} {"x":3}')
        True
        >>> separator.learn(separator.apply(b'{"x":1}{"x":2} {"x":3}'))
        True
        >>> separator.apply(b'{"x":1}{"x":2} {"x":3}')
        b'{"x":1}\n{"x":2}\n{"x":3}'
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(BOUNDARY, lambda found: b"}\n" + found[1])


class Marks(_Forms):
    r"""Takes the marks away that part the objects of an array; a text stays as long.

    In a text of lines they are the commas at the ends of lines; in a spread one, all that stands between
    objects, where a line end takes its place.

    Examples:
        >>> lines, spread = Marks(), Marks(spread=True)
        >>> lines.learn(b'{"x":1},\n{"x":2},\n'), lines.apply(b'{"x":1},\n{"x":2},\n')
        (True, b'{"x":1} \n{"x":2} \n')
        >>> spread.learn(b'{"x":1}, {"x":2}'), spread.apply(b'{"x":1}, {"x":2}')
        (True, b'{"x":1} \n{"x":2}')
    """

    __slots__ = ()

    def __init__(self, *, spread: bool = False) -> None:
        if spread:
            super().__init__(_BETWEEN, _in_place)
        else:
            super().__init__(_COMMA, lambda found: found[0].replace(b",", b" "))


def last_cut(text: bytes, layout: Layout = LINES) -> int:
    r"""Return where the last whole record of a text ends; 0 if no end of a record is seen.

    Examples:
        >>> last_cut(b'{"x":1}\n{"x":2'), last_cut(b'{"x":1}{"x":2'), last_cut(b'{"x":1}{"x"')
        (8, 7, 0)
    """
    if line_end := text.rfind(b"\n") + 1:
        return line_end
    window = 64 * REACH
    while True:
        start = max(len(text) - window, 0)
        cut = 0
        for found in _seen_in(layout).finditer(text, start):
            cut = found.start() + 1
        if cut or start == 0:
            return cut
        window *= 4


def first_cut(text: bytes, layout: Layout = LINES) -> int:
    """Return where the first record of a text ends; 0 if no end of a record is seen."""
    line_end = text.find(b"\n") + 1
    found = _seen_in(layout).search(text, 0, line_end or len(text))
    return found.start() + 1 if found else line_end


def _seen_in(layout: Layout) -> re.Pattern[bytes]:
    return _SEEN if layout.spread else BOUNDARY
