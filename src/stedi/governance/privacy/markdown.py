"""The privacy report as a page of Markdown."""

from stedi.governance.privacy.chapters import Grid, chapters, title
from stedi.governance.privacy.privacy_report import PrivacyReport
from stedi.marked import cell, marked


def markdown(report: PrivacyReport) -> str:
    """Return the page. Its pictures are left out: the tables below them say the same."""
    parts = [f"# {title(report)}"]
    for chapter in chapters(report):
        parts.append(f"## {chapter.title}")
        parts.extend(map(marked, chapter.says))
        for grid in chapter.grids:
            parts += [f"**{grid.caption}**", _grid(grid)]
    return "\n\n".join(parts) + "\n"


def _grid(grid: Grid) -> str:
    lines = [grid.headers, tuple("---" for _ in grid.headers), *grid.rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)
