"""Paths as messages may show them: a landing object, or a folder on its way, can be named after somebody.

There is one rule for landing objects, `safe_path`. It knows what can't name anybody and hides all else, in
whatever spelling: a name, an e-mail, a phone number and a serial number look like anything.
"""

import os
import re
from collections.abc import Iterator, Sequence
from typing import Final

from stedi.contract.registry import LANDING

REDACTED: Final = "<redacted>"

_FOLDERS: Final = frozenset(contract.name.removesuffix("_landing") for contract in LANDING)
_WORDS: Final = (
    "accelerometer|app|archive|backup|consents?|customers?|daily|data|delta|devices?|exports?|full|hourly"
    "|incremental|landing|monthly|raw|readings?|records?|registrations?|sensors?|steps?|trainers?|updates?"
    "|website|weekly|withdrawals?"
)
# Deliveries are younger; a date of birth is mostly older, and says something of somebody.
_YEAR: Final = r"20\d\d"
_MONTH: Final = r"(?:0[1-9]|1[0-2])"
_DAY: Final = r"(?:0[1-9]|[12]\d|3[01])"
_HOUR: Final = r"(?:[01]\d|2[0-3])"
_DATE: Final = rf"{_YEAR}-{_MONTH}(?:-{_DAY}(?:T{_HOUR})?)?"
_PIECE: Final = rf"(?:{_WORDS}|{_DATE}|part[-_]?\d{{1,5}})"
_NAMELESS: Final = re.compile(
    rf"{_PIECE}(?:[-_. ]{_PIECE})*"
    rf"|[a-z]|year={_YEAR}|month=(?:[1-9]|{_MONTH})|day=(?:[1-9]|{_DAY})|hour=(?:\d|{_HOUR})|(?:date|dt)={_DATE}",
    re.ASCII | re.IGNORECASE,
)
_CALENDAR: Final = tuple(re.compile(part, re.ASCII) for part in (_MONTH, _DAY, _HOUR))
_YEARS: Final = re.compile(_YEAR, re.ASCII)
_SUFFIX: Final = re.compile(
    r"(?:\.(?:json|jsonl|ndjson|csv|txt|log|gz|gzip|zst|zstd|part|partial|filepart|tmp|crdownload))*\Z",
    re.IGNORECASE,
)
_SLASHES: Final = re.compile(r"[/\\]+")
_ID_DIGITS: Final = 12

# The @ may be percent-encoded in a URL; an e-mail never spans folders.
_EMAIL: Final = re.compile(r"[^\s/\\@=,;:]+(?:@|%40)[^\s/\\@=,;:]+", re.IGNORECASE)


def safe_path(path: str | os.PathLike[str], *, digest: str | None = None) -> str:
    """Return what messages call a landing object: its path from the table's folder on, without names.

    A part of the path is shown if it holds nothing but words of stedi's own trade (such as ``customer`` or
    ``export``), dates from the year 2000 on (``2026-11-23``, ``year=2026``, ``2026/11/23``) and part numbers
    (``part-00000``), or is one letter. Any other is replaced as a whole, but for suffixes of landing files.

    Args:
        path: The path or the URL of the object, or of a folder on its way.
        digest: The digest of the object's bytes: where a part is replaced, its first digits say which
            object it is. They are in the ledger, and say nothing of the name.

    Examples:
        >>> safe_path("/data/landing/customer/form of Quintessa Zorbleak.json.gz")
        'customer/<redacted>.json.gz'
        >>> safe_path("s3://bucket/step_trainer/dev-12/2026/11/part-00000.json", digest="3f2a9c41d0e2ab07")
        'step_trainer/<redacted>/2026/11/part-00000.json (object 3f2a9c41d0e2)'
        >>> safe_path("landing/customer/export-2026-11-23.json", digest="3f2a9c41d0e2ab07")
        'customer/export-2026-11-23.json'
    """
    parts = [part for part in _SLASHES.split(os.fspath(path)) if part]
    name = "/".join(_shown(parts[_beginning(parts) :])) or "/"
    if digest is not None and REDACTED in name:
        return f"{name} (object {digest[:_ID_DIGITS]})"
    return name


def is_under_table(path: str | os.PathLike[str]) -> bool:
    """Return whether a path leads through the folder of a landing table.

    Examples:
        >>> is_under_table("landing/customer/a.json"), is_under_table("lake/catalog.db")
        (True, False)
    """
    return any(part in _FOLDERS for part in _SLASHES.split(os.fspath(path)))


def _beginning(parts: Sequence[str]) -> int:
    """Return where the part of a path begins that is the object's own; else its last part is."""
    return next((place for place, part in enumerate(parts) if part in _FOLDERS), max(len(parts) - 1, 0))


def _shown(parts: Sequence[str]) -> Iterator[str]:
    expected: Iterator[re.Pattern[str]] = iter(())
    for part, following in zip(parts, [*parts[1:], ""], strict=False):
        stem = _stem(part)
        unit = next(expected, None)
        if unit is not None and unit.fullmatch(stem):
            yield part
        elif _YEARS.fullmatch(part) and _CALENDAR[0].fullmatch(_stem(following)):
            # A number alone may be anything: a year is one where a month follows.
            expected = iter(_CALENDAR)
            yield part
        else:
            expected = iter(())
            yield part if _NAMELESS.fullmatch(stem) else REDACTED + part[len(stem) :]


def _stem(part: str) -> str:
    found = _SUFFIX.search(part)
    return part[: found.start()] if found is not None else part


def as_typed(path: str | os.PathLike[str]) -> str:
    """Return a place that the user named, such as a landing root, or one of the lake's own files.

    Only e-mail-like parts are replaced, and what can't be printed.

    Examples:
        >>> as_typed("exports/for ann.example@test.com.csv")
        'exports/for <redacted>'
        >>> as_typed("s3://bucket/landing")
        's3://bucket/landing'
    """
    text = os.fspath(path).encode(errors="backslashreplace").decode()
    return _EMAIL.sub(REDACTED, "".join(char if char.isprintable() else "?" for char in text))
