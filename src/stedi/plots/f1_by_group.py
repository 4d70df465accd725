"""F1 by group: where a detector is good, and on how few it was tried."""

from math import floor
from typing import TYPE_CHECKING, Final

import polars as pl

from stedi.errors import FrameError
from stedi.plots.checked import Holds, need
from stedi.plots.library import single
from stedi.plots.margin import label_lanes, legend_below, text_beside
from stedi.plots.palette import GREY, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS: Final = {"group": Holds.ANY, "series": Holds.ANY, "f1": Holds.NUMBERS, "n": Holds.NUMBERS}
_APART: Final = 0.16
_STEP: Final = 0.05
_LINE_INCHES: Final = 0.42


def f1_by_group(scores: pl.DataFrame, *, n: str = "sessions", axes: "Axes | None" = None) -> "Axes":
    """Draw the F1 of each group as a dot, series beside series, with the number that it rests on.

    The axis ends at 1 and begins a little below the worst F1, not at 0: dots are compared by where they
    stand. A group without an F1 (null: nothing to detect) has its count and no dot.

    Args:
        scores: ``group`` (such as an age), ``series`` (such as a sensor), ``f1`` and ``n``, one row per group
            and series; both keep the order in which they first come.
        n: What ``n`` counts, in words.
        axes: Where to draw; by default on a new figure.

    Raises:
        FrameError: A column is missing, there is no row, an F1 is outside 0 to 1, or a group and series come
            twice.
        MissingLibraryError: matplotlib is not installed.

    Examples:
        >>> scores = pl.DataFrame({"group": ["under 60", "60 and over"], "f1": [0.99, 0.91], "n": [12, 30]})
        >>> drawn = f1_by_group(scores.with_columns(series=pl.lit("both sensors")))
        >>> drawn.get_title(loc="left"), [text.get_text() for text in drawn.texts]
        ('F1 between 0.91 and 0.99', ['12 sessions', '30 sessions'])
    """
    checked = need(scores, "scores", _COLUMNS)
    if checked.select("group", "series").is_duplicated().any():
        raise FrameError("scores: a group and series come twice; aggregate them first")
    known = checked.filter(pl.col("f1").is_not_null() & pl.col("f1").is_not_nan())
    if known.filter(~pl.col("f1").is_between(0, 1)).height:
        raise FrameError("scores: an F1 is outside 0 to 1")
    groups = checked["group"].unique(maintain_order=True).to_list()
    series = checked["series"].unique(maintain_order=True).to_list()
    drawn = single(axes, size=(8, 1.2 + _LINE_INCHES * len(groups)))
    for place, name in enumerate(series):
        mine = known.filter(pl.col("series").eq_missing(name))
        shift = _APART * (place - (len(series) - 1) / 2)
        style = look(place)
        drawn.plot(
            mine["f1"].to_list(),
            [groups.index(group) + shift for group in mine["group"]],
            style.marker,
            color=style.colour,
            markersize=7,
            markeredgecolor="white",
            markeredgewidth=0.5,
            label=str(name),
            clip_on=False,
            zorder=3,
        )
    values = known["f1"].cast(pl.Float64).to_list()
    low = max(0.0, _STEP * floor((min(values) - _STEP / 2) / _STEP)) if values else 0.0
    for place, group in enumerate(groups):
        drawn.axhline(place, color=GREY, linewidth=0.6, linestyle=(0, (1, 2)), zorder=0)
        counts = checked.filter(pl.col("group").eq_missing(group))["n"].unique(maintain_order=True)
        text_beside(drawn, place, f"{' / '.join(f'{count:,}' for count in counts)} {n}")
    drawn.set_xlim(low, 1)
    label_lanes(drawn, [str(group) for group in groups])
    drawn.set_xlabel("F1")
    title = f"F1 between {min(values):.2f} and {max(values):.2f}" if values else "no group has an F1"
    drawn.set_title(title, loc="left")
    if len(series) > 1:
        legend_below(drawn, columns=len(series))
    return drawn
