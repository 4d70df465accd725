"""The privacy report as a page of Markdown."""

from collections.abc import Iterable

from stedi.governance.privacy.chapters import Chapter, Grid
from stedi.marked import cell, marked


def markdown_page(title: str, chapters: Iterable[Chapter]) -> str:
    """Return the page. Its pictures are left out: the tables below them say the same."""
    parts = [f"# {title}"]
    for chapter in chapters:
        parts.append(f"## {chapter.title}")
        parts.extend(map(marked, chapter.says))
        for grid in chapter.grids:
            parts += [f"**{grid.caption}**", _grid(grid)]
    return "\n\n".join(parts) + "\n"


def _grid(grid: Grid) -> str:
    lines = [grid.headers, tuple("---" for _ in grid.headers), *grid.rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)
