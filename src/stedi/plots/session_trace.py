"""One session as both sensors saw it, with the steps marked."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from stedi.errors import FrameError
from stedi.plots.checked import Holds, need
from stedi.plots.library import pair
from stedi.plots.palette import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GAP: Final = timedelta(milliseconds=100)
_SHARE: Final = 0.02
_MARGIN: Final = 0.12
_DOTS: Final = (0, (1, 2))


class _Outcome(NamedTuple):
    """How a step of one outcome is drawn."""

    colour: str
    face: str
    marker: str
    dash: "tuple[int, tuple[int, ...]]"
    width: float
    size: float


_OUTCOMES: Final = {
    "matched": _Outcome(GREY, GREY, "o", _DOTS, 0.8, 4.0),
    "missed": _Outcome(ORANGE, "white", "o", (0, (5, 2)), 1.4, 6.0),
    "extra": _Outcome(BLUE, BLUE, "x", (0, (5, 2, 1, 2)), 1.4, 6.0),
}


def session_trace(
    steps: pl.DataFrame,
    accelerometer: pl.DataFrame,
    *,
    step_events: pl.DataFrame | None = None,
    judged: pl.DataFrame | None = None,
    axes: "tuple[Axes, Axes] | None" = None,
) -> "tuple[Axes, Axes]":
    """Draw the distance of the foot above the strength of the acceleration, with the steps marked.

    Lines are broken where a sensor says nothing for more than 100 ms. Distances far outside the others, such
    as those of a sensor that saw nothing, are drawn as triangles at the edge.

    Args:
        steps: Step readings of one customer and session: ``sensor_reading_time``, ``distance_from_object``.
        accelerometer: Phone readings of the same: ``timestamp``, ``x``, ``y``, ``z``.
        step_events: When a foot came down: ``at``.
        judged: Steps that a detector found, judged against the true ones: ``at`` and ``outcome``, which is
            ``"matched"``, ``"missed"`` (a true step that was not found) or ``"extra"`` (one that is none).
            In place of ``step_events``.
        axes: Where to draw; by default on a new figure.

    Returns:
        The axes of the step trainer, and those of the phone. ``axes[0].figure.savefig(...)`` saves them.

    Raises:
        FrameError: There is no reading of a sensor, or a frame of steps is not as said above.
        MissingLibraryError: matplotlib is not installed.

    Examples:
        >>> from datetime import UTC, datetime
        >>> at = [datetime(2024, 1, 1, 12, 0, second, tzinfo=UTC) for second in range(3)]
        >>> steps = pl.DataFrame({"sensor_reading_time": at, "distance_from_object": [300, 220, 301]})
        >>> accelerometer = pl.DataFrame({"timestamp": at, "x": [0.0, 0.1, 0.2], "y": 9.8, "z": 0.5})
        >>> trainer, phone = session_trace(steps, accelerometer, step_events=pl.DataFrame({"at": at[2:]}))
        >>> phone.get_xlabel()
        'seconds since the first reading'
        >>> judged = pl.DataFrame({"at": at[1:], "outcome": ["matched", "missed"]})
        >>> trainer, _ = session_trace(steps, accelerometer, judged=judged)
        >>> [text.get_text() for text in trainer.get_legend().get_texts()]
        ['1 matched', '1 missed', '0 extra']
    """
    for name, frame in (("step trainer", steps), ("phone", accelerometer)):
        if frame.is_empty():
            raise FrameError(f"there is no {name} reading to draw: pass those of one session")
    top, bottom = pair(axes, size=(11, 5.2))
    distances = steps.select(at="sensor_reading_time", value="distance_from_object").sort("at")
    strengths = accelerometer.select(
        at="timestamp", value=pl.sum_horizontal(pl.col("x", "y", "z") ** 2).sqrt()
    ).sort("at")
    first = min(distances["at"].item(0), strengths["at"].item(0))
    _draw_distances(top, distances, first)
    _draw(bottom, strengths, first, ORANGE)
    if step_events is not None and judged is not None:
        raise FrameError("pass the true steps, or steps that were judged against them: not both")
    if step_events is not None:
        _mark_steps((top, bottom), step_events, first)
    if judged is not None:
        _mark_judged((top, bottom), judged, first)
    top.set_title("step trainer: distance from object", loc="left", pad=8)
    bottom.set_title("phone: strength of acceleration, √(x² + y² + z²)", loc="left")
    bottom.set_xlabel("seconds since the first reading")
    return top, bottom


def _mark_steps(both: "tuple[Axes, Axes]", step_events: pl.DataFrame, first: object) -> None:
    contacts = _seconds(need(step_events, "steps", {"at": Holds.TIMES}, empty=True), first)
    _draw_lines(both, contacts, _OUTCOMES["matched"])
    both[0].plot([], [], color=GREY, linewidth=0.8, linestyle=_DOTS, label=f"{len(contacts)} steps")
    _explain_marks(both[0])


def _mark_judged(both: "tuple[Axes, Axes]", judged: pl.DataFrame, first: object) -> None:
    steps = need(judged, "judged steps", {"at": Holds.TIMES, "outcome": Holds.TEXT}, empty=True)
    if not steps["outcome"].is_in([*_OUTCOMES]).fill_null(value=False).all():
        raise FrameError(f"judged steps: column 'outcome' holds more than {', '.join(_OUTCOMES)}")
    for outcome, style in _OUTCOMES.items():
        seconds = _seconds(steps.filter(outcome=outcome).select("at"), first)
        _draw_lines(both, seconds, style)
        # The markers stand on the upper edge, so that no line of a sensor crosses them.
        both[0].plot(
            seconds,
            [1.0] * len(seconds),
            style.marker,
            transform=both[0].get_xaxis_transform(),
            color=style.colour,
            markerfacecolor=style.face,
            markersize=style.size,
            markeredgewidth=1.6,
            clip_on=False,
            zorder=4,
            label=f"{len(seconds)} {outcome}",
        )
    _explain_marks(both[0])


def _draw_lines(both: "tuple[Axes, Axes]", seconds: list[float], style: _Outcome) -> None:
    for axes in both:
        for second in seconds:
            axes.axvline(second, color=style.colour, linewidth=style.width, linestyle=style.dash, zorder=0)


def _explain_marks(axes: "Axes") -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.02), ncols=3, frameon=False, borderaxespad=0.2)


def _draw_distances(axes: "Axes", signal: pl.DataFrame, first: object) -> None:
    low, high = (_number(signal["value"].quantile(share)) for share in (_SHARE, 1 - _SHARE))
    # Once the usual range on either side: what lies further out says nothing of a foot.
    span = max(high - low, 1.0)
    usual = pl.col("value").is_between(low - span, high + span)
    inside = signal.filter(usual)
    _draw(axes, inside, first, BLUE)
    bottom, top = _number(inside["value"].min()), _number(inside["value"].max())
    for edge, marker, beyond in ((bottom, "v", pl.col("value") < bottom), (top, "^", pl.col("value") > top)):
        far = _seconds(signal.filter(~usual & beyond), first)
        axes.plot(far, [edge] * len(far), marker, color=BLUE, markersize=4.5)
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
