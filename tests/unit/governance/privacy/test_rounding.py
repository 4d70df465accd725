"""What a figure tells, alone, beside other figures, and beside those of another day."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.governance.privacy.rounding import BASE, rounded, words

COUNT = st.integers(0, 10_000)


@given(COUNT)
def test_one_person_more_changes_a_figure_by_nothing_or_by_the_base(count):
    assert rounded(count + 1) - rounded(count) in (0, BASE)


@given(COUNT)
def test_each_figure_stands_for_as_many_counts_as_the_base(count):
    alike = [other for other in range(max(count - BASE, 0), count + BASE) if rounded(other) == rounded(count)]
    assert len(alike) == BASE
    assert min(alike) == rounded(count)


@pytest.mark.parametrize("few", range(BASE))
def test_none_and_a_few_are_told_alike(few):
    assert rounded(few) == rounded(0) == 0
    assert words(rounded(few)) == words(rounded(0)) == "fewer than 5"


def test_words():
    assert [words(rounded(count)) for count in (5, 9, 10, 1234)] == [
        "5 to 9",
        "5 to 9",
        "10 to 14",
        "1,230 to 1,234",
    ]


@given(parts=st.lists(st.integers(0, 14), min_size=1, max_size=3), rest=st.integers(0, 12))
def test_beside_a_sum_each_count_may_still_be_any_of_five(parts, rest):
    """Whoever sees the sum and its parts, but not the rest, learns nothing more of any of them."""
    shown = [rounded(count) for count in (sum(parts) + rest, *parts)]
    possible = [
        counts
        for extra in product(range(BASE), repeat=len(shown))
        for counts in [[figure + more for figure, more in zip(shown, extra, strict=True)]]
        if sum(counts[1:]) <= counts[0]
    ]
    for place in range(len(shown)):
        assert len({counts[place] for counts in possible}) == BASE


def test_without_a_rest_counts_could_be_worked_out():
    """Which is why there is one: four each of five kinds make up twenty."""
    shown = [rounded(count) for count in (20, 4, 4, 4, 4, 4)]
    possible = [
        extra
        for extra in product(range(BASE), repeat=6)
        if shown[0] + extra[0] == sum(shown[1:]) + sum(extra[1:])
    ]
    assert possible == [(0, 4, 4, 4, 4, 4)]
