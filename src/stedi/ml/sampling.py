"""How a sensor was read: its sampling rate, and what was lost, held or silent."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

MAX_GAP_S: Final = 0.1
"""The longest time between two readings that is bridged; beyond it nothing is known."""

SAME_TIME_S: Final = 5e-7
"""Times are whole microseconds: those that are closer than half of one are the same."""

MIN_RATE_HZ: Final = 12.0
"""The lowest sampling rate that can hold steps.

People take up to 2.5 steps per second. 12 readings a second are about five per such step, and 83 ms from one
to the next: within ``MAX_GAP_S``, and within the 0.1 s to which a step's time is judged. At 10 a second the
slightest jitter makes every pause between two readings a gap.
"""

_NEIGHBOURS: Final = 1.75
_RUN_ENDS: Final = 5.0
_ROUNDS: Final = 20
_BAND: Final = 0.12
_LOOK_S: Final = 60.0
_BINS_PER_S: Final = 1000
_ZERO_PADDING: Final = 4
_CERTAIN: Final = 4.0
_FEW: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How one sensor was read in one session.

    Attributes:
        readings: Its readings.
        rate_hz: The estimated sampling rate of those that are used; 0 where there are fewer than three.
        jitter_s: The standard deviation of their times around an even spacing.
        lost: The share of readings that should be there and are not, outside of gaps.
        held: The share of readings that repeat the one before. Only the accelerometer's are counted: the
            whole numbers of a step trainer repeat by themselves when a foot rests.
        repeated_times: Readings that shared their time with the one before, and were merged with it.
        gaps: How often it was silent for longer than 100 ms.
        gap_s: For how long, in total.
    """

    readings: int
    rate_hz: float
    jitter_s: float
    lost: float
    held: float
    repeated_times: int
    gaps: int
    gap_s: float

    @classmethod
    def of(
        cls,
        times_s: NDArray[np.float64],
        *,
        readings: int | None = None,
        held: int = 0,
        repeated_times: int = 0,
    ) -> "Sampling":
        """Estimate it.

        Args:
            times_s: The sorted times of the readings that are used.
            readings: How many there were; by default as many.
            held: How many of them repeated the one before.
            repeated_times: How many had the time of the one before.
        """
        gaps = np.diff(times_s)
        gaps = gaps[gaps > MAX_GAP_S + 1e-9]
        rate, jitter, lost = _fit(times_s) if len(times_s) >= _FEW else (0.0, 0.0, 0.0)
        return cls(
            readings=len(times_s) if readings is None else readings,
            rate_hz=rate,
            jitter_s=jitter,
            lost=lost,
            held=held / max(len(times_s) if readings is None else readings, 1),
            repeated_times=repeated_times,
            gaps=len(gaps),
            gap_s=float(gaps.sum()),
        )


def sampling_rate(times_s: NDArray[np.float64]) -> float:
    """Estimate how often a sensor is read, in Hz, from the sorted times of what arrived.

    Times are rounded to milliseconds, jitter, and have holes; a median of their differences would say 30.3
    of 30 Hz. Here each reading is given its number, counting those that were lost, and a line is fitted
    through times and numbers; gaps break the line. Where the times keep step with a rate near that one, over
    a whole minute, that rate is taken: the peak of their spectrum.

    Args:
        times_s: The times, in seconds.

    Returns:
        The sampling rate; 0 of fewer than three times.

    Examples:
        >>> times_s = np.delete(np.round(np.arange(900) / 30, 3), range(300, 350))
        >>> round(sampling_rate(times_s), 2)
        30.0
    """
    return _fit(times_s)[0] if len(times_s) >= _FEW else 0.0


def _fit(times: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return rate, jitter, and the share that was lost."""
    steps = np.diff(times)
    if not (steps > 0).any():
        return 0.0, 0.0, 0.0
    usual = float(np.median(steps[steps > 0]))
    joined = steps <= _RUN_ENDS * usual
    period = float(steps[steps <= _NEIGHBOURS * usual].mean())
    run = np.concatenate([[0], np.cumsum(~joined)])
    for _ in range(_ROUNDS):
        before = period
        numbers = np.cumsum(np.where(joined, np.rint(steps / period), 0.0))
        period = _slope(times, np.concatenate([[0.0], numbers]), run) or before
        if abs(period - before) < 1e-9 * before:
            break
    period = 1 / (_in_step(times, 1 / period) or 1 / period)
    # A run of n periods has n + 1 readings.
    spans = np.rint(np.bincount(run[1:], steps * joined, minlength=run[-1] + 1) / period) + 1
    lost = max(0.0, 1 - len(times) / float(spans.sum()))
    return 1 / period, _jitter(times, period), lost


def _jitter(times: NDArray[np.float64], period: float) -> float:
    """Return how far times stray from an even spacing.

    It is the circular standard deviation of their phases, √(-2 ln R), of the first minute (Mardia and Jupp,
    *Directional Statistics*, 2000).
    """
    since = times[times <= times[0] + _LOOK_S] - times[0]
    agreement = float(np.abs(np.exp(2j * np.pi * since / period).mean()))
    return float(np.sqrt(-2 * np.log(min(max(agreement, 1e-12), 1.0)))) * period / (2 * np.pi)


def _slope(times: NDArray[np.float64], number: NDArray[np.float64], run: NDArray[np.int64]) -> float | None:
    """Return the common slope of the lines through the runs; None where no run has two readings."""
    along, across = _centred(number, run), _centred(times, run)
    spread = float(along @ along)
    slope = float(along @ across) / spread if spread else 0.0
    return slope if slope > 0 else None


def _centred(values: NDArray[np.float64], run: NDArray[np.int64]) -> NDArray[np.float64]:
    means = np.bincount(run, values) / np.bincount(run)
    return values - means[run]


def _in_step(times: NDArray[np.float64], guess_hz: float) -> float | None:
    """Return the rate near a guess with which the times keep step; None where they keep step with none."""
    if guess_hz * (1 + _BAND) >= _BINS_PER_S / 2:
        return None
    since = times[times <= times[0] + _LOOK_S] - times[0]
    marks = np.bincount(np.rint(since * _BINS_PER_S).astype(np.int64)).astype(np.float64)
    size = fft.next_fast_len(_ZERO_PADDING * len(marks), real=True)
    strength = np.abs(fft.rfft(marks, size))
    low, high = (int(guess_hz * factor * size / _BINS_PER_S) for factor in (1 - _BAND, 1 + _BAND))
    peak = low + int(np.argmax(strength[low : high + 1]))
    # Times without a rate reach about 2.7 √n by chance.
    return peak * _BINS_PER_S / size if strength[peak] > _CERTAIN * np.sqrt(len(since)) else None
