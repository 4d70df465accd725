"""Sessions on a grid, out of readings: which can be used, and what each was made of."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from stedi.errors import DatasetError
from stedi.ml.readings import AXES, Cut, SensorReadings
from stedi.ml.recipe import Recipe
from stedi.ml.resample import to_grid
from stedi.ml.sampling import MIN_RATE_HZ, Sampling
from stedi.ml.session import SENSORS, Session
from stedi.ml.signals import in_range
from stedi.names import EPOCH
from stedi.outline import outline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stedi.ml.clock import ClockEstimate

NO_TRAINER: Final = "no_step_trainer"
NO_PHONE: Final = "no_accelerometer"
FEW: Final = "too_few_readings"
SLOW: Final = "rate_too_low"
CLOCK: Final = "clock_not_usable"

REASONS: Final = {
    NO_TRAINER: "no step trainer reading",
    NO_PHONE: "no accelerometer reading",
    FEW: "fewer than 10 readings of a sensor",
    SLOW: f"a sensor was read less than {MIN_RATE_HZ:g} times a second",
    CLOCK: "the phone's clock can't be told",
}
"""Why a session is left out, in the order of the checks."""

_ENOUGH: Final = 10
_US: Final = 1e6
_UTC: Final = pl.Datetime("us", "UTC")
_SAMPLING: Final = {
    "session_id": pl.String,
    "sensor": pl.String,
    "readings": pl.Int64,
    "rate_hz": pl.Float64,
    "jitter_s": pl.Float64,
    "lost": pl.Float64,
    "held": pl.Float64,
    "repeated_times": pl.Int64,
    "gaps": pl.Int64,
    "gap_s": pl.Float64,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A session that can't be used.

    Attributes:
        session_id: Its name.
        customer_id: Whose it is.
        reason: Why: one of no_step_trainer, no_accelerometer, too_few_readings, rate_too_low,
            clock_not_usable.
        detail: The same, with figures.
    """

    session_id: str
    customer_id: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assembled:
    """What readings gave.

    Attributes:
        sessions: The sessions, by customer and time.
        left_out: Those that can't be used.
        sampling: How each sensor was read in each session, those that were left out included.
    """

    sessions: tuple[Session, ...]
    left_out: tuple[LeftOut, ...]
    sampling: pl.DataFrame

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Series:
    """The readings of one sensor that are used: their times rise strictly."""

    us: "NDArray[np.int64]"
    values: "NDArray[np.float64]"
    sampling: Sampling


def assemble(readings: SensorReadings, recipe: Recipe, *, hint: str = "") -> Assembled:
    """Make sessions of readings.

    Args:
        readings: The readings of both sensors.
        recipe: How.
        hint: What to do if the readings come too rarely, where something is known.

    Raises:
        DatasetError: The readings can't hold steps, or no session can be used.
    """
    cuts = sorted(readings.cuts(), key=lambda cut: (cut.customer_id, _start(cut), cut.device_id or ""))
    if not cuts:
        raise DatasetError(f"{readings.table} holds no readings{hint}")
    series = [(_trainer(cut), _phone(cut, recipe)) for cut in cuts]
    for place, sensor in ((1, SENSORS[0]), (0, SENSORS[1])):
        _check_rate([pair[place] for pair in series], sensor, table=readings.table, hint=hint)
    made = [_session(cut, trainer, phone, recipe) for cut, (trainer, phone) in zip(cuts, series, strict=True)]
    sessions = tuple(one for one in made if isinstance(one, Session))
    left_out = tuple(one for one in made if isinstance(one, LeftOut))
    if not sessions:
        shared = (
            f". {readings.shared} step readings are attributed to more than one customer and were left out: "
            'shared_steps="keep" keeps them'
            if readings.shared and recipe.shared_steps == "drop"
            else ""
        )
        raise DatasetError(
            f"{readings.table}: none of the {len(cuts)} sessions can be used: {told(left_out)}{shared}{hint}"
        )
    return Assembled(
        sessions=sessions,
        left_out=left_out,
        sampling=pl.DataFrame(
            [
                {"session_id": cut.session_id, "sensor": sensor, **asdict(each.sampling)}
                for cut, pair in zip(cuts, series, strict=True)
                for sensor, each in zip(SENSORS, reversed(pair), strict=True)
            ],
            schema=_SAMPLING,
        ),
    )


def told(left_out: Iterable[LeftOut]) -> str:
    """Say for which reasons sessions were left out."""
    reasons = [one.reason for one in left_out]
    return "; ".join(f"{reasons.count(name)}: {REASONS[name]}" for name in REASONS if name in reasons)


def _start(cut: Cut) -> int:
    return min(int(each[0]) for each in (cut.trainer_us, cut.phone_us) if len(each))


def _trainer(cut: Cut) -> _Series:
    # Of several distances at one time the middle one is taken: it is one that was measured.
    us, first, count = np.unique(cut.trainer_us, return_index=True, return_counts=True)
    return _Series(
        us=us,
        values=cut.distance[first + (count - 1) // 2][:, None],
        sampling=Sampling.of(us / _US - _zero(us), repeated_times=len(cut.trainer_us) - len(us)),
    )


def _phone(cut: Cut, recipe: Recipe) -> _Series:
    us, first, count = np.unique(cut.phone_us, return_index=True, return_counts=True)
    xyz = np.add.reduceat(cut.xyz, first, axis=0) / count[:, None] if len(us) else cut.xyz
    repeats = np.zeros(len(us), np.bool_)
    repeats[1:] = (xyz[1:] == xyz[:-1]).all(axis=1)
    used = ~repeats if recipe.held == "missing" else np.ones(len(us), np.bool_)
    return _Series(
        us=us[used],
        values=xyz[used] * recipe.factor,
        sampling=Sampling.of(
            us[used] / _US - _zero(us),
            readings=len(us),
            held=int(repeats.sum()),
            repeated_times=len(cut.phone_us) - len(us),
        ),
    )


def _zero(us: "NDArray[np.int64]") -> float:
    return float(us[0]) / _US if len(us) else 0.0


def _check_rate(series: Sequence[_Series], sensor: str, *, table: str, hint: str) -> None:
    """Refuse a table whose sessions, by their length, mostly come too slowly to hold steps."""
    known = [each for each in series if each.sampling.rate_hz > 0]
    if not known:
        return
    rates = np.array([each.sampling.rate_hz for each in known])
    lengths = np.array([each.us[-1] - each.us[0] for each in known], np.float64)
    order = np.argsort(rates, kind="stable")
    total = np.cumsum(lengths[order])
    rate = float(rates[order][np.searchsorted(total, total[-1] / 2)])
    if rate < MIN_RATE_HZ:
        raise DatasetError(
            f"{table} can't hold steps: its {sensor.replace('_', ' ')} was read {rate:.2g} times a second, "
            f"every {1 / rate:.2g} s. People take up to 2.5 steps a second, and to see one takes at least "
            f"{MIN_RATE_HZ:g} readings a second{hint or '. Use recordings with a higher sampling rate'}"
        )


def _session(cut: Cut, trainer: _Series, phone: _Series, recipe: Recipe) -> Session | LeftOut:
    found = _unfit(cut, trainer, phone)
    offset = 0.0
    if found is None and recipe.clock == "estimate":
        estimate = _estimated(cut)
        offset = estimate.offset_s if estimate.usable else 0.0
        found = None if estimate.usable else (CLOCK, estimate.reason or REASONS[CLOCK])
    if found is not None or cut.device_id is None:
        reason, detail = found or (NO_TRAINER, REASONS[NO_TRAINER])
        return LeftOut(session_id=cut.session_id, customer_id=cut.customer_id, reason=reason, detail=detail)
    phone = replace(phone, us=phone.us - round(offset * _US))
    start = min(int(trainer.us[0]), int(phone.us[0]))
    end = max(int(trainer.us[-1]), int(phone.us[-1]))
    length = int((end - start) / _US * recipe.rate_hz) + 1
    distance, trained = _on_grid(trainer, start, length, recipe, lone=~in_range(trainer.values[:, 0]))
    xyz, phoned = _on_grid(phone, start, length, recipe)
    return Session(
        session_id=cut.session_id,
        customer_id=cut.customer_id,
        device_id=cut.device_id,
        started_at=EPOCH + timedelta(microseconds=start),
        rate_hz=recipe.rate_hz,
        samples=np.ascontiguousarray(np.concatenate([xyz, distance], axis=1), np.float32),
        observed=np.stack([phoned, trained], axis=1),
        clock_offset_s=offset,
    )


def _unfit(cut: Cut, trainer: _Series, phone: _Series) -> tuple[str, str] | None:
    if cut.device_id is None:
        return NO_TRAINER, REASONS[NO_TRAINER]
    if not len(phone.us):
        return NO_PHONE, REASONS[NO_PHONE]
    both = ((SENSORS[0], phone), (SENSORS[1], trainer))
    if min(len(each.us) for _, each in both) < _ENOUGH:
        counts = ", ".join(f"{len(each.us)} of the {sensor}" for sensor, each in both)
        return FEW, f"{REASONS[FEW]}: {counts}"
    if min(each.sampling.rate_hz for _, each in both) < MIN_RATE_HZ:
        rates = ", ".join(f"the {sensor} {each.sampling.rate_hz:.2g}" for sensor, each in both)
        return SLOW, f"{REASONS[SLOW]}: {rates}"
    return None


def _on_grid(
    series: _Series, start: int, length: int, recipe: Recipe, *, lone: "NDArray[np.bool_] | None" = None
) -> "tuple[NDArray[np.float64], NDArray[np.bool_]]":
    return to_grid(
        (series.us - start) / _US,
        series.values,
        length=length,
        rate_hz=recipe.rate_hz,
        source_hz=series.sampling.rate_hz,
        lone=lone,
    )


def _estimated(cut: Cut) -> "ClockEstimate":
    # Loaded here: whoever takes the clocks as they are needs none of it.
    from stedi.ml.clock import estimate_clock  # noqa: PLC0415

    steps = pl.DataFrame(
        {
            "sensor_reading_time": pl.Series(cut.trainer_us).cast(_UTC),
            "distance_from_object": cut.distance.astype(np.int64),
        }
    )
    at = pl.DataFrame({"timestamp": pl.Series(cut.phone_us).cast(_UTC)})
    return estimate_clock(steps, at.hstack(pl.DataFrame(cut.xyz, schema=list(AXES))))
