"""What a text names: whole tokens, and the values of its fields, in whatever way they are escaped.

An e-mail or a serial number stands in a text where it is bounded by what can't be part of such a name:
``ann@ex.com`` in ``<mailto:ann@ex.com>,``, and not in ``joann@ex.com`` or ``ann@ex.com.au``. A name that
can't be told from a number or a word (``417``, ``unknown``) stands there only as the value of a field of its
kind.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from stedi.consent.pseudonyms import key
from stedi.contract import CONTRACTS
from stedi.contract.reasons import Drop, Rejection
from stedi.landing.salvage import views

_SHORTEST: Final = 6
"""A name of fewer characters can't be told from others in a text, but for an e-mail."""

_LONGEST: Final = 256
_LEAVES: Final = 1000

_SERIAL_MARKS: Final = frozenset("-_.+~")
_EMAIL_MARKS: Final = frozenset("-_.+~'%&#!$*?^`")
_STICKING: Final = frozenset("-_+")
"""Marks with which an e-mail may begin: others before one are punctuation."""
_BEHIND: Final = "".join(_EMAIL_MARKS)
_BEFORE: Final = "".join(_EMAIL_MARKS - _STICKING)
_ESCAPED: Final = frozenset("bfnrtu")

_ALNUM: Final = (
    "[^\\x00-/:-@\\[-`{-\\x7f"
    "\\x80-\\xa1\\xa7\\xab\\xad\\xb6\\xb7\\xbb\\xbf\\u2000-\\u206f\\u3000-\\u3020\\u3030\\ufeff\\ufffd]"
)
"""What names consist of: letters, digits, and all else that is neither a mark of ASCII nor punctuation."""
SOLID: Final = re.compile(rf"{_ALNUM}+")

_AFFIXES: Final = (
    "json|ndjson|jsonl|gz|gzip|zst|zstd|bz2|xz|zip|tar|txt|csv|tsv|parquet|avro|log|bak|old|orig|part|tmp|db"
)
_EXTENSION: Final = re.compile(rf"(?:\.(?:{_AFFIXES}))+(?!{_ALNUM}|[-.@]{_ALNUM})")
"""How the name of a file ends: what stands before it is whole."""

_NUMBER_LIKE: Final = re.compile(
    r"[-+]?(?:0x[0-9a-f]+|[\d_]*\.?\d*(?:e[-+]?\d+)?|\d{4}-\d\d-\d\d(?:[t ].*)?)"
)
_INNER_MARK: Final = re.compile(rf"{_ALNUM}[-_.:/#+~]+{_ALNUM}")

_LOCAL: Final = rf"(?:{_ALNUM}|[-_.+~'%&#!$*?^`])"
_BACKWARDS: Final = re.compile(rf"{_LOCAL}+")
_DOMAIN: Final = re.compile(rf"@{_ALNUM}+(?:[-.]+{_ALNUM}+)*(?!@|{_ALNUM})")
_SERIAL: Final = re.compile(rf"{_ALNUM}+(?:[-_.+~]+{_ALNUM}+)*")
_SERIAL_OF_PARTS: Final = re.compile(rf"{_ALNUM}+(?:[-_.+~:/#]+{_ALNUM}+)*")

_HIDDEN: Final = re.compile(r"\\(?:u[0-9a-f]{4}|[\"\\/bfnrt])|%[0-9a-f]{2}")
"""An escape that is not resolved yet: what it stands for is seen in the next spelling."""

_OF_SERIAL: Final = re.compile(rf"(?<!{_ALNUM})serial_?number[\"']?\s*[:=]\s*")
_OF_EMAIL: Final = re.compile(rf"(?<!{_ALNUM})(?:email|e-mail|user)[\"']?\s*[:=]\s*")
_PART: Final = re.compile(
    r'"(?P<text>(?:[^"\\]|\\.)*)"|\'(?P<other>[^\']*)\'|(?P<word>[^\s\[\]{},:"\']+)(?=[\s,}\]])|[\[\]{}]|\s+|.',
    re.DOTALL,
)
_NO_TEXT: Final = ("null", "true", "false")
_COLON: Final = re.compile(r"\s*:")


OWN_WORDS: Final = frozenset(
    word.lower()
    for contract in CONTRACTS.values()
    for word in (
        contract.name,
        contract.name.removesuffix("_landing"),
        *(column.name for column in contract.columns),
    )
) | frozenset(map(str, (*Drop, *Rejection)))
"""What may stand anywhere in a lake and a landing root, even if a device or a person is called so."""


def is_telling(name: str) -> bool:
    """Say whether a name can be told from words and numbers, wherever it stands.

    Examples:
        >>> [is_telling(each) for each in ("ann@x.com", "dev-ann", "50a1b2", "417", "2022-06-18", "unknown")]
        [True, True, True, False, False, False]
    """
    local, found, domain = name.partition("@")
    if found and local and domain:
        return True
    if len(name) < _SHORTEST or not any(map(str.isalpha, name)):
        return False
    if name in OWN_WORDS or _NUMBER_LIKE.fullmatch(name):
        return False
    return any(map(str.isdigit, name)) or _INNER_MARK.search(name) is not None


def spellings(text: str) -> tuple[str, ...]:
    r"""Return the keys of a text as it is, and of whatever it hides.

    Examples:
        >>> spellings(r'{"email": "Ann\u0040example.com"}')[1], spellings("ann%40example.com")[1]
        ('{"email": "ann@example.com"}', 'ann@example.com')
    """
    return tuple(dict.fromkeys(map(key, views(text))))


def stands(spelled: str, name: str) -> bool:
    """Say whether a name stands in a text as a whole token; both are keys.

    Examples:
        >>> [stands(each, "ann@x.com") for each in ("<ann@x.com>.", "ann@x.com.json", "mailto:ann@x.com?")]
        [True, True, True]
        >>> [stands(each, "ann@x.com") for each in ("joann@x.com", "j-ann@x.com", "ann@x.com.au")]
        [False, False, False]
    """
    start = spelled.find(name)
    while start >= 0:
        if _begins(spelled, start, name) and _ends(spelled, start + len(name), name):
            return True
        start = spelled.find(name, start + 1)
    return False


def _marks(name: str) -> frozenset[str]:
    """Return what may stand within such a name; what a name has itself, others of its kind may have too."""
    return _EMAIL_MARKS if "@" in name else _SERIAL_MARKS | {each for each in name if not _solid(each)}


def _solid(char: str) -> bool:
    return char == "@" or SOLID.match(char) is not None


def _begins(text: str, start: int, name: str) -> bool:
    place = start - 1
    if place < 0:
        return True
    if text[place] == "\\":
        return name[0] not in _ESCAPED
    marks = _marks(name)
    while place >= 0 and text[place] in marks:
        place -= 1
    if place >= 0 and (_solid(text[place])):
        return False
    return place == start - 1 or "@" not in name or text[start - 1] not in _STICKING


def _ends(text: str, end: int, name: str) -> bool:
    if _HIDDEN.match(text, end):
        return False
    marks = frozenset("-.") if "@" in name else _marks(name)
    place = end
    while place < len(text) and text[place] in marks:
        place += 1
    if place < len(text) and (_solid(text[place])):
        return place == end + 1 and _EXTENSION.match(text, end) is not None
    return True


def tokens(spelled: str) -> Iterator[str]:
    """Yield what may be an e-mail or a serial number in a text: what `stands` says of names one knows.

    Examples:
        >>> sorted(tokens("mailto:ann@x.com has dev-12b.json"))
        ['ann@x.com', 'dev-12b', 'dev-12b.json']
    """
    found: set[str] = set()
    for start, end in _emails(spelled):
        name = spelled[start:end]
        if start and (spelled[start - 1] == "@" or (spelled[start - 1] == "\\" and name[0] in _ESCAPED)):
            continue
        if _HIDDEN.match(spelled, end):
            continue
        found.update((name, bare(name)))
    for pattern in (_SERIAL, _SERIAL_OF_PARTS):
        for match in pattern.finditer(spelled):
            start, end = match.span()
            if end - start <= _LONGEST and "@" not in (spelled[start - 1 : start], spelled[end : end + 1]):
                found.add(match[0])
    for name in found | {_EXTENSION.sub("", each) for each in found}:
        if is_telling(name):
            yield name


def _emails(spelled: str) -> Iterator[tuple[int, int]]:
    """Yield where e-mails begin and end: looked for from each @ on, in a text of any length."""
    last = 0
    for match in _DOMAIN.finditer(spelled):
        local = _BACKWARDS.match(spelled[max(last, match.start() - _LONGEST) : match.start()][::-1])
        if local is not None:
            last = match.end()
            yield match.start() - local.end(), last


def bare(email: str) -> str:
    """Return an e-mail of a text without blanks, and without the punctuation beside it: it may be part of it.

    Examples:
        >>> bare("'ann@example.com'"), bare("-ann @example.com")
        ('ann@example.com', '-ann@example.com')
    """
    return "".join(email.split()).lstrip(_BEFORE).rstrip(_BEHIND)


def serials_in(spelled: str) -> set[str]:
    r"""Return the keys of what stands as the value of a serial number in a text, however torn.

    Examples:
        >>> sorted(serials_in('{"serialnumber": [417, {"old": "x"}], "n": 12, "serialnumber": "torn'))
        ['417', 'x']
    """
    return _values_of(_OF_SERIAL, spelled)


def emails_in(spelled: str) -> set[str]:
    """Return the keys of what stands as the value of an e-mail in a text, whether it has an @ or not.

    Examples:
        >>> emails_in('{"user": "unknown", "note": "none"}')
        {'unknown'}
    """
    return _values_of(_OF_EMAIL, spelled)


def values_of(fields: Iterable[str], spelled: str) -> set[str]:
    """Return the keys of the values of some fields in a text; their names are keys, too."""
    named = "|".join(map(re.escape, fields))
    return _values_of(re.compile(rf"(?<!{_ALNUM})(?:{named})[\"']?\s*[:=]\s*"), spelled)


def _values_of(field: re.Pattern[str], spelled: str) -> set[str]:
    return {
        key(each)
        for found in field.finditer(spelled)
        for value in _values(spelled, found.end())
        for each in views(value)
    }


def _values(text: str, start: int) -> Iterator[str]:
    """Yield the value that begins at a place: itself, or each that it holds; none that is cut off."""
    depth = 0
    for count, part in enumerate(_PART.finditer(text, start)):
        if part[0] in ("[", "{"):
            depth += 1
        elif part[0] in ("]", "}"):
            depth -= 1
        elif part["text"] is not None or part["other"] is not None:
            if not (depth and _COLON.match(text, part.end())):
                yield part["text"] if part["text"] is not None else part["other"]
        elif part["word"] is not None:
            if part["word"] not in _NO_TEXT:
                yield _whole(part["word"])
        elif depth and (part[0] in ",:" or part[0].isspace()):
            continue
        if depth <= 0 or count > _LEAVES:
            return


def _whole(word: str) -> str:
    """Return a number as the text that the landing contract makes of it; a word as it is."""
    try:
        return str(int(number)) if (number := float(word)).is_integer() else word
    except (ValueError, OverflowError):
        return word
