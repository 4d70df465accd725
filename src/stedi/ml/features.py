"""Features of windows, for models that take rows: a Polars frame."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stedi.ml.session import CHANNELS, SENSORS
from stedi.ml.signals import in_range
from stedi.ml.windows import Windows

FEATURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accelerometer_coverage": "Share of samples in which the accelerometer was there, 0 to 1.",
        "acceleration_mean": "Mean of √(x² + y² + z²), in the unit of x, y and z.",
        "acceleration_std": "Its standard deviation, in the same unit.",
        "acceleration_min": "Its least value, in the same unit.",
        "acceleration_max": "Its greatest value, in the same unit.",
        "acceleration_p10": "Its 10th percentile, in the same unit.",
        "acceleration_p90": "Its 90th percentile, in the same unit.",
        "acceleration_jerk": "Mean of its change from sample to sample, regardless of the sign, in the unit "
        "of x, y and z per second.",
        "acceleration_peak_hz": "The frequency, from 0.5 Hz on, at which it swings most, in Hz.",
        "acceleration_peak_share": "The share of that frequency in its power from 0.5 Hz on, 0 to 1.",
        "step_trainer_coverage": "Share of samples in which the step trainer was there, 0 to 1.",
        "distance_out_of_range": "Share of those in which it saw nothing (0 or 8190), 0 to 1.",
        "distance_mean": "Mean of the distance in range, in its unit.",
        "distance_std": "Its standard deviation, in the same unit.",
        "distance_min": "Its least value, in the same unit.",
        "distance_max": "Its greatest value, in the same unit.",
        "distance_p10": "Its 10th percentile, in the same unit.",
        "distance_p90": "Its 90th percentile, in the same unit.",
        "distance_speed": "Mean of its change from sample to sample, regardless of the sign, in its unit per "
        "second.",
        "distance_peak_hz": "The frequency, from 0.5 Hz on, at which it swings most, in Hz.",
        "distance_peak_share": "The share of that frequency in its power from 0.5 Hz on, 0 to 1.",
    }
)
"""The features, and what they mean. Distances that are out of range count as missing; where a sample is
missing, frequencies are those of the signal with its mean in that place."""

_LOWEST_HZ: Final = 0.5
_AT_ONCE: Final = 4_000_000


def feature_frame(windows: Windows) -> pl.DataFrame:
    """Return the features of windows, a row each."""
    rows = max(1, _AT_ONCE // max(1, windows.X[0].size if len(windows) else 1))
    parts = [
        _features(windows.X[first : first + rows], windows.mask[first : first + rows], windows.rate_hz)
        for first in range(0, len(windows), rows)
    ]
    return pl.DataFrame(
        {
            "session_id": pl.Series(windows.session_ids.tolist(), dtype=pl.String),
            "customer_id": pl.Series([windows.customers[group] for group in windows.groups], dtype=pl.String),
            "start_s": windows.starts_s,
            **{
                name: pl.Series(
                    np.concatenate([part[name] for part in parts]) if parts else [], dtype=pl.Float64
                ).fill_nan(None)
                for name in FEATURES
            },
            **({} if windows.labels is None else {"steps": windows.labels}),
        }
    )


def _features(
    x: NDArray[np.float32], mask: NDArray[np.bool_], rate_hz: float
) -> dict[str, NDArray[np.float64]]:
    values = x.astype(np.float64)
    strength = np.sqrt((values[:, : CHANNELS.index("distance_from_object")] ** 2).sum(axis=1))
    distance = values[:, CHANNELS.index("distance_from_object")]
    phoned, trained = (mask[:, SENSORS.index(sensor)] for sensor in ("accelerometer", "step_trainer"))
    outside = trained & np.isfinite(distance) & ~in_range(distance)
    return {
        "accelerometer_coverage": phoned.mean(axis=1),
        **_of_signal("acceleration", "jerk", strength, rate_hz),
        "step_trainer_coverage": trained.mean(axis=1),
        "distance_out_of_range": _ratio(outside.sum(axis=1), trained.sum(axis=1)),
        **_of_signal("distance", "speed", np.where(outside, np.nan, distance), rate_hz),
    }


def _of_signal(
    name: str, change: str, values: NDArray[np.float64], rate_hz: float
) -> dict[str, NDArray[np.float64]]:
    """Return the features of one signal: NaN where all of it is missing."""
    there = np.isfinite(values)
    count = there.sum(axis=1)
    mean = _ratio(np.where(there, values, 0).sum(axis=1), count)
    centred = np.where(there, values - mean[:, None], 0)
    steps = np.abs(np.diff(values, axis=1))
    known = np.isfinite(steps)
    # Sorted once, missing ones last: order statistics are places in the row.
    ordered = np.sort(values, axis=1)
    peak_hz, share = _peak(centred, rate_hz, count)
    return {
        f"{name}_mean": mean,
        f"{name}_std": np.sqrt(_ratio((centred**2).sum(axis=1), count)),
        f"{name}_min": ordered[:, 0],
        f"{name}_max": _at(ordered, count, 1.0),
        f"{name}_p10": _at(ordered, count, 0.1),
        f"{name}_p90": _at(ordered, count, 0.9),
        f"{name}_{change}": _ratio(np.where(known, steps, 0).sum(axis=1), known.sum(axis=1)) * rate_hz,
        f"{name}_peak_hz": peak_hz,
        f"{name}_peak_share": share,
    }


def _ratio(part: NDArray[np.number], whole: NDArray[np.number]) -> NDArray[np.float64]:
    """Divide; NaN where there is nothing to divide by."""
    result = np.full(len(whole), np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def _at(ordered: NDArray[np.float64], count: NDArray[np.int64], share: float) -> NDArray[np.float64]:
    """Return a quantile of the first ``count`` values of each sorted row, interpolated linearly."""
    place = np.maximum(count - 1, 0) * share
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    rows = np.arange(len(ordered))
    low, high = ordered[rows, below], ordered[rows, above]
    return low + (high - low) * (place - below)


def _peak(
    centred: NDArray[np.float64], rate_hz: float, count: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the strongest frequency and its share of the power; NaN where nothing swings."""
    length = centred.shape[1]
    hz = np.fft.rfftfreq(length, 1 / rate_hz)
    swinging = hz >= _LOWEST_HZ
    nothing = np.full(len(centred), np.nan)
    if not swinging.any():
        return nothing, nothing
    power = np.abs(np.fft.rfft(centred * np.hanning(length), axis=1)[:, swinging]) ** 2
    strongest = power.argmax(axis=1)
    total = np.where(count > 0, power.sum(axis=1), 0)
    share = _ratio(power[np.arange(len(power)), strongest], total)
    return np.where(total > 0, hz[swinging][strongest], np.nan), share
