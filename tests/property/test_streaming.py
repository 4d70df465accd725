"""The laws of the detector in real time: batches don't matter, and it keeps its latency."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from effort import cases
from stedi.ml import StreamingDetector, detect_steps
from walks import acceleration_at, contacts, distance_at, walk

_LUCK = np.random.default_rng(4)
_AT = contacts(12)
_TRAINER_S = np.sort(np.arange(0, 14, 1 / 30) + _LUCK.normal(0, 0.002, 420))
_PHONE_S = np.sort(np.arange(0, 14, 1 / 50) + _LUCK.normal(0, 0.002, 700))
_DISTANCE = np.where(
    _LUCK.random(420) < 0.03, 8190, distance_at(_TRAINER_S, _AT) + _LUCK.normal(0, 4, 420)
).round()
_XYZ = acceleration_at(_PHONE_S, _AT) + _LUCK.normal(0, 0.2, (700, 3))
# A gap of the phone of two seconds.
_KEPT = (_PHONE_S < 8) | (_PHONE_S > 10)
_PHONE_S, _XYZ = _PHONE_S[_KEPT], _XYZ[_KEPT]
_ORDER = np.argsort(np.concatenate([_TRAINER_S, _PHONE_S]), kind="stable")


def _feed(detector: StreamingDetector, part: NDArray[np.intp]) -> NDArray[np.float64]:
    trainer, phone = part[part < len(_TRAINER_S)], part[part >= len(_TRAINER_S)] - len(_TRAINER_S)
    return detector.feed(
        step_trainer=(_TRAINER_S[trainer], _DISTANCE[trainer]), accelerometer=(_PHONE_S[phone], _XYZ[phone])
    )


def _at_once(sensors: str) -> NDArray[np.float64]:
    detector = StreamingDetector(sensors=sensors)
    return np.concatenate([_feed(detector, _ORDER), detector.finish()])


_EXPECTED = {sensors: _at_once(sensors) for sensors in ("both", "distance", "phone")}


def test_it_finds_the_steps() -> None:
    for sensors, least in (("both", 11), ("distance", 11), ("phone", 6)):
        near = np.abs(_EXPECTED[sensors][:, None] - _AT).min(axis=1) < 0.1
        assert near.sum() >= least


@settings(max_examples=cases(25))
@given(
    cuts=st.lists(st.integers(0, len(_ORDER)), max_size=40),
    sensors=st.sampled_from(["both", "distance", "phone"]),
)
def test_batches_do_not_matter(cuts: list[int], sensors: str) -> None:
    detector = StreamingDetector(sensors=sensors)
    found = [_feed(detector, part) for part in np.split(_ORDER, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate([*found, detector.finish()]), _EXPECTED[sensors])


@settings(max_examples=cases(10))
@given(late_s=st.floats(0, 0.1), seed=st.integers(0, 9))
def test_a_sensor_that_arrives_late_changes_nothing(late_s: float, seed: int) -> None:
    luck = np.random.default_rng(seed)
    arrives = np.concatenate([_TRAINER_S + luck.uniform(0, late_s), _PHONE_S])
    detector = StreamingDetector()
    found = [_feed(detector, part) for part in np.split(np.argsort(arrives, kind="stable"), len(_ORDER))]
    np.testing.assert_array_equal(np.concatenate([*found, detector.finish()]), _EXPECTED["both"])


def test_it_keeps_its_latency() -> None:
    detector, waited = StreamingDetector(), []
    seconds = np.concatenate([_TRAINER_S, _PHONE_S])
    for place in _ORDER:
        waited += [seconds[place] - at for at in _feed(detector, np.array([place]))]
    assert len(waited) >= 10
    # While the phone is silent it is waited for, and the trainer is read 30 times a second.
    assert max(waited) <= detector.latency_s + 0.25 + 2 / 30
    assert np.median(waited) <= detector.latency_s


@settings(max_examples=cases(10))
@given(until=st.integers(0, len(_ORDER)))
def test_what_comes_later_takes_nothing_back(until: int) -> None:
    said = _feed(StreamingDetector(), _ORDER[:until])
    np.testing.assert_array_equal(said, _EXPECTED["both"][: len(said)])


def test_a_session_goes_the_same_way() -> None:
    session = walk(contacts(12))
    detector, found = StreamingDetector(), []
    for tick, (x, y, z, distance) in enumerate(session.samples.tolist()):
        found.append(detector.feed(accelerometer=(tick / 50, [x, y, z])))
        found.append(detector.feed(step_trainer=(tick / 50, distance)))
    found.append(detector.finish())
    np.testing.assert_array_equal(np.concatenate(found), detect_steps(session, causal=True))


def test_the_phone_may_have_another_clock() -> None:
    detector = StreamingDetector(phone_offset_s=0.5)
    found = detector.feed(step_trainer=(_TRAINER_S, _DISTANCE), accelerometer=(_PHONE_S + 0.5, _XYZ))
    np.testing.assert_allclose(found, _EXPECTED["both"][: len(found)], atol=1e-6)
    assert len(found) >= 11


def test_times_may_be_datetimes() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = [start + timedelta(seconds=second) for second in _TRAINER_S.tolist()]
    detector = StreamingDetector(sensors="distance")
    found = np.concatenate([detector.feed(step_trainer=(times, _DISTANCE)), detector.finish()])
    np.testing.assert_allclose(found - start.timestamp(), _EXPECTED["distance"], atol=1e-4)
    naive = np.array([time.replace(tzinfo=None) for time in times], "datetime64[us]")
    again = StreamingDetector(sensors="distance")
    np.testing.assert_array_equal(
        np.concatenate([again.feed(step_trainer=(naive, _DISTANCE)), again.finish()]), found
    )
