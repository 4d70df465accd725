"""Small pieces of sentences."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

_LONGEST: Final = 120


def day(time: datetime) -> str:
    """Return a time as a person reads it, to the minute, in UTC.

    Examples:
        >>> from datetime import UTC, datetime
        >>> day(datetime(2024, 3, 1, 9, 0, 0, 1000, tzinfo=UTC))
        '2024-03-01 09:00'
    """
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun.

    Examples:
        >>> count(1, "row"), count(1200, "row")
        ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def beginning(text: str) -> str:
    """Return a text that may be too long to be shown; the beginning of one that is.

    Examples:
        >>> beginning("landing"), len(beginning("x" * 300))
        ('landing', 121)
    """
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def were(number: int) -> str:
    """Return the verb that goes with a number."""
    return "was" if number == 1 else "were"


def others(number: int) -> str:
    """Return how other customers are spoken of: nothing tells who they are.

    Examples:
        >>> others(1), others(2)
        ('another customer', '2 other customers')
    """
    return "another customer" if number == 1 else f"{number:,} other customers"


def both(parts: Sequence[str]) -> str:
    """Return a list in words.

    Examples:
        >>> both(["the public", "friends"])
        'the public and friends'
    """
    return " and ".join(parts)


def sentence(text: str) -> str:
    """Return a text with a capital at its beginning."""
    return text[:1].upper() + text[1:]
