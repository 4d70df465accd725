"""The detectors on walks whose contacts are known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from stedi.errors import DatasetError, UnknownNameError
from stedi.ml import StreamingDetector, detect_steps, score_steps
from walks import as_session, contacts, walk


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("sensors", ["distance", "phone", "both"])
@pytest.mark.parametrize("rate_hz", [15.0, 25.0, 50.0, 100.0, 200.0])
def test_finds_the_steps_at_any_rate(rate_hz: float, sensors: str, *, causal: bool) -> None:
    session = walk(contacts(), rate_hz=rate_hz)
    score = score_steps(detect_steps(session, sensors=sensors, causal=causal), session.steps_s)
    assert score.f1 >= (0.9 if causal else 0.96), score
    assert abs(score.timing_mean_s) < 0.04


@pytest.mark.parametrize("usual", [0.42, 0.7, 1.0])
def test_learns_how_long_a_step_takes(usual: float) -> None:
    session = walk(contacts(usual=usual))
    assert score_steps(detect_steps(session, sensors="phone"), session.steps_s).f1 >= 0.96


@pytest.mark.parametrize("causal", [False, True])
def test_neither_unit_nor_turn_of_the_phone_matters(*, causal: bool) -> None:
    session = walk(contacts())
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    turned = session.samples.copy()
    turned[:, :3] = turned[:, :3] @ turn / 9.8
    found = detect_steps(replace(session, samples=turned), sensors="phone", causal=causal)
    np.testing.assert_allclose(found, detect_steps(session, sensors="phone", causal=causal), atol=1e-3)


@pytest.mark.parametrize("causal", [False, True])
def test_who_stands_takes_no_step(*, causal: bool) -> None:
    luck = np.random.default_rng(5)
    samples = luck.normal(0, 1, (1500, 4)) * [0.2, 0.2, 0.2, 5] + [0, 9.8, 0, 300]
    assert len(detect_steps(as_session(samples.astype(np.float32)), causal=causal)) <= 2


@pytest.mark.parametrize("causal", [False, True])
def test_readings_of_no_target_are_no_steps(*, causal: bool) -> None:
    session = walk(contacts())
    spoilt = session.samples.copy()
    spoilt[7::61, 3] = 0
    spoilt[30::61, 3] = 8190
    found = detect_steps(replace(session, samples=spoilt), sensors="distance", causal=causal)
    assert score_steps(found, session.steps_s).f1 >= (0.9 if causal else 0.96)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("sensors", ["distance", "phone", "both"])
def test_where_nothing_was_read_is_no_step(sensors: str, *, causal: bool) -> None:
    session = walk(contacts())
    spoilt = session.samples.copy()
    spoilt[500:600] = np.nan
    found = _found(spoilt, sensors, causal=causal)
    assert len(found) > 15
    # A contact lies between two samples, so half a sample may be beyond the edge.
    assert not ((found > 500.5 / 50) & (found < 599.5 / 50)).any()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("missing", [slice(0, 3), slice(3, 4)], ids=["phone", "step_trainer"])
def test_where_one_sensor_is_missing_the_other_goes_on(missing: slice, *, causal: bool) -> None:
    at = contacts()
    session = walk(at)
    spoilt = session.samples.copy()
    spoilt[450:, missing] = np.nan
    score = score_steps(_found(spoilt, "both", causal=causal), at)
    assert score.recall >= 0.9
    assert score.precision >= 0.9


@pytest.mark.parametrize("causal", [False, True])
def test_no_reading_is_no_step(*, causal: bool) -> None:
    nothing = np.full((500, 4), np.nan, np.float32)
    for samples in (nothing, nothing[:1], nothing[:0]):
        assert not len(_found(samples, "both", causal=causal))


def test_what_can_not_be_done_is_refused() -> None:
    session = walk(contacts(), rate_hz=10.0)
    with pytest.raises(DatasetError, match="rate_hz=10 can't hold steps"):
        detect_steps(session)
    with pytest.raises(UnknownNameError, match="Did you mean 'phone'"):
        detect_steps(walk(contacts()), sensors="phones")
    with pytest.raises(DatasetError, match="wait_s"):
        StreamingDetector(wait_s=0.01)
    with pytest.raises(DatasetError, match="2 times for 1 readings"):
        StreamingDetector().feed(step_trainer=([0.0, 0.1], [300.0]))


def _found(samples: NDArray[np.float32], sensors: str, *, causal: bool) -> NDArray[np.float64]:
    return detect_steps(as_session(samples), sensors=sensors, causal=causal)
