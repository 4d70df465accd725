"""Clock offsets: every value in a bar, before and after on one axis, with what is true."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.errors import FrameError
from stedi.plots import clock_offsets


def heights(axes):
    return [round(bar.get_height()) for bar in axes.patches]


def titles(pair):
    return [axes.get_title(loc="left") for axes in pair]


def test_the_titles_count_what_is_near_zero():
    pair = clock_offsets([0.3, 0.31, -0.1, 0.05], [0.0, 0.01, -0.4, -0.25])
    assert titles(pair) == ["before: 50.0 % within 0.1 s of zero", "after: 50.0 % within 0.1 s of zero"]
    assert titles(clock_offsets([0.3], [0.02], within_s=0.01)) == [
        "before: 0.0 % within 0.01 s of zero",
        "after: 0.0 % within 0.01 s of zero",
    ]


def test_clocks_that_agree_make_one_bar_around_zero():
    _, bottom = clock_offsets([0.4, 0.41], [0.001, -0.001, 0.0])
    (full,) = [bar for bar in bottom.patches if bar.get_height()]
    assert full.get_height() == 3
    assert full.get_x() + full.get_width() / 2 == pytest.approx(0, abs=1e-12)


def test_one_true_offset_is_a_line():
    top, bottom = clock_offsets([0.2, 0.3], [0.0, 0.1], true_s=0.25)
    _, true = top.lines
    assert set(true.get_xdata()) == {0.25}
    assert true.get_linestyle() == "--"
    assert [text.get_text() for text in top.get_legend().get_texts()] == ["true: 0.250 s"]
    assert bottom.get_legend() is None


def test_true_offsets_of_many_sessions_are_an_outline():
    top, _ = clock_offsets([0.2, 0.3], [0.0, 0.1], true_s=[0.9, -0.2])
    outline = top.patches[-1]
    assert not outline.get_fill()
    low, high = top.get_xlim()
    assert low < -0.2 < 0.9 < high


values = st.lists(st.floats(-3, 3), min_size=1, max_size=50)


@given(values, values)
def test_every_value_is_in_a_bar_and_both_share_their_bars(before, after):
    top, bottom = clock_offsets(before, after)
    assert (sum(heights(top)), sum(heights(bottom))) == (len(before), len(after))
    assert [bar.get_x() for bar in top.patches] == [bar.get_x() for bar in bottom.patches]
    assert top.get_xlim() == bottom.get_xlim()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [([], [0.1], "before"), ([0.1], [], "after"), ([float("inf")], [0.1], "not finite")],
)
def test_nothing_to_draw_is_an_error(before, after, said):
    with pytest.raises(FrameError, match=said):
        clock_offsets(before, after)


def test_it_draws_on_given_axes():
    pair = clock_offsets([0.1], [0.0])
    assert clock_offsets([0.1], [0.0], axes=pair) == pair
