"""How hard simulated signals are: every figure that differs between the presets, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from stedi.errors import UnknownNameError

Range = tuple[float, float]
"""The bounds of an even distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """The figures of the sensors and of the people.

    The simulated step trainer measures millimetres, the simulated phone m/s². The defaults are those of
    ``realistic``.

    Attributes:
        balance_shift: Is added to everybody's balance before it is clipped to 0.05 to 1.
        false_lifts: The chance of a lift without a step, in each of three moments of standing still.
        lift: Scales how far the foot comes up.
        trainer_noise: The standard deviation of the distance at distance 0, in mm.
        trainer_noise_per_mm: How much it grows per mm of distance.
        trainer_drift: The standard deviation of the drift over a session, in mm.
        out_of_range: The share of step trainer readings that are 0 or 8190.
        trainer_missed: The share of step trainer readings that are never made.
        attenuation: How much of an impact reaches the phone.
        phone_noise: The standard deviation of the acceleration of a session, in m/s².
        phone_lost: The share of phone readings that never arrive.
        phone_held: The share of phone readings that repeat the values of the one before.
        gap_sessions: The share of sessions in which the phone stops recording for a while.
        gap_s: How long it stops.
        clock_offset_s: The standard deviation of the phone's clock offset, in s (with two clocks).
        clock_drift_ppm: That of its drift, in millionths.
    """

    balance_shift: float = 0.0
    false_lifts: float = 0.0
    lift: float = 1.0
    trainer_noise: float = 3.0
    trainer_noise_per_mm: float = 0.012
    trainer_drift: float = 6.0
    out_of_range: float = 0.006
    trainer_missed: float = 0.01
    attenuation: Range = (0.5, 1.0)
    phone_noise: Range = (0.12, 0.35)
    phone_lost: float = 0.004
    phone_held: float = 0.0
    gap_sessions: float = 0.35
    gap_s: Range = (0.2, 1.5)
    clock_offset_s: float = 0.25
    clock_drift_ppm: float = 20.0


PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        "easy": Preset(
            balance_shift=0.1,
            trainer_noise=1.5,
            trainer_noise_per_mm=0.004,
            trainer_drift=2.0,
            out_of_range=0.0,
            trainer_missed=0.001,
            attenuation=(0.8, 1.0),
            phone_noise=(0.05, 0.12),
            phone_lost=0.0005,
            gap_sessions=0.0,
            clock_offset_s=0.1,
            clock_drift_ppm=5.0,
        ),
        "realistic": Preset(),
        "hard": Preset(
            balance_shift=-0.25,
            false_lifts=0.4,
            lift=0.6,
            trainer_noise=7.0,
            trainer_noise_per_mm=0.025,
            trainer_drift=20.0,
            out_of_range=0.03,
            trainer_missed=0.04,
            attenuation=(0.15, 0.6),
            phone_noise=(0.4, 0.9),
            phone_lost=0.02,
            phone_held=0.02,
            gap_sessions=0.8,
            gap_s=(0.3, 3.0),
            clock_offset_s=0.6,
            clock_drift_ppm=60.0,
        ),
    }
)
"""``realistic`` has the figures of the design; ``easy`` is what a first detector should master, ``hard`` is
what makes good ones fail: weak lifts and impacts, noise, lifts without a step, losses."""


def preset_of(name: str) -> Preset:
    """Return a preset.

    Raises:
        UnknownNameError: There is no such preset.

    Examples:
        >>> preset_of("easy").gap_sessions
        0.0
    """
    if name not in PRESETS:
        raise UnknownNameError.of("preset", name, PRESETS)
    return PRESETS[name]
