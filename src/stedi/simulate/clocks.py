"""Which clock stamps a reading: the phone's and the step trainer's own, or the app's for both."""

from typing import Literal, TypeAlias, get_args

import polars as pl

from stedi.errors import UnknownNameError
from stedi.simulate.draws import Draws
from stedi.simulate.preset import Preset

Clocks: TypeAlias = Literal["one", "two"]
"""``one``: the app stamps the readings of both sensors. ``two``: each sensor stamps its own."""


def check_clocks(clocks: str) -> None:
    """Refuse what names no clocks.

    Raises:
        UnknownNameError: It is neither ``one`` nor ``two``.
    """
    if clocks not in get_args(Clocks):
        raise UnknownNameError.of("number of clocks", clocks, get_args(Clocks))


def phone_clocks(n: int, draws: Draws, preset: Preset, clocks: Clocks) -> pl.DataFrame:
    """Return ``offset_s`` and ``drift`` of the phone's clock in n sessions: it shows t(1 + drift) + offset.

    The step trainer's clock shows t. With one clock there is nothing between them.
    """
    offset, drift = preset.clock_offset_s * draws.normal(n), preset.clock_drift_ppm * 1e-6 * draws.normal(n)
    clock = pl.DataFrame({"offset_s": offset, "drift": drift})
    return clock if clocks == "two" else clock.with_columns(pl.all().mul(0).abs())


def on_the_phone(seconds: pl.Expr) -> pl.Expr:
    """Return what the phone's clock shows at a second of the session."""
    return seconds * (1 + pl.col("drift")) + pl.col("offset_s")


def stamp(seconds: pl.Expr) -> pl.Expr:
    """Return epoch milliseconds of a second of the session."""
    return pl.col("start") + (1000 * seconds).round().cast(pl.Int64)
