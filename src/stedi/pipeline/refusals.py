"""Landing objects of which records were rejected, the worst first: what a person looks at."""

import heapq
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from stedi.contract import contract_of
from stedi.contract.reasons import Rejection, words_of
from stedi.names import CUSTOMER_LANDING

_MOST_NAMED: Final = 3
"""So many objects are named."""

UNREAD: Final = (Rejection.NOT_JSON, Rejection.NOT_AN_OBJECT, Rejection.CUT_OFF, Rejection.TOO_LONG)
"""Reasons of a text that is no record at all."""

_HEAD: Final = 64
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_.-]+")

_FORMATS: Final = (
    ("PAR1", "Parquet"),
    ("Obj\x01", "Avro"),
    ("PK\x03\x04", "a ZIP archive"),
    ("%PDF", "PDF"),
    ("SQLite format 3", "SQLite"),
    ("\\xfd7zXZ", "an xz archive"),
    ("BZh", "a bzip2 archive"),
    ("7z\\xbc", "a 7-Zip archive"),
    ("<", "XML or HTML"),
)
_SEPARATORS: Final = ",;\t|"
_UTF_16: Final = re.compile(r"(?:[^\0]\0){3}|(?:\0[^\0]){3}|(?:[^\0]\0\0\0){3}|(?:\0\0\0[^\0]){3}")
_BINARY: Final = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f]|\\x[89a-f][0-9a-f]")
_ENVELOPE: Final = re.compile(r'\{\s*"[^"]*"\s*:\s*\[?\s*\{')


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A landing object of which records were rejected.

    Attributes:
        table: The landing table that it was sent to.
        object: What it is called: its path from the table's folder on, without what may name somebody.
        records: How many records were found in it.
        rejected: How many of them were rejected.
        reason: Why most of them were.
        position: That of the first with this reason in the object, from 0.
        resembles: What the object looks like, if not JSON.
    """

    table: str
    object: str
    records: int
    rejected: int
    reason: str
    position: int
    resembles: str | None

    def __str__(self) -> str:
        """Say it in words."""
        alike = f"; it looks like {self.resembles}" if self.resembles else ""
        return (
            f"{self.object} ({self.rejected} of {self.records} {words_of(self.reason)}, first at "
            f"position {self.position}{alike})"
        )


@dataclass(slots=True)
class Rejects:
    """The rejected records of one landing object so far.

    Attributes:
        reasons: How many there are of each reason.
        first: The position of the first of each.
        begins: How the first of them begins.
        named: Whether somebody's e-mail could be read in one.
    """

    reasons: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)
    begins: str | None = field(default=None, repr=False)
    named: bool = False

    def add(self, records: pl.DataFrame) -> None:
        """Count some more."""
        if records.is_empty():
            return
        if self.begins is None:
            self.begins = records["raw"][0] or ""
        self.named |= bool(records["emails"].list.len().gt(0).any())
        found = records.group_by("reason").agg(pl.len(), pl.col("_position").min())
        for reason, count, position in found.iter_rows():
            self.reasons[reason] += count
            self.first[reason] = min(position, self.first.get(reason, position))

    @property
    def unread(self) -> int:
        """How many of them are no records at all."""
        if looks_like(self.begins or "") is not None:
            return self.reasons.total()
        return sum(self.reasons[reason] for reason in UNREAD)

    def refusal(self, *, table: str, name: str, records: int) -> Refusal | None:
        """Return what to say of the object; None where nothing was rejected."""
        if not self.reasons:
            return None
        # Of reasons that are as frequent, the first.
        reason = max(self.reasons, key=lambda each: (self.reasons[each], -self.first[each]))
        whole = self.reasons.total() == records
        return Refusal(
            table=table,
            object=name,
            records=records,
            rejected=self.reasons.total(),
            reason=reason,
            position=self.first[reason],
            resembles=looks_like(self.begins or "") if whole else None,
        )


def worst(refusals: Iterable[Refusal]) -> Sequence[Refusal]:
    """Return the objects with the most rejected records."""
    return heapq.nlargest(_MOST_NAMED, refusals, key=lambda each: each.rejected)


def in_words(refusals: Sequence[Refusal]) -> str:
    """Return the worst objects in words."""
    return "; ".join(map(str, worst(refusals)))


def as_plain(refusals: Sequence[Refusal]) -> list[Mapping[str, object]]:
    """Return the worst objects as plain values, ready for JSON."""
    names = Refusal.__dataclass_fields__
    return [{name: getattr(each, name) for name in names} for each in worst(refusals)]


def looks_like(text: str) -> str | None:
    r"""Return what an object looks like that begins so; None for what may be JSON.

    Examples:
        >>> looks_like("customerName;email;phone"), looks_like("<html>"), looks_like('{"email"')
        ('CSV', 'XML or HTML', None)
        >>> looks_like("{\x00\"\x00e\x00"), looks_like("hello")
        ('UTF-16 without its mark, or UTF-32', None)
        >>> looks_like("BZh91AY"), looks_like("\x07\x08"), looks_like('{"records": [{"email"')
        ('a bzip2 archive', 'no text', 'records within another object')
    """
    for begin, name in _FORMATS:
        if text.startswith(begin):
            return name
    if _UTF_16.match(text):
        return "UTF-16 without its mark, or UTF-32"
    if _BINARY.search(text[:_HEAD]):
        return "no text"
    if _ENVELOPE.match(text):
        return "records within another object"
    line = text.partition("\n")[0]
    apart = max(line.count(mark) for mark in _SEPARATORS)
    return "CSV" if apart >= 1 and not any(mark in line for mark in "{}[]:&") else None


def lookalike_notes(found: Sequence[tuple[str, str]]) -> list[str]:
    """Return what to say of customer objects with a key that resembles that of consent: (name, key)."""
    wanted = contract_of(CUSTOMER_LANDING).column("share_with_research_as_of_date").source
    told = [
        f"{name} has {key} and never {wanted!r}: as it is, each of its records denies consent. If the export "
        "has changed, mend it, and deliver it again"
        for name, key in found[:_MOST_NAMED]
    ]
    more = len(found) - len(told)
    return [*told, f"{more} more customer objects have such a key"] if more else told


def silent_notes(found: Sequence[str]) -> list[str]:
    """Return what to say of customer objects in which nothing could be read, not even a name."""
    if not found:
        return []
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    note = (
        f"nothing could be read in {', '.join(found[:_MOST_NAMED])}{more}, not even whom it is about: if "
        "somebody withdrew in it, their consent goes on. Deliver it again in a form that stedi reads"
    )
    return [note]


def key_in_words(key: str) -> str:
    """Name a key of a record; one that is no plain name may hold anything, such as somebody's e-mail.

    Examples:
        >>> key_in_words("share_with_research")
        "the key 'share_with_research'"
        >>> key_in_words("share_with_research ann@example.com")
        'a key that resembles that of consent (not shown: it may name somebody)'
    """
    if _PLAIN_KEY.fullmatch(key):
        return f"the key {key!r}"
    return "a key that resembles that of consent (not shown: it may name somebody)"
