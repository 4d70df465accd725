r"""Whom a rejected text is about: every e-mail, serial number and update time that can be read in it.

A rejected customer record must never keep a consent alive, whoever of several people it names, and however
it was damaged. So its text is not parsed but searched, as it is and with what wraps it undone, one layer
after the other, in any order: JSON escapes (``\u0040``, JSON inside a string), percent-encoding, HTML
character references, UTF-16 (of ASCII letters, without its mark; and what was taken for it and is none), the
doubled quotes of CSV, the single quotes of Python, a terminal's colours. Bytes that are no UTF-8 are
Latin-1.

- An e-mail is a text after the key ``email`` (in any case, at any depth, one or a list), or a token with @.
- A serial number is a text after its key.
- An update time is a plausible number after its key; the latest counts.

A text after a key is believed when it is closed, a number when something follows that ends it. Of a token
it is not always plain where it ends: then each reading of it counts. One too many denies hardly anybody who
is not named; one too few would keep a consent alive.
"""

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Final, NamedTuple
from urllib.parse import unquote

from stedi.consent.pseudonyms import key
from stedi.contract.column import Column, Kind
from stedi.contract.table import Contract
from stedi.landing.draft import EARLIEST_MS, LATEST_MS

_LAYERS: Final = 16
"""So many layers of wrapping are undone."""
WINDOW: Final = 256 * 1024
"""So many characters of a long text are searched at a time."""
OVERLAP: Final = 8 * 1024
"""So many of them once more with the next: no name is longer, with its key."""
_VIEWS: Final = 64
_LONGEST: Final = 1024
"""The most characters on either side of the @ of a token."""


class Salvaged(NamedTuple):
    """What can be read of a text.

    Attributes:
        emails: The e-mails, each in one of its spellings, in order.
        serial_numbers: The serial numbers.
        updated: The latest update time in epoch milliseconds; None where none can be read.
    """

    emails: tuple[str, ...]
    serial_numbers: tuple[str, ...]
    updated: float | None


def salvage(text: str | bytes, contract: Contract) -> Salvaged:
    r"""Search a text that is held as a whole.

    Args:
        text: The text.
        contract: The contract of its landing table: it has the keys.

    Examples:
        >>> from stedi.contract import landing_contract
        >>> lost = '[{"email":"ann@x.com","lastUpdateDate":1655564376361},{"email":"ben\\u0040x.c'
        >>> found = salvage(lost, landing_contract("customer"))
        >>> found.emails, found.updated
        (('ann@x.com', 'ben@x.c'), 1655564376361.0)
    """
    search = SalvageSearch(contract)
    search.feed(text)
    return search.end()


class SalvageSearch:
    """Searches a text that comes in parts, in memory that does not depend on its length.

    Args:
        contract: The contract of its landing table: it has the keys.
    """

    __slots__ = ("_emails", "_first", "_keys", "_serials", "_text", "_updated")

    def __init__(self, contract: Contract) -> None:
        self._keys = _keys_of(contract)
        self._emails: dict[str, str] = {}
        self._serials: dict[str, str] = {}
        self._updated: float | None = None
        self._text: str | bytes | None = None
        self._first = True

    def feed(self, part: str | bytes) -> None:
        """Go on with the next part; all parts are texts, or all are bytes."""
        self._text = part if self._text is None else self._text + part  # type: ignore[operator]
        while len(self._text) > WINDOW + OVERLAP:
            self._search(self._text[:WINDOW], last=False)
            self._text = self._text[WINDOW - OVERLAP :]
            self._first = False

    def end(self) -> Salvaged:
        """SalvageSearch what is left, and return what was found."""
        if self._text:
            self._search(self._text, last=True)
        self._text = None
        return Salvaged(tuple(self._emails.values()), tuple(self._serials.values()), self._updated)

    def _search(self, text: str | bytes, *, last: bool) -> None:
        plain = _decoded(text)
        if not any(mark in plain[0] for mark in _MARKS) and not _PAIRS.search(plain[0]):
            return
        for view in _undone(plain):
            within = _Window(view, first=self._first, last=last)
            for kind, pattern in self._keys:
                for found in within.after_key(pattern):
                    self._take(kind, found)
            for email in within.tokens():
                self._add(self._emails, email)

    def _take(self, kind: str, value: str) -> None:
        if kind == "updated":
            self._updated = latest([float(value), *([] if self._updated is None else [self._updated])])
        else:
            self._add(self._emails if kind == "email" else self._serials, value)

    @staticmethod
    def _add(names: dict[str, str], name: str) -> None:
        if meant := key(name):
            names.setdefault(meant, name)


def latest(times: Iterable[float]) -> float | None:
    """Return the latest of some epoch milliseconds that is a plausible time."""
    return max(
        (time for time in times if EARLIEST_MS <= time < LATEST_MS and time.is_integer()), default=None
    )


# What wraps a text ----------------------------------------------------------------------------------

_LONE: Final = {code: code - 0xDC00 for code in range(0xDC80, 0xDD00)}
WIDE: Final = r"[^\x00-\xff]{16,}"
"""Characters of which each may be two bytes: more than a name has."""
_PAIRS: Final = re.compile(WIDE)
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]{0,32}[A-Za-z]")
DOUBLED: Final = r'\w""|""\w'
"""A quote that is doubled; two that stand alone are an empty text."""
_DOUBLED: Final = re.compile(DOUBLED)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_NO_CHARACTER: Final = re.compile(r"&#[0-9]{1000,}")
"""Python turns no longer number into an int: it would be the reference to no character at all."""
_ESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _decoded(text: str | bytes) -> list[str]:
    """Return what a text can be read as: bytes that are no UTF-8 are Latin-1, and NULs may be of UTF-16."""
    plain = text if isinstance(text, str) else _plain(text)
    return [plain, plain.replace("\0", "")] if "\0" in plain else [plain]


def _plain(text: bytes) -> str:
    return text.decode(errors="surrogateescape").translate(_LONE)


def _of_pairs(name: str, text: str) -> str:
    r"""Return a text with the bytes of what was taken for UTF-16 and is something else: JSON.

    Examples:
        >>> taken = '{"email": "ann@x.com", "phone": ""}'.encode().decode("utf-16-le", "replace")
        >>> _of_pairs("utf-16-le", "[" + taken)[:24]
        '[{"email": "ann@x.com", '
        >>> _of_pairs("utf-16-le", "\u5c71\u7530" * 16) == "\u5c71\u7530" * 16
        True
    """

    def read(run: re.Match[str]) -> str:
        plain = _plain(run[0].encode(name, "surrogatepass")).replace("\0", "")
        return plain if '"' in plain and ("@" in plain or '":' in plain) else run[0]

    return _PAIRS.sub(read, text)


def views(text: str | bytes) -> Iterator[str]:
    r"""Yield a text as it is, and with one layer after the other undone of what wraps it.

    Examples:
        >>> list(views(r"ann\u0040x.com"))
        ['ann\\u0040x.com', 'ann@x.com']
    """
    return _undone(_decoded(text))


def _undone(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts as they are, and with one layer after the other undone."""
    seen = dict.fromkeys(texts)
    # The letters of a colour are none of a name: whatever stands beside one is seen without it.
    yield from (text for text in seen if not _COLOUR.search(text))
    layer = list(seen)
    for _ in range(_LAYERS):
        layer = [
            undone
            for text in layer
            for mark, undo in _UNDO
            if mark in text and (undone := undo(text)) not in seen
        ]
        layer = list(dict.fromkeys(layer))[: max(0, _VIEWS - len(seen))]
        if not layer:
            return
        seen.update(dict.fromkeys(layer))
        yield from layer


def _unescaped(text: str) -> str:
    r"""Return a text with one layer of JSON's escapes undone, whatever is around it.

    Examples:
        >>> _unescaped(r'{\"email\": \"ann\u0040x.com\"}')
        '{"email": "ann@x.com"}'
    """
    plain = _ESCAPE.sub(_meant, text)
    try:
        plain.encode()
    except UnicodeEncodeError:
        # Two halves of one character, or one that lost its other.
        return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return plain


def _resolved(text: str) -> str:
    """Return a text with the character references of HTML resolved, whatever numbers they have.

    Examples:
        >>> _resolved("ann&#64;x.com &nobody; &#" + "9" * 5000 + ";")
        'ann@x.com &nobody; \ufffd'
    """
    return html.unescape(_NO_CHARACTER.sub("&#xfffd", text))


def _meant(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(found[3], found[3])


_UNDO: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("\\", _unescaped),
    ("%", unquote),
    ("&", _resolved),
    *(("", partial(_of_pairs, name)) for name in ("utf-16-le", "utf-16-be")),
    # As a terminal is told colours, as CSV doubles quotes, and as Python writes a dictionary.
    ("\x1b[", partial(_COLOUR.sub, " ")),
    ("\x1b[", partial(_COLOUR.sub, "")),
    ('""', lambda text: text.replace('""', '"') if _DOUBLED.search(text) else text),
    ("':", lambda text: text.replace("'", '"')),
)


HIDING: Final = ("\\", "%", "&", "\0", "\x1b")
"""A text of ASCII in which none of them stands spells all names as they are."""
_MARKS: Final = ("@", "\uff20", "\ufe6b", ":", "=", *(mark for mark, _ in _UNDO if mark))
"""Without one of them nobody is named: not by a token, not after a key, and not in what is wrapped."""

# What names somebody --------------------------------------------------------------------------------

_TEXT: Final = r'"(?:[^"\\]|\\.)*+"'
_KEY: Final = r"(?<![A-Za-z0-9_])%s[\"']?[ \t\r\n\0]{0,64}[:=][ \t\r\n\0]{0,64}"
_LIST: Final = r"\[[^\[\]{}]*+"
_BARE: Final = r"[^\s\"'\[\]{},:\0]{1,1024}(?=[\s,}\]\0])"
_NUMBER: Final = r"[\"']?(-?\d{1,20}(?:\.\d{1,20})?(?:[eE]\+?\d{1,2})?)(?=[,}\]\s\"'\\\0])"
_QUOTED: Final = re.compile(_TEXT, re.DOTALL)

_EDGE: Final = r"\s\"<>()\[\]{},;:\\\x00-\x20\x7f@\uff20\ufe6b"
_AT: Final = re.compile(rf"(?<=[^{_EDGE}])[@\uff20\ufe6b](?=[^{_EDGE}])")
_WIDE: Final = re.compile(rf"[^{_EDGE}]*")
_NARROW: Final = re.compile(r"[\w.+%\u2019'-]*")
_NOTHING: Final = ("null", "true", "false")
_ENDS: Final = ".'\u2019-_|/=&#!?*$^~`+%"
_HIDDEN: Final = re.compile(r"%[0-9a-fA-F]{2}|&(?:#\w+|\w+);")
_ESCAPE_BEFORE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[nrt])")
_LOCAL: Final = re.compile(r"[\w.!$%'\u2019*+^`~-]*")
"""What stands before the @ in quotes: other marks join it to a word more often than they are of it."""
_AFTER_KEY: Final = re.compile(r"[\"'][ \t\r\n\0]{0,16}:[ \t\r\n\0]{0,16}\Z")
_BEFORE_KEY: Final = re.compile(r"[ \t\r\n\0]{0,16}(?:[}\]]|,[ \t\r\n\0]{0,16}[\"'\\])")


@cache
def _keys_of(contract: Contract) -> tuple[tuple[str, re.Pattern[str]], ...]:
    kinds = {"email": "email", "user": "email", "serial_number": "serial", "last_update_date": "updated"}
    return tuple(
        (kinds[column.name], _pattern(column)) for column in contract.source_columns if column.name in kinds
    )


def _pattern(column: Column) -> re.Pattern[str]:
    value = f"({_TEXT}|{_LIST}|{_BARE})" if column.kind is Kind.STRING else _NUMBER
    return re.compile(_KEY % column.source + value, re.IGNORECASE | re.DOTALL)


class _Window:
    """A part of a text, seen in one way.

    Args:
        text: The part.
        first: The text begins here: else what touches the beginning was seen as a whole before.
        last: The text ends here: else what touches the end is seen as a whole next.
    """

    __slots__ = ("_first", "_last", "_text")

    def __init__(self, text: str, *, first: bool, last: bool) -> None:
        self._text = text
        self._first = first
        self._last = last

    def after_key(self, pattern: re.Pattern[str]) -> Iterator[str]:
        """Yield the values after a key."""
        for found in pattern.finditer(self._text):
            if found.start() or self._first:
                yield from _values(found[1])

    def tokens(self) -> Iterator[str]:
        """Yield whatever may be an e-mail."""
        text = self._text
        for found in _AT.finditer(text):
            place = found.start()
            before = text[max(0, place - _LONGEST) : place]
            after = text[place + 1 : place + 1 + _LONGEST]
            local = _run(_WIDE, before[::-1])[::-1]
            domain = _run(_WIDE, after)
            start, end = place - len(local), place + 1 + len(domain)
            if max(len(local), len(domain)) == _LONGEST:
                continue
            if (start == 0 and not self._first) or (end == len(text) and not self._last):
                continue
            if _hides(text, start, end + 1) or _ESCAPE_BEFORE.match(text, max(0, start - 1), end):
                # Another view shows what it stands for.
                continue
            yield from _readings(local, domain, text[max(0, start - 65) : start], text[end : end + 65])


def _hides(text: str, start: int, end: int) -> bool:
    """Say whether something in a part of a text stands for something else: a damaged reference does not."""
    return any(
        found[0].startswith("%") or _resolved(found[0]) != found[0]
        for found in _HIDDEN.finditer(text, start, end)
    )


def _run(characters: re.Pattern[str], text: str) -> str:
    found = characters.match(text)
    return found[0] if found else ""


def _readings(local: str, domain: str, before: str, after: str) -> Iterator[str]:
    """Yield an e-mail as each of the texts that it may be.

    Where a quote stands on one side only, or after a key on neither, damage may have made another character
    of the other one: it would be the first, or the last, of the token.
    """
    opened, closed = before.rstrip().endswith('"'), after.lstrip()[:1] in ('"', "\\", "")
    yield f"{local}@{domain}"
    narrow = _run(_NARROW, local[::-1])[::-1], _run(_NARROW, domain)
    if opened and closed and _LOCAL.fullmatch(local) and domain == narrow[1]:
        return
    for start, end in dict.fromkeys(((local, domain), narrow)):
        yield f"{start}@{end}"
        yield f"{start.lstrip(_ENDS)}@{end.rstrip(_ENDS)}"
    # Only what stands where a value would: else there was no quote to be damaged.
    value = opened or _AFTER_KEY.search(before) is not None
    first = len(local) > 1 and value and not opened
    final = len(domain) > 1 and value and not closed and _BEFORE_KEY.match(after) is not None
    if first:
        yield f"{local[1:]}@{domain}"
    if final:
        yield f"{local}@{domain[:-1]}"
    if first and final:
        yield f"{local[1:]}@{domain[:-1]}"


def _values(value: str) -> Iterator[str]:
    """Yield the texts of a value: a text, those of a list, or what is not quoted."""
    if value.startswith("["):
        for found in _QUOTED.finditer(value):
            yield from _values(found[0])
    elif value.startswith('"'):
        try:
            text = json.loads(value, strict=False)
            text.encode()
        except ValueError:
            text = _unescaped(value[1:-1])
        yield text
    elif value.lower() not in _NOTHING:
        yield value
