"""The baseline: find the steps of a session by rules, without anything that was learned from labels."""

import numpy as np
from numpy.typing import NDArray

from stedi.ml.contacts import find_contacts
from stedi.ml.gait import bounce, dip
from stedi.ml.session import Sensors, Session, check_sensors
from stedi.ml.signals import distance_signal, upward_signal
from stedi.ml.streaming import StreamingDetector, check_rate


def detect_steps(session: Session, *, sensors: Sensors = "both", causal: bool = False) -> NDArray[np.float64]:
    """Find when feet came down.

    What a step looks like to either sensor is known from the literature (``stedi.ml.gait``); how it is looked
    for is a matched filter of stedi's own (``stedi.ml.contacts``).

    Each sensor gives evidence in standard deviations of its noise: how much the distance looks like a foot
    that swings and comes down, and how much the acceleration along gravity looks like a body that is caught.
    Both are added up, each weighted by how clearly it shows this session's steps; where one is missing, the
    other decides. Nothing is seen where both are missing.

    Args:
        session: The session. Its phone's times must be on the step trainer's clock (``estimate_clock``).
        sensors: ``"both"``, ``"distance"`` or ``"phone"``: what to use.
        causal: As a detector in real time: the same as ``StreamingDetector`` says, at most
            ``StreamingDetector(rate_hz=session.rate_hz).latency_s`` after each contact. Otherwise the whole
            session is known at once.

    Returns:
        Seconds from ``session.started_at``, sorted.

    Raises:
        DatasetError: The session has too few samples a second to hold steps.
        UnknownNameError: There are no such sensors.

    Examples:
        >>> from datetime import datetime, timezone
        >>> time = np.arange(0, 10, 0.02)
        >>> swing = np.clip((time - 3.0) % 0.5 / 0.4, 0, 1)  # from 3 s on a step each half second
        >>> noise = np.random.default_rng(1).normal(0, 2, len(time))
        >>> walking = (time >= 3) & (time < 8)
        >>> samples = np.full((len(time), 4), np.nan, np.float32)
        >>> samples[:, 3] = 300 + noise - 80 * walking * np.sin(np.pi * swing) ** 2
        >>> session = Session(
        ...     session_id="a", customer_id="b", device_id="c", rate_hz=50.0, samples=samples,
        ...     started_at=datetime(2026, 1, 1, tzinfo=timezone.utc), observed=np.isfinite(samples)[:, 2:],
        ... )
        >>> found = detect_steps(session)
        >>> len(found), found[:3].round(1).tolist()
        (10, [3.4, 3.9, 4.4])
    """
    check_sensors(sensors)
    check_rate(session.rate_hz)
    rate = session.rate_hz
    phone, trainer = session.observed.T
    xyz = np.where(phone[:, None], session.samples[:, :3], np.nan)
    distance = np.where(trainer, session.samples[:, 3], np.nan)
    if causal:
        detector = StreamingDetector(rate_hz=rate, sensors=sensors)
        time = np.arange(len(distance)) / rate
        found = detector.feed(step_trainer=(time, distance), accelerometer=(time, xyz))
        return np.concatenate([found, detector.finish()])
    signals = []
    if sensors != "phone" and (seen := distance_signal(distance, rate)) is not None:
        signals.append((seen, dip))
    if sensors != "distance" and (felt := upward_signal(xyz, rate)) is not None:
        signals.append((felt, bounce))
    return find_contacts(signals, rate).at_s
