"""What the phone measures: the acceleration of the body along three axes, fifty times a second."""

import math
from typing import Final

import polars as pl

from stedi.simulate.draws import Draws
from stedi.simulate.gait import Walks, with_moves
from stedi.simulate.preset import Preset, Range

PHONE_RATE_HZ: Final = 50
"""Readings per second."""

JITTER_S: Final = 0.0015
"""The standard deviation of the moment of a reading, in seconds."""

_GRAVITY: Final = 9.81
_RISE_MM: Final = (6.0, 40.0)
_DECAY_S: Final = 0.055
_RINGING_HZ: Final = 8.0
_ONSET_S: Final = 0.12
_AXES: Final = ("x", "y", "z")


def phone_ticks(sessions: pl.DataFrame, draws: Draws, preset: Preset) -> pl.DataFrame:
    """Return when the phone would read: ``session``, ``second`` and whether it does (``read``)."""
    n = sessions.height
    start = 0.1 + 0.8 * draws.uniform(n)
    ticks = sessions.select(
        "session",
        gap_from=pl.when(draws.uniform(n) < preset.gap_sessions).then(pl.col("seconds") * start),
        gap_s=_even(preset.gap_s, draws, n),
        second=pl.int_ranges(0, (pl.col("seconds") * PHONE_RATE_HZ).floor().cast(pl.Int64)),
    ).explode("second")
    n = ticks.height
    second = (pl.col("second") / PHONE_RATE_HZ + JITTER_S * pl.lit(draws.normal(n))).clip(lower_bound=0)
    gap = (pl.col("second") / PHONE_RATE_HZ).is_between(
        pl.col("gap_from"), pl.col("gap_from") + pl.col("gap_s")
    )
    return ticks.select("session", second=second, read=~gap.fill_null(value=False))


def read_phone(ticks: pl.DataFrame, walks: Walks, draws: Draws, preset: Preset) -> pl.DataFrame:
    """Return the readings of these ticks: the columns of ``ticks``, and ``x``, ``y``, ``z`` in m/s².

    Vertically -(2πf)²(h/2)[cos 2π(φ + ½) + ¼ cos 4πφ], and at each contact an impact
    1.6 J a e^(-τ/0.055) sin(2π 8τ) (DESIGN section 7), seen through a phone that is turned somehow.
    """
    n = ticks.height
    if not n:
        return ticks.with_columns(pl.lit(None, dtype=pl.Float64).alias(axis) for axis in _AXES)
    moved = with_moves(ticks, walks.moves.drop("lift", "swing_s", "place", "next_place")).join(
        _traits(walks.sessions, draws, preset), on="session", how="left", maintain_order="left"
    )
    noise = [pl.col("noise") * pl.lit(draws.normal(n)) for _ in _AXES]
    readings = moved.with_columns(**_body()).select(
        *ticks.columns,
        *(
            (
                pl.col(f"gain_{axis}")
                * (
                    pl.col(f"side_{axis}") * pl.col("sideways")
                    + pl.col(f"fore_{axis}") * pl.col("forwards")
                    + pl.col(f"up_{axis}") * (pl.col("upwards") + _GRAVITY)
                )
                + pl.col(f"bias_{axis}")
                + disturbance
            )
            .round(3)
            .alias(axis)
            for axis, disturbance in zip(_AXES, noise, strict=True)
        ),
    )
    if not preset.phone_held:
        return readings
    held = (pl.lit(draws.uniform(n)) < preset.phone_held) & (pl.col("session") == pl.col("session").shift())
    return readings.with_columns(
        pl.when(held).then(pl.col(axis).shift()).otherwise(axis).alias(axis) for axis in _AXES
    )


def _body() -> dict[str, pl.Expr]:
    """Return the acceleration of the body: sideways, forwards, upwards."""
    since = pl.col("second") - pl.col("from_s")
    phase = 1 - (pl.col("next_s") - pl.col("second")) / pl.col("move_s")
    # Who has stood still does not start at once.
    rested = pl.col("next_s") - pl.col("move_s") - pl.col("from_s") > 0.005  # noqa: PLR2004 - seconds
    onset = pl.when(rested).then((phase * pl.col("move_s") / _ONSET_S).clip(upper_bound=1)).otherwise(1.0)
    share = pl.when(phase >= 0).then(pl.col("body") * onset).otherwise(0.0).fill_null(0.0)
    turn = 2 * math.pi * phase.fill_null(0.0)
    bounce = -((turn + math.pi).cos() + 0.25 * (2 * turn).cos())
    impact = (
        1.6
        * pl.col("impact")
        * pl.col("attenuation")
        * (-since / _DECAY_S).exp()
        * (2 * math.pi * _RINGING_HZ * since).sin()
    )
    wave = 2 * math.pi * pl.col("second")
    sway = pl.col("sway") * (wave * pl.col("sway_hz") + pl.col("sway_at")).sin()
    return {
        "sideways": share * pl.col("side_sway") * pl.col("side").fill_null(1.0) * (turn / 2).sin() + sway,
        "forwards": share * pl.col("push") * turn.sin() + 0.35 * impact + 0.6 * sway,
        "upwards": share * pl.col("swing") * bounce + impact,
    }


def _traits(sessions: pl.DataFrame, draws: Draws, preset: Preset) -> pl.DataFrame:
    """Return what is the same for all readings of a session."""
    n = sessions.height
    ability = 0.5 + 0.5 * pl.col("balance")
    rise_m = (pl.lit(21 + 7 * draws.normal(n)) * ability * preset.lift).clip(*_RISE_MM) / 1000
    return sessions.select(
        "session",
        swing=(2 * math.pi * pl.col("cadence")) ** 2 * rise_m / 2,
        side_sway=0.4 + 0.8 * draws.uniform(n),
        push=0.4 + 0.6 * draws.uniform(n),
        sway=0.02 + 0.15 * (1 - pl.col("balance")) * pl.lit(draws.uniform(n)),
        sway_hz=0.2 + 0.4 * draws.uniform(n),
        sway_at=2 * math.pi * draws.uniform(n),
        attenuation=_even(preset.attenuation, draws, n),
        noise=_even(preset.phone_noise, draws, n),
        **{f"gain_{axis}": 1 + 0.01 * draws.normal(n) for axis in _AXES},
        **{f"bias_{axis}": 0.05 * draws.normal(n) for axis in _AXES},
        **_turned(draws, n),
    )


def _even(bounds: Range, draws: Draws, n: int) -> pl.Series:
    low, high = bounds
    return low + (high - low) * draws.uniform(n)


def _turned(draws: Draws, n: int) -> dict[str, pl.Series]:
    """Return a random rotation per session, from a quaternion, as the columns of its matrix."""
    parts = [draws.normal(n) for _ in range(4)]
    length = (parts[0] ** 2 + parts[1] ** 2 + parts[2] ** 2 + parts[3] ** 2).sqrt()
    w, i, j, k = (part / length for part in parts)
    return {
        "side_x": 1 - 2 * (j * j + k * k),
        "side_y": 2 * (i * j + k * w),
        "side_z": 2 * (i * k - j * w),
        "fore_x": 2 * (i * j - k * w),
        "fore_y": 1 - 2 * (i * i + k * k),
        "fore_z": 2 * (j * k + i * w),
        "up_x": 2 * (i * k + j * w),
        "up_y": 2 * (j * k - i * w),
        "up_z": 1 - 2 * (i * i + j * j),
    }
