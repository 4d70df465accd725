"""Bland-Altman: bias and limits against values computed by hand, every session drawn."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.errors import FrameError
from stedi.plots import bland_altman


def level(line):
    (y,) = set(line.get_ydata())
    return y


def test_bias_and_limits_are_the_mean_and_1_96_sd():
    # Differences -1, 0, 1, 4: mean 1, squares of the deviations 4, 1, 0, 9, so sd = sqrt(14 / 3).
    drawn = bland_altman([10, 20, 30, 40], [9, 20, 31, 44])
    zero, bias, upper, lower = map(level, drawn.lines)
    assert (zero, bias) == (0, 1)
    assert upper == pytest.approx(1 + 1.96 * sqrt(14 / 3))
    assert lower == pytest.approx(1 - 1.96 * sqrt(14 / 3))
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == [
        "bias 1.00",
        "95 % limits -3.23 to 5.23",
    ]


def test_each_session_stands_at_its_mean_and_difference_and_equal_ones_make_a_larger_point():
    drawn = bland_altman([30, 30, 30, 40], [30, 30, 28, 44])
    (points,) = drawn.collections
    assert points.get_offsets().tolist() == [[30, 0], [29, -2], [42, 4]]
    twice, once, other = points.get_sizes()
    assert twice == pytest.approx(once * sqrt(2))
    assert once == other


def test_all_equal_has_a_bias_of_zero_and_no_limits():
    drawn = bland_altman([30, 31, 32], [30, 31, 32])
    assert [level(line) for line in drawn.lines] == [0, 0]
    assert drawn.get_title(loc="left") == "3 sessions, all equal: measured minus reference"
    assert drawn.get_ylim()[0] < 0 < drawn.get_ylim()[1]
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == ["bias 0.00"]


def test_one_session_has_a_bias_alone():
    drawn = bland_altman([30], [28])
    assert [level(line) for line in drawn.lines] == [0, -2]
    assert drawn.get_title(loc="left") == "1 session: measured minus reference"


counts = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=2, max_size=30)


@given(counts)
def test_everything_lies_within_the_axes(pairs):
    drawn = bland_altman(*zip(*pairs, strict=True))
    low, high = drawn.get_ylim()
    differences = np.array([measured - reference for reference, measured in pairs])
    assert low < differences.min() <= differences.max() < high
    assert all(low < level(line) < high for line in drawn.lines)
    if np.std(differences):
        assert level(drawn.lines[2]) - level(drawn.lines[3]) == pytest.approx(
            3.92 * np.std(differences, ddof=1)
        )


@pytest.mark.parametrize(
    ("reference", "measured", "said"),
    [
        ([], [], "at least 1"),
        ([1, 2], [1], "2 reference values and 1 measured"),
        ([1, None], [1, 2], "no number"),
        ([1.0, float("nan")], [1, 2], "not finite"),
    ],
)
def test_what_can_not_be_compared_is_refused(reference, measured, said):
    with pytest.raises(FrameError, match=said):
        bland_altman(reference, measured)
