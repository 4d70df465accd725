"""Where one record ends and the next begins, when no line end says so.

Between ``}`` and ``{`` followed by a quoted key and a colon. The key must not begin like the rest of a
record after a string does (``,``, ``]``, ``}``, ``:`` or a space): then the place can't be inside a string
of a valid record, whatever the string holds, so that the text can be cut there without parsing what
comes before. What is bounded in length can be found across the blocks of a stream.

An empty object has no key to be known by: after a record that parses it is found by parsing; after one
that does not parse, or is too long, it is part of that record's text. It says nothing that could be lost.
"""

import re
from typing import Final

SPACE: Final = b" \t\r"
"""What JSON counts as white space, but for the line feed, which always ends a record."""

REACH: Final = 1024
"""No boundary is longer than this."""

_END: Final = rb"\}[ \t\r]{0,64}"
_BEGIN: Final = rb"\{[ \t\r]{0,64}\"[^\"\\\x00-\x20,\]}:][^\"\\\x00-\x1f]{0,255}\"[ \t\r]{0,64}:"
BOUNDARY: Final = re.compile(rb"%b(%b)" % (_END, _BEGIN))
_CUT: Final = re.compile(rb"%b(?=%b)" % (_END, _BEGIN))
"""The end of a record before the next: no boundary begins inside another, so what it leaves is the same."""

_FORMS: Final = 8


def part(text: bytes) -> bytes:
    r"""Return a text with a line end at every boundary.

    Examples:
        >>> part(b'{"x":1}{"x":2}')
        b'{"x":1}\n{"x":2}'
    """
    return _CUT.sub(b"}\n", text)


class Separator:
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

    __slots__ = ("_forms",)

    def __init__(self) -> None:
        """Begin without any known form."""
        self._forms: dict[bytes, bytes] | None = {}

    def learn(self, text: bytes) -> bool:
        """Look for a boundary of a form that is not known yet, and remember it."""
        found = BOUNDARY.search(text)
        if found is None:
            return False
        if self._forms is not None:
            self._forms[found[0]] = b"}\n" + found[1]
            if len(self._forms) > _FORMS:
                self._forms = None
        return True

    def apply(self, text: bytes) -> bytes:
        """Return the text with a line end at every boundary of a known form."""
        if self._forms is None:
            return part(text)
        for form, parted in self._forms.items():
            text = text.replace(form, parted)
        return text


def last_cut(text: bytes) -> int:
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
        for found in BOUNDARY.finditer(text, start):
            cut = found.start() + 1
        if cut or start == 0:
            return cut
        window *= 4


def first_cut(text: bytes) -> int:
    """Return where the first record of a text ends; 0 if no end of a record is seen."""
    line_end = text.find(b"\n") + 1
    found = BOUNDARY.search(text, 0, line_end or len(text))
    return found.start() + 1 if found else line_end
