"""The baseline in real time: readings in, steps out a quarter of a second after the foot came down."""

import math
from collections import deque
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stedi.errors import DatasetError
from stedi.ml.contacts import LEAST_EVIDENCE, MOST_EVIDENCE, SHARE
from stedi.ml.gait import AHEAD_S, LONGEST_S, SHORTEST_S, bounce, dip, samples_after
from stedi.ml.matched_filter import FIRST_EVIDENCE, MatchedFilter
from stedi.ml.online_resample import OnlineResampler
from stedi.ml.sampling import MAX_GAP_S, MIN_RATE_HZ, SAME_TIME_S
from stedi.ml.session import Sensors, check_sensors
from stedi.ml.signals import NO_TARGET

_SURE_S: Final = 0.08
"""How long nothing may look more like a step before one is said."""

_FIRST_INTERVAL_S: Final = 0.6
_REMEMBERED: Final = 9
_FEWEST: Final = 3
_FORGETS_S: Final = 2 * LONGEST_S
_MEMORY: Final = 0.15
_GRAVITY_S: Final = 2.0


class _Candidate(NamedTuple):
    tick: int
    evidence: float
    parts: tuple[float | None, float | None]
    before: float


class StreamingDetector:
    """Finds steps while they are taken.

    Feed it readings in the order of time, one by one or many at once: how they are cut into batches changes
    nothing. A reading that is not later than the last one of its sensor is left out. Where a sensor is
    missing, the other goes on alone. It needs half a second of a sensor to believe it, and a few steps to
    learn how fast this person walks.

    Attributes:
        latency_s: How long after a contact it says so at most, as long as the sensors that it uses are read
            at least ``rate_hz`` times a second; with a slower one, up to two of its readings later. While
            one of two sensors is silent, ``wait_s`` more.
    """

    def __init__(
        self,
        *,
        rate_hz: float = 50.0,
        sensors: Sensors = "both",
        phone_offset_s: float = 0.0,
        wait_s: float = 0.25,
    ) -> None:
        """Begin without a reading.

        Args:
            rate_hz: How often it looks, per second: about as often as the quicker sensor is read.
            sensors: ``"both"``, ``"distance"`` or ``"phone"``: what to use.
            phone_offset_s: How far the phone's clock is ahead: is taken off its times.
            wait_s: How long to wait for a sensor that is silent, in seconds.

        Raises:
            DatasetError: So few samples a second can't hold steps, or it would not wait for a usual pause
                between readings.
            UnknownNameError: There are no such sensors.
        """
        check_sensors(sensors)
        check_rate(rate_hz)
        if not wait_s >= MAX_GAP_S:
            raise DatasetError(
                f"wait_s={wait_s}: readings may be {MAX_GAP_S:g} s apart; wait at least so long"
            )
        self._rate, self._offset, self._wait = rate_hz, phone_offset_s, wait_s
        self._trainer = OnlineResampler(rate_hz) if sensors != "phone" else None
        self._phone = OnlineResampler(rate_hz) if sensors != "distance" else None
        self._used = [resampler for resampler in (self._trainer, self._phone) if resampler is not None]
        self._filters = (MatchedFilter(dip, rate_hz), MatchedFilter(bounce, rate_hz))
        self._gravity = [0.0, 0.0, 0.0]
        self._felt = 0
        self._tick: int | None = None
        self._interval = _FIRST_INTERVAL_S
        self._intervals: deque[float] = deque(maxlen=_REMEMBERED)
        self._clear = FIRST_EVIDENCE
        self._previous = 0.0
        self._after: float | None = None
        self._candidate: _Candidate | None = None
        self._last = -math.inf
        self._sure = max(1, round(_SURE_S * rate_hz))
        self.latency_s = AHEAD_S + _SURE_S + 2 / rate_hz

    def feed(
        self,
        *,
        step_trainer: tuple[ArrayLike, ArrayLike] | None = None,
        accelerometer: tuple[ArrayLike, ArrayLike] | None = None,
    ) -> NDArray[np.float64]:
        """Take the next readings, and return the steps that are certain now.

        Args:
            step_trainer: Times and distances, [n] and [n].
            accelerometer: Times, and x, y, z: [n] and [n, 3]. Times are seconds from wherever you like, the
                same for both, or datetimes (UTC).

        Returns:
            When feet came down, in seconds on the step trainer's clock (from 1970 on where times are
            datetimes).

        Raises:
            DatasetError: Times and values are not equally many.
        """
        trainer_s, distances = _readings(step_trainer, 1)
        phone_s, xyz = _readings(accelerometer, 3)
        times = np.concatenate([trainer_s, phone_s - self._offset])
        seconds, values = times.tolist(), [*distances.tolist(), *xyz.tolist()]
        found: list[float] = []
        for place in np.argsort(times, kind="stable").tolist():
            value = values[place]
            # A reading of nothing is none: the line between its neighbours may go on. As plain numbers: one
            # reading at a time, arrays would cost more than all the rest.
            if place < len(trainer_s):
                sensor, usable = self._trainer, NO_TARGET[0] < value[0] < NO_TARGET[1]
            else:
                sensor, usable = self._phone, all(map(math.isfinite, value))
            if sensor is not None and usable:
                sensor.add(seconds[place], value)
            self._advance(found)
        return np.array(found, np.float64)

    def finish(self) -> NDArray[np.float64]:
        """Return the step that was not certain yet when the readings ended."""
        found: list[float] = []
        if self._candidate is not None:
            self._accept(self._candidate, found)
        return np.array(found, np.float64)

    def _advance(self, found: list[float]) -> None:
        """Go on to where both sensors were read, or where one is silent for too long."""
        newest = [resampler.newest_s for resampler in self._used]
        if max(newest) == -math.inf:
            return
        until = max(min(newest), max(newest) - self._wait)
        if self._tick is None:
            firsts = [resampler.first for resampler in self._used if resampler.first is not None]
            if not firsts or until < min(firsts) / self._rate:
                return
            self._tick = min(firsts)
        last = math.floor((until + SAME_TIME_S) * self._rate)
        while self._tick <= last:
            self._look(self._tick, found)
            self._tick += 1

    def _look(self, tick: int, found: list[float]) -> None:
        by_trainer, by_phone = self._filters
        seen = self._trainer.at(tick) if self._trainer is not None else None
        felt = self._phone.at(tick) if self._phone is not None else None
        by_trainer.add(None if seen is None else seen[0])
        by_phone.add(None if felt is None else self._upward(felt))
        parts = by_trainer.evidence(self._interval), by_phone.evidence(self._interval)
        self._judge(tick - samples_after(self._rate), parts, found)

    def _upward(self, xyz: tuple[float, ...]) -> float:
        """Return the acceleration along gravity, which is the running mean of what the phone feels."""
        self._felt += 1
        share = max(1 / self._felt, 1 / (_GRAVITY_S * self._rate))
        gravity = self._gravity = [g + share * (a - g) for a, g in zip(xyz, self._gravity, strict=True)]
        length = math.hypot(*gravity)
        return sum(a * g for a, g in zip(xyz, gravity, strict=True)) / length - length if length > 0 else 0.0

    def _judge(self, contact: int, parts: tuple[float | None, float | None], found: list[float]) -> None:
        total = weight = 0.0
        for part, by in zip(parts, self._filters, strict=True):
            if part is not None:
                says = min(by.clear, MOST_EVIDENCE)
                total += says * part * says / by.clear
                weight += says * says
        evidence = total / math.sqrt(weight) if weight > 0 else 0.0
        candidate = self._candidate
        if candidate is None:
            since = contact / self._rate - self._last
            if since > _FORGETS_S and self._intervals:
                # Who goes on after a rest may walk otherwise; or the interval is wrong, and hides the steps.
                self._intervals.clear()
                self._interval = _FIRST_INTERVAL_S
            rested = since >= self._interval / 2
            if rested and evidence > max(LEAST_EVIDENCE, SHARE * self._clear):
                self._candidate = _Candidate(contact, evidence, parts, self._previous)
        elif evidence > candidate.evidence:
            self._candidate, self._after = _Candidate(contact, evidence, parts, self._previous), None
        else:
            if self._after is None:
                self._after = evidence
            if contact - candidate.tick >= self._sure:
                self._accept(candidate, found)
        self._previous = evidence

    def _accept(self, candidate: _Candidate, found: list[float]) -> None:
        after = self._after if self._after is not None else candidate.evidence
        bend = candidate.before - 2 * candidate.evidence + after
        beside = max(-0.5, min(0.5, 0.5 * (candidate.before - after) / bend)) if bend < 0 else 0.0
        at = (candidate.tick + beside) / self._rate
        found.append(at)
        interval = at - self._last
        if SHORTEST_S <= interval <= LONGEST_S:
            self._intervals.append(interval)
        if len(self._intervals) >= _FEWEST:
            self._interval = sorted(self._intervals)[len(self._intervals) // 2]
        self._last = at
        self._clear += _MEMORY * (candidate.evidence - self._clear)
        for part, by in zip(candidate.parts, self._filters, strict=True):
            if part is not None:
                by.accept(part)
        self._candidate = self._after = None


def check_rate(rate_hz: float) -> None:
    """Refuse a sampling rate that can't hold steps.

    Raises:
        DatasetError: It is below ``MIN_RATE_HZ``, or no rate.
    """
    if not MIN_RATE_HZ <= rate_hz < math.inf:
        raise DatasetError(
            f"rate_hz={rate_hz:g} can't hold steps: a quick swing takes a third of a second; take at least "
            f"{MIN_RATE_HZ:g} samples a second"
        )


def _readings(
    given: tuple[ArrayLike, ArrayLike] | None, columns: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if given is None:
        return np.zeros(0), np.zeros((0, columns))
    times, values = np.atleast_1d(np.asarray(given[0])), np.asarray(given[1], np.float64).reshape(-1, columns)
    if len(times) != len(values):
        raise DatasetError(f"{len(times)} times for {len(values)} readings: give one time per reading")
    return _seconds(times), values


def _seconds(times: NDArray[np.generic]) -> NDArray[np.float64]:
    if times.dtype.kind == "O" and len(times):
        times = np.array([time.timestamp() for time in times.tolist()])
    if times.dtype.kind == "M":
        return times.astype("datetime64[us]").astype(np.int64) / 1e6
    return times.astype(np.float64)
