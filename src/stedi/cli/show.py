"""stedi show."""

from pathlib import Path

from stedi.cli.listing import moment, print_rows
from stedi.cli.output import console, number, print_json, rows
from stedi.contract import contract_of
from stedi.lake.lake import Lake


def show(table: str, *, lake: Path, limit: int, at: str | None, personal_data: bool, as_json: bool) -> None:
    """Print the first rows of a table."""
    contract = contract_of(table)
    hidden = [] if personal_data else list(contract.pii)
    frame = Lake.open(lake).scan(table, at=moment(at)).drop(hidden)
    head = frame.head(limit).collect()
    if as_json:
        print_json(rows(head))
        return
    out = console()
    print_rows(out, head)
    total = frame.select(contract.names[0] if contract.names[0] not in hidden else head.columns[0])
    count = total.collect().height
    out.print(f"{number(head.height)} of {number(count)} rows; one row is {contract.grain}")
    if hidden:
        out.print(f"hidden personal data: {', '.join(hidden)} (show it with --personal-data)")
