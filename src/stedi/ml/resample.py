"""One sensor's readings on an even grid of times."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from stedi.ml.sampling import MAX_GAP_S, SAME_TIME_S

_EXCESS: Final = 1.05
_PASS: Final = 0.4
_STOP: Final = 0.6
_ATTENUATION_DB: Final = 60.0


def to_grid(
    times_s: NDArray[np.float64],
    values: NDArray[np.float64],
    *,
    length: int,
    rate_hz: float,
    source_hz: float,
    lone: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Put readings on the times 0, 1 / rate_hz, 2 / rate_hz, ...

    Between two readings at most 100 ms apart lies the straight line between them; further apart, before the
    first and after the last there is nothing. Where the sensor was read more often than the grid has times,
    what the grid can't hold is taken out first: a symmetric low-pass with a Kaiser window (zero phase, -60 dB
    from 0.6 rate_hz on, flat up to 0.4) that, other than a filter of the whole signal, never reaches across a
    gap.

    Args:
        times_s: When it was read: strictly rising.
        values: [readings, channels].
        length: The number of times of the grid.
        rate_hz: How many there are in a second.
        source_hz: The sensor's own sampling rate.
        lone: Readings that are no measurement (out of range): they are neither mixed with others nor
            filtered, and stand, as they are, where they are the nearest reading.

    Returns:
        float64 [length, channels], NaN where the sensor was missing; and bool [length], whether it was there.

    Examples:
        >>> times_s, values = np.array([0.0, 0.1, 0.5]), np.array([[0.0], [1.0], [5.0]])
        >>> samples, there = to_grid(times_s, values, length=6, rate_hz=20, source_hz=10)
        >>> samples[:, 0].tolist(), there.tolist()
        ([0.0, 0.5, 1.0, nan, nan, nan], [True, True, True, False, False, False])
    """
    grid = np.arange(length) / rate_hz
    there = _bridged(times_s, grid, MAX_GAP_S, SAME_TIME_S)
    samples = np.full((length, values.shape[1]), np.nan)
    if not there.any():
        return samples, there
    alone = np.zeros(len(times_s), np.bool_) if lone is None else lone
    kept_s, kept = times_s[~alone], values[~alone]
    smooth, known = _low_passed(kept_s, kept, grid, rate_hz=rate_hz, source_hz=source_hz)
    samples[known] = smooth[known]
    # Among readings out of range there may be no line to draw, though the sensor was there.
    if (bare := there & ~known).any() and len(kept_s):
        samples[bare] = kept[nearest_places(kept_s, grid[bare])]
    nearest = nearest_places(times_s, grid)
    samples[alone[nearest]] = values[nearest[alone[nearest]]]
    samples[~there] = np.nan
    return samples, there


def interpolate(
    times_s: NDArray[np.float64],
    values: NDArray[np.float64],
    grid_s: NDArray[np.float64],
    *,
    max_gap_s: float = MAX_GAP_S,
    same_s: float = SAME_TIME_S,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Draw straight lines between readings.

    Args:
        times_s: When it was read: strictly rising, at least one.
        values: [readings, channels].
        grid_s: The times at which values are wanted.
        max_gap_s: The longest time between two readings that a line bridges.
        same_s: How near a reading must be to stand for a time by itself, across a longer gap.

    Returns:
        The values on the lines; and whether the sensor was there: other values mean nothing.
    """
    lines = np.stack([np.interp(grid_s, times_s, channel) for channel in values.T], axis=1)
    return lines, _bridged(times_s, grid_s, max_gap_s, same_s)


def nearest_places(times: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the place of the nearest time to each wanted one; of two equally near, of the earlier."""
    after = np.clip(np.searchsorted(times, wanted), 1, max(len(times) - 1, 1))
    if len(times) == 1:
        return np.zeros(len(wanted), np.int64)
    earlier = wanted - times[after - 1] <= times[after] - wanted
    return np.where(earlier, after - 1, after)


def _bridged(
    times_s: NDArray[np.float64], grid_s: NDArray[np.float64], max_gap_s: float, same_s: float
) -> NDArray[np.bool_]:
    """Tell which times have a reading, or one before and one after them that are near enough."""
    if not len(times_s):
        return np.zeros(len(grid_s), np.bool_)
    after = np.searchsorted(times_s, grid_s - same_s)
    last = len(times_s) - 1
    right, left = times_s[np.minimum(after, last)], times_s[np.maximum(after - 1, 0)]
    within = (after > 0) & (after <= last) & (right - left <= max_gap_s + SAME_TIME_S)
    return within | (np.abs(right - grid_s) <= same_s)


def _low_passed(
    times: NDArray[np.float64],
    values: NDArray[np.float64],
    grid: NDArray[np.float64],
    *,
    rate_hz: float,
    source_hz: float,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the lines between readings, low-passed where they come faster than the grid, and where."""
    if not len(times):
        return np.empty((len(grid), values.shape[1])), np.zeros(len(grid), np.bool_)
    factor = math.ceil(source_hz / rate_hz / _EXCESS) if source_hz > _EXCESS * rate_hz else 1
    fine = np.arange((len(grid) - 1) * factor + 1) / (rate_hz * factor)
    lines, known = interpolate(times, values, fine)
    if factor > 1:
        taps = _low_pass_taps(rate_hz, factor)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
        for start, end in edges.reshape(-1, 2):
            lines[start:end] = _filtered(lines[start:end], taps)
    return lines[::factor], known[::factor]


def _low_pass_taps(rate_hz: float, factor: int) -> NDArray[np.float64]:
    count, beta = signal.kaiserord(_ATTENUATION_DB, (_STOP - _PASS) * 2 / factor)
    # An odd number of taps has a middle: nothing is shifted in time.
    taps: NDArray[np.float64] = signal.firwin(
        count | 1, (_PASS + _STOP) / 2 * rate_hz, window=("kaiser", beta), fs=rate_hz * factor
    )
    return taps


def _filtered(lines: NDArray[np.float64], taps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Filter a run on its own: beyond its ends it goes on as its mirror image in the last point."""
    if len(lines) == 1:
        return lines
    half = len(taps) // 2
    longer = np.pad(lines, ((half, half), (0, 0)), mode="reflect", reflect_type="odd")
    filtered: NDArray[np.float64] = signal.oaconvolve(longer, taps[:, None], mode="valid", axes=0)
    return filtered
