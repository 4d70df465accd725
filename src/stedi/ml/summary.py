"""What a session was like: figures of the steps and of the sensors, and no judgement of a person."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stedi.ml.detect import detect_steps
from stedi.ml.sampling import MIN_RATE_HZ
from stedi.ml.schema import columns_of
from stedi.ml.session import Session

_GOAL: Final = 30
"""An exercise is 30 steps."""

_PAUSE: Final = 1.6
"""A step interval of more than so many medians is a hesitation, and no part of the variability."""

_FEWEST_STEPS: Final = 8
"""Fewer make no variability to speak of."""

_LEAST_COVERAGE: Final = 0.8
"""A sensor that is missing for longer makes the figures doubtful; with one sensor there they can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSummary:
    """The figures of one session. What can't be told is None.

    Attributes:
        session_id: The session.
        customer_id: Whose it is.
        steps: How many there are.
        duration_s: How long the session is, in seconds.
        cadence: Steps per second: one over the median interval, so that pauses don't count.
        time_to_30_s: From the first to the thirtieth step, in seconds.
        interval_cv: The variability of the step intervals: standard deviation (n - 1) over mean, without
            hesitations.
        symmetry: The mean interval that ends with the steps of one foot over that of the other, the
            smaller over the greater: 1 is even. Feet are taken to alternate, and to go on anew after a
            hesitation.
        hesitations: Intervals of more than 1.6 medians: a pause, or a step that was not found.
        accelerometer_coverage: The share of the session in which the phone was there.
        step_trainer_coverage: The share in which the step trainer was.
        usable: Whether the figures of the steps can be relied on.
        reason: Why not; None where they can.
    """

    session_id: str
    customer_id: str
    steps: int
    duration_s: float
    cadence: float | None
    time_to_30_s: float | None
    interval_cv: float | None
    symmetry: float | None
    hesitations: int
    accelerometer_coverage: float
    step_trainer_coverage: float
    usable: bool
    reason: str | None


def summarise_session(session: Session, steps_s: NDArray[np.float64] | None = None) -> SessionSummary:
    """Summarise a session.

    Args:
        session: The session.
        steps_s: When feet came down, in seconds from its start, in any order; None: what ``detect_steps``
            finds, whatever its labels are.

    Examples:
        >>> from datetime import datetime, timezone
        >>> session = Session(
        ...     session_id="a", customer_id="b", device_id="c", rate_hz=50.0,
        ...     started_at=datetime(2026, 1, 1, tzinfo=timezone.utc),
        ...     samples=np.zeros((1000, 4), np.float32), observed=np.ones((1000, 2), np.bool_),
        ... )
        >>> summary = summarise_session(session, np.array([1.0, 1.5, 2.1, 2.6, 3.2, 5.2, 5.7, 6.3, 6.8]))
        >>> summary.steps, summary.hesitations, round(summary.symmetry, 2), summary.time_to_30_s
        (9, 1, 0.83, None)
    """
    holds = session.rate_hz >= MIN_RATE_HZ
    if steps_s is not None:
        steps = np.sort(np.asarray(steps_s, np.float64))
    else:
        steps = detect_steps(session) if holds else np.zeros(0)
    phone, trainer = (float(part.mean()) if len(part) else 0.0 for part in session.observed.T)
    intervals = np.diff(steps)
    usual = float(np.median(intervals)) if len(intervals) else np.nan
    paused = intervals > _PAUSE * usual
    even = intervals[~paused]
    reason = None
    if steps_s is None and not holds:
        reason = f"{session.rate_hz:g} samples a second can't hold steps"
    elif max(phone, trainer) < _LEAST_COVERAGE:
        reason = f"both sensors are missing for much of it (there: {phone:.0%} and {trainer:.0%})"
    elif len(steps) < _FEWEST_STEPS:
        reason = f"{len(steps)} steps: at least {_FEWEST_STEPS} are needed"
    return SessionSummary(
        session_id=session.session_id,
        customer_id=session.customer_id,
        steps=len(steps),
        duration_s=session.duration_s,
        cadence=1 / usual if usual > 0 else None,
        time_to_30_s=float(steps[_GOAL - 1] - steps[0]) if len(steps) >= _GOAL else None,
        interval_cv=float(even.std(ddof=1) / even.mean()) if len(even) > 1 else None,
        symmetry=_symmetry(intervals, paused),
        hesitations=int(paused.sum()),
        accelerometer_coverage=phone,
        step_trainer_coverage=trainer,
        usable=reason is None,
        reason=reason,
    )


def summarise_sessions(sessions: Iterable[Session]) -> pl.DataFrame:
    """Summarise many sessions: one row each, with the columns of ``SessionSummary``."""
    return pl.DataFrame(
        [asdict(summarise_session(session)) for session in sessions], schema=columns_of(SessionSummary)
    )


def _symmetry(intervals: NDArray[np.float64], paused: NDArray[np.bool_]) -> float | None:
    """Compare every other interval with those between, in each stretch without a pause.

    Which foot goes on after a pause is not known. Stretches are weighted by their length.
    """
    if not len(intervals):
        return None
    shares, weights = [], []
    for stretch in np.split(intervals, np.flatnonzero(paused)):
        even = stretch[stretch <= _PAUSE * np.median(intervals)]
        if len(even) > 1:
            first, second = float(even[::2].mean()), float(even[1::2].mean())
            shares.append(min(first, second) / max(first, second))
            weights.append(len(even))
    return float(np.average(shares, weights=weights)) if shares else None
