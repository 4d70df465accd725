"""Paths without the names of erased people: what names them stands in parts of a path, between marks."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote

from stedi.landing.names_and_phones import quasi_identifiers_in, stands_alone
from stedi.landing.tokens import SOLID, is_telling

NameKind = Literal["name", "quasi_identifier"]
"""An e-mail or a serial number; or what names somebody only beside nothing else."""
_Find = Callable[[NameKind, str], str | None]
"""Gives what stands in the place of a name; None where it stays."""
Known = Callable[[NameKind, str], bool]
"""Says whether a name is of somebody else."""

_EMAIL: Final = re.compile(r"[^\s/\\\"'<>,;:=(){}\[\]|@]+@[^\s/\\\"'<>,;:=(){}\[\]|@]+")
_MARK: Final = re.compile(r"[-_.+~%&#!$*?^`]")
_MARKS: Final = 16
_WORDS: Final = 10
_ROUNDS: Final = 4


class _Part(NamedTuple):
    start: int
    end: int
    kind: NameKind
    name: str


def nobody(_: NameKind, __: str) -> bool:
    """Say of every name that it is nobody's."""
    return False


def masked(path: str, find: _Find, known: Known = nobody) -> str:
    """Return a path with other words in the place of names.

    A name is looked for between marks, as in ``of-ann@example.com.json``. That could be an address of its
    own: so a longer name in which it stands, and which is somebody else's, stays.

    Args:
        path: The path, or the URL.
        find: Gives what stands in the place of a name.
        known: Says which names are somebody else's.

    Examples:
        >>> masked("a/of-Ann@x.com.json", lambda kind, name: "erased" if name == "ann@x.com" else None)
        'a/of-erased.json'
    """
    return "/".join(_masked_part(part, find, known) for part in path.split("/"))


def _masked_part(part: str, find: _Find, known: Known) -> str:
    plain = unicodedata.normalize("NFKC", _decoded(part))
    spelled = plain.lower()
    if len(spelled) != len(plain):
        plain = spelled
    candidates = list(dict.fromkeys(_candidates(spelled)))
    found = [(each, new) for each in candidates if (new := find(each.kind, each.name)) is not None]
    if not found:
        return part
    theirs = [each for each in candidates if known(each.kind, each.name)]
    kept: list[tuple[_Part, str]] = []
    # The longest first: a short name may stand in a longer one.
    for each, new in sorted(found, key=lambda one: one[0].start - one[0].end):
        in_theirs = any(other != each and _within(each, other) for other in theirs)
        if not in_theirs and not any(each.start < one.end and one.start < each.end for one, _ in kept):
            kept.append((each, new))
    if not kept:
        return part
    for each, new in sorted(kept, reverse=True):
        plain = plain[: each.start] + new + plain[each.end :]
    return plain.replace("/", "%2F")


def _decoded(part: str) -> str:
    for _ in range(_ROUNDS):
        plain = unquote(part)
        if plain == part:
            break
        part = plain
    return part


def _within(inner: _Part, outer: _Part) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end and inner[:2] != outer[:2]


def _candidates(spelled: str) -> Iterator[_Part]:
    """Yield what may be a name of any kind: words, and what stands between their marks."""
    for match in _EMAIL.finditer(spelled):
        at = match.start() + match[0].index("@")
        for start in _starts(spelled, match.start(), at):
            for end in _ends(spelled, at + 1, match.end()):
                yield from _named(spelled, start, end)
    words = list(SOLID.finditer(spelled))
    for place, first in enumerate(words):
        for last in words[place : place + _WORDS]:
            yield from _named(spelled, first.start(), last.end())
    for each in quasi_identifiers_in(spelled):
        if stands_alone(each.form):
            yield _Part(each.start, each.end, "quasi_identifier", each.form)


def _named(spelled: str, start: int, end: int) -> Iterator[_Part]:
    if is_telling(name := spelled[start:end]):
        yield _Part(start, end, "name", name)


def _marks(text: str, start: int, end: int) -> list[int]:
    return [found.start() for found in _MARK.finditer(text, start, end)][:_MARKS]


def _starts(text: str, start: int, end: int) -> list[int]:
    return [start, *(place + 1 for place in _marks(text, start, end))]


def _ends(text: str, start: int, end: int) -> list[int]:
    return [end, *_marks(text, start, end)]
