"""Words beside and below a picture, where they cover none of it."""

from typing import TYPE_CHECKING, Final

from stedi.plots.palette import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS: Final = 9
_BELOW_LABEL: Final = 3.4


def beside(axes: "Axes", y: float, words: str, *, bold: bool = False) -> None:
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
