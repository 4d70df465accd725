"""matplotlib, which is an extra: loaded when something is drawn, not before."""

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from stedi.errors import MissingLibraryError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def figure(rows: int, *, size: tuple[float, float]) -> "tuple[Figure, tuple[Axes, ...]]":
    """Return a figure of some axes below each other, which share their x-axis.

    It belongs to no window and to no pyplot: whoever holds it shows or saves it.

    Raises:
        MissingLibraryError: matplotlib is not installed.
    """
    made = _picture()(figsize=size, dpi=110, facecolor="white", layout="constrained")
    axes = tuple(made.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
    return made, axes


def single(axes: "Axes | None", *, size: tuple[float, float]) -> "Axes":
    """Return the axes that were given, or those of a new figure.

    Raises:
        MissingLibraryError: matplotlib is not installed.
    """
    return axes if axes is not None else figure(1, size=size)[1][0]


def pair(axes: "tuple[Axes, Axes] | None", *, size: tuple[float, float]) -> "tuple[Axes, Axes]":
    """Return the two axes that were given, or those of a new figure, below each other.

    Raises:
        MissingLibraryError: matplotlib is not installed.
    """
    if axes is None:
        _, (top, bottom) = figure(2, size=size)
        return top, bottom
    return axes


@cache
def _picture() -> "type[Figure]":
    """Return the kind of figure that a notebook shows as it is, whether pyplot was loaded or not."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingLibraryError.of("matplotlib", "ml") from None

    class Picture(Figure):
        def _repr_png_(self) -> bytes:
            drawn = BytesIO()
            self.savefig(drawn, format="png")
            return drawn.getvalue()

    return Picture
