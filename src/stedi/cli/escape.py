r"""Text for a terminal, whatever it can show and whoever wrote it: nothing in it is a command to a terminal.

Control characters are shown by their escapes (``\x1b``), so are those that turn a line around, and what the
encoding of the stream lacks (``\u0142`` in a console of Windows). Markup is a matter of stedi's own words.
"""

import re
from typing import Final

CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal obeys, but for line ends and tabs."""
_SPOKEN_FOR: Final = {"\u2026": "~"}
"""What Rich itself writes, and others than UTF consoles lack: a mark as wide."""


def escape_text(text: str, encoding: str = "utf-8") -> str:
    r"""Return a text that a terminal shows, and obeys in nothing; line ends and tabs stay.

    Examples:
        >>> print(escape_text("a\x1b[31mb\r\u202ec"))
        a\x1b[31mb\x0d\u202ec
        >>> print(escape_text("jezioro-\u0142", "cp1252"))
        jezioro-\u0142
    """
    if CONTROLS.search(text):
        text = CONTROLS.sub(_escaped, text)
    if text.isascii():
        return text
    if _lacks(encoding, text):
        for mark, plain in _SPOKEN_FOR.items():
            text = text.replace(mark, plain) if _lacks(encoding, mark) else text
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text


def _lacks(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return True
    return False


def escape_line(text: str) -> str:
    r"""Return a text that stays in its line.

    Examples:
        >>> print(escape_line("a\nb\tc"))
        a\x0ab\x09c
    """
    return escape_text(text).replace("\n", "\\x0a").replace("\t", "\\x09")


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - two digits
