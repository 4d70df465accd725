"""The consent rule, read a second time from its words: plain Python over what customers said.

``docs/consent.md`` has the words. Nothing here is shared with ``stedi.consent.rule``, by which runs judge:
where the two disagree, one of them has misread the rule, and ``stedi verify`` says so. Times are
microseconds since the epoch.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def micros(time: datetime) -> int:
    """Return a time as microseconds since the epoch."""
    return (time - _EPOCH) // timedelta(microseconds=1)


MILLISECOND_US: Final = 1000
_PLAUSIBLE: Final = (micros(datetime(2000, 1, 1, tzinfo=UTC)), micros(datetime(2100, 1, 1, tzinfo=UTC)))
FOREVER: Final = micros(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
"""When a rejected record takes effect of which nothing says when it was written."""


def normalized(spelling: str) -> str:
    """Return what all spellings of an e-mail, or of a serial number, share: strip, NFKC, lower-case."""
    while True:
        name = unicodedata.normalize("NFKC", spelling.strip()).lower()
        if name == spelling:
            return name
        spelling = name


class Statement(NamedTuple):
    """What one record says.

    Attributes:
        person: By whom.
        device: The device that it lists; None where that can't be read.
        at: When it was written.
        share: From when the person shares with research; None where it denies.
        good: It is no rejected record.
    """

    person: str
    device: str | None
    at: int
    share: int | None
    good: bool


class Together(NamedTuple):
    """What a rejected record says of several people at once: each denies, and each lists all its devices.

    Attributes:
        people: Whom it names.
        devices: What it names.
        at: When it was written.
    """

    people: frozenset[str]
    devices: frozenset[str]
    at: int


def granted(share: int | None, now: int) -> int | None:
    """Return a share date that is a grant: plausible, and reached; else None."""
    if share is None or share > now:
        return None
    return share if _PLAUSIBLE[0] <= share < _PLAUSIBLE[1] else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Who may be used, from when.

    Attributes:
        consent_from: Of every person who consents: from when.
        holders: Of every device: who holds it, consenting or not.
        usable_from: Of every device that may be used: from when.
    """

    consent_from: Mapping[str, int]
    holders: Mapping[str, set[str]]
    usable_from: Mapping[str, int]


def apply_rule(said: Iterable[Statement], together: Iterable[Together] = (), *, current: bool) -> Verdict:
    """Say who consents, from when, and which devices may be used.

    Args:
        said: What every record says that is about one person.
        together: What those say that are about several.
        current: Whether only rule 1 counts (``consent="current"``).
    """
    groups = list(together)
    by_person, by_claim = _sorted(said, groups)
    consent_from: dict[str, int] = {}
    for person, records in by_person.items():
        begins = _begins(records)
        if begins is not None:
            consent_from[person] = 0 if current else begins
    holders: dict[str, set[str]] = {}
    claims: list[tuple[str, frozenset[str]]] = []
    for (device, person), records in by_claim.items():
        holds = any(each.good for each in records) if current else not _denies(records)
        if holds:
            holders.setdefault(device, set()).add(person)
        claims.append((device, frozenset({person})))
    if current:
        return Verdict(consent_from=consent_from, holders=holders, usable_from=dict.fromkeys(holders, 0))
    claims += [(device, group.people) for group in groups for device in group.devices]
    return Verdict(consent_from=consent_from, holders=holders, usable_from=_usable(claims, consent_from))


def _sorted(
    said: Iterable[Statement], together: Iterable[Together]
) -> tuple[dict[str, list[Statement]], dict[tuple[str, str], list[Statement]]]:
    """Return what was said by person, and what was said of a device by who lists it, of both."""
    by_person: dict[str, list[Statement]] = {}
    by_claim: dict[tuple[str, str], list[Statement]] = {}
    listed: dict[str, set[str]] = {}
    for each in said:
        by_person.setdefault(each.person, []).append(each)
        if each.device is not None:
            by_claim.setdefault((each.device, each.person), []).append(each)
            listed.setdefault(each.person, set()).add(each.device)
    for group in together:
        for person in group.people:
            denial = Statement(person, None, group.at, None, good=False)
            by_person.setdefault(person, []).append(denial)
            for device in listed.get(person, set()) & group.devices:
                by_claim[device, person].append(denial._replace(device=device))
    return by_person, by_claim


def _usable(claims: Iterable[tuple[str, frozenset[str]]], consent_from: Mapping[str, int]) -> dict[str, int]:
    """Return from when devices may be used: everybody who ever listed one must have consented by then."""
    refused: set[str] = set()
    usable: dict[str, int] = {}
    begins: dict[frozenset[str], int | None] = {}
    for device, people in claims:
        if people not in begins:
            times = [consent_from.get(person) for person in people]
            known = [time for time in times if time is not None]
            begins[people] = max(known, default=0) if len(known) == len(times) else None
        if (since := begins[people]) is None:
            refused.add(device)
        else:
            usable[device] = max(usable.get(device, 0), since)
    return {device: since for device, since in usable.items() if device not in refused}


def _newest(records: Sequence[Statement]) -> list[Statement]:
    newest = max(each.at for each in records)
    return [each for each in records if each.at == newest]


def _denies(records: Sequence[Statement]) -> bool:
    """Say whether one of the newest records is a denial."""
    return any(each.share is None for each in _newest(records))


def _begins(records: Sequence[Statement]) -> int | None:
    """Return from when a person with these records consents; None where they don't."""
    if _denies(records):
        return None
    begins = max(each.share for each in _newest(records) if each.share is not None)
    denied = [each.at for each in records if each.share is None]
    return max(begins, max(denied) + MILLISECOND_US) if denied else begins
