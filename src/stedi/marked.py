"""Texts in Markdown: they mean what they are, and nothing in them is markup or HTML."""

import re
from typing import Final

_MARKS: Final = re.compile(r"[\\_*`\[]")


def marked(text: str) -> str:
    r"""Return a text as Markdown that means it as it stands.

    Examples:
        >>> print(marked("<b>a_b</b>"))
        &lt;b>a\_b&lt;/b>
    """
    return _MARKS.sub(r"\\\g<0>", text).replace("<", "&lt;")


def cell(text: str) -> str:
    r"""Return a text as a cell of a table.

    Examples:
        >>> print(cell("a|b\nc"))
        a\|b c
    """
    return " ".join(marked(text).replace("|", "\\|").splitlines())
