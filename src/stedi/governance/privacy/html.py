"""The privacy report as one page of HTML: it loads nothing, prints on A4, and reads well aloud."""

from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Final

from stedi.governance.privacy.chapters import Bars, Chapter, Grid
from stedi.governance.privacy.rounding import Figure, words

_STYLE: Final = "page.css"
_WIDTH: Final = 720
_NAME: Final = 216
_BAR: Final = 360
_LINE: Final = 30


def html_page(title: str, chapters: Iterable[Chapter]) -> str:
    """Return the page."""
    name = escape(title)
    body = "".join(map(_chapter, chapters))
    style = (files(__package__) / _STYLE).read_text("utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{name}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<header><h1>{name}</h1></header>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def _chapter(chapter: Chapter) -> str:
    says = "".join(f"<p>{escape(each)}</p>\n" for each in chapter.says)
    picture = "" if chapter.picture is None else _draw(chapter.picture)
    grids = "".join(map(_grid, chapter.grids))
    return f"<section>\n<h2>{escape(chapter.title)}</h2>\n{says}{picture}\n{grids}</section>\n"


def _draw(picture: Bars) -> str:
    """Draw bars as SVG that loads nothing; nothing where all are fewest."""
    most = max((figure for _, figure in picture.bars), default=0)
    if not most:
        return ""
    parts = [
        _bar(6 + place * _LINE, name, figure, round(_BAR * figure / most, 1))
        for place, (name, figure) in enumerate(picture.bars)
    ]
    shown = "; ".join(f"{name}: {words(figure)}" for name, figure in picture.bars)
    alt = escape(f"{picture.caption}. {shown}.", quote=True)
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {len(parts) * _LINE + 6}" role="img" aria-label="{alt}">'
        f"<title>{alt}</title>{''.join(parts)}</svg><figcaption>{escape(picture.caption)}</figcaption></figure>"
    )


def _bar(top: int, name: str, figure: Figure, width: float) -> str:
    label = f'<text x="{_NAME - 10}" y="{top + 15}" class="name" text-anchor="end">{escape(name)}</text>'
    bar = f'<rect x="{_NAME}" y="{top + 2}" width="{width}" height="18" class="bar"/>' if figure else ""
    return f'{label}{bar}<text x="{_NAME + width + 8}" y="{top + 15}" class="count">{words(figure)}</text>'


def _grid(grid: Grid) -> str:
    # The last columns are of figures.
    looks = [""] * (len(grid.headers) - grid.figures) + [' class="number"'] * grid.figures
    head = "".join(
        f'<th scope="col"{look}>{escape(header)}</th>'
        for header, look in zip(grid.headers, looks, strict=True)
    )
    rows = "".join(_row(row, looks) for row in grid.rows)
    return (
        f"<table>\n<caption>{escape(grid.caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{rows}</tbody>\n</table>\n"
    )


def _row(row: tuple[str, ...], looks: list[str]) -> str:
    first, *rest = map(_cell, row)
    cells = "".join(f"<td{look}>{cell}</td>" for cell, look in zip(rest, looks[1:], strict=True))
    return f'<tr><th scope="row">{first}</th>{cells}</tr>\n'


def _cell(cell: str) -> str:
    """Return the text of a cell; a long name may be broken after an underscore."""
    return escape(cell).replace("_", "_<wbr>")
