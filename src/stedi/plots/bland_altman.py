"""Bland-Altman: how far two ways of counting the same sessions agree."""

from collections import Counter
from collections.abc import Iterable
from math import sqrt
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Final

from stedi.errors import FrameError
from stedi.plots.checked import numbers
from stedi.plots.library import single
from stedi.plots.palette import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDE: Final = 1.96
_AREA: Final = 26
_LARGEST: Final = 180
_ROOM: Final = 1.15


def bland_altman(
    reference: Iterable[float],
    measured: Iterable[float],
    *,
    what: str = "steps",
    axes: "Axes | None" = None,
) -> "Axes":
    """Draw measured minus reference against their mean, with the bias and the 95 % limits of agreement.

    The limits are mean ± 1.96 sd of the differences, with the sample's standard deviation (Bland and Altman,
    Lancet 1986;327:307-310). Sessions with the same mean and difference make one larger point. Where all
    differences are equal there are no limits to draw, and of one session none can be computed.

    Args:
        reference: The reference, one value per session.
        measured: What was measured, of the same sessions in the same order.
        what: What was counted, for the labels of the axes.
        axes: Where to draw; by default on a new figure.

    Raises:
        FrameError: There is no session, one value is missing, or there are more of one than of the other.
        MissingLibraryError: matplotlib is not installed.

    Examples:
        >>> drawn = bland_altman([30, 30, 31, 40], [29, 30, 31, 38])
        >>> for text in drawn.get_legend().get_texts():
        ...     print(text.get_text())
        bias -0.75
        95 % limits -2.63 to 1.13
        >>> drawn.get_title(loc="left")
        '4 sessions, 2 of them equal: measured minus reference'
    """
    known, found = numbers(reference, "reference"), numbers(measured, "measured")
    if len(known) != len(found):
        raise FrameError(
            f"{len(known)} reference values and {len(found)} measured ones: both need one value per session"
        )
    differences = [after - before for before, after in zip(known, found, strict=True)]
    means = [(before + after) / 2 for before, after in zip(known, found, strict=True)]
    bias = fmean(differences)
    half = _WIDE * stdev(differences) if len(differences) > 1 else 0.0
    drawn = single(axes, size=(8, 4.2))
    points = Counter(zip(means, differences, strict=True))
    drawn.axhline(0, color=GREY, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
    drawn.scatter(
        [mean for mean, _ in points],
        [difference for _, difference in points],
        # The area grows with the root, and not for ever: otherwise one common point hides the lines.
        s=[min(_AREA * sqrt(count), _LARGEST) for count in points.values()],
        facecolor=BLUE,
        edgecolor="white",
        linewidth=0.6,
        zorder=3,
    )
    drawn.axhline(bias, color=BLUE, linewidth=1.4, label=f"bias {bias:z.2f}", zorder=1)
    if half:
        label = f"95 % limits {bias - half:z.2f} to {bias + half:z.2f}"
        for edge, name in ((bias + half, label), (bias - half, "_")):
            drawn.axhline(edge, color=ORANGE, linewidth=1.4, linestyle="--", label=name, zorder=1)
    reach = _ROOM * max(half, *(abs(each - bias) for each in differences), abs(bias), 0.5)
    drawn.set_ylim(bias - reach, bias + reach)
    drawn.set_xlabel(f"{what}: mean of reference and measured")
    drawn.set_ylabel(f"{what}: measured minus reference")
    drawn.set_title(_title(differences), loc="left")
    drawn.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, borderaxespad=0.2)
    return drawn


def _title(differences: list[float]) -> str:
    equal = differences.count(0.0)
    sessions = f"{len(differences):,} session{'s' if len(differences) != 1 else ''}"
    agreeing = ", all equal" if equal == len(differences) else f", {equal:,} of them equal" if equal else ""
    return f"{sessions}{agreeing}: measured minus reference"
