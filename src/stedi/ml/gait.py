"""What a step looks like to either sensor, whoever takes it: shapes without height or unit.

Two facts of walking, and nothing that is known of a sensor or of a simulator:

- A foot swings for about 40 % of the gait cycle of two steps, that is for 0.8 of the time between two
  contacts, and the swing ends with the contact (Perry and Burnfield, *Gait Analysis*, 2010).
- The body moves like an inverted pendulum: it is accelerated upwards most while the weight goes from one foot
  to the other, about the contact, and downwards most half a step later (Zijlstra and Hof, *Gait & Posture*
  18, 2003).
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Template: TypeAlias = Callable[[float, float], NDArray[np.float64]]
"""What a step looks like in one signal: samples, of the time between two contacts and the sampling rate."""

_SWING: Final = 0.8
"""How much of the time between two contacts a foot swings."""

SHORTEST_S: Final = 0.35
"""The shortest usual time between two contacts that is looked for: 2.9 steps a second is running."""

LONGEST_S: Final = 1.3
"""The longest one: slower than 0.8 steps a second is standing between single steps."""

AHEAD_S: Final = 0.12
"""How much of what follows a contact is looked at, in seconds."""

_NOISE_BAND_HZ: Final = (5.0, 10.0)
"""Where neither shape has power: what is there is noise, and tells how much of it lies below."""


def dip(interval_s: float, rate_hz: float) -> NDArray[np.float64]:
    """Return how the distance of a foot goes about a contact: down and up again, over a level or a slope.

    Args:
        interval_s: The time between two contacts.
        rate_hz: Samples per second.

    Returns:
        The samples from ``interval_s`` before the contact until ``AHEAD_S`` after it; of length 1 as a
        vector, and blind to a constant and to a slope.

    Examples:
        >>> shape = dip(0.5, 50)
        >>> len(shape), bool(abs(shape.sum()) < 1e-9), int(shape.argmin())
        (32, True, 15)
    """
    time = _times(interval_s, rate_hz)
    swung = 1 + time / (_SWING * interval_s)
    lifted = np.where((swung > 0) & (swung < 1), -(np.sin(np.pi * swung) ** 2), 0.0)
    return _blind(lifted, np.stack([np.ones_like(time), time], axis=1))


def bounce(interval_s: float, rate_hz: float) -> NDArray[np.float64]:
    """Return how the body is accelerated upwards about a contact: least half a step before, most at it.

    Args:
        interval_s: The time between two contacts.
        rate_hz: Samples per second.

    Returns:
        As ``dip`` does; blind to a constant.
    """
    time = _times(interval_s, rate_hz)
    return _blind(np.cos(2 * np.pi * time / interval_s), np.ones((len(time), 1)))


def samples_before(interval_s: float, rate_hz: float) -> int:
    """Return how many samples of a shape come before the contact."""
    return round(interval_s * rate_hz)


def samples_after(rate_hz: float) -> int:
    """Return how many samples of a shape come after the contact."""
    return round(AHEAD_S * rate_hz)


def noise_band(rate_hz: float) -> tuple[float, float]:
    """Return the band in which noise is measured, below half the sampling rate.

    Examples:
        >>> noise_band(50.0), noise_band(15.0)
        ((5.0, 10.0), (5.0, 6.75))
    """
    low, high = _NOISE_BAND_HZ
    return min(low, 0.4 * rate_hz), min(high, 0.45 * rate_hz)


def noise_gain(rate_hz: float) -> float:
    """Return white noise per noise in the band: both as standard deviations."""
    low, high = noise_band(rate_hz)
    return float(np.sqrt(rate_hz / 2 / (high - low)))


def _times(interval_s: float, rate_hz: float) -> NDArray[np.float64]:
    return np.arange(-samples_before(interval_s, rate_hz), samples_after(rate_hz) + 1) / rate_hz


def _blind(shape: NDArray[np.float64], to: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take out of a shape what is also in those, and give it length 1."""
    rest: NDArray[np.float64] = shape - to @ np.linalg.lstsq(to, shape, rcond=None)[0]
    return rest / float(np.linalg.norm(rest))
