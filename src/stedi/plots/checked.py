"""Frames and values, checked before anything is drawn of them."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from math import isfinite
from typing import Final

import polars as pl

from stedi.errors import FrameError

_LETTERS: Final = 8


class Holds(Enum):
    """What a column of a picture's frame must hold: words for people, and the test."""

    ANY = "values"
    NUMBERS = "numbers"
    TIMES = "times (pl.Datetime)"
    TRUTHS = "booleans"
    TEXT = "text"

    def fits(self, dtype: pl.DataType) -> bool:
        """Whether a type of Polars is one of these; a column of nulls alone is any of them."""
        if self is Holds.ANY or dtype == pl.Null:
            return True
        if self is Holds.TIMES:
            return isinstance(dtype, pl.Datetime)
        if self is Holds.TRUTHS:
            return dtype == pl.Boolean
        return (
            dtype.is_numeric()
            if self is Holds.NUMBERS
            else isinstance(dtype, pl.String | pl.Categorical | pl.Enum)
        )


def need(
    frame: pl.DataFrame, what: str, columns: Mapping[str, Holds], *, empty: bool = False
) -> pl.DataFrame:
    """Return the named columns of a frame, in that order.

    Args:
        frame: The frame.
        what: What its rows are, in words.
        columns: The columns that are needed, and what each must hold.
        empty: Whether no row is fine too.

    Raises:
        FrameError: A column is missing or holds something else, or there is no row.

    Examples:
        >>> need(pl.DataFrame({"f1": [0.9]}), "scores", {"f1": Holds.NUMBERS, "n": Holds.NUMBERS})
        Traceback (most recent call last):
        stedi.errors.FrameError: scores: the frame has no column 'n'; it needs f1, n
    """
    for name, holds in columns.items():
        if name not in frame.columns:
            raise FrameError(f"{what}: the frame has no column {name!r}; it needs {', '.join(columns)}")
        if not holds.fits(frame.schema[name]):
            raise FrameError(f"{what}: column {name!r} is {frame.schema[name]}; {holds.value} are needed")
    if frame.is_empty() and not empty:
        raise FrameError(f"{what}: there is nothing to draw: the frame has no row")
    return frame.select(*columns)


def numbers(values: Iterable[float], what: str, *, least: int = 1) -> list[float]:
    """Return values as a list of floats.

    Args:
        values: A list, an array, a Series.
        what: What they are, in words.
        least: How many there must be.

    Raises:
        FrameError: There are too few, or one of them is no finite number.

    Examples:
        >>> numbers([1, 2.5], "steps")
        [1.0, 2.5]
    """
    try:
        taken = [float(value) for value in values]
    except (TypeError, ValueError):
        raise FrameError(f"{what}: a value is no number; leave out what is not known") from None
    if not all(map(isfinite, taken)):
        raise FrameError(f"{what}: a value is not finite; leave out what is not known")
    if len(taken) < least:
        raise FrameError(f"{what}: {len(taken)} can't be drawn; at least {least} are needed")
    return taken


def shortened(names: Sequence[object]) -> list[str]:
    """Return names as labels: of long ones, such as pseudonyms, the letters that tell them apart.

    Those are the first, or the last where the first are the same.

    Examples:
        >>> shortened(["0f3a" * 8, "77b1" * 8, 12])
        ['0f3a0f3a…', '77b177b1…', '12']
        >>> shortened(["0f3a" * 8 + "-1", "0f3a" * 8 + "-2"])
        ['…3a0f3a-1', '…3a0f3a-2']
    """
    texts = [str(name) for name in names]
    kinds, length = len(set(texts)), _LETTERS
    while True:
        if len({text[:length] for text in texts}) == kinds:
            return [text if _short(text, length) else f"{text[:length]}…" for text in texts]
        if len({text[-length:] for text in texts}) == kinds:
            return [text if _short(text, length) else f"…{text[-length:]}" for text in texts]
        length += 1


def _short(text: str, length: int) -> bool:
    # An ellipsis in the place of three letters or fewer hides more than it saves.
    return len(text) <= length + 3
