"""Contacts in whole signals: where both sensors together look most like a step."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate, find_peaks

from stedi.ml.gait import LONGEST_S, SHORTEST_S, Template, samples_after, samples_before
from stedi.ml.signals import Signal

_FIRST_GUESSES_S: Final = (0.45, 0.6, 0.9)
LEAST_EVIDENCE: Final = 3.0
"""Below so many standard deviations of noise nothing is a step."""

SHARE: Final = 0.5
"""Nor is what has less than this share of the evidence of the session's clear steps."""

_CLEAR: Final = 0.75
"""The quantile of the evidence at its peaks that a clear step has."""

MOST_EVIDENCE: Final = 12.0
"""How much one sensor may say: a clearer one does not silence the other."""

_ROUNDS: Final = 4
_SAME_S: Final = 0.01
_FEWEST: Final = 3


class Contacts(NamedTuple):
    """When feet came down.

    Attributes:
        at_s: Seconds from the first sample, sorted.
        evidence: How clear each is, in standard deviations of the noise.
        interval_s: The usual time between two of them.
    """

    at_s: NDArray[np.float64]
    evidence: NDArray[np.float64]
    interval_s: float


def find_contacts(
    signals: Sequence[tuple[Signal, Template]], rate_hz: float, *, interval_s: float | None = None
) -> Contacts:
    """Find contacts in signals of equal length.

    The evidence is a matched filter (Turin, *IRE Transactions on Information Theory* 6, 1960) per signal,
    over its noise. Other than there, it is a sum over signals, weighted by how clearly each shows this
    session's steps, of which none silences the other; and how long the template is is found with the steps:
    it is the usual interval between those that it finds.

    Args:
        signals: What the sensors say, and what a step looks like in it; none gives no contacts.
        rate_hz: Samples per second.
        interval_s: The usual time between two contacts, where it is known.
    """
    if not signals:
        return Contacts(np.zeros(0), np.zeros(0), np.nan)
    if interval_s is not None:
        return _at_interval(signals, rate_hz, interval_s)
    found = [_settled(signals, rate_hz, guess) for guess in _FIRST_GUESSES_S]
    return max(found, key=lambda contacts: float((contacts.evidence**2).sum()))


def _settled(signals: Sequence[tuple[Signal, Template]], rate_hz: float, guess: float) -> Contacts:
    """Look until the interval that is looked for is the one that is found."""
    for _ in range(_ROUNDS):
        contacts = _at_interval(signals, rate_hz, guess)
        if len(contacts.at_s) < _FEWEST or abs(contacts.interval_s - guess) < _SAME_S:
            break
        guess = contacts.interval_s
    return contacts


def _at_interval(signals: Sequence[tuple[Signal, Template]], rate_hz: float, interval_s: float) -> Contacts:
    evidence = _evidence(signals, rate_hz, interval_s)
    peaks, _ = find_peaks(evidence, distance=max(1, int(interval_s * rate_hz / 2)), height=LEAST_EVIDENCE)
    if not len(peaks):
        return Contacts(np.zeros(0), np.zeros(0), interval_s)
    peaks = peaks[evidence[peaks] > SHARE * np.quantile(evidence[peaks], _CLEAR)]
    beside = _beside_sample(evidence[peaks - 1], evidence[peaks], evidence[peaks + 1])
    at_s = (peaks + beside) / rate_hz
    usual = float(np.median(np.diff(at_s))) if len(at_s) >= _FEWEST else interval_s
    return Contacts(at_s, evidence[peaks], min(max(usual, SHORTEST_S), LONGEST_S))


def _evidence(
    signals: Sequence[tuple[Signal, Template]], rate_hz: float, interval_s: float
) -> NDArray[np.float64]:
    total = np.zeros(len(signals[0][0].values))
    weight = np.zeros_like(total)
    for signal, template in signals:
        padded = np.pad(
            signal.values, (samples_before(interval_s, rate_hz), samples_after(rate_hz)), mode="edge"
        )
        fits = correlate(padded, template(interval_s, rate_hz), mode="valid") / signal.noise
        peaks, _ = find_peaks(fits, distance=max(1, int(0.6 * interval_s * rate_hz)))
        clear = max(float(np.quantile(fits[peaks], _CLEAR)), 0.5) if len(peaks) else 0.5
        says = min(clear, MOST_EVIDENCE)
        total += np.where(signal.seen, says * fits * says / clear, 0)
        weight += np.where(signal.seen, says**2, 0)
    return total / np.sqrt(np.where(weight > 0, weight, 1))


def _beside_sample(
    left: NDArray[np.float64], top: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how far beside its sample each peak lies, by the parabola through three samples."""
    bend = left - 2 * top + right
    return np.where(bend < 0, np.clip(0.5 * (left - right) / np.where(bend < 0, bend, -1), -0.5, 0.5), 0.0)
