"""Colours that colour-blind people can tell apart, and that differ in lightness too, for print.

Hue never says anything alone: whoever draws two things gives them another marker, dash or hatch as well.
"""

from typing import Final, NamedTuple

BLUE: Final = "#0b4f7d"
"""What is there, what is used, what came out right: the darkest."""

ORANGE: Final = "#d9780f"
"""What is missing, dropped or wrong, and the second of two."""

PALE: Final = "#b5d3e7"
"""Areas behind something else: the lightest."""

GREEN: Final = "#2f8a6b"
"""A third line or marker."""

INK: Final = "#33393d"
"""Words beside the data."""

GREY: Final = "#8b9298"
"""Lines that help to read: zero, identity, a limit."""


class Look(NamedTuple):
    """How one series of several is drawn.

    Attributes:
        colour: Its colour.
        marker: Its marker, in matplotlib's letters.
        dash: Its line, in matplotlib's words.
    """

    colour: str
    marker: str
    dash: str


_LOOKS: Final = (
    Look(BLUE, "o", "-"),
    Look(ORANGE, "s", "--"),
    Look(GREEN, "^", "-."),
    Look("#7fb2d6", "D", ":"),
    Look("#000000", "v", "-"),
)


def look(place: int) -> Look:
    """Return how the series at a place, from 0, is drawn; after the last it begins again.

    Examples:
        >>> look(1).marker, look(1).dash
        ('s', '--')
    """
    return _LOOKS[place % len(_LOOKS)]
