"""One line per sensor, without holes and with its noise: what steps are looked for in."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from stedi.ml.gait import noise_band, noise_gain

NO_TARGET: Final = (0.0, 8190.0)
"""What the step trainer reports when it sees nothing: a distance lies between them."""

SIGMA: Final = 1.4826
"""The standard deviation of normal noise per median of its size (Rousseeuw and Croux, *Journal of the
American Statistical Association* 88, 1993)."""

LEAST_SEEN: Final = 0.7
"""A step is believed after half a second of which at least this share was measured."""

_SPIKE_S: Final = 0.13
_SPIKE: Final = 5.0
_GRAVITY_HZ: Final = 0.25
_LEAST_S: Final = 1.0


class Signal(NamedTuple):
    """What one sensor says of steps.

    Attributes:
        values: A value per sample; holes are bridged by straight lines.
        seen: Whether a step is believed there: not where there was a hole.
        noise: The standard deviation of the noise of a sample.
    """

    values: NDArray[np.float64]
    seen: NDArray[np.bool_]
    noise: float


def in_range(distance: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell which distances are distances: not what stands for no target, nor NaN."""
    low, high = NO_TARGET
    inside: NDArray[np.bool_] = (distance > low) & (distance < high)
    return inside


def distance_signal(distance: NDArray[np.floating], rate_hz: float) -> Signal | None:
    """Return the distance of the foot without readings of no target, spikes and holes.

    Returns:
        None where there is less than a second of it.

    Examples:
        >>> still = np.full(200, 300.0)
        >>> still[[50, 90]] = 0.0, 8190.0
        >>> set(distance_signal(still, 50.0).values.tolist())
        {300.0}
    """
    values = np.where(in_range(distance), distance, np.nan).astype(np.float64)
    seen = np.isfinite(values)
    if seen.sum() < _LEAST_S * rate_hz:
        return None
    bridged = _bridge(values)
    # A spike of one reading, also one that was spread over the samples beside it, is no movement.
    off = np.abs(bridged - median_filter(bridged, 2 * int(_SPIKE_S * rate_hz) + 1, mode="nearest"))
    usual = SIGMA * float(np.median(off[seen]))
    if usual > 0:
        bridged = _bridge(np.where(seen & (off <= _SPIKE * usual), values, np.nan))
    return Signal(bridged, _believed(seen, rate_hz), _noise(bridged, rate_hz))


def upward_signal(xyz: NDArray[np.floating], rate_hz: float) -> Signal | None:
    """Return the acceleration along gravity, wherever the phone's axes point: up is positive.

    Returns:
        None where there is less than a second of it.
    """
    seen = np.isfinite(xyz).all(axis=1)
    if seen.sum() < _LEAST_S * rate_hz:
        return None
    bridged = np.stack([_bridge(np.where(seen, axis, np.nan).astype(np.float64)) for axis in xyz.T])
    gravity = sosfiltfilt(
        butter(2, _GRAVITY_HZ, fs=rate_hz, output="sos"), bridged, padlen=_pad(bridged, rate_hz)
    )
    length = np.linalg.norm(gravity, axis=0)
    up = (bridged * gravity).sum(axis=0) / np.where(length > 0, length, 1) - length
    return Signal(up, _believed(seen, rate_hz), _noise(up, rate_hz))


def _bridge(values: NDArray[np.float64]) -> NDArray[np.float64]:
    there = np.flatnonzero(np.isfinite(values))
    return np.interp(np.arange(len(values)), there, values[there])


def _believed(seen: NDArray[np.bool_], rate_hz: float) -> NDArray[np.bool_]:
    """Say where a step may be seen: at a sample that is there, after half a second that mostly is."""
    length = max(1, round(rate_hz / 2))
    share = uniform_filter1d(seen.astype(np.float64), length, origin=(length - 1) // 2, mode="nearest")
    believed: NDArray[np.bool_] = seen & (share >= LEAST_SEEN)
    return believed


def _noise(values: NDArray[np.float64], rate_hz: float) -> float:
    """Measure the noise where steps have no power, and take it for white; contacts are too short to count."""
    band = butter(2, noise_band(rate_hz), btype="bandpass", fs=rate_hz, output="sos")
    rest = sosfiltfilt(band, values, padlen=_pad(values, rate_hz))
    spread = SIGMA * float(np.median(np.abs(rest))) * noise_gain(rate_hz)
    # Without any noise, everything that is not rounding is a signal.
    return max(spread, 1e-6 * float(np.abs(values).max()), 1e-12)


def _pad(values: NDArray[np.float64], rate_hz: float) -> int:
    return int(min(values.shape[-1] - 1, round(2 * rate_hz)))
