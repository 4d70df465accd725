"""Poincaré: each step interval against the one before it."""

from collections.abc import Iterable
from itertools import pairwise
from math import sqrt
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Final

from stedi.errors import FrameError
from stedi.plots.checked import numbers
from stedi.plots.library import single
from stedi.plots.margin import legend_below
from stedi.plots.palette import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST: Final = 4
_ROOM: Final = 0.06


def poincare(step_times_s: Iterable[float], *, axes: "Axes | None" = None) -> "Axes":
    """Draw each step interval of a session against the one before it, with SD1 and SD2.

    SD1 is the standard deviation across the line of identity: how much an interval differs from the one
    before. SD2 is that along it: how much the pace wanders. With x and y the intervals of a pair, SD1 is
    the standard deviation of (x - y)/√2, SD2 that of (x + y)/√2 (Brennan, Palaniswami and Kamen, IEEE
    Transactions on Biomedical Engineering 2001;48:1342-1347). The ellipse has them as its half-axes. Feet
    that step unevenly make two clouds, one on either side of the line.

    Args:
        step_times_s: When the steps of one session were, in seconds, in order.
        axes: Where to draw; by default on a new figure.

    Raises:
        FrameError: There are fewer than 4 steps, or their times do not increase.
        MissingLibraryError: matplotlib is not installed.

    Examples:
        >>> drawn = poincare([0.0, 0.5, 1.1, 1.6, 2.2])
        >>> [text.get_text() for text in drawn.get_legend().get_texts()]
        ['SD1 82 ms, across', 'SD2 0 ms, along']
    """
    times = numbers(step_times_s, "step times", least=_LEAST)
    intervals = [later - earlier for earlier, later in pairwise(times)]
    if min(intervals) <= 0:
        raise FrameError("step times: each must be later than the one before; sort them, session by session")
    before, after = intervals[:-1], intervals[1:]
    pairs = list(zip(before, after, strict=True))
    sd1 = stdev((x - y) / sqrt(2) for x, y in pairs)
    sd2 = stdev((x + y) / sqrt(2) for x, y in pairs)
    middle = fmean(before), fmean(after)
    drawn = single(axes, size=(5.4, 5.8))
    from matplotlib.patches import Ellipse  # noqa: PLC0415 - an extra

    low, high = min(intervals), max(intervals)
    room = _ROOM * (high - low) + 0.01
    edges = low - room, high + room
    drawn.plot(edges, edges, color=GREY, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
    drawn.plot(
        before, after, "o", color=BLUE, markersize=5, markeredgecolor="white", markeredgewidth=0.5, zorder=3
    )
    drawn.add_patch(
        Ellipse(middle, 2 * sd2, 2 * sd1, angle=45, facecolor="none", edgecolor=GREY, linewidth=1.0, zorder=1)
    )
    for sd, tilt, dash, colour, words in (
        (sd1, -1, "-", ORANGE, "SD1 {:.0f} ms, across"),
        (sd2, 1, "--", BLUE, "SD2 {:.0f} ms, along"),
    ):
        reach = sd / sqrt(2)
        drawn.plot(
            (middle[0] - reach, middle[0] + reach),
            (middle[1] - tilt * reach, middle[1] + tilt * reach),
            color=colour,
            linestyle=dash,
            linewidth=2,
            label=words.format(1000 * sd),
            zorder=4,
        )
    drawn.set_xlim(edges)
    drawn.set_ylim(edges)
    drawn.set_aspect("equal")
    drawn.set_xlabel("step interval, s")
    drawn.set_ylabel("next step interval, s")
    drawn.set_title(f"{len(times)} steps, mean interval {fmean(intervals):.2f} s", loc="left")
    legend_below(drawn, columns=2)
    return drawn
