"""Measure how well the baseline detectors find the steps of simulated customers whom nobody looked at.

uv run python benchmarks/detectors.py [--customers 60] [--dev]

The detectors were developed on the customers of seed 101 (--dev). The others are held out: nothing was chosen
by them, and nothing may be. A step is found if it is within 0.1 s of a true one, one to one.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stedi.ml import ClockEstimate, Session, StreamingDetector, detect_steps, estimate_clock, score_steps
from stedi.simulate import PRESETS
from stedi.simulate.customers import invent_customers
from stedi.simulate.draws import Draws
from stedi.simulate.sessions import plan_sessions
from stedi.simulate.signals import read_sensors

DEVELOPED_ON: Final = (101,)
HELD_OUT: Final = (9001, 9002)

_RATE_HZ: Final = 50.0
_HOLE_S: Final = 0.1001
_BEFORE_MS, _AFTER_MS = 5_000, 120_000
_NO_TARGET: Final = (0, 8190)
_TRAINER: Final = ("sensorReadingTime", "distanceFromObject")
_PHONE: Final = ("timestamp", "x", "y", "z")
_SENSORS: Final = ("distance", "phone", "both")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A session as it was recorded, and what is true of it. Times are seconds from its start."""

    trainer: NDArray[np.float64]
    phone: NDArray[np.float64]
    steps_s: NDArray[np.float64]
    offset_s: float
    clock: ClockEstimate


def record(preset: str, seed: int, customers: int) -> Iterator[Recorded]:
    """Let customers walk with two clocks, and estimate each session's offset."""
    figures = PRESETS[preset]
    people = invent_customers(customers, seed=seed, balance_shift=figures.balance_shift)
    sessions = plan_sessions(people, seed=seed)
    readings = read_sensors(sessions, Draws(seed, "signals"), preset=figures, clocks="two", order="time")
    trainers = readings.step_trainer.unique().sort(_TRAINER).partition_by("serialNumber", as_dict=True)
    phones = readings.accelerometer.unique().sort(_PHONE).partition_by("user", as_dict=True)
    for number, session in enumerate(sessions):
        trainer = _about(trainers[session.serial_number,], session.start, _TRAINER)
        phone = _about(phones[session.user,], session.start, _PHONE)
        steps = readings.steps.filter(pl.col("session") == number)["at"].to_numpy() / 1e6
        yield Recorded(
            trainer=trainer,
            phone=phone,
            steps_s=steps - session.start / 1e3,
            offset_s=readings.sessions["offset_s"][number],
            clock=estimate_clock(*_frames(trainer, phone)),
        )


def on_grid(recorded: Recorded, offset_s: float, *, phone: bool = True) -> Session:
    """Put both sensors on one grid, after the offset is taken off the phone's times."""
    good = (recorded.trainer[:, 1] > _NO_TARGET[0]) & (recorded.trainer[:, 1] < _NO_TARGET[1])
    shifted = recorded.phone - np.array([offset_s, 0, 0, 0])
    grid = np.arange(0, max(recorded.trainer[-1, 0], shifted[-1, 0]), 1 / _RATE_HZ)
    parts = [_lines(grid, shifted), _lines(grid, recorded.trainer[good])]
    if not phone:
        parts[0][:] = np.nan
    samples = np.concatenate(parts, axis=1).astype(np.float32)
    return Session(
        session_id="session",
        customer_id="customer",
        device_id="device",
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        rate_hz=_RATE_HZ,
        samples=samples,
        observed=np.isfinite(samples[:, [0, 3]]),
        steps_s=recorded.steps_s,
        clock_offset_s=offset_s,
    )


def aligned(recorded: Recorded, clocks: str) -> Session:
    """Return the session under the true offset, the estimated one, or none.

    Where the estimate is refused, the phone is left out.
    """
    if clocks == "true":
        return on_grid(recorded, recorded.offset_s)
    if clocks == "as they are":
        return on_grid(recorded, 0.0)
    if recorded.clock.usable:
        return on_grid(recorded, recorded.clock.offset_s)
    return on_grid(recorded, 0.0, phone=False)


def main() -> None:
    """Read the arguments, walk, detect, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--customers", type=int, default=60, help="per seed and preset")
    parser.add_argument("--dev", action="store_true", help="the customers that the detectors were made with")
    given = parser.parse_args()
    seeds, began = DEVELOPED_ON if given.dev else HELD_OUT, time.perf_counter()
    walked = {p: [r for seed in seeds for r in record(p, seed, given.customers)] for p in PRESETS}
    print(f"Seeds {seeds}, {given.customers} customers each; developed on seeds {DEVELOPED_ON}.\n")
    _print_clocks(walked)
    print("\n| preset | clocks | sensors | way | F1 | precision | recall | timing | sessions below 0.9 |")
    print("|---|---|---|---|---|---|---|---|---|")
    for preset, recorded in walked.items():
        for clocks in ("true", "estimated", "as they are"):
            sessions = [aligned(each, clocks) for each in recorded]
            for sensors in _SENSORS:
                if sensors != "distance" or clocks == "true":
                    _print_scores(preset, clocks, sensors, sessions)
    latency = StreamingDetector(rate_hz=_RATE_HZ).latency_s
    print(f"\nThe causal detector says a step at most {latency:.2f} s after the contact.")
    print(f"{time.perf_counter() - began:.0f} s")


def _print_clocks(walked: dict[str, list[Recorded]]) -> None:
    print("| preset | sessions | clock known | wrong by > 0.1 s | error of the rest |")
    print("|---|---|---|---|---|")
    for preset, recorded in walked.items():
        known = [each for each in recorded if each.clock.usable]
        off = np.array([each.clock.offset_s - each.offset_s for each in known])
        right = off[np.abs(off) <= 0.1]  # noqa: PLR2004 - the tolerance of a step
        print(
            f"| {preset} | {len(recorded)} | {len(known) / len(recorded):.1%} | {len(off) - len(right)} "
            f"| {1e3 * right.mean():.0f} ± {1e3 * right.std():.0f} ms |"
        )


def _print_scores(preset: str, clocks: str, sensors: str, sessions: list[Session]) -> None:
    true = _steps({str(n): session.steps_s for n, session in enumerate(sessions)})
    for causal in (False, True):
        found = {str(n): detect_steps(s, sensors=sensors, causal=causal) for n, s in enumerate(sessions)}
        score = score_steps(_steps(found), true)
        low = sum(
            not score_steps(found[str(n)], session.steps_s).f1 >= 0.9  # noqa: PLR2004 - the target for hard
            for n, session in enumerate(sessions)
        )
        print(
            f"| {preset} | {'–' if sensors == 'distance' else clocks} | {sensors} "
            f"| {'causal' if causal else 'offline'} | {score.f1:.4f} | {score.precision:.3f} "
            f"| {score.recall:.3f} | {1e3 * score.timing_mean_s:.0f} ± {1e3 * score.timing_sd_s:.0f} ms "
            f"| {low} of {len(sessions)} |",
            flush=True,
        )


def _steps(of: dict[str, NDArray[np.float64]]) -> pl.DataFrame:
    return pl.concat(
        pl.DataFrame(
            {"session_id": [name] * len(at), "at_s": at}, schema={"session_id": pl.String, "at_s": pl.Float64}
        )
        for name, at in of.items()
    )


def _about(frame: pl.DataFrame, start: int, columns: tuple[str, ...]) -> NDArray[np.float64]:
    kept = frame.filter(pl.col(columns[0]).is_between(start - _BEFORE_MS, start + _AFTER_MS))
    seconds = (pl.col(columns[0]) - start) / 1e3
    return kept.unique(columns[0], keep="first").sort(columns[0]).select(seconds, *columns[1:]).to_numpy()


def _frames(trainer: NDArray[np.float64], phone: NDArray[np.float64]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the readings as the trusted tables have them."""

    def times(seconds: NDArray[np.float64]) -> pl.Series:
        return pl.Series(((seconds + 1e9) * 1e6).astype(np.int64)).cast(pl.Datetime("us", "UTC"))

    return (
        pl.DataFrame({"sensor_reading_time": times(trainer[:, 0]), "distance_from_object": trainer[:, 1]}),
        pl.DataFrame({"timestamp": times(phone[:, 0]), **dict(zip("xyz", phone[:, 1:].T, strict=True))}),
    )


def _lines(grid: NDArray[np.float64], readings: NDArray[np.float64]) -> NDArray[np.float64]:
    seconds = readings[:, 0]
    lines = np.stack([np.interp(grid, seconds, column) for column in readings[:, 1:].T], axis=1)
    after = np.clip(np.searchsorted(seconds, grid), 1, len(seconds) - 1)
    outside = (grid < seconds[0]) | (grid > seconds[-1])
    lines[outside | (seconds[after] - seconds[after - 1] > _HOLE_S)] = np.nan
    return lines


if __name__ == "__main__":
    main()
