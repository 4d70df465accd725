"""Items that are made ahead are the same items, in the same order, and few at a time."""

import threading
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.lake.ahead import ahead, in_turn


@given(items=st.lists(st.none() | st.integers()), most=st.integers(1, 5))
def test_the_items_and_their_order_stay(items, most):
    assert list(ahead(iter(items), most)) == items


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

    coming = ahead(items(), most)
    assert next(coming) == 0
    assert goes_on.wait(10)
    # One is used, and so many more are there.
    for used in range(1, 20):
        assert next(coming) == used
        assert len(made) <= used + 1 + most
    coming.close()
    assert len(made) <= 20 + most


def test_another_thread_makes_them_and_always_the_same():
    made_by = set(ahead(threading.get_ident() for _ in range(50)))
    assert len(made_by) == 1
    assert threading.get_ident() not in made_by


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_comes_where_its_item_would_have_been(error):
    def items():
        yield 1
        yield 2
        raise error

    coming = ahead(items(), 3)
    assert list(islice(coming, 2)) == [1, 2]
    with pytest.raises(error):
        next(coming)


def test_whoever_stops_leaves_no_thread_behind():
    before = threading.active_count()
    coming = ahead(iter(range(1000)), 4)
    assert next(coming) == 0
    coming.close()
    assert threading.active_count() == before


@given(many=st.lists(st.lists(st.integers())))
def test_in_turn_every_iterator_gives_one_then_the_next(many):
    longest = max(map(len, many), default=0)
    expected = [each[place] for place in range(longest) for each in many if place < len(each)]
    assert list(in_turn(map(iter, many))) == expected
