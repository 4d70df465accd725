"""How many customers consented, over time: as it would have been judged then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

from stedi.lake.verify.rule import Said, micros

_POINTS: Final = 24
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How many customers consented at a time.

    Attributes:
        at: The time.
        customers: How many, to the nearest multiple of the threshold: else two moments would tell of one
            person who came or went between them.
    """

    at: datetime
    customers: int


def timeline(said: Iterable[Said], *, now: datetime, step: int) -> tuple[Moment, ...]:
    """Return how many customers consented, at evenly spaced times up to now.

    A customer consents from when a newest record shares, and its share date is reached, until the next
    record denies. Records that say nothing of when they take effect are left out.

    Args:
        said: What every record says: with any plausible share date, reached or not.
        now: When it ends.
        step: What numbers are rounded to.
    """
    end = micros(now)
    changes: list[tuple[int, int]] = []
    for _, group in groupby(sorted(said, key=lambda each: each.person), key=lambda each: each.person):
        changes += _changes(list(group), end)
    if not changes:
        return ()
    start = min(at for at, _ in changes)
    places = [start + (end - start) * place // _POINTS for place in range(_POINTS + 1)]
    changes.sort()
    moments = []
    count = done = 0
    for place in sorted(set(places)):
        while done < len(changes) and changes[done][0] <= place:
            count += changes[done][1]
            done += 1
        moments.append(
            Moment(at=_EPOCH + timedelta(microseconds=place), customers=(count + step // 2) // step * step)
        )
    return tuple(moments)


def _changes(records: list[Said], end: int) -> list[tuple[int, int]]:
    """Return when a person begins (+1) and ceases (-1) to consent, up to the end."""
    times = sorted({each.at for each in records})
    found = []
    for at, until in zip(times, [*times[1:], None], strict=True):
        shares = [each.share for each in records if each.at == at]
        known = [share for share in shares if share is not None]
        if len(known) < len(shares):
            continue
        begins = max(at, *known)
        if begins > end or (until is not None and begins >= until):
            continue
        found.append((begins, 1))
        if until is not None and until <= end:
            found.append((until, -1))
    return found
