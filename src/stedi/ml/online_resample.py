"""Readings of one sensor as they arrive, put on the ticks of an even clock."""

import math
from collections import deque
from collections.abc import Sequence

from stedi.ml.sampling import MAX_GAP_S, SAME_TIME_S


class OnlineResampler:
    """Turns irregular readings into values at the times k / rate_hz, as soon as they are known.

    Between two readings at most 100 ms apart lies the straight line between them. A reading that is not
    later than the one before is left out.

    Examples:
        >>> resampler = OnlineResampler(10.0)
        >>> for second, value in ((0.0, 1.0), (0.15, 2.0), (0.25, 4.0)):
        ...     resampler.add(second, (value,))
        >>> resampler.first, resampler.at(0), resampler.at(1), resampler.at(2)
        (0, (1.0,), None, (3.0,))
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate = rate_hz
        self._known: deque[tuple[int, tuple[float, ...]]] = deque()
        self._last: tuple[float, tuple[float, ...]] | None = None
        self.newest_s = -math.inf
        self.first: int | None = None

    def add(self, second: float, values: Sequence[float]) -> None:
        """Add a reading."""
        if self._last is not None and second <= self._last[0]:
            return
        now = tuple(values)
        tick = math.floor((second + SAME_TIME_S) * self._rate)
        if self._last is None or second - self._last[0] > MAX_GAP_S + SAME_TIME_S:
            if abs(tick / self._rate - second) <= SAME_TIME_S:
                self._known.append((tick, now))
        else:
            before_s, before = self._last
            length = second - before_s
            for each in range(math.floor((before_s + SAME_TIME_S) * self._rate) + 1, tick + 1):
                part = min((each / self._rate - before_s) / length, 1.0)
                self._known.append(
                    (each, tuple(a + part * (b - a) for a, b in zip(before, now, strict=True)))
                )
        if self.first is None:
            self.first = math.ceil((second - SAME_TIME_S) * self._rate)
        self._last = second, now
        self.newest_s = second

    def at(self, tick: int) -> tuple[float, ...] | None:
        """Return the values at a tick, and forget those before; None where there are none."""
        while self._known and self._known[0][0] < tick:
            self._known.popleft()
        if self._known and self._known[0][0] == tick:
            return self._known.popleft()[1]
        return None
