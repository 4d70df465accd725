"""Small frames that say what each distinct spelling stands for, made in one place for every engine.

Engines differ in Unicode, and a key must not stand in a query plan: so keys, ids and birthdays are made
here, by Python, over the distinct spellings, and engines only join.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from itertools import islice
from typing import Final

import polars as pl

_EARLIEST_BIRTHDAY: Final = date(1900, 1, 1)
_AT_ONCE: Final = 65_536
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def lookup(
    spellings: Iterable[str | None],
    meaning: Callable[[str], object],
    *,
    name: str,
    value: str,
    dtype: pl.DataType,
) -> pl.DataFrame:
    """Return a frame with one row per spelling and what it stands for.

    Args:
        spellings: Distinct spellings; nulls are left out.
        meaning: What a spelling stands for.
        name: The name of the spelling's column.
        value: The name of the meaning's column.
        dtype: The type of the meaning's column.
    """
    schema = {name: pl.String(), value: dtype}
    known = pl.DataFrame(schema=schema)
    texts = (text for text in spellings if text is not None)
    # Some at a time: Python's objects take many times the memory of a frame's.
    while some := list(islice(texts, _AT_ONCE)):
        means = [meaning(text) for text in some]
        known.vstack(pl.DataFrame({name: some, value: means}, schema=schema), in_place=True)
    return known


def birthday(text: str, *, today: date) -> date | None:
    """Return the date that a birthday's text stands for; None where it is no plausible one.

    Examples:
        >>> birthday("1961-07-20", today=date(2024, 6, 1))
        datetime.date(1961, 7, 20)
        >>> birthday("967-01-01", today=date(2024, 6, 1)) is None
        True
    """
    if not _DAY.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _EARLIEST_BIRTHDAY <= day <= today else None
