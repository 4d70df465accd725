"""The pictures of the privacy report: SVG that stands in a page, and loads nothing."""

from collections.abc import Sequence
from html import escape
from typing import Final

from stedi.lake.privacy.privacy_report import Step
from stedi.lake.privacy.timeline import Moment

_WIDTH: Final = 720
_NAME: Final = 216
_BAR: Final = 380
_LINE: Final = 26
_HIDDEN: Final = "hidden"


def draw_funnel(steps: Sequence[Step]) -> str:
    """Draw the rows of each table beside those of its input."""
    parts = []
    top = 6
    told = []
    for step in steps:
        widest = max(step.rows_in or 0, step.rows_out or 0, 1)
        for place, (name, rows) in enumerate(((step.driving, step.rows_in), (step.table, step.rows_out))):
            kind = "in" if place == 0 else "out"
            parts.append(_bar(top, name, rows, widest, kind))
            top += _LINE
        told.append(f"{step.driving} {_words(step.rows_in)} rows, {step.table} {_words(step.rows_out)}")
        top += 12
    alt = "Row funnel. " + "; ".join(told) + "."
    return _picture("Rows of each table (dark) beside those of its input (light)", alt, top, parts)


def _bar(top: int, name: str, rows: int | None, widest: int, kind: str) -> str:
    label = f'<text x="{_NAME - 10}" y="{top + 15}" class="name" text-anchor="end">{escape(name)}</text>'
    if rows is None:
        return (
            f'{label}<rect x="{_NAME}" y="{top + 2}" width="24" height="18" class="hidden"/>'
            f'<text x="{_NAME + 32}" y="{top + 15}" class="count">{_HIDDEN}</text>'
        )
    width = max(round(_BAR * rows / widest, 1), 1 if rows else 0)
    return (
        f'{label}<rect x="{_NAME}" y="{top + 2}" width="{width}" height="18" class="{kind}"/>'
        f'<text x="{_NAME + width + 8}" y="{top + 15}" class="count">{rows:,}</text>'
    )


def draw_consent(moments: Sequence[Moment], step: int) -> str:
    """Draw how many customers consented over time; nothing where nobody ever did."""
    if len(moments) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    left, right, top, bottom = 64, _WIDTH - 24, 16, 216
    start, end = moments[0].at.timestamp(), moments[-1].at.timestamp()
    most = max(*(each.customers for each in moments), step)

    def across(place: float) -> float:
        return round(left + (right - left) * (place - start) / max(end - start, 1), 1)

    def down(customers: int) -> float:
        return round(bottom - (bottom - top) * customers / most, 1)

    points = [(across(each.at.timestamp()), down(each.customers)) for each in moments]
    line = " ".join(f"{x},{y}" for x, y in points)
    parts = [
        *(
            f'<line x1="{left}" y1="{down(level)}" x2="{right}" y2="{down(level)}" class="rule"/>'
            f'<text x="{left - 8}" y="{down(level) + 4}" class="count" text-anchor="end">{level:,}</text>'
            for level in (0, most // 2, most)
        ),
        f'<polygon points="{left},{bottom} {line} {points[-1][0]},{bottom}" class="area"/>',
        f'<polyline points="{line}" class="line"/>',
        *(
            f'<text x="{across(moments[place].at.timestamp())}" y="{bottom + 20}" class="count" '
            f'text-anchor="{anchor}">{moments[place].at:%Y-%m-%d}</text>'
            for place, anchor in ((0, "start"), (len(moments) // 2, "middle"), (len(moments) - 1, "end"))
        ),
    ]
    first, last = moments[0], moments[-1]
    alt = (
        f"Consenting customers over time, to the nearest {step}: about {first.customers:,} on "
        f"{first.at:%Y-%m-%d}, at most {most:,}, about {last.customers:,} on {last.at:%Y-%m-%d}."
    )
    caption = f"Consenting customers over time, to the nearest {step}"
    return _picture(caption, alt, bottom + 32, parts)


def _picture(caption: str, alt: str, height: int, parts: Sequence[str]) -> str:
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(alt, quote=True)}">'
        f"<title>{escape(alt)}</title>{''.join(parts)}</svg><figcaption>{escape(caption)}</figcaption></figure>"
    )


def _words(rows: int | None) -> str:
    return _HIDDEN if rows is None else f"{rows:,}"
