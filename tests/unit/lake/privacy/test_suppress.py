"""Hidden counts can't be worked out: neither from one sum nor from several."""

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from stedi.lake.privacy.suppress import THRESHOLD, Sum, suppress

FEW = st.integers(0, 12)


def ways_to_make_up(total, parts):
    """Yield all ways to make up a number of so many parts, none of them nought."""
    if parts == 1:
        yield (total,)
        return
    for first in range(1, total - parts + 2):
        for others in ways_to_make_up(total - first, parts - 1):
            yield (first, *others)


def determined(hidden, sums):
    """Return the hidden counts that linear algebra alone gives away."""
    rows = [[Fraction(each.parts.count(name) - (name == each.total)) for name in hidden] for each in sums]
    for column in range(len(hidden)):
        pivot = next((row for row in rows if row[column] and not any(row[:column])), None)
        if pivot is None:
            continue
        for row in rows:
            if row is not pivot and row[column]:
                factor = row[column] / pivot[column]
                row[:] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
    return {
        hidden[place] for row in rows for place, value in enumerate(row) if value and sum(map(bool, row)) == 1
    }


@given(st.lists(FEW, min_size=1, max_size=6))
def test_a_hidden_count_of_one_sum_can_be_any_of_several(parts):
    counts = {f"part{place}": count for place, count in enumerate(parts)} | {"all": sum(parts)}
    shown = suppress(counts, [Sum(total="all", parts=tuple(counts)[:-1])])
    for name, count in counts.items():
        assert shown[name] in (None, count)
        assert not (0 < count < THRESHOLD and shown[name] is not None)
        assert not (count == 0 and shown[name] is None)
    hidden = [name for name in counts if shown[name] is None and name != "all"]
    if shown["all"] is None or not hidden:
        return
    # What an observer knows: the total, the parts that are shown, and that nought is never hidden.
    left = counts["all"] - sum(shown[name] or 0 for name in counts if name != "all")
    possible = list(ways_to_make_up(left, len(hidden)))
    for place in range(len(hidden)):
        assert len({each[place] for each in possible}) > 1


@given(
    first=st.lists(FEW, min_size=1, max_size=4),
    second=st.lists(FEW, min_size=0, max_size=3),
    fan_out=FEW,
)
def test_nothing_is_given_away_by_sums_that_share_counts(first, second, fan_out):
    """Like the funnel: what comes out of one table goes into the next."""
    used, *dropped = first
    assume(sum(second) <= used)
    counts = {"in": sum(first), "used": used, "fan": fan_out, "out": used + fan_out}
    counts |= {f"a{place}": count for place, count in enumerate(dropped)}
    sums = [
        Sum(total="in", parts=("used", *(f"a{place}" for place in range(len(dropped))))),
        Sum(total="out", parts=("used", "fan")),
    ]
    counts |= {f"b{place}": count for place, count in enumerate(second)}
    counts["then"] = counts["out"] - sum(second)
    sums.append(Sum(total="out", parts=("then", *(f"b{place}" for place in range(len(second))))))
    shown = suppress(counts, sums)
    hidden = [name for name, count in shown.items() if count is None]
    assert determined(hidden, sums) == set()


def test_by_hand():
    sums = [Sum(total="all", parts=("a", "b", "c"))]
    assert suppress({"all": 30, "a": 10, "b": 10, "c": 10}, sums) == {"all": 30, "a": 10, "b": 10, "c": 10}
    assert suppress({"all": 24, "a": 10, "b": 10, "c": 4}, sums) == {"all": 24, "a": None, "b": 10, "c": None}
    # 1 and 1 of 2 would be given away by their sum.
    assert suppress({"all": 12, "a": 10, "b": 1, "c": 1}, sums) == {
        "all": 12,
        "a": None,
        "b": None,
        "c": None,
    }
    # Five parts that make up five are one each.
    five = {"all": 5, "a": 1, "b": 1, "c": 1, "d": 1, "e": 1}
    assert set(suppress(five, [Sum(total="all", parts=tuple("abcde"))]).values()) == {None}
    # With nothing else to hide beside it, the total goes.
    assert suppress({"all": 3, "a": 3, "b": 0, "c": 0}, sums) == {"all": None, "a": None, "b": 0, "c": 0}
    assert suppress({"all": 0, "a": 0, "b": 0, "c": 0}, sums) == {"all": 0, "a": 0, "b": 0, "c": 0}
