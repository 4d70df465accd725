"""Seeded random numbers: one independent stream per name, single or as a whole Polars series."""

import math
from collections.abc import Mapping
from random import Random
from typing import TypeVar

import polars as pl
import pyarrow as pa

_T = TypeVar("_T")


class Draws:
    """A stream of random numbers that its name decides, wherever and in whatever order it is drawn from.

    Args:
        name: The parts of the stream's name; the seed is the first.

    Attributes:
        random: The stream, for single values.

    Examples:
        >>> Draws(7, "sessions").uniform(3).equals(Draws(7, "sessions").uniform(3))
        True
        >>> Draws(7, "sessions").uniform(3).equals(Draws(8, "sessions").uniform(3))
        False
    """

    __slots__ = ("random",)

    def __init__(self, *name: str | int) -> None:
        # A text seed is hashed with SHA-512: the same on every machine and Python.
        self.random = Random("/".join(map(str, name)))  # noqa: S311 - simulated data keeps no secret

    def uniform(self, n: int) -> pl.Series:
        """Return n numbers from [0, 1)."""
        buffer = pa.py_buffer(self.random.randbytes(8 * n))
        bits = pl.Series(pa.Array.from_buffers(pa.uint64(), n, [None, buffer]), dtype=pl.UInt64)
        return (bits // 2**11).cast(pl.Float64) / 2**53

    def normal(self, n: int) -> pl.Series:
        """Return n numbers from the standard normal distribution (Box and Muller)."""
        radius = (-2 * (1 - self.uniform(n)).log()).sqrt()
        return radius * (2 * math.pi * self.uniform(n)).cos()

    def deal(self, shares: Mapping[_T, float], n: int) -> list[_T]:
        """Return n values in random order, each as often as its share says (largest remainders).

        Examples:
            >>> sorted(Draws(7).deal({"yes": 0.75, "no": 0.25}, 4))
            ['no', 'yes', 'yes', 'yes']
        """
        whole = sum(shares.values())
        exact = {value: n * share / whole for value, share in shares.items()}
        counts = {value: math.floor(count) for value, count in exact.items()}
        short = n - sum(counts.values())
        # Python's sort is stable: of equal remainders the first named wins.
        for value in sorted(exact, key=lambda value: counts[value] - exact[value])[:short]:
            counts[value] += 1
        dealt = [value for value, count in counts.items() for _ in range(count)]
        self.random.shuffle(dealt)
        return dealt
