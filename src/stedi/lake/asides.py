"""Names and phone numbers: they name a person where neither an e-mail nor a serial number can be read."""

import re
from collections.abc import Iterator
from typing import Final

from stedi.consent.pseudonyms import key

SHORTEST: Final = 5
"""A name or phone number of fewer characters says nothing about who is meant."""
_WORDS: Final = 5
"""The most words that a name is looked for as."""

_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_APART: Final = re.compile(r'["{}\[\]:]+')
_NUMBER: Final = re.compile(r"\d(?:[\d ().+/-]*\d)?")
_LETTER: Final = re.compile(r"[^\W\d_]")


def aside(text: str) -> str | None:
    """Return what all spellings of a name or a phone number have in common; None if it says too little.

    Of a phone number the digits; of a name its key, with single blanks.

    Examples:
        >>> aside("+1 (801) 555-1212"), aside("  Ann   M. Lee"), aside("Ann")
        ('18015551212', 'ann m. lee', None)
    """
    plain = " ".join(key(text).split())
    if not _LETTER.search(plain):
        plain = "".join(filter(str.isdigit, plain))
    return plain if len(plain) >= SHORTEST else None


def asides_in(text: str) -> set[str]:
    """Return what may be a name or a phone number in a text, however damaged: quoted, or as words in a row.

    Examples:
        >>> {"ann m. lee", "8015551212"} <= asides_in('{"customerName":"Ann M. Lee","phone":801-555-1212,')
        True
    """
    return {each for found in _found(text) if (each := aside(found)) is not None}


def _found(text: str) -> Iterator[str]:
    yield from (found[1] for found in _QUOTED.finditer(text))
    yield from (found[0] for found in _NUMBER.finditer(text))
    for part in _APART.split(text):
        words = part.split()
        for start in range(len(words)):
            for end in range(start + 1, min(start + _WORDS, len(words)) + 1):
                yield " ".join(words[start:end]).rstrip(",")
