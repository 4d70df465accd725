"""Sessions on a grid, out of readings: which can be used, and what each was made of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stedi.errors import DatasetError
from stedi.ml.readings import AXES, SensorReadings, SessionReadings
from stedi.ml.recipe import Recipe
from stedi.ml.resample import to_grid
from stedi.ml.sampling import MIN_RATE_HZ, Sampling
from stedi.ml.schema import columns_of
from stedi.ml.session import SENSORS, Session
from stedi.ml.signals import in_range
from stedi.names import EPOCH

if TYPE_CHECKING:
    from stedi.ml.clock import ClockEstimate

_NO_TRAINER: Final = "no_step_trainer"
_NO_PHONE: Final = "no_accelerometer"
_FEW: Final = "too_few_readings"
_SLOW: Final = "rate_too_low"
_CLOCK: Final = "clock_not_usable"

REASONS: Final = {
    _NO_TRAINER: "no step trainer reading",
    _NO_PHONE: "no accelerometer reading",
    _FEW: "fewer than 10 readings of a sensor",
    _SLOW: f"a sensor was read less than {MIN_RATE_HZ:g} times a second",
    _CLOCK: "the phone's clock can't be told",
}
"""Why a session is left out, in the order of the checks."""

_ENOUGH: Final = 10
_US: Final = 1e6
_UTC: Final = pl.Datetime("us", "UTC")


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
class _Series:
    """The readings of one sensor that are used: their times rise strictly."""

    us: NDArray[np.int64]
    values: NDArray[np.float64]
    sampling: Sampling


def assemble(
    readings: SensorReadings, recipe: Recipe, *, hint: str = ""
) -> tuple[tuple[Session, ...], tuple[LeftOut, ...], pl.DataFrame]:
    """Make sessions of readings.

    Args:
        readings: The readings of both sensors.
        recipe: How.
        hint: What to do if the readings come too rarely, where something is known.

    Returns:
        The sessions, by customer and time; those that can't be used; and how each sensor was read in each
        session, those that were left out included.

    Raises:
        DatasetError: The readings can't hold steps, or no session can be used.
    """
    recorded = sorted(
        readings.sessions(), key=lambda one: (one.customer_id, one.start_us, one.device_id or "")
    )
    if not recorded:
        raise DatasetError(f"{readings.table} holds no readings{hint}")
    series = [{SENSORS[0]: _phone(one, recipe), SENSORS[1]: _trainer(one)} for one in recorded]
    for sensor in SENSORS:
        _check_rate([each[sensor] for each in series], sensor, table=readings.table, hint=hint)
    made = [_session(one, each, recipe) for one, each in zip(recorded, series, strict=True)]
    sessions = tuple(one for one in made if isinstance(one, Session))
    left_out = tuple(one for one in made if isinstance(one, LeftOut))
    if not sessions:
        shared = (
            f". {readings.shared} step readings are attributed to more than one customer and were left out: "
            'shared_steps="keep" keeps them'
            if readings.shared and recipe.shared_steps == "drop"
            else ""
        )
        reasons = "; ".join(f"{count}: {REASONS[name]}" for name, count in count_reasons(left_out).items())
        raise DatasetError(
            f"{readings.table}: none of the {len(recorded)} sessions can be used: {reasons}{shared}{hint}"
        )
    sampling = [
        {"session_id": one.session_id, "sensor": sensor, **asdict(each[sensor].sampling)}
        for one, each in zip(recorded, series, strict=True)
        for sensor in SENSORS
    ]
    schema = {"session_id": pl.String, "sensor": pl.String, **columns_of(Sampling)}
    return sessions, left_out, pl.DataFrame(sampling, schema=schema)


def count_reasons(left_out: Iterable[LeftOut]) -> dict[str, int]:
    """Count for which reasons sessions were left out, in the order of the checks."""
    reasons = [one.reason for one in left_out]
    return {name: reasons.count(name) for name in REASONS if name in reasons}


def _trainer(readings: SessionReadings) -> _Series:
    # Of several distances at one time the middle one is taken: it is one that was measured.
    us, first, count = np.unique(readings.trainer_us, return_index=True, return_counts=True)
    return _Series(
        us=us,
        values=readings.distance[first + (count - 1) // 2][:, None],
        sampling=Sampling.of(us / _US - _zero(us), repeated_times=len(readings.trainer_us) - len(us)),
    )


def _phone(readings: SessionReadings, recipe: Recipe) -> _Series:
    us, first, count = np.unique(readings.phone_us, return_index=True, return_counts=True)
    xyz = np.add.reduceat(readings.xyz, first, axis=0) / count[:, None] if len(us) else readings.xyz
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
            repeated_times=len(readings.phone_us) - len(us),
        ),
    )


def _zero(us: NDArray[np.int64]) -> float:
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


def _session(readings: SessionReadings, series: Mapping[str, _Series], recipe: Recipe) -> Session | LeftOut:
    session_id, customer_id, device_id = readings.session_id, readings.customer_id, readings.device_id
    unfit, offset = _unfit(readings, series), 0.0
    if unfit is None and recipe.clock == "estimate":
        estimate = _estimated(readings)
        if estimate.usable:
            offset = estimate.offset_s
        else:
            unfit = _CLOCK, estimate.reason or REASONS[_CLOCK]
    if unfit is not None or device_id is None:
        reason, detail = unfit or (_NO_TRAINER, REASONS[_NO_TRAINER])
        return LeftOut(session_id=session_id, customer_id=customer_id, reason=reason, detail=detail)
    phone, trainer = (series[sensor] for sensor in SENSORS)
    phone = replace(phone, us=phone.us - round(offset * _US))
    start = min(int(trainer.us[0]), int(phone.us[0]))
    end = max(int(trainer.us[-1]), int(phone.us[-1]))
    length = int((end - start) / _US * recipe.rate_hz) + 1
    distance, trained = _on_grid(trainer, start, length, recipe, lone=~in_range(trainer.values[:, 0]))
    xyz, phoned = _on_grid(phone, start, length, recipe)
    return Session(
        session_id=session_id,
        customer_id=customer_id,
        device_id=device_id,
        started_at=EPOCH + timedelta(microseconds=start),
        rate_hz=recipe.rate_hz,
        samples=np.ascontiguousarray(np.concatenate([xyz, distance], axis=1), np.float32),
        observed=np.stack([phoned, trained], axis=1),
        clock_offset_s=offset,
    )


def _unfit(readings: SessionReadings, series: Mapping[str, _Series]) -> tuple[str, str] | None:
    """Return why a session can't be used, whatever its clocks say: the reason, and the same with figures."""
    if readings.device_id is None:
        return _NO_TRAINER, REASONS[_NO_TRAINER]
    if not len(readings.phone_us):
        return _NO_PHONE, REASONS[_NO_PHONE]
    if min(len(each.us) for each in series.values()) < _ENOUGH:
        counts = ", ".join(f"{len(each.us)} of the {sensor}" for sensor, each in series.items())
        return _FEW, f"{REASONS[_FEW]}: {counts}"
    if min(each.sampling.rate_hz for each in series.values()) < MIN_RATE_HZ:
        rates = ", ".join(f"the {sensor} {each.sampling.rate_hz:.2g}" for sensor, each in series.items())
        return _SLOW, f"{REASONS[_SLOW]}: {rates}"
    return None


def _on_grid(
    series: _Series, start: int, length: int, recipe: Recipe, *, lone: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return to_grid(
        (series.us - start) / _US,
        series.values,
        length=length,
        rate_hz=recipe.rate_hz,
        source_hz=series.sampling.rate_hz,
        lone=lone,
    )


def _estimated(readings: SessionReadings) -> "ClockEstimate":
    # Loaded here: whoever takes the clocks as they are needs none of it.
    from stedi.ml.clock import estimate_clock  # noqa: PLC0415

    steps = pl.DataFrame(
        {
            "sensor_reading_time": pl.Series(readings.trainer_us).cast(_UTC),
            "distance_from_object": readings.distance.astype(np.int64),
        }
    )
    axes = dict(zip(AXES, readings.xyz.T, strict=True))
    return estimate_clock(steps, pl.DataFrame({"timestamp": pl.Series(readings.phone_us).cast(_UTC), **axes}))
