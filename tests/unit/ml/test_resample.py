"""Readings on a grid: lines, gaps, what is no measurement, and what the grid can't hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.ml.resample import to_grid

NAN = float("nan")


def on_grid(times_s, values, *, length, rate_hz, source_hz, lone=None):
    samples, there = to_grid(
        np.array(times_s, float),
        np.array(values, float)[:, None],
        length=length,
        rate_hz=rate_hz,
        source_hz=source_hz,
        lone=None if lone is None else np.array(lone),
    )
    return samples[:, 0], there


def test_lines_between_readings_and_nothing_beyond_100_ms():
    samples, there = on_grid([0, 0.1, 0.201, 0.25], [0, 10, 0, 5], length=7, rate_hz=20, source_hz=10)
    np.testing.assert_allclose(samples, [0, 5, 10, NAN, NAN, 5, NAN])
    assert there.tolist() == [True, True, True, False, False, True, False]


def test_what_is_no_measurement_is_not_mixed():
    samples, _ = on_grid(
        [0, 0.04, 0.08], [300, 8190, 320], length=9, rate_hz=100, source_hz=25, lone=[False, True, False]
    )
    np.testing.assert_allclose(samples, [300, 302.5, 305, 8190, 8190, 8190, 8190, 317.5, 320])


def test_a_whole_run_without_measurement_is_kept_as_it_is():
    times = np.arange(10) / 30
    samples, there = on_grid(times, [0] * 10, length=15, rate_hz=50, source_hz=30, lone=[True] * 10)
    assert there.tolist() == [True] * 15
    assert samples.tolist() == [0] * 15


def test_no_measurement_does_not_smear_through_the_filter():
    times = np.arange(1000) / 200
    values = np.full(1000, 300.0)
    values[::100] = 8190
    samples, _ = on_grid(times, values, length=250, rate_hz=50, source_hz=200, lone=values > 8000)
    assert set(np.round(samples, 6).tolist()) == {300.0, 8190.0}


@given(
    rate_hz=st.sampled_from([15, 25, 50, 100, 200, 400]),
    hz=st.floats(0.2, 2.5),
    seed=st.integers(0, 100),
)
def test_a_sine_at_another_rate_is_that_sine(rate_hz, hz, seed):
    draws = np.random.default_rng(seed)
    times = np.sort(np.arange(10 * rate_hz) / rate_hz + draws.normal(0, 0.05 / rate_hz, 10 * rate_hz))
    times -= times[0]
    samples, there = on_grid(times, np.sin(2 * np.pi * hz * times), length=480, rate_hz=50, source_hz=rate_hz)
    wanted = np.sin(2 * np.pi * hz * np.arange(480) / 50)
    # The line between two points of a sine is off by at most (2πf h)² / 8.
    furthest = np.diff(times).max()
    bound = (2 * np.pi * hz * furthest) ** 2 / 8 + 2e-3
    inner = there.copy()
    inner[:40] = inner[-40:] = False
    assert inner.sum() > 300
    assert np.abs(samples - wanted)[inner].max() <= bound


@pytest.mark.parametrize(("source_hz", "hz"), [(100, 37), (100, 45), (200, 60), (400, 51), (400, 110)])
def test_what_the_grid_cannot_hold_is_gone(source_hz, hz):
    times = np.arange(20 * source_hz) / source_hz
    samples, _ = on_grid(
        times, np.sin(2 * np.pi * hz * times) + 9.8, length=1000, rate_hz=50, source_hz=source_hz
    )
    assert np.abs(samples[50:-50] - 9.8).max() < 2e-3


def test_the_filter_shifts_nothing():
    times = np.arange(4000) / 400
    bump = np.exp(-(((times - 5) / 0.05) ** 2))
    samples, _ = on_grid(times, bump, length=500, rate_hz=50, source_hz=400)
    np.testing.assert_allclose(samples[200:300], samples[300:200:-1], atol=1e-9)
    assert samples.argmax() == 250


@given(
    holes=st.lists(st.tuples(st.floats(0, 9.5), st.floats(0.001, 2)), max_size=6),
    source_hz=st.sampled_from([15, 30, 50, 100]),
)
def test_nothing_reaches_across_a_gap(holes, source_hz):
    """What stands beyond a gap has no say: other values there change nothing here."""
    times = np.arange(10 * source_hz) / source_hz
    keep = np.ones(len(times), bool)
    for start, length in holes:
        keep &= ~((times > start) & (times < start + length))
    times = times[keep] if keep.any() else times[:1]
    grid = np.arange(500) / 50
    values = np.sin(times)
    samples, there = on_grid(times, values, length=500, rate_hz=50, source_hz=source_hz)
    assert np.isnan(samples).tolist() == (~there).tolist()
    gaps = np.flatnonzero(np.diff(times) > 0.1 + 1e-9)
    for place in gaps:
        inside = (grid > times[place] + 1e-6) & (grid < times[place + 1] - 1e-6)
        assert not there[inside].any()
        other = np.where(np.arange(len(times)) > place, 1e6, values)
        changed, _ = on_grid(times, other, length=500, rate_hz=50, source_hz=source_hz)
        before = there & (grid <= times[place] + 1e-6)
        np.testing.assert_array_equal(changed[before], samples[before])
