"""How well the two sensors pair: the share of step readings that find a phone reading."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stedi.errors import ConservationError

NEARBY: Final = timedelta(milliseconds=20)
"""How far apart two readings may be to count as near: one period of a phone that reads at 50 Hz."""

_SPAN: Final = f"{NEARBY // timedelta(milliseconds=1)} ms"

ENOUGH: Final = 0.9
"""Below this share of exact pairs a run warns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What both ways of pairing find for the rows of step_trainer_trusted.

    Attributes:
        readings: The step readings.
        exact: Of those, how many have a phone reading of the same customer at the same time.
        nearby: How many have one within ``NEARBY``.
    """

    readings: int
    exact: int
    nearby: int

    @property
    def exact_rate(self) -> float | None:
        """The match rate of the exact join, which makes machine_learning_curated; None of no readings."""
        return self.exact / self.readings if self.readings else None

    @property
    def nearby_rate(self) -> float | None:
        """The match rate of the as-of join, ``curate_ml(tolerance=NEARBY)``; None of no readings."""
        return self.nearby / self.readings if self.readings else None

    def warning(self) -> str | None:
        """Say what is wrong where too few readings pair, and what to do.

        Examples:
            >>> Match(readings=100, exact=97, nearby=98).warning() is None
            True
            >>> print(Match(readings=100, exact=5, nearby=98).warning())
            Only 5.0 % of the step readings have a phone reading at the same time, but 98.0 % have one within
            20 ms: ...
        """
        if self.exact_rate is None or self.nearby_rate is None or self.exact_rate >= ENOUGH:
            return None
        exact, nearby = percent(self.exact_rate), percent(self.nearby_rate)
        told = f"Only {exact} of the step readings have a phone reading at the same time"
        if self.nearby_rate >= ENOUGH:
            told += (
                f", but {nearby} have one within {_SPAN}: the sensors have clocks of their own. "
                "machine_learning_curated holds the exact pairs only, and the nearest ones belong to other "
                'moments; stedi.ml.StepDataset.from_lake(lake, clock="estimate") finds each session\'s offset'
            )
        else:
            told += (
                f", and {nearby} have one within {_SPAN}: the phones recorded at other times, their "
                "clocks are far off, or several customers share a device. machine_learning_curated holds "
                "the exact pairs only"
            )
        return told

    def check(self) -> None:
        """Refuse counts that contradict each other: whatever pairs exactly pairs nearby, once.

        Raises:
            ConservationError: They do.
        """
        if not 0 <= self.exact <= self.nearby <= self.readings:
            raise ConservationError(
                f"of {self.readings} step readings {self.exact} pair exactly, {self.nearby} within {_SPAN}; "
                "nothing was published. This is a bug in stedi: please report it"
            )


def percent(rate: float) -> str:
    """Return a share as a person reads it."""
    return f"{100 * rate:.1f} %"
