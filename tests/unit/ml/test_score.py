"""Scores against values that were computed by hand."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from math import isnan

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.errors import DatasetError, FrameError
from stedi.ml import score_steps
from stedi.ml.score import matched_errors


def test_counts_and_timing_by_hand() -> None:
    score = score_steps([1.05, 2.0, 2.97, 7.0], [1.0, 2.0, 3.0, 4.0, 5.0])
    assert (score.true_positives, score.false_positives, score.false_negatives) == (3, 1, 2)
    assert (score.precision, score.recall) == (0.75, 0.6)
    assert score.f1 == pytest.approx(2 * 0.75 * 0.6 / 1.35)
    assert score.timing_mean_s == pytest.approx(0.02 / 3)
    # Errors 0.05, 0, -0.03 about 0.00667: squares 0.001878 + 0.0000444 + 0.001344, over n - 1 = 2.
    assert score.timing_sd_s == pytest.approx(0.040415, abs=1e-6)
    assert score.timing_median_abs_s == pytest.approx(0.03)
    assert score.count_mape == pytest.approx(0.2)


def test_counts_of_sessions_by_hand() -> None:
    true = pl.DataFrame({"session_id": ["a"] * 4 + ["b"] * 2 + ["c"], "at_s": [1.0, 2, 3, 4, 1, 2, 1]})
    found = pl.DataFrame({"session_id": ["a"] * 4 + ["b"] * 3 + ["d"], "at_s": [1.0, 2, 3, 9, 1, 2, 3, 1]})
    score = score_steps(found, true)
    # Differences of the counts: a 0, b +1, c -1, d +1 (no true steps: no MAPE).
    assert score.sessions == 4
    assert (score.true_positives, score.false_positives, score.false_negatives) == (5, 3, 2)
    assert score.count_mape == pytest.approx((0 + 0.5 + 1) / 3)
    assert score.bias == 0.25
    spread = np.sqrt((0.0625 + 0.5625 + 1.5625 + 0.5625) / 3)
    assert score.limits == pytest.approx((0.25 - 1.96 * spread, 0.25 + 1.96 * spread))


def test_times_are_as_good_as_seconds() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    at = [start + timedelta(seconds=second) for second in (1, 2)]
    late = [time + timedelta(milliseconds=40) for time in at]
    score = score_steps(
        pl.DataFrame({"session_id": ["a", "a"], "at": late}),
        pl.DataFrame({"session_id": ["a", "a"], "at": at}),
    )
    assert score.f1 == 1
    assert score.timing_mean_s == pytest.approx(0.04, abs=1e-6)


def test_one_true_step_confirms_one() -> None:
    score = score_steps([0.95, 1.0, 1.05], [1.0])
    assert (score.true_positives, score.false_positives) == (1, 2)
    assert score.timing_mean_s == 0


def test_more_pairs_are_better_than_closer_ones() -> None:
    # The nearest pair (1.08, 1.1) would leave 1.0 and 1.18 alone.
    score = score_steps([1.08, 1.18], [1.0, 1.1])
    assert score.true_positives == 2
    assert score.timing_mean_s == pytest.approx(0.08)


def test_the_tolerance_is_within() -> None:
    assert score_steps([1.1], [1.0]).true_positives == 1
    assert score_steps([1.101], [1.0]).true_positives == 0
    assert score_steps([1.25], [1.0], tolerance_s=0.25).true_positives == 1


def test_what_is_undefined_is_not_flattering() -> None:
    none, some = [], [1.0, 2.0]
    missed = score_steps(none, some)
    assert isnan(missed.precision)
    assert (missed.recall, missed.f1, missed.count_mape) == (0, 0, 1)
    invented = score_steps(some, none)
    assert isnan(invented.recall)
    assert isnan(invented.count_mape)
    assert (invented.precision, invented.f1, invented.bias) == (0, 0, 2)
    nothing = score_steps(none, none)
    assert isnan(nothing.f1)
    assert isnan(nothing.timing_mean_s)


def test_what_can_not_be_scored_is_refused() -> None:
    with pytest.raises(DatasetError, match="tolerance_s"):
        score_steps([1.0], [1.0], tolerance_s=-0.1)
    with pytest.raises(DatasetError, match="NaN"):
        score_steps([np.nan], [1.0])
    with pytest.raises(FrameError, match="one of pred and ref"):
        score_steps(pl.DataFrame({"session_id": ["a"], "at_s": [1.0]}), [1.0])
    with pytest.raises(FrameError, match="pred needs the columns"):
        score_steps(pl.DataFrame({"at_s": [1.0]}), pl.DataFrame({"session_id": ["a"], "at_s": [1.0]}))


_TIMES = st.lists(st.integers(0, 30).map(lambda ticks: ticks / 25), max_size=5)


@given(found=_TIMES, true=_TIMES)
def test_the_pairing_is_the_best_of_all(found: list[float], true: list[float]) -> None:
    errors = matched_errors(np.array(found), np.array(true), tolerance_s=0.1)
    few, many = sorted((found, true), key=len)
    best = (0, 0.0)
    for chosen in permutations(many, len(few)):
        near = [abs(a - b) for a, b in zip(few, chosen, strict=True) if abs(a - b) <= 0.1 + 1e-9]
        best = max(best, (len(near), -round(sum(near), 9)))
    assert (len(errors), -round(float(np.abs(errors).sum()), 9)) == best


@given(found=_TIMES, true=_TIMES)
def test_order_does_not_matter(found: list[float], true: list[float]) -> None:
    assert str(score_steps(found, true)) == str(score_steps(sorted(found), sorted(true, reverse=True)))
