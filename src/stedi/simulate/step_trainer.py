"""What the step trainer measures: the distance of the foot, thirty times a second."""

import math
from typing import Final

import polars as pl

from stedi.simulate.draws import Draws
from stedi.simulate.gait import Walks, with_moves
from stedi.simulate.preset import Preset

_RATE_HZ: Final = 30
"""Readings per second."""

_NO_TARGET: Final = (0, 8190)
"""What the sensor reports when it sees nothing."""

_SKEW: Final = 0.85


def read_step_trainer(walks: Walks, draws: Draws, preset: Preset) -> pl.DataFrame:
    """Return the readings that were made: ``session``, ``second`` and ``distance``, a whole number of mm.

    d = d0 + drift + sway - A sin²(π u^0.85), u from 0 to 1 in the swing before each contact (DESIGN
    section 7); and the foot does not come down just where it stood.
    """
    rows = _places(walks.sessions, draws, preset)
    n = rows.height
    rows = rows.filter(draws.uniform(n) >= preset.trainer_missed)
    n = rows.height
    passed = (1 - (pl.col("next_s") - pl.col("second")) / pl.col("swing_s")).clip(0, 1).fill_null(0.0)
    swing = pl.col("lift").fill_null(0.0) * (math.pi * passed**_SKEW).sin() ** 2
    moved = (pl.col("next_place").fill_null(0.0) - pl.col("place")) * passed.pow(2) * (3 - 2 * passed)
    place = pl.col("place") + pl.when(passed > 0).then(moved).otherwise(0.0)
    wave = 2 * math.pi * pl.col("second")
    sway = pl.col("sway") * (
        (wave * pl.col("slow") + pl.col("slow_at")).sin()
        + 0.6 * (wave * pl.col("quick") + pl.col("quick_at")).sin()
    )
    luck = draws.uniform(n)
    out_of_range = pl.when(luck < preset.out_of_range / 2).then(_NO_TARGET[0]).otherwise(_NO_TARGET[1])
    return (
        with_moves(rows, walks.moves.drop("impact", "move_s", "body", "side"))
        .with_columns(
            distance=pl.col("rest") + pl.col("drift_mm") * pl.col("second") / 30 + sway + place - swing
        )
        .select(
            "session",
            "second",
            distance=pl.when(luck < preset.out_of_range)
            .then(out_of_range)
            .otherwise(
                (
                    pl.col("distance")
                    + (preset.trainer_noise + preset.trainer_noise_per_mm * pl.col("distance"))
                    * pl.lit(draws.normal(n))
                )
                .round(0)
                .clip(lower_bound=1)
            )
            .cast(pl.Int64),
        )
    )


def _places(sessions: pl.DataFrame, draws: Draws, preset: Preset) -> pl.DataFrame:
    """Return a row per reading, with the traits of its session."""
    n = sessions.height
    unsteady = 1 - pl.col("balance")
    return (
        sessions.select(
            "session",
            rest=255 + 75 * draws.uniform(n),
            drift_mm=preset.trainer_drift * draws.normal(n),
            sway=1.5 + 5 * unsteady * pl.lit(draws.uniform(n)),
            slow=0.15 + 0.25 * draws.uniform(n),
            slow_at=2 * math.pi * draws.uniform(n),
            quick=0.5 + 0.5 * draws.uniform(n),
            quick_at=2 * math.pi * draws.uniform(n),
            second=pl.int_ranges(0, (pl.col("seconds") * _RATE_HZ).floor().cast(pl.Int64)),
        )
        .explode("second")
        .with_columns(second=pl.col("second") / _RATE_HZ)
    )
