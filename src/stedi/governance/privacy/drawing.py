"""The pictures of the privacy report: SVG that stands in a page, and loads nothing."""

from collections.abc import Sequence
from html import escape
from typing import Final

from stedi.governance.privacy.rounding import Figure, words

_WIDTH: Final = 720
_NAME: Final = 216
_BAR: Final = 360
_LINE: Final = 30


def draw_bars(caption: str, bars: Sequence[tuple[str, Figure]]) -> str:
    """Draw figures as bars, each with its name and what it says; nothing where all are fewest."""
    most = max((figure for _, figure in bars), default=0)
    if not most:
        return ""
    parts = [
        _bar(6 + place * _LINE, name, figure, round(_BAR * figure / most, 1))
        for place, (name, figure) in enumerate(bars)
    ]
    alt = f"{caption}. " + "; ".join(f"{name}: {words(figure)}" for name, figure in bars) + "."
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {len(bars) * _LINE + 6}" role="img" '
        f'aria-label="{escape(alt, quote=True)}"><title>{escape(alt)}</title>{"".join(parts)}</svg>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _bar(top: int, name: str, figure: Figure, width: float) -> str:
    label = f'<text x="{_NAME - 10}" y="{top + 15}" class="name" text-anchor="end">{escape(name)}</text>'
    bar = f'<rect x="{_NAME}" y="{top + 2}" width="{width}" height="18" class="bar"/>' if figure else ""
    return f'{label}{bar}<text x="{_NAME + width + 8}" y="{top + 15}" class="count">{words(figure)}</text>'
