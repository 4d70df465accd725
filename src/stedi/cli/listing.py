"""Tables for people."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import polars as pl
from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

from stedi.cli.escape import escape_line

MAX_ROWS: Final = 2**31
"""Nobody is shown more rows."""

# A cell has a space on each side, and a line between it and the next.
_BORDERS = 3


def table_of(*columns: str, rows: Iterable[Iterable[RenderableType]] = ()) -> Table:
    """Return a table without borders.

    Args:
        columns: The headings; ``>`` before one sets its column to the right.
        rows: The cells of each row.
    """
    headed = (
        Column(name.removeprefix(">"), justify="right" if name[:1] == ">" else "left") for name in columns
    )
    table = Table(*headed, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    return table


def add_row_with_notes(table: Table, *cells: RenderableType, notes: Sequence[Text]) -> None:
    """Add a row that ends in the first of its notes; each other note has a line of its own below it."""
    table.add_row(*cells, *notes[:1])
    for note in notes[1:]:
        table.add_row(*[""] * len(cells), note)


def framed_table(names: Iterable[Text], rows: Iterable[Iterable[Text]]) -> Table:
    """Return a table with borders, in which no value is cut off."""
    table = Table(*(Column(name, overflow="fold") for name in names), header_style="bold")
    for row in rows:
        table.add_row(*row)
    return table


def cells_of(values: Iterable[object]) -> list[Text]:
    """Return values as cells of one line each, in which nothing is a command to a terminal."""
    return [Text(escape_line(_as_text(value))) for value in values]


def print_rows(out: Console, frame: pl.DataFrame) -> None:
    """Print a frame: as a table, or one value a line where the terminal is too narrow for its rows."""
    names, cells = cells_of(frame.columns), list(map(cells_of, frame.iter_rows()))
    widths = [max(text.cell_len for text in column) for column in zip(names, *cells, strict=True)]
    if out.is_terminal and sum(widths) + _BORDERS * len(widths) >= out.width:
        _print_tall(out, names, cells)
    else:
        out.print(framed_table(names, cells))


def _print_tall(out: Console, names: list[Text], cells: list[list[Text]]) -> None:
    for number, row in enumerate(cells, start=1):
        out.rule(f"row {number}", align="left", characters="-")
        columns = Column(style="bold", no_wrap=True), Column(overflow="fold")
        listed = Table.grid(*columns, padding=(0, 2, 0, 0))
        for name, value in zip(names, row, strict=True):
            listed.add_row(name, value)
        out.print(listed)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        utc = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return utc.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")
    return str(value)
