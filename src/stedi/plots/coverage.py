"""Coverage: when each sensor was there, session by session."""

from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, Final

import polars as pl

from stedi.errors import FrameError
from stedi.plots.checked import Holds, need, shortened
from stedi.plots.library import single
from stedi.plots.margin import label_lanes, legend_below, text_beside
from stedi.plots.palette import look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS: Final = {
    "session_id": Holds.ANY,
    "sensor": Holds.ANY,
    "start_s": Holds.NUMBERS,
    "end_s": Holds.NUMBERS,
}
_LANE: Final = 0.72
_HATCHES: Final = ("", "////", "....", "xxxx", "")
_MOST_LABELS: Final = 40
_LINE_INCHES: Final = 0.34
_TALLEST: Final = 12.0


def coverage(spans: pl.DataFrame, *, axes: "Axes | None" = None) -> "Axes":
    """Draw when each sensor was there, one lane per session, with the share of it in which all were.

    A session is as long as from its first start to its last end.

    Args:
        spans: ``session_id``, ``sensor``, ``start_s`` and ``end_s``: half-open spans without a gap, in
            seconds from the session's beginning. Sessions and sensors keep the order of their first row.
        axes: Where to draw; by default on a new figure.

    Raises:
        FrameError: A column is missing, there is no row, or a span ends before it starts.
        MissingLibraryError: matplotlib is not installed.

    Examples:
        >>> spans = pl.DataFrame(
        ...     {
        ...         "session_id": "a1",
        ...         "sensor": ["step_trainer", "accelerometer", "accelerometer"],
        ...         "start_s": [0.0, 0.0, 30.0],
        ...         "end_s": [40.0, 20.0, 40.0],
        ...     }
        ... )
        >>> drawn = coverage(spans)
        >>> [text.get_text() for text in drawn.texts]
        ['75 %']
        >>> [container.get_label() for container in drawn.containers]
        ['step_trainer', 'accelerometer']
    """
    checked = need(spans, "coverage", _COLUMNS).with_columns(pl.col("start_s", "end_s").cast(pl.Float64))
    usable = (
        pl.col("start_s").is_finite() & pl.col("end_s").is_finite() & (pl.col("start_s") <= pl.col("end_s"))
    )
    if not checked.select(usable.fill_null(value=False).all()).item():
        raise FrameError("coverage: a span has no start or no end, or ends before it starts")
    sessions = checked["session_id"].unique(maintain_order=True).to_list()
    sensors = checked["sensor"].unique(maintain_order=True).to_list()
    drawn = single(axes, size=(9, min(1.3 + _LINE_INCHES * len(sessions), _TALLEST)))
    height = _LANE / len(sensors)
    for place, sensor in enumerate(sensors):
        mine = checked.filter(pl.col("sensor").eq_missing(sensor))
        style, hatch = look(place), _HATCHES[place % len(_HATCHES)]
        drawn.barh(
            [sessions.index(name) - _LANE / 2 + (place + 0.5) * height for name in mine["session_id"]],
            (mine["end_s"] - mine["start_s"]).to_list(),
            left=mine["start_s"].to_list(),
            height=0.86 * height,
            facecolor="white" if hatch else style.colour,
            edgecolor=style.colour,
            hatch=hatch,
            linewidth=0.8,
            label=str(sensor),
        )
    shares = [
        _share(checked.filter(pl.col("session_id").eq_missing(name)), len(sensors)) for name in sessions
    ]
    every = ceil(len(sessions) / _MOST_LABELS)
    for place in range(0, len(sessions), every):
        text_beside(drawn, place, f"{100 * shares[place]:.0f} %")
    label_lanes(drawn, shortened(sessions), every=every)
    drawn.set_xlim(min(checked["start_s"]), max(checked["end_s"]))
    drawn.set_xlabel("seconds since the session began")
    drawn.set_title(_title(sessions, shares), loc="left")
    legend_below(drawn, columns=len(sensors))
    return drawn


def _title(sessions: list[object], shares: list[float]) -> str:
    count = f"{len(sessions):,} session{'s' if len(sessions) != 1 else ''}"
    low, high = f"{100 * min(shares):.0f}", f"{100 * max(shares):.0f}"
    return f"{count}: all sensors there for {low if low == high else f'{low} to {high}'} % of the time"


def _share(spans: pl.DataFrame, sensors: int) -> float:
    """Return the share of one session in which all sensors are there."""
    rows = spans.select("sensor", "start_s", "end_s").rows()
    edges = sorted({*spans["start_s"], *spans["end_s"]})
    together = sum(
        later - earlier
        for earlier, later in pairwise(edges)
        if len({sensor for sensor, start, end in rows if start <= earlier and later <= end}) == sensors
    )
    return together / (edges[-1] - edges[0]) if len(edges) > 1 else 0.0
