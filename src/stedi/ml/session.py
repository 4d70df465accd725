"""One session of one customer with one device: both sensors on one grid of times."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from stedi.errors import UnknownNameError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHANNELS: Final = ("x", "y", "z", "distance_from_object")
"""The columns of a session's samples, in order. The sources give no units, and none are added."""

SENSORS: Final = ("accelerometer", "step_trainer")
"""The columns of a session's mask, in order. The accelerometer fills x, y and z."""

Sensors: TypeAlias = Literal["both", "distance", "phone"]
"""What a detector uses: the step trainer's distance, the phone's acceleration, or both."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Session:
    """What both sensors measured in one session, on a grid.

    A session ends where both sensors say nothing for more than 5 seconds. Sample i was taken at
    ``started_at + i / rate_hz``, on the step trainer's clock.

    Attributes:
        session_id: Its name: the same lake and run give the same one.
        customer_id: Whose it is.
        device_id: The step trainer.
        started_at: The time of the first sample.
        rate_hz: Samples per second.
        samples: float32 [samples, 4], the columns of ``CHANNELS``; NaN where the sensor was missing.
        observed: bool [samples, 2], the columns of ``SENSORS``: whether the sensor was there.
        steps_s: float64 [steps], sorted: when a foot came down, in seconds from ``started_at``; None where
            nobody said so.
        clock_offset_s: What was taken off the phone's times, in seconds: 0 where the clocks were taken as
            they are.
    """

    session_id: str
    customer_id: str
    device_id: str
    started_at: datetime
    rate_hz: float
    samples: "NDArray[np.float32]"
    observed: "NDArray[np.bool_]"
    steps_s: "NDArray[np.float64] | None" = None
    clock_offset_s: float = 0.0

    @property
    def duration_s(self) -> float:
        """Its length, in seconds."""
        return len(self.samples) / self.rate_hz


def check_sensors(sensors: str) -> None:
    """Refuse what names no sensors.

    Raises:
        UnknownNameError: It is none of ``both``, ``distance`` and ``phone``.
    """
    if sensors not in get_args(Sensors):
        raise UnknownNameError.of("choice of sensors", sensors, get_args(Sensors))
