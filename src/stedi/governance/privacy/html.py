"""The privacy report as one page of HTML: it loads nothing, prints on A4, and reads well aloud."""

from html import escape
from typing import Final

from stedi.governance.privacy.chapters import Chapter, Grid, chapters, title
from stedi.governance.privacy.privacy_report import PrivacyReport

_STYLE: Final = """
:root { color-scheme: light; --ink: #1c2733; --soft: #5b6876; --line: #d8dee5;
  --dark: #1f5f8b; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 50rem; color: var(--ink); background: #fff;
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
header { border-bottom: 3px solid var(--dark); margin-bottom: 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; break-after: avoid; }
p, li { max-width: 44rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 1.5rem; font-size: .92rem;
  break-inside: avoid; }
caption { text-align: left; font-weight: 600; padding-bottom: .35rem; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--line); }
tbody th { font-weight: 400; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-right: .8rem;
  padding-left: .8rem; }
thead .number { white-space: normal; }
tr > :last-child { padding-right: 0; }
td, tbody th { overflow-wrap: break-word; }
figure { margin: 1.25rem 0; break-inside: avoid; }
figcaption { color: var(--soft); font-size: .88rem; margin-top: .25rem; }
svg { width: 100%; height: auto; display: block; }
svg text { font: 13px system-ui, "Segoe UI", Roboto, Arial, sans-serif; fill: var(--ink); }
svg .bar { fill: var(--dark); }
@page { size: A4; margin: 18mm 16mm; }
@media print { body { padding: 0; max-width: none; font-size: 10.5pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def html(report: PrivacyReport) -> str:
    """Return the page."""
    name = escape(title(report))
    body = "".join(map(_chapter, chapters(report)))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{name}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<header><h1>{name}</h1></header>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def _chapter(chapter: Chapter) -> str:
    first, *rest = chapter.says or ("",)
    words = f"<p>{escape(first)}</p>\n" if first else ""
    words += "".join(f"<p>{escape(each)}</p>\n" for each in rest)
    grids = "".join(map(_grid, chapter.grids))
    return f"<section>\n<h2>{escape(chapter.title)}</h2>\n{words}{chapter.picture}\n{grids}</section>\n"


def _grid(grid: Grid) -> str:
    words = len(grid.headers) - grid.figures
    numbers = [column >= words for column in range(len(grid.headers))]
    head = "".join(
        f'<th scope="col"{_class(is_number)}>{escape(header)}</th>'
        for header, is_number in zip(grid.headers, numbers, strict=True)
    )
    rows = "".join(_row(row, numbers) for row in grid.rows)
    return (
        f"<table>\n<caption>{escape(grid.caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{rows}</tbody>\n</table>\n"
    )


def _row(row: tuple[str, ...], numbers: list[bool]) -> str:
    first, *rest = row
    cells = "".join(
        f"<td{_class(number)}>{_cell(cell)}</td>" for cell, number in zip(rest, numbers[1:], strict=True)
    )
    return f'<tr><th scope="row">{_cell(first)}</th>{cells}</tr>\n'


def _class(is_number: bool) -> str:  # noqa: FBT001 - one of two looks
    return ' class="number"' if is_number else ""


def _cell(cell: str) -> str:
    """Return the text of a cell; a long name may be broken after an underscore."""
    return escape(cell).replace("_", "_<wbr>")
