"""When a run warns that its sensors do not pair, and in which words."""

import pytest

from stedi.errors import ConservationError
from stedi.plan.match import Match


@pytest.mark.parametrize(
    ("readings", "exact", "nearby", "words"),
    [
        (0, 0, 0, None),
        (10, 9, 9, None),
        (1000, 899, 899, "recorded at other times"),
        (1000, 899, 900, "clocks of their own"),
        (1000, 0, 0, "Only 0.0 % of the step readings"),
        (1000, 51, 985, "but 98.5 % have one within 20 ms"),
    ],
)
def test_a_warning_comes_below_ninety_per_cent(readings, exact, nearby, words):
    told = Match(readings=readings, exact=exact, nearby=nearby).warning()
    assert told is None if words is None else words in told


def test_rates_of_nothing_are_unknown():
    match = Match(readings=0, exact=0, nearby=0)
    assert (match.exact_rate, match.nearby_rate) == (None, None)


@pytest.mark.parametrize(("exact", "nearby"), [(3, 2), (2, 6), (-1, 0)])
def test_counts_that_contradict_each_other_are_refused(exact, nearby):
    with pytest.raises(ConservationError, match="20 ms"):
        Match(readings=5, exact=exact, nearby=nearby).check()
