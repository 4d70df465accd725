"""The one rule for every figure that a privacy report shows of people.

1. A figure counts people, or looks of people, so that one person changes it by one at most. No figure counts
   rows: one customer with 900 readings would change a count of readings by 900. None is a time, a mean, or a
   greatest or smallest value: each of those can be one person's own.
2. It is rounded down to a multiple of 5. The same count always gives the same figure: nothing is gained by
   making a report again. 0 means "fewer than 5", so that nobody can tell none from a few.
3. Counts that leave nobody out are never shown side by side with their sum: of whatever is told apart, a rest
   is not shown. So each count may still be any of the five that its figure stands for, whatever the others
   are. Percentages and pictures are made of figures, never of counts.

Between two reports that differ by one person, a figure that counts them stays as it is about four times in
five, and else changes by 5. What is left: whoever knows that only one person came between two reports sees
by such a step that the figure counts them. And some people's records speak of others: a denial that lists
devices of many customers takes all of them out of the training data, and changes its figures by as many.

Rounding to a fixed base is what statistical offices do with tables of counts (Hundepool et al.,
*Handbook on Statistical Disclosure Control*, chapter "Frequency tables", section 5.5,
https://sdctools.github.io/HandbookSDC/05-frequency-tables.html). Deviations: always down, not to the nearest
multiple, which would tell three people from none; and a sum is not shown beside all its parts, where offices
round it by itself or have the parts add up (controlled rounding).
"""

from typing import Final, NewType

BASE: Final = 5
"""Figures are multiples of it."""

Figure = NewType("Figure", int)
"""A count of people that may be shown: that many, or up to four more."""


def rounded(count: int) -> Figure:
    """Return what may be shown of a count of people.

    Args:
        count: How many they are: one person changes it by one at most.

    Examples:
        >>> [rounded(count) for count in (0, 4, 5, 9, 23)]
        [0, 0, 5, 5, 20]
    """
    return Figure(count // BASE * BASE)


def words(figure: Figure) -> str:
    """Return what a figure says.

    Examples:
        >>> words(rounded(3)), words(rounded(1204))
        ('fewer than 5', '1,200 to 1,204')
    """
    return f"{figure:,} to {figure + BASE - 1:,}" if figure else f"fewer than {BASE}"
