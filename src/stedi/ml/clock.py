"""Two clocks: by how much the phone's is ahead of the step trainer's, and whether that can be known."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.signal import butter, find_peaks, sosfiltfilt

from stedi.ml.contacts import Contacts, find_contacts
from stedi.ml.gait import bounce, dip
from stedi.ml.resample import interpolate, nearest_places
from stedi.ml.sampling import MAX_GAP_S, MIN_RATE_HZ
from stedi.ml.signals import distance_signal, in_range, upward_signal

_LEAST_CONFIDENCE: Final = 0.95
"""Below, an estimate is not used."""

_FEWEST_STEPS: Final = 8
"""With fewer steps in a sensor, chance finds an offset too."""

_RATE_HZ: Final = 50.0
_FURTHEST_S: Final = 3.0
_FINE_S: Final = 0.005
_KERNEL_S: Final = 0.03
_CLOSE_S: Final = 0.1
_FEWEST_ALIKE: Final = 3.0
_ROUNDS: Final = 4
_APART_S: Final = 0.2
_TAILS: Final = 3.0
_SHARED: Final = 0.5
_BAND_HZ: Final = (0.4, 3.0)
_LONGER: Final = 1.25


class _Phone(NamedTuple):
    """What the phone shows: the bounce of the body on a grid from ``start_s`` on, and steps of its own."""

    start_s: float
    upward: NDArray[np.float64]
    seen: NDArray[np.bool_]
    contacts_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEstimate:
    """What is known of the phone's clock in one session.

    Attributes:
        offset_s: How far it is ahead of the step trainer's, in seconds: take it off the phone's times. NaN
            where nothing is known.
        confidence: How probable it is that this offset is meant and not another one, such as one that is a
            step interval away: 0 to 1.
        usable: Whether to rely on it.
        reason: Why not; None where it is usable.
        spread_s: The standard deviation of the single steps about the offset, in seconds; NaN without steps.
        matched: How many steps were seen by both sensors under this offset.
        trainer_steps: How many steps the step trainer showed by itself.
        phone_steps: How many the phone showed.
    """

    offset_s: float
    confidence: float
    usable: bool
    reason: str | None
    spread_s: float
    matched: int
    trainer_steps: int
    phone_steps: int


def estimate_clock(
    steps: pl.DataFrame,
    accelerometer: pl.DataFrame,
    *,
    prior_sd_s: float = 0.25,
    least_confidence: float = _LEAST_CONFIDENCE,
) -> ClockEstimate:
    """Estimate by how much the phone's clock is ahead of the step trainer's in one session.

    The method is stedi's own. Each sensor finds steps by itself; the offset is the mode of the differences
    between the two lists of times. People step evenly, so an offset that is wrong by one step interval fits
    nearly as well: every mode is judged by how well the bounce of the body that these steps make fits what
    the phone felt (pauses, the first step and the last tell), and by how far clocks usually go wrong
    (Student's t with 3 degrees of freedom about 0). The confidence is its share of the sum over all modes.
    Each session is judged alone: nothing says that a clock is as far off tomorrow.

    Args:
        steps: The session's rows of ``step_trainer_trusted``: ``sensor_reading_time`` and
            ``distance_from_object``, in any order.
        accelerometer: Those of ``accelerometer_trusted`` about the same time: ``timestamp``, ``x``, ``y``,
            ``z``. Take some seconds more on both sides, since the clocks differ.
        prior_sd_s: How far clocks usually are apart, in seconds.
        least_confidence: What makes an estimate usable.

    Examples:
        >>> from datetime import datetime, timezone
        >>> start = datetime(2026, 1, 1, tzinfo=timezone.utc)
        >>> steps = pl.DataFrame({"sensor_reading_time": [start], "distance_from_object": [300]})
        >>> accelerometer = pl.DataFrame({"timestamp": [start], "x": [0.0], "y": [0.0], "z": [9.8]})
        >>> estimate_clock(steps, accelerometer).reason
        'the step trainer has 1 reading: too few'
    """
    both = steps["sensor_reading_time"], accelerometer["timestamp"]
    times = pl.concat([time.dt.epoch("us") for time in both])
    if times.is_empty():
        return _unknown("neither sensor has a reading")
    epoch = float(times.min()) / 1e6  # type: ignore[arg-type]  # integers
    trainer_s, distance = _readings(steps, "sensor_reading_time", ("distance_from_object",), epoch)
    phone_s, xyz = _readings(accelerometer, "timestamp", ("x", "y", "z"), epoch)
    target = in_range(distance[:, 0])
    for name, seconds in (("step trainer", trainer_s[target]), ("accelerometer", phone_s)):
        if refusal := _cannot_hold_steps(name, seconds):
            return _unknown(refusal)
    trainer = _of_trainer(trainer_s[target], distance[target])
    recorded = float(trainer_s[0]), float(trainer_s[-1])
    phone = _of_phone(phone_s, xyz, trainer)
    found = len(trainer.at_s), len(phone.contacts_s)
    for name, count in zip(("step trainer", "accelerometer"), found, strict=True):
        if count < _FEWEST_STEPS:
            return _unknown(
                f"the {name} shows {count} steps by itself: at least {_FEWEST_STEPS} are needed", found
            )
    return _judge(trainer.at_s, phone, recorded, prior_sd_s=prior_sd_s, least_confidence=least_confidence)


def _judge(
    trainer: NDArray[np.float64],
    phone: _Phone,
    recorded: tuple[float, float],
    *,
    prior_sd_s: float,
    least_confidence: float,
) -> ClockEstimate:
    found = len(trainer), len(phone.contacts_s)
    differences = (phone.contacts_s[None, :] - trainer[:, None]).ravel()
    modes = _modes(differences[np.abs(differences) <= _FURTHEST_S])
    if not len(modes):
        return _unknown(f"no offset of up to {_FURTHEST_S:g} s brings steps of both sensors together", found)
    offsets = np.array([_refined(trainer, phone.contacts_s, mode) for mode in modes])
    fit = np.array([_log_likelihood(trainer, phone, recorded, offset) for offset in offsets])
    belief = fit - (_TAILS + 1) / 2 * np.log1p((offsets / prior_sd_s) ** 2 / _TAILS)
    share = np.exp(belief - belief.max())
    best = float(offsets[belief.argmax()])
    same = np.abs(offsets - best) < _APART_S / 2
    confidence = float(1 / (1 + share[~same].sum()))
    off = _to_nearest(trainer, phone.contacts_s, best)
    close = off[np.abs(off) <= _CLOSE_S]
    reason = None
    if len(close) < _SHARED * max(found):
        reason = (
            f"only {len(close)} of {max(found)} steps are seen by both sensors under the likeliest offset"
        )
    elif confidence < least_confidence:
        other = float(offsets[~same][share[~same].argmax()])
        reason = f"{best:.2f} s and {other:.2f} s fit almost equally well"
    return ClockEstimate(
        offset_s=best,
        confidence=confidence,
        usable=reason is None,
        reason=reason,
        spread_s=float(close.std()) if len(close) else np.nan,
        matched=len(close),
        trainer_steps=found[0],
        phone_steps=found[1],
    )


def _unknown(reason: str, found: tuple[int, int] = (0, 0)) -> ClockEstimate:
    return ClockEstimate(
        offset_s=np.nan,
        confidence=0.0,
        usable=False,
        reason=reason,
        spread_s=np.nan,
        matched=0,
        trainer_steps=found[0],
        phone_steps=found[1],
    )


def _modes(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where differences are densest, at most one offset per fifth of a second."""
    edges = np.arange(-_FURTHEST_S, _FURTHEST_S + _FINE_S, _FINE_S)
    counts, _ = np.histogram(differences, np.append(edges, edges[-1] + _FINE_S) - _FINE_S / 2)
    reach = np.arange(-4 * _KERNEL_S, 4 * _KERNEL_S + _FINE_S / 2, _FINE_S)
    density = np.convolve(counts, np.exp(-0.5 * (reach / _KERNEL_S) ** 2), mode="same")
    peaks, _ = find_peaks(np.pad(density, 1), distance=round(_APART_S / _FINE_S), height=_FEWEST_ALIKE)
    modes: NDArray[np.float64] = edges[peaks - 1]
    return modes


def _refined(trainer: NDArray[np.float64], phone: NDArray[np.float64], offset: float) -> float:
    """Return the median difference of the steps that an offset brings together."""
    for _ in range(_ROUNDS):
        off = _to_nearest(trainer, phone, offset)
        close = off[np.abs(off) <= _CLOSE_S]
        offset += float(np.median(close)) if len(close) else 0.0
    return offset


def _to_nearest(
    trainer: NDArray[np.float64], phone: NDArray[np.float64], offset: float
) -> NDArray[np.float64]:
    """Return how long after each step of the trainer the nearest one of the phone is, under an offset."""
    shifted = phone - offset
    return shifted[nearest_places(shifted, trainer)] - trainer


def _log_likelihood(
    trainer: NDArray[np.float64], phone: _Phone, recorded: tuple[float, float], offset: float
) -> float:
    """Return how well the bounce that these steps make fits the phone's, whatever its height.

    Normal noise of unknown size, in as many independent samples as the band lets through.
    """
    at = trainer + offset
    gaps = np.diff(at)
    usual = float(np.median(gaps))
    # After a pause the body stands still until a usual step before the contact.
    length = np.minimum(np.concatenate([[usual], gaps]), _LONGER * usual)
    time = phone.start_s + np.arange(len(phone.upward)) / _RATE_HZ
    step = np.minimum(np.searchsorted(at, time), len(at) - 1)
    left = at[step] - time
    expected = np.where((left >= 0) & (left < length[step]), np.cos(2 * np.pi * left / length[step]), 0.0)
    # Of what the phone felt while the trainer did not record, no step is known.
    known = phone.seen & (time >= recorded[0] + offset) & (time <= recorded[1] + offset)
    expected, measured = expected[known], phone.upward[known]
    size = float(np.sqrt((expected @ expected) * (measured @ measured)))
    alike = min(max(float(expected @ measured) / size, 0.0), 1 - 1e-9) if size > 0 else 0.0
    independent = 2 * (_BAND_HZ[1] - _BAND_HZ[0]) * (at[-1] - at[0])
    return -float(independent) / 2 * float(np.log1p(-(alike**2)))


def _of_trainer(seconds: NDArray[np.float64], distance: NDArray[np.float64]) -> Contacts:
    signal = distance_signal(_on_grid(seconds, distance)[:, 0], _RATE_HZ)
    found = find_contacts([(signal, dip)] if signal is not None else [], _RATE_HZ)
    return found._replace(at_s=found.at_s + seconds[0])


def _of_phone(seconds: NDArray[np.float64], xyz: NDArray[np.float64], trainer: Contacts) -> _Phone:
    signal = upward_signal(_on_grid(seconds, xyz), _RATE_HZ)
    if signal is None:
        return _Phone(float(seconds[0]), np.zeros(0), np.zeros(0, np.bool_), np.zeros(0))
    # How long a step takes does not depend on the clock.
    known = trainer.interval_s if len(trainer.at_s) >= _FEWEST_STEPS else None
    found = find_contacts([(signal, bounce)], _RATE_HZ, interval_s=known)
    band = butter(2, _BAND_HZ, btype="bandpass", fs=_RATE_HZ, output="sos")
    return _Phone(float(seconds[0]), sosfiltfilt(band, signal.values), signal.seen, found.at_s + seconds[0])


def _readings(
    frame: pl.DataFrame, time: str, columns: tuple[str, ...], epoch_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the first reading of each time: seconds from the epoch, and values."""
    kept = frame.select(time, *columns).unique(time, keep="first", maintain_order=True).sort(time)
    seconds = kept[time].dt.epoch("us").to_numpy() / 1e6 - epoch_s
    return seconds, kept.select(pl.col(columns).cast(pl.Float64)).to_numpy()


def _cannot_hold_steps(name: str, seconds: NDArray[np.float64]) -> str | None:
    if len(seconds) <= 1:
        return f"the {name} has {len(seconds)} reading{'s' * (len(seconds) != 1)}: too few"
    rate = 1 / float(np.median(np.diff(seconds)))
    if rate < MIN_RATE_HZ:
        return f"the {name} has {rate:.2g} readings a second: steps need at least {MIN_RATE_HZ:g}"
    return None


def _on_grid(seconds: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    grid = np.arange(seconds[0], seconds[-1], 1 / _RATE_HZ)
    # A slow sensor may miss a reading, and the line goes on.
    max_gap_s = max(MAX_GAP_S, 2.5 * float(np.median(np.diff(seconds))))
    lines, known = interpolate(seconds, values, grid, max_gap_s=max_gap_s, same_s=0.0)
    lines[~known] = np.nan
    return lines
