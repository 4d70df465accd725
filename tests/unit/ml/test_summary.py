"""Summaries against values that were computed by hand."""

from dataclasses import replace

import numpy as np
import pytest

from stedi.ml import SessionSummary, summarise_session, summarise_sessions
from walks import as_session, contacts, walk


def test_figures_by_hand() -> None:
    samples = np.zeros((1000, 4), np.float32)
    samples[800:, :3] = np.nan
    told = summarise_session(as_session(samples), np.array([1.0, 1.5, 2.1, 2.6, 3.2, 5.2, 5.7, 6.3, 6.8]))
    assert told == SessionSummary(
        session_id="one",
        customer_id="ann",
        steps=9,
        duration_s=20.0,
        # Intervals .5 .6 .5 .6 2 .5 .6 .5: the median is 0.55.
        cadence=pytest.approx(1 / 0.55),
        time_to_30_s=None,
        # Without the pause: 4 of 0.5 and 3 of 0.6: mean 0.542857, sd 0.053452.
        interval_cv=pytest.approx(0.053452 / 0.542857, abs=1e-5),
        symmetry=pytest.approx(0.5 / 0.6),
        hesitations=1,
        accelerometer_coverage=0.8,
        step_trainer_coverage=1.0,
        usable=True,
        reason=None,
    )


def test_thirty_steps() -> None:
    session = as_session(np.zeros((1000, 4), np.float32))
    steps = np.arange(31) / 2
    assert summarise_session(session, steps).time_to_30_s == 14.5
    assert summarise_session(session, steps[:29]).time_to_30_s is None
    assert summarise_session(session, steps[::-1]) == summarise_session(session, steps)


def test_without_steps_it_finds_them() -> None:
    told = summarise_session(walk(contacts()))
    assert told.steps == pytest.approx(30, abs=1)
    assert told.cadence == pytest.approx(1 / 0.55, rel=0.05)
    assert told.usable


def test_it_says_why_it_is_not_usable() -> None:
    session = walk(contacts())
    gone = session.samples.copy()
    gone[300:] = np.nan
    missing = summarise_session(replace(session, samples=gone, observed=np.isfinite(gone[:, [0, 3]])))
    assert not missing.usable
    assert "both sensors are missing" in missing.reason
    few = summarise_session(session, np.array([1.0, 2.0]))
    assert (few.usable, few.reason) == (False, "2 steps: at least 8 are needed")
    slow = summarise_session(walk(contacts(), rate_hz=5.0))
    assert (slow.usable, slow.reason) == (False, "5 samples a second can't hold steps")
    none = summarise_session(session, np.zeros(0))
    assert (none.cadence, none.interval_cv, none.symmetry, none.hesitations) == (None, None, None, 0)


def test_many_sessions_are_a_frame() -> None:
    frame = summarise_sessions([walk(contacts()), walk(contacts(seed=2))])
    assert frame.height == 2
    assert frame.columns == list(SessionSummary.__dataclass_fields__)
    assert summarise_sessions([]).schema == frame.schema
