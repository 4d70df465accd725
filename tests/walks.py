"""Plain walks for the tests of stedi.ml: they share no code with the simulator."""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from stedi.ml import Session

START = datetime(2026, 1, 1, tzinfo=UTC)


def contacts(n: int = 30, *, usual: float = 0.55, spread: float = 0.05, seed: int = 0) -> NDArray[np.float64]:
    """Return when feet come down, after 5 s of standing: no two intervals are alike."""
    luck = np.random.default_rng(seed)
    return 5 + np.cumsum(usual * (1 + spread * luck.normal(size=n)).clip(0.8, 1.2))


def distance_at(
    time: NDArray[np.float64], at: NDArray[np.float64], *, lift: float = 80.0
) -> NDArray[np.float64]:
    """Return the distance of a foot that is lifted in the last 0.4 s before each contact."""
    following = np.append(at, np.inf)[np.searchsorted(at, time)]
    swung = np.clip(1 - (following - time) / 0.4, 0, 1)
    return 300 - lift * np.sin(np.pi * swung) ** 2


def acceleration_at(time: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x, y, z of a phone that hangs askew on a body that bounces from contact to contact."""
    place = np.searchsorted(at, time)
    before, following = np.append(at[0] - 0.55, at)[place], np.append(at, np.inf)[place]
    walking = (time >= at[0] - 0.55) & (time < at[-1])
    phase = np.where(walking, (time - before) / np.where(walking, following - before, 1), 0)
    up = 9.8 + np.where(walking, 1.5 * np.cos(2 * np.pi * phase), 0)
    return up[:, None] * np.array([0.6, 0.0, -0.8])


def walk(at: NDArray[np.float64], *, rate_hz: float = 50.0, seed: int = 0, noise: float = 1.0) -> Session:
    """Return a session in which feet come down then."""
    luck = np.random.default_rng(seed)
    time = np.arange(0, at[-1] + 3, 1 / rate_hz)
    samples = np.concatenate([acceleration_at(time, at), distance_at(time, at)[:, None]], axis=1)
    samples += noise * luck.normal(size=samples.shape) * [0.2, 0.2, 0.2, 4.0]
    return as_session(samples.astype(np.float32), rate_hz=rate_hz, steps_s=at)


def as_session(
    samples: NDArray[np.float32], *, rate_hz: float = 50.0, steps_s: NDArray[np.float64] | None = None
) -> Session:
    """Return a session of samples; NaN is where a sensor was missing."""
    return Session(
        session_id="one",
        customer_id="ann",
        device_id="seven",
        started_at=START,
        rate_hz=rate_hz,
        samples=samples,
        observed=np.isfinite(samples[:, [0, 3]]),
        steps_s=steps_s,
    )
