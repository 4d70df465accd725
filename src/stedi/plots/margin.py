"""Words to the right of a picture, one line beside each row of it."""

from typing import TYPE_CHECKING, Final

from stedi.plots.palette import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS: Final = 9


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
