"""Clock offsets: how far two clocks are apart, before and after the correction."""

from collections.abc import Iterable, Sequence
from math import ceil, floor
from typing import TYPE_CHECKING, Final

from stedi.plan.match import percent
from stedi.plots.checked import numbers
from stedi.plots.library import pair
from stedi.plots.palette import BLUE, INK, ORANGE, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS: Final = 60
_LEAST_SPAN: Final = 0.01
_ROOM: Final = 0.02


def clock_offsets(
    before: Iterable[float],
    after: Iterable[float],
    *,
    true_s: float | Iterable[float] | None = None,
    within_s: float = 0.1,
    axes: "tuple[Axes, Axes] | None" = None,
) -> "tuple[Axes, Axes]":
    """Draw how far two clocks are apart before a correction, and below on the same axis after it.

    Args:
        before: Seconds between the clocks: the step-time differences of the two sensors in one session, or
            the offsets of many sessions.
        after: The same after the correction.
        true_s: What is true of ``before``, where it is known: one offset, drawn as a line, or one per
            session, drawn as an outline.
        within_s: How near to zero counts as near, in the titles.
        axes: Where to draw, above and below; by default on a new figure.

    Returns:
        The axes before and after.

    Raises:
        FrameError: There is no value, or one is not finite.
        MissingLibraryError: matplotlib is not installed.

    Examples:
        >>> top, bottom = clock_offsets([0.2, 0.2, 0.19, 0.3], [0.0, 0.0, -0.01, 0.11], true_s=0.2)
        >>> print(top.get_title(loc="left"))
        before: 0.0 % within 0.1 s of zero
        >>> print(bottom.get_title(loc="left"))
        after: 75.0 % within 0.1 s of zero
        >>> [text.get_text() for text in top.get_legend().get_texts()]
        ['true: 0.200 s']
    """
    first, second = numbers(before, "offsets before"), numbers(after, "offsets after")
    true = None
    if true_s is not None:
        true = [float(true_s)] if isinstance(true_s, int | float) else numbers(true_s, "true offsets")
    low, high = min(*first, *second, *(true or ()), 0.0), max(*first, *second, *(true or ()), 0.0)
    room = _ROOM * (high - low) + _LEAST_SPAN / 2
    # One bar stands around zero, so that clocks that agree make one bar and not two.
    width = (high - low + 2 * room) / _BINS
    first_bar, last_bar = floor((low - room) / width + 0.5), ceil((high + room) / width - 0.5)
    edges = [(place - 0.5) * width for place in range(first_bar, last_bar + 2)]
    top, bottom = pair(axes, size=(9, 4.6))
    for drawn, values, name in ((top, first, "before"), (bottom, second, "after")):
        drawn.axvline(0, color=INK, linewidth=0.9, zorder=0)
        drawn.hist(values, bins=edges, facecolor=PALE, edgecolor=BLUE, linewidth=0.6, zorder=2)
        near = sum(abs(value) <= within_s for value in values) / len(values)
        title = f"{name}: {percent(near)} within {within_s:g} s of zero"
        drawn.set_title(title, loc="left")
        drawn.set_ylabel("count")
        drawn.locator_params("y", integer=True)
    if true is not None:
        _draw_true(top, true, edges, one=isinstance(true_s, int | float))
    bottom.set_xlim(edges[0], edges[-1])
    bottom.set_xlabel("phone minus step trainer, s")
    return top, bottom


def _draw_true(axes: "Axes", true: Sequence[float], edges: Sequence[float], *, one: bool) -> None:
    if one:
        label = f"true: {true[0]:.3f} s"
        axes.axvline(true[0], color=ORANGE, linewidth=2, linestyle="--", zorder=3, label=label)
    else:
        axes.hist(
            true,
            bins=list(edges),
            histtype="step",
            color=ORANGE,
            linewidth=1.6,
            linestyle="--",
            zorder=3,
            label="true",
        )
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, borderaxespad=0.2)
