"""One session as both sensors saw it, with the steps marked."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from stedi.errors import FrameError
from stedi.plots.library import figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours that colour-blind people can tell apart, and that differ in grey too.
_BLUE: Final = "#0b5a8f"
_ORANGE: Final = "#b34700"
_GREY: Final = "#9aa0a6"
_GAP: Final = timedelta(milliseconds=100)
_SHARE: Final = 0.02
_MARGIN: Final = 0.12


def session_trace(
    steps: pl.DataFrame,
    accelerometer: pl.DataFrame,
    *,
    step_events: pl.DataFrame | None = None,
    axes: "tuple[Axes, Axes] | None" = None,
) -> "tuple[Axes, Axes]":
    """Draw the distance of the foot above the strength of the acceleration, with the steps marked.

    Lines are broken where a sensor says nothing for more than 100 ms. Distances far outside the others, such
    as those of a sensor that saw nothing, are drawn as triangles at the edge.

    Args:
        steps: Step readings of one customer and session: ``sensor_reading_time``, ``distance_from_object``.
        accelerometer: Phone readings of the same: ``timestamp``, ``x``, ``y``, ``z``.
        step_events: When a foot came down: ``at``.
        axes: Where to draw; by default on a new figure.

    Returns:
        The axes of the step trainer, and those of the phone. ``axes[0].figure.savefig(...)`` saves them.

    Raises:
        FrameError: There is no reading of a sensor.
        MissingLibraryError: matplotlib is not installed.

    Examples:
        >>> from datetime import UTC, datetime
        >>> at = [datetime(2024, 1, 1, 12, 0, second, tzinfo=UTC) for second in range(3)]
        >>> steps = pl.DataFrame({"sensor_reading_time": at, "distance_from_object": [300, 220, 301]})
        >>> accelerometer = pl.DataFrame({"timestamp": at, "x": [0.0, 0.1, 0.2], "y": 9.8, "z": 0.5})
        >>> trainer, phone = session_trace(steps, accelerometer, step_events=pl.DataFrame({"at": at[2:]}))
        >>> phone.get_xlabel()
        'seconds since the first reading'
    """
    for name, frame in (("step trainer", steps), ("phone", accelerometer)):
        if frame.is_empty():
            raise FrameError(f"there is no {name} reading to draw: pass those of one session")
    top, bottom = axes if axes is not None else _pair()
    distances = steps.select(at="sensor_reading_time", value="distance_from_object").sort("at")
    strengths = accelerometer.select(
        at="timestamp", value=pl.sum_horizontal(pl.col("x", "y", "z") ** 2).sqrt()
    ).sort("at")
    first = min(distances["at"].item(0), strengths["at"].item(0))
    _draw_distances(top, distances, first)
    _draw(bottom, strengths, first, _ORANGE)
    if step_events is not None:
        contacts = _seconds(step_events.select(pl.col("at")), first)
        for each in (top, bottom):
            for second in contacts:
                each.axvline(second, color=_GREY, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
        top.plot([], [], color=_GREY, linewidth=0.8, linestyle=(0, (1, 2)), label=f"{len(contacts)} steps")
        top.legend(loc="lower left", bbox_to_anchor=(0.86, 1.0), frameon=False, borderaxespad=0.2)
    top.set_title("step trainer: distance from object", loc="left")
    bottom.set_title("phone: strength of acceleration, √(x² + y² + z²)", loc="left")
    bottom.set_xlabel("seconds since the first reading")
    return top, bottom


def _pair() -> "tuple[Axes, Axes]":
    made, axes = figure(2, size=(11, 5.2))
    top, bottom = axes
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
    made.set_dpi(110)
    return top, bottom


def _draw_distances(axes: "Axes", signal: pl.DataFrame, first: object) -> None:
    low, high = (_number(signal["value"].quantile(share)) for share in (_SHARE, 1 - _SHARE))
    # Once the usual range on either side: what lies further out says nothing of a foot.
    span = max(high - low, 1.0)
    usual = pl.col("value").is_between(low - span, high + span)
    inside = signal.filter(usual)
    _draw(axes, inside, first, _BLUE)
    bottom, top = _number(inside["value"].min()), _number(inside["value"].max())
    for edge, marker, beyond in ((bottom, "v", pl.col("value") < bottom), (top, "^", pl.col("value") > top)):
        far = _seconds(signal.filter(~usual & beyond), first)
        axes.plot(far, [edge] * len(far), marker, color=_BLUE, markersize=4.5)
    axes.set_ylim(bottom - _MARGIN * span, top + _MARGIN * span)


def _draw(axes: "Axes", signal: pl.DataFrame, first: object, colour: str) -> None:
    # Before the first reading after a silence stands a point that is no number: the line ends there.
    silent = signal.filter(pl.col("at").diff() > _GAP).with_columns(value=pl.lit(float("nan")))
    line = pl.concat([silent, signal.with_columns(pl.col("value").cast(pl.Float64))]).sort(
        "at", maintain_order=True
    )
    axes.plot(_seconds(line, first), line["value"].to_list(), color=colour, linewidth=1.1)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _seconds(frame: pl.DataFrame, first: object) -> list[float]:
    return frame.select((pl.col("at") - pl.lit(first)).dt.total_microseconds() / 1e6).to_series().to_list()
