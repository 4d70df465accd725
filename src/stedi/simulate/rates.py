"""How much of each kind of dirt there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

from stedi.errors import ConfigurationError, UnknownNameError
from stedi.simulate.damage import Damage
from stedi.simulate.spelling import Spelling

_K = TypeVar("_K", Damage, Spelling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The share of records that each kind of dirt takes, in proportion to the good ones.

    Attributes:
        total: Shared out evenly among all kinds of bad records, and once more among all kinds of unusual
            spellings.
        own: Instead of that: the rate of each kind that there is.
    """

    total: float = 0.0
    own: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, dirt: float | Mapping[str, float], *, kinds: Sequence[str]) -> Self:
        """Read the argument ``dirt``.

        Raises:
            ConfigurationError: A rate is not from 0 to 1.
            UnknownNameError: There is no such kind of dirt.
        """
        if not isinstance(dirt, Mapping):
            return cls(total=_checked("dirt", dirt))
        for kind in dirt:
            if kind not in kinds:
                raise UnknownNameError.of("kind of dirt", kind, kinds)
        return cls(own={kind: _checked(f"dirt[{kind!r}]", rate) for kind, rate in sorted(dirt.items())})

    @property
    def any(self) -> bool:
        """Whether there is any dirt."""
        return self.total > 0 or any(rate > 0 for rate in self.own.values())

    @property
    def argument(self) -> float | dict[str, float]:
        """The argument that these rates were read from."""
        return dict(self.own) or self.total

    def share_out(self, kinds: Sequence[_K], *, records: int) -> list[tuple[_K, int]]:
        """Return how many records of each kind there are.

        A total is shared out evenly: at least one of each kind, as long as a quarter of the good records is
        enough for that.

        Examples:
            >>> from stedi.simulate.spelling import spellings_of
            >>> spellings = spellings_of("accelerometer_landing")
            >>> {count for _, count in Rates(total=0.01).share_out(spellings, records=70_000)}
            {100}
            >>> sum(count for _, count in Rates(total=0.01).share_out(spellings, records=16))
            4
            >>> own = Rates(own={"float_time": 0.25}).share_out(spellings, records=16)
            >>> [(spelling.kind, count) for spelling, count in own]
            [('float_time', 4)]
        """
        if self.own:
            counts = [(kind, round(self.own.get(kind.kind, 0) * records)) for kind in kinds]
            return [(kind, count) for kind, count in counts if count]
        if not self.total:
            return []
        total = max(round(self.total * records), min(len(kinds), records // 4))
        whole, rest = divmod(total, len(kinds))
        return [(kind, whole + (index < rest)) for index, kind in enumerate(kinds)]


def _checked(name: str, rate: float) -> float:
    if not 0 <= rate <= 1:
        raise ConfigurationError(f"{name}={rate}: it must be from 0 (none) to 1 (as many as good records)")
    return float(rate)
