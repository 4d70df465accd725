"""How a dataset is made of readings: every choice that changes its bytes."""

import math
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from stedi.errors import DatasetError, UnknownNameError

Align: TypeAlias = Literal["grid"]
Clock: TypeAlias = Literal["none", "estimate"]
SharedSteps: TypeAlias = Literal["drop", "keep"]
HeldReadings: TypeAlias = Literal["missing", "keep"]
AccelerationUnit: TypeAlias = Literal["g", "m/s2"]

_STANDARD_GRAVITY: Final = 9.80665
"""One g, in m/s²."""

_CHOICES: Final[dict[str, tuple[str, tuple[Any, ...]]]] = {
    "align": ("way to align", get_args(Align)),
    "clock": ("way to treat the clocks", get_args(Clock)),
    "shared_steps": ("way to treat shared steps", get_args(SharedSteps)),
    "held": ("way to treat held readings", get_args(HeldReadings)),
    "acceleration_unit": ("unit of acceleration", (None, *get_args(AccelerationUnit))),
    "convert_to": ("unit of acceleration", (None, *get_args(AccelerationUnit))),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The choices of ``StepDataset.from_lake``, which says what they mean."""

    rate_hz: float = 50.0
    align: Align = "grid"
    clock: Clock = "none"
    include_withdrawn: bool = False
    shared_steps: SharedSteps = "drop"
    held: HeldReadings = "missing"
    acceleration_unit: AccelerationUnit | None = None
    convert_to: AccelerationUnit | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be done.

        Raises:
            UnknownNameError: A choice does not exist.
            DatasetError: The rate is no rate, or a unit is to be converted that nobody named.
        """
        for name, (kind, known) in _CHOICES.items():
            if (chosen := getattr(self, name)) not in known:
                raise UnknownNameError.of(kind, str(chosen), (str(one) for one in known if one is not None))
        if not (math.isfinite(self.rate_hz) and self.rate_hz > 0):
            raise DatasetError(
                f"rate_hz={self.rate_hz} is no sampling rate: pass samples per second, like 50"
            )
        if self.convert_to is not None and self.acceleration_unit is None:
            raise DatasetError(
                f"the readings name no unit, so they can't be converted to {self.convert_to}: say what they "
                'are in with acceleration_unit="g" or "m/s2"'
            )

    @property
    def factor(self) -> float:
        """What accelerations are multiplied by: 1 unless another unit was asked for."""
        if self.convert_to in (None, self.acceleration_unit):
            return 1.0
        return _STANDARD_GRAVITY if self.convert_to == "m/s2" else 1 / _STANDARD_GRAVITY

    @property
    def unit(self) -> AccelerationUnit | None:
        """The unit of the samples, as far as anybody said."""
        return self.convert_to or self.acceleration_unit
