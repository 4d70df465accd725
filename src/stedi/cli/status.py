"""stedi status."""

from pathlib import Path

import polars as pl
from rich.table import Table

from stedi.cli.output import console, number, print_json, rows, size
from stedi.lake.lake import Lake
from stedi.names import QUARANTINE

_RUNS = 5


def status(lake: Path, *, as_json: bool) -> None:
    """Show what the lake holds and when it last ran."""
    opened = Lake.open(lake)
    run = opened.last_run()
    tables = opened.tables()
    every = opened.runs().select("run_id", "kind", "started_at", "published_at", "now", "code_version")
    # A maintenance brings nothing new: it is told of by itself.
    runs, maintenances = every.filter(kind="run"), every.filter(kind="maintenance")
    last_maintenance = maintenances.row(-1, named=True) if maintenances.height else None
    tags = opened.tags()
    held = (
        opened.scan(QUARANTINE).select(pl.col("released_at").is_null().sum().alias("held")).collect().item()
    )
    if as_json:
        print_json(
            {
                "lake": str(lake),
                "consent": run.consent,
                "key_fingerprint": run.key_fingerprint,
                "last_run": runs["run_id"][-1],
                "last_maintenance": last_maintenance["run_id"] if last_maintenance else None,
                "held_in_quarantine": held,
                "runs": rows(every),
                "tags": tags,
                "tables": rows(tables),
            }
        )
        return
    out = console()
    out.print(f"lake [bold]{lake}[/bold]: consent {run.consent}, key {run.key_fingerprint}")
    out.print()
    listed = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("table", "left"), ("zone", "left"), ("rows", "right"), ("size", "right")):
        listed.add_column(name, justify="right" if justify == "right" else "left")
    for row in tables.iter_rows(named=True):
        listed.add_row(row["table"], row["zone"], number(row["rows"]), size(row["bytes"]))
    out.print(listed)
    out.print()
    listed = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("last runs", "published", "consent judged at"):
        listed.add_column(name)
    for row in runs.tail(_RUNS).reverse().iter_rows(named=True):
        listed.add_row(
            row["run_id"], f"{row['published_at']:%Y-%m-%d %H:%M:%S}", f"{row['now']:%Y-%m-%d %H:%M:%S}"
        )
    out.print(listed)
    if last_maintenance:
        out.print()
        out.print(f"last maintained: {last_maintenance['published_at']:%Y-%m-%d %H:%M:%S}")
    if tags:
        out.print()
        out.print("tags: " + ", ".join(f"{name} ({run_id})" for name, run_id in sorted(tags.items())))
    if held:
        out.print()
        out.print(f"{number(held)} records are held in quarantine: stedi quarantine --lake {lake}")
