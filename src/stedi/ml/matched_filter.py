"""How much the newest samples of one sensor look like a step, sample by sample."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter

from stedi.ml.gait import LONGEST_S, Template, noise_band, noise_gain, samples_after, samples_before
from stedi.ml.signals import LEAST_SEEN, SIGMA

FIRST_EVIDENCE: Final = 5.0
"""How clear steps are taken to be until there are some, in standard deviations of the noise."""

_MEMORY: Final = 0.15
_WARM_S: Final = 1.0
_NOISE_S: Final = 2.0
_LEAST: Final = 0.5


class MatchedFilter:
    """A matched filter over the noise, both from what came before.

    A matched filter (Turin, *IRE Transactions on Information Theory* 6, 1960) is the best one for a known
    shape in white noise of a known size. Here neither is known: the template's length follows the steps that
    were found, and the noise is the running median of what is left in the band in which steps have no power.
    """

    def __init__(self, template: Template, rate_hz: float) -> None:
        self._template, self._rate = template, rate_hz
        self._templates: dict[int, NDArray[np.float64]] = {}
        self._ahead = samples_after(rate_hz)
        self._length = samples_before(LONGEST_S, rate_hz) + self._ahead + 1
        self._samples = np.zeros(4 * self._length)
        self._end = 0
        self._half = max(1, round(rate_hz / 2))
        # How many samples were there, up to each of the last ones.
        self._counts = [0] * (self._half + self._ahead + 2)
        self._ticks = 0
        self._sections = butter(2, noise_band(rate_hz), btype="bandpass", fs=rate_hz, output="sos").tolist()
        self._states = [[0.0, 0.0] for _ in self._sections]
        self._gain = SIGMA * noise_gain(rate_hz)
        self._warm = max(1, round(_WARM_S * rate_hz))
        self._step = 1 / (_NOISE_S * rate_hz)
        self._seen = 0
        self._first = 0.0
        self._value = 0.0
        self._rest = 0.0
        self.clear = FIRST_EVIDENCE

    def add(self, value: float | None) -> None:
        """Add the next sample; None where the sensor was missing: nothing moved then, and no step is seen."""
        if value is not None:
            if not self._seen:
                self._first = value
                # Nothing moved before the first sample either.
                self._samples[: self._length] = value
                self._end = self._length
            self._value = value
            self._seen += 1
            self._learn(value - self._first)
        if self._end == len(self._samples):
            self._samples[: self._length] = self._samples[-self._length :]
            self._end = self._length
        self._samples[self._end] = self._value
        self._end += 1
        self._ticks += 1
        self._counts[self._ticks % len(self._counts)] = self._seen

    def evidence(self, interval_s: float) -> float | None:
        """Return how clear a contact is ``AHEAD_S`` before the newest sample; None where none is believed."""
        if self._seen < self._warm or self._end < self._length:
            return None
        counts, contact = self._counts, self._ticks - self._ahead
        at = counts[contact % len(counts)]
        if at == counts[(contact - 1) % len(counts)]:
            return None
        if at - counts[(contact - self._half) % len(counts)] < LEAST_SEEN * self._half:
            return None
        length = samples_before(interval_s, self._rate)
        if length not in self._templates:
            self._templates[length] = self._template(length / self._rate, self._rate)
        template = self._templates[length]
        window = self._samples[self._end - len(template) : self._end]
        noise = max(self._gain * self._rest, 1e-6 * abs(self._value), 1e-12)
        return float(np.dot(template, window)) / noise

    def accept(self, evidence: float) -> None:
        """Learn from a step how clear steps are."""
        self.clear = max(self.clear + _MEMORY * (evidence - self.clear), _LEAST)

    def _learn(self, value: float) -> None:
        for (b0, b1, b2, _, a1, a2), state in zip(self._sections, self._states, strict=True):
            out = b0 * value + state[0]
            state[0] = b1 * value - a1 * out + state[1]
            state[1] = b2 * value - a2 * out
            value = out
        size = abs(value)
        if self._seen <= self._warm:
            self._rest += (size - self._rest) / self._seen
        elif self._rest > 0:
            self._rest *= math.exp(self._step if size > self._rest else -self._step)
        else:
            self._rest = size
