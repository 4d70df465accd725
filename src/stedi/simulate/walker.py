"""How somebody walks: age, balance, and what stays theirs from session to session."""

from dataclasses import dataclass
from random import Random
from typing import Final

_AGE: Final = (66.0, 14.0)
_AGES: Final = (18.0, 95.0)
_BALANCE_SD: Final = 0.10
_BALANCES: Final = (0.05, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """What a person brings to each of their sessions.

    Attributes:
        age: In years.
        balance: From 0.05 (very unsteady) to 1.
        pace: How much quicker than others of that age, in standard deviations.
        asymmetry: By what share steps of one foot take longer than the mean, those of the other shorter.
    """

    age: float
    balance: float
    pace: float
    asymmetry: float


def invent_walker(random: Random, *, balance_shift: float = 0.0) -> Walker:
    """Invent a walker: ages are N(66, 14) within 18 to 95, balance falls with age from 50 on.

    Examples:
        >>> walker = invent_walker(Random(7))
        >>> 18 <= walker.age <= 95 and 0.05 <= walker.balance <= 1
        True
    """
    age = _clip(random.gauss(*_AGE), _AGES)
    steady = random.gauss(0.92 - 0.010 * max(age - 50, 0), _BALANCE_SD)
    balance = _clip(steady + balance_shift, _BALANCES)
    return Walker(
        age=age,
        balance=balance,
        pace=random.gauss(0, 1),
        asymmetry=_clip(random.gauss(0, 0.015 + 0.04 * (1 - balance)), (-0.15, 0.15)),
    )


def _clip(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])
