"""Sampling rates from times with jitter, rounding, loss and gaps."""

import numpy as np
import pytest

from stedi.ml import Sampling, sampling_rate


def times(rate_hz, *, seconds=25.0, jitter_s=0.0, lost=0.0, seed=0):
    draws = np.random.default_rng(seed)
    n = int(seconds * rate_hz)
    made = 1 + np.arange(n) / rate_hz + draws.normal(0, jitter_s, n)
    made = made[draws.random(n) >= lost]
    made = made[(made < 10) | (made > 11.3)]
    return np.sort(np.round(made, 3))


@pytest.mark.parametrize("rate_hz", [15, 25, 30, 50, 100, 200, 400])
@pytest.mark.parametrize("lost", [0.0, 0.004, 0.05, 0.2])
def test_rates_survive_rounding_loss_and_a_gap(rate_hz, lost):
    jitter_s = min(0.0015, 0.1 / rate_hz)
    sampled = Sampling.of(times(rate_hz, jitter_s=jitter_s, lost=lost))
    assert sampled.rate_hz == pytest.approx(rate_hz, rel=0.002)
    assert sampled.lost == pytest.approx(lost, abs=0.06 if lost > 0.1 else 0.025)
    assert sampled.jitter_s == pytest.approx(np.hypot(jitter_s, 0.001 / np.sqrt(12)), abs=0.0004)


def test_rates_of_whole_milliseconds_are_not_rounded():
    assert sampling_rate(times(30)) == pytest.approx(30, rel=0.001)  # a median of differences says 30.3


def test_times_that_another_sensor_gave_keep_their_own_rate():
    """The app stamps step readings with the nearest of the phone's times: 20, 40 or 60 ms apart."""
    draws = np.random.default_rng(1)
    ticks = np.sort(np.round(np.arange(1250) / 50 + draws.normal(0, 0.0015, 1250), 3))
    wanted = np.arange(750) / 30
    snapped = ticks[np.abs(ticks[:, None] - wanted).argmin(axis=0)]
    assert sampling_rate(np.sort(snapped[draws.random(750) > 0.05])) == pytest.approx(30, rel=0.002)


def test_a_slow_sensor_has_a_slow_rate():
    assert sampling_rate(np.arange(20) * 3.0) == pytest.approx(1 / 3, rel=0.005)


def test_gaps_are_silences_of_more_than_100_ms():
    sampled = Sampling.of(np.array([0.0, 0.05, 0.15, 0.2, 0.301, 0.35, 2.35]))
    assert (sampled.gaps, sampled.gap_s) == (2, pytest.approx(2.101))


@pytest.mark.parametrize("few", [[], [1.0], [1.0, 2.0], [1.0, 1.0, 1.0]])
def test_too_few_times_have_no_rate(few):
    assert sampling_rate(np.array(few)) == 0
