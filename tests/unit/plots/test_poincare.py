"""Poincaré: SD1 and SD2 against values computed by hand and by their other formula."""

from itertools import accumulate
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.errors import FrameError
from stedi.plots import poincare


def half_axes(drawn):
    """Return the half lengths of the two lines through the middle."""
    _, _, sd1, sd2 = drawn.lines
    return [np.hypot(*np.diff(line.get_xydata(), axis=0)[0]) / 2 for line in (sd1, sd2)]


def test_each_interval_stands_against_the_next():
    drawn = poincare([1.0, 1.5, 2.1, 2.6, 3.3])
    assert drawn.lines[1].get_xydata().round(9).tolist() == [[0.5, 0.6], [0.6, 0.5], [0.5, 0.7]]
    assert drawn.get_title(loc="left") == "5 steps, mean interval 0.57 s"


def test_even_feet_that_differ_have_all_in_sd1():
    # Pairs (0.4, 0.6), (0.6, 0.4), (0.4, 0.6): x - y is -0.2, 0.2, -0.2, whose sample sd is 0.4 / sqrt(3).
    drawn = poincare([0.0, 0.4, 1.0, 1.4, 2.0])
    assert half_axes(drawn) == pytest.approx([0.4 / sqrt(3) / sqrt(2), 0.0], abs=1e-12)
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == [
        "SD1 163 ms, across",
        "SD2 0 ms, along",
    ]


def test_the_ellipse_has_them_as_half_axes_around_the_mean_pair():
    drawn = poincare([0.0, 0.5, 1.1, 1.8, 2.2, 3.0])
    (ellipse,) = drawn.patches
    sd1, sd2 = half_axes(drawn)
    assert (ellipse.get_height(), ellipse.get_width()) == pytest.approx((2 * sd1, 2 * sd2))
    assert ellipse.get_angle() == 45
    assert ellipse.get_center() == pytest.approx((0.55, 0.625))


@given(st.lists(st.floats(0.3, 2.0), min_size=3, max_size=60))
def test_both_agree_with_the_sum_of_variances_and_the_axes_hold_every_pair(intervals):
    drawn = poincare(list(accumulate(intervals, initial=0.0)))
    x, y = np.array(intervals[:-1]), np.array(intervals[1:])
    sd1, sd2 = half_axes(drawn)
    # Turning the axes keeps the sum of the variances.
    assert sd1**2 + sd2**2 == pytest.approx(np.var(x, ddof=1) + np.var(y, ddof=1), abs=1e-9)
    low, high = drawn.get_xlim()
    assert drawn.get_ylim() == (low, high)
    assert low < min(intervals) <= max(intervals) < high
    assert drawn.get_aspect() == 1


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([0.0, 0.5, 1.0], "at least 4"),
        ([0.0, 0.5, 0.4, 1.0], "later than the one before"),
        ([0.0, 0.5, 0.5, 1.0], "later than the one before"),
        ([0.0, 0.5, None, 1.0], "no number"),
    ],
)
def test_times_that_make_no_intervals_are_refused(times, said):
    with pytest.raises(FrameError, match=said):
        poincare(times)
