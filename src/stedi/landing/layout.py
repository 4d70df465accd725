r"""How the records of an object lie in its text: in lines, or spread over them.

In most objects a line end ends a record. In one whose first record goes on in the next line (pretty-printed),
or shares its line with others in an array, it ends none: there a carriage return takes the place of each line
feed. Both are white space to JSON between tokens, and neither may stand in a string, so that what is valid
stays valid and what is not stays so; and what looks for line ends finds those alone that part records.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final, NamedTuple, Self

from stedi.contract.table import Contract
from stedi.landing.blocks import peek
from stedi.landing.limits import Limits
from stedi.landing.spanning import BOM, after_space, holds_records
from stedi.landing.strict import DECODER, Pairs

_OPENING: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\[[ \t\r\n]*(?=\{)")
_INDENT: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n\[]*\n([ \t]*)\{")
_BLANK_LINES: Final = re.compile(rb"\n[ \t\r\n]*\n")
_TO_RETURNS: Final = bytes.maketrans(b"\n", b"\r")
_COMMA_APART: Final = re.compile(r"[ \t]*(?:\r?\n[ \t\r\n]*,[ \t\r\n]*|,[ \t]*)\{")
"""A comma between two records that does not end the line of the first."""
_IN_ONE_LINE: Final = re.compile(r"\[[ \t]*\{[^\n]*\}[ \t]*,[ \t]*\{[ \t]*\"")
_OPENED: Final = re.compile(r"(?:\{|\[[ \t\r\n]*\{)[ \t\r]*\n")


class Layout(Enum):
    """How records lie in a text."""

    LINES = "lines"
    """A line end ends a record."""
    SPREAD = "spread"
    """It ends none: objects over several lines, or in an array, over several lines or all in one."""


class Form(NamedTuple):
    """How records lie in an object.

    Attributes:
        layout: In lines, or spread over them.
        indent: So many blanks stand before the first one in its line, and before no record more.
    """

    layout: Layout
    indent: int = 0

    @property
    def spread(self) -> bool:
        """Whether a line end ends no record."""
        return self.layout is Layout.SPREAD


LINES: Final = Form(Layout.LINES)


def layout_of(head: bytes, contract: Contract) -> Layout:
    r"""Return the layout of the object that begins so.

    Examples:
        >>> from stedi.contract import landing_contract
        >>> customers = landing_contract("customer")
        >>> texts = [b'{"x":1}\n{"x":2}', b'[\n{"x":1},\n{"x":2}]', b'{\n "x":1\n}', b'[{"x":1}, {"x":2}]']
        >>> [layout_of(text, customers).value for text in texts]
        ['lines', 'lines', 'spread', 'spread']
    """
    text = head.removeprefix(BOM).decode(errors="replace")
    start = after_space(text, 0)
    array = text[start : start + 1] == "["
    first = after_space(text, start + 1) if array else start
    try:
        value, stop = DECODER.raw_decode(text, first)
    except (ValueError, RecursionError):
        # A first record that is broken: printers put its brace in a line of its own.
        spread = _OPENED.match(text, start) or _IN_ONE_LINE.match(text, start)
        return Layout.SPREAD if spread else Layout.LINES
    if not isinstance(value, Pairs):
        return Layout.LINES
    if "\n" in text[first:stop]:
        torn = holds_records(text[first:stop].encode().split(b"\n"), contract)
        return Layout.LINES if torn else Layout.SPREAD
    return Layout.SPREAD if array and _COMMA_APART.match(text, stop) else Layout.LINES


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
    def of(cls, head: bytes, contract: Contract) -> Self:
        """Look at the first bytes of an object."""
        layout = layout_of(head, contract)
        opened = _OPENING.match(head)
        skipped = opened.end() if opened else len(BOM) if head.startswith(BOM) else 0
        form = LINES if layout is Layout.LINES else Form(layout, _indent(head))
        return cls(form, opened is not None, skipped)


def begin(blocks: Iterable[bytes], limits: Limits, contract: Contract) -> tuple[Beginning, Iterator[bytes]]:
    """Look at the beginning of an object, and return what it tells and all blocks."""
    head, whole = peek(blocks, limits.spread)
    return Beginning.of(head[: limits.spread], contract), whole


def laid_out(
    blocks: Iterable[bytes], limits: Limits, contract: Contract
) -> tuple[Beginning, Iterator[bytes]]:
    """Return what the beginning of an object tells, and its text in which only line ends part records.

    The text begins with the first record.
    """
    beginning, whole = begin(blocks, limits, contract)
    text = _skip(whole, beginning.skipped)
    return beginning, map(returns, text) if beginning.form.spread else text


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
