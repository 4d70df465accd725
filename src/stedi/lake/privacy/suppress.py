"""Small counts are hidden, and so much more that no hidden count can be worked out from those shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

THRESHOLD: Final = 5
"""Counts from 1 up to below this are hidden: they may be one known person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Counts that add up: a total, and its parts, by name.

    One name in several sums is one count.
    """

    total: str
    parts: tuple[str, ...]


def suppress(
    counts: Mapping[str, int], sums: Iterable[Sum], *, threshold: int = THRESHOLD
) -> dict[str, int | None]:
    """Return counts without those that must be hidden: None in their place.

    Hidden is every count from 1 to below the threshold; and of each sum so much that what is hidden in it
    can't be told: at least two counts, which make up the threshold or more, and more than one each. Nought
    is shown: it is about nobody.

    Args:
        counts: The counts.
        sums: Which of them add up.
        threshold: The smallest count that may be shown.

    Examples:
        >>> suppress({"all": 100, "a": 90, "b": 7, "c": 3}, [Sum(total="all", parts=("a", "b", "c"))])
        {'all': 100, 'a': 90, 'b': None, 'c': None}
    """
    hidden = {name for name, count in counts.items() if 0 < count < threshold}
    known = list(sums)
    changed = True
    while changed:
        changed = False
        for each in known:
            while (more := _more(each, counts, hidden, threshold)) is not None:
                hidden.add(more)
                changed = True
    return {name: None if name in hidden else count for name, count in counts.items()}


def _more(each: Sum, counts: Mapping[str, int], hidden: set[str], threshold: int) -> str | None:
    """Return what must be hidden next, so that a sum gives nothing away; None where it doesn't."""
    parts = [name for name in each.parts if name in hidden]
    if each.total in hidden:
        # Of hidden parts beside a hidden total nothing can be told; a hidden total alone is their sum.
        if parts:
            return None
    elif not parts or _unclear([counts[name] for name in parts], threshold):
        return None
    shown = [name for name in each.parts if name not in hidden and counts[name] > 0]
    if shown:
        return min(shown, key=lambda name: (counts[name], name))
    return each.total if each.total not in hidden else None


def _unclear(hidden: list[int], threshold: int) -> bool:
    """Say whether hidden counts can't be told from their sum: as many as their sum would be 1 each."""
    return len(hidden) > 1 and sum(hidden) >= threshold and sum(hidden) > len(hidden)
