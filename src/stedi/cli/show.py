"""stedi show."""

from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table
from rich.text import Text

from stedi.cli.output import console, number, print_json, rows
from stedi.contract import contract_of
from stedi.lake.lake import Lake


def show(table: str, *, lake: Path, limit: int, at: str | None, personal_data: bool, as_json: bool) -> None:
    """Print the first rows of a table."""
    contract = contract_of(table)
    hidden = [] if personal_data else list(contract.pii)
    frame = Lake.open(lake).scan(table, at=_when(at)).drop(hidden)
    head = frame.head(limit).collect()
    if as_json:
        print_json(rows(head))
        return
    out = console()
    listed = Table(header_style="bold")
    for name in head.columns:
        listed.add_column(name, overflow="fold")
    for row in head.iter_rows():
        listed.add_row(*(Text(_cell(value)) for value in row))
    out.print(listed)
    total = frame.select(contract.names[0] if contract.names[0] not in hidden else head.columns[0])
    count = total.collect().height
    out.print(f"{number(head.height)} of {number(count)} rows; one row is {contract.grain}")
    if hidden:
        out.print(f"hidden personal data: {', '.join(hidden)} (show it with --personal-data)")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")
    return str(value)


def _when(at: str | None) -> str | datetime | None:
    """Read a time where the text is one; else it names a run or a tag."""
    if at is None:
        return None
    try:
        time = datetime.fromisoformat(at)
    except ValueError:
        return at
    return time if time.tzinfo else time.replace(tzinfo=UTC)
