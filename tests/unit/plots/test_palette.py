"""Colours differ in lightness and contrast with white, and no series is told by hue alone."""

from itertools import combinations

import pytest
from matplotlib.colors import to_rgb

from stedi.plots.palette import BLUE, GREY, INK, ORANGE, PALE, look


def luminance(colour):
    """Return the relative luminance of WCAG 2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("pair", [(BLUE, ORANGE), (BLUE, PALE), (ORANGE, PALE)], ids=str)
def test_in_grey_they_stay_apart(pair):
    assert contrast(*pair) > 1.9


@pytest.mark.parametrize("colour", [BLUE, ORANGE, GREY, INK])
def test_marks_and_words_stand_out_from_white(colour):
    assert contrast(colour, "white") > (4.5 if colour == INK else 3)


def test_each_of_five_series_has_a_marker_of_its_own():
    for one, other in combinations(map(look, range(5)), 2):
        assert one.marker != other.marker
        assert one.colour != other.colour
    assert look(5) == look(0)
