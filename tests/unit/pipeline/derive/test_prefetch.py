"""Items that are made ahead are the same items, in the same order, and few at a time."""

import threading
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.pipeline.derive.prefetch import interleaved, prefetched


@given(items=st.lists(st.none() | st.integers()), most=st.integers(1, 5))
def test_the_items_and_their_order_stay(items, most):
    with prefetched(iter(items), most) as made:
        assert list(made) == items


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_are_made_than_was_said(most):
    made = []
    goes_on = threading.Event()

    def items():
        for number in range(100):
            made.append(number)
            if number == most:
                goes_on.set()
            yield number

    with prefetched(items(), most) as coming:
        assert next(coming) == 0
        assert goes_on.wait(10)
        # One is used, and so many more are there.
        for used in range(1, 20):
            assert next(coming) == used
            assert len(made) <= used + 1 + most
    assert len(made) <= 20 + most


def test_another_thread_makes_them_and_always_the_same():
    with prefetched(threading.get_ident() for _ in range(50)) as made:
        made_by = set(made)
    assert len(made_by) == 1
    assert threading.get_ident() not in made_by


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_comes_where_its_item_would_have_been(error):
    def items():
        yield 1
        yield 2
        raise error

    with pytest.raises(error), prefetched(items(), 3) as coming:  # noqa: PT012 - the error comes with the third
        assert list(islice(coming, 2)) == [1, 2]
        next(coming)


def test_whoever_stops_leaves_no_thread_behind():
    before = threading.active_count()
    with prefetched(iter(range(1000)), 4) as coming:
        assert next(coming) == 0
    assert threading.active_count() == before
    with pytest.raises(LookupError), prefetched(iter(range(1000)), 4):
        raise LookupError
    assert threading.active_count() == before


@given(many=st.lists(st.lists(st.integers())))
def test_in_turn_every_iterator_gives_one_then_the_next(many):
    longest = max(map(len, many), default=0)
    expected = [each[place] for place in range(longest) for each in many if place < len(each)]
    assert list(interleaved(map(iter, many))) == expected
