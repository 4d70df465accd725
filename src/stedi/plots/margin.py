"""Words beside and below a picture, where they cover none of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from stedi.plots.palette import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS: Final = 9
_BELOW_LABEL: Final = 3.4


def text_beside(axes: "Axes", y: float, words: str, *, bold: bool = False) -> None:
    """Write words to the right of the axes, at a height of their y-axis."""
    axes.annotate(
        words,
        (1, y),
        xycoords=axes.get_yaxis_transform(),
        xytext=(9, 0),
        textcoords="offset points",
        va="center",
        color=INK,
        fontsize=_POINTS,
        fontweight="bold" if bold else "normal",
        annotation_clip=False,
    )


def label_lanes(axes: "Axes", labels: Sequence[str], *, every: int = 1) -> None:
    """Make the y-axis one of lanes, from the top downwards, and label them, or every n-th of them."""
    axes.set_yticks(range(0, len(labels), every), labels[::every])
    axes.tick_params("y", length=0)
    axes.set_ylim(len(labels) - 0.5, -0.5)


def legend_below(axes: "Axes", *, columns: int) -> None:
    """Put the legend below the label of the x-axis, whatever the height of the axes."""
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        # In units of the letters: past the ticks and the label.
        borderaxespad=_BELOW_LABEL,
        ncols=columns,
        frameon=False,
    )
