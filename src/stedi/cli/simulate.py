"""stedi simulate."""

from pathlib import Path

from rich.table import Table

from stedi.cli.output import console, number, print_json, progress
from stedi.simulate import simulate as make


def simulate(landing: Path, *, customers: int, seed: int, dirt: float, as_json: bool) -> None:
    """Write made-up landing files and say what is in them."""
    with progress(quiet=as_json) as tell:
        tell(f"making up {customers} customers", 0, 1)
        made = make(landing, customers=customers, seed=seed, dirt=dirt)
    if as_json:
        print_json(
            {
                "landing": str(made.landing),
                "truth": str(made.truth),
                "as_of": made.as_of,
                "files": len(made.paths),
                "tables": {
                    table.table: {"written": table.written, "kept": table.kept, "rejected": table.rejected}
                    for table in made.written
                },
                "defects": [
                    {name: getattr(each, name) for name in ("table", "kind", "unit", "count", "outcome")}
                    for each in made.defects
                ],
            }
        )
        return
    out = console()
    listed = Table(box=None, pad_edge=False, header_style="bold")
    listed.add_column("table")
    for name in ("written", "good", "damaged"):
        listed.add_column(name, justify="right")
    for table in made.written:
        bad = sum(table.rejected.values())
        listed.add_row(table.table, number(table.written), number(table.kept), number(bad))
    out.print(listed)
    out.print()
    out.print(
        f"{len(made.paths)} files under {made.landing}; what is true of them: {made.truth}", soft_wrap=True
    )
    out.print(f"Next: stedi run {made.landing} --now {made.as_of:%Y-%m-%dT%H:%M:%S}", soft_wrap=True)
