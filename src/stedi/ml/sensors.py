"""Which sensors a detector uses."""

from typing import Final, Literal, TypeAlias, get_args

from stedi.errors import UnknownNameError

Sensors: TypeAlias = Literal["both", "distance", "phone"]
"""The step trainer's distance, the phone's acceleration, or both."""

_SENSORS: Final[tuple[str, ...]] = get_args(Sensors)


def check_sensors(sensors: str) -> None:
    """Refuse what names no sensors.

    Raises:
        UnknownNameError: It is none of ``both``, ``distance`` and ``phone``.
    """
    if sensors not in _SENSORS:
        raise UnknownNameError.of("choice of sensors", sensors, _SENSORS)
