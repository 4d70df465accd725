"""The match rate: how many step readings find a phone reading, and how near it must be."""

from typing import TYPE_CHECKING, Final

import polars as pl

from stedi.errors import FrameError
from stedi.plan.match import ENOUGH, percent
from stedi.plots.checked import Holds, need
from stedi.plots.library import single
from stedi.plots.palette import GREY, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS: Final = {"join": Holds.ANY, "tolerance_ms": Holds.NUMBERS, "rate": Holds.NUMBERS}
_WIDE: Final = 20
_MOST_TICKS: Final = 12
_ROOM: Final = 1.15


def match_rate(rates: pl.DataFrame, *, axes: "Axes | None" = None) -> "Axes":
    """Draw the share of step readings that find a phone reading, against the tolerance, for several joins.

    Below the dotted line a run warns. Where the tolerances span more than a factor of 20, they stand on a
    logarithmic axis, which is linear from 0 to the smallest of them.

    Args:
        rates: ``join`` (what was joined how), ``tolerance_ms`` (0 is the exact join) and ``rate`` (0 to 1).
        axes: Where to draw; by default on a new figure.

    Raises:
        FrameError: A column is missing, there is no row, a tolerance is negative, or a rate is no share.
        MissingLibraryError: matplotlib is not installed.

    Examples:
        >>> rates = pl.DataFrame({"tolerance_ms": [0, 10, 20], "rate": [0.04, 0.8, 0.94]})
        >>> drawn = match_rate(rates.with_columns(join=pl.lit("clocks as sent")))
        >>> drawn.lines[0].get_ydata().tolist()
        [4.0, 80.0, 94.0]
        >>> drawn.get_title(loc="left")
        'clocks as sent: 4.0 % pair exactly, 94.0 % within 20 ms'
    """
    checked = need(rates, "match rates", _COLUMNS).drop_nulls()
    if checked.is_empty():
        raise FrameError("match rates: there is nothing to draw: every row has a null")
    if checked.filter((pl.col("tolerance_ms") < 0) | ~pl.col("rate").is_between(0, 1)).height:
        raise FrameError("match rates: a tolerance is negative, or a rate is outside 0 to 1")
    checked = checked.with_columns(pl.col("tolerance_ms", "rate").cast(pl.Float64)).sort(
        "tolerance_ms", maintain_order=True
    )
    present = set(checked["join"])
    joins = [join for join in rates["join"].unique(maintain_order=True) if join in present]
    drawn = single(axes, size=(8, 4.2))
    for place, join in enumerate(joins):
        mine = checked.filter(pl.col("join").eq_missing(join))
        style = look(place)
        drawn.plot(
            mine["tolerance_ms"].to_list(),
            (100 * mine["rate"]).to_list(),
            color=style.colour,
            marker=style.marker,
            linestyle=style.dash,
            markersize=6,
            markeredgecolor="white",
            markeredgewidth=0.5,
            linewidth=1.4,
            label=str(join),
            clip_on=False,
            zorder=3,
        )
    drawn.axhline(100 * ENOUGH, color=GREY, linewidth=1, linestyle=(0, (1, 2)), label="below it a run warns")
    _tolerances(drawn, sorted(set(checked["tolerance_ms"])))
    drawn.set_ylim(0, 100)
    drawn.yaxis.set_major_formatter("{x:.0f} %")
    drawn.set_xlabel("tolerance, ms")
    drawn.set_ylabel("step readings that pair")
    drawn.set_title(_title(checked, joins), loc="left")
    drawn.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, borderaxespad=0.2)
    return drawn


def _tolerances(axes: "Axes", values: list[float]) -> None:
    above = [value for value in values if value > 0]
    if not above:
        return
    if above[-1] > _WIDE * above[0]:
        axes.set_xscale("symlog", linthresh=above[0])
        axes.minorticks_off()
        if len(values) <= _MOST_TICKS:
            axes.set_xticks(values)
        axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(0 if values[0] == 0 else above[0] / _ROOM, above[-1] * _ROOM)


def _title(checked: pl.DataFrame, joins: list[object]) -> str:
    tolerances = sorted({min(checked["tolerance_ms"]), max(checked["tolerance_ms"])})
    words = []
    for tolerance in tolerances:
        reached = checked.filter(tolerance_ms=tolerance)["rate"]
        rates = dict.fromkeys(percent(rate) for rate in (min(reached), max(reached)))
        words.append(f"{' to '.join(rates)} {f'within {tolerance:g} ms' if tolerance else 'pair exactly'}")
    return f"{joins[0] if len(joins) == 1 else f'{len(joins)} joins'}: {', '.join(words)}"
