"""stedi quarantine."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from rich.table import Table
from rich.text import Text

from stedi.cli.inert import in_line
from stedi.cli.output import console, number, print_json, progress, rows
from stedi.cli.run import print_report
from stedi.cli.streams import done
from stedi.contract.reasons import words_of
from stedi.lake.lake import Lake
from stedi.landing.redact import safe_path
from stedi.names import QUARANTINE
from stedi.pipeline.release import record_id


def quarantine(
    lake: Path, *, records: bool, personal_data: bool, release: Sequence[str], as_json: bool
) -> None:
    """Show what was rejected and why, or release records."""
    opened = Lake.open(lake)
    if release:
        with progress(quiet=as_json) as tell:
            report = opened.release(release, progress=tell)
        done()
        if as_json:
            print_json(report.to_dict())
        else:
            print_report(console(), report, lake)
        return
    with opened.reading():
        rejected = opened.scan(QUARANTINE).collect()
    if records:
        _print_records(rejected, personal_data=personal_data, as_json=as_json)
    else:
        _print_counts(rejected, as_json=as_json)


def _print_counts(rejected: pl.DataFrame, *, as_json: bool) -> None:
    counts = (
        rejected.group_by("table_name", "reason", "field")
        .agg(pl.len().alias("records"), pl.col("released_at").is_not_null().sum().alias("released"))
        .sort("table_name", "records", "reason", "field", descending=[False, True, False, False])
    )
    if as_json:
        print_json(rows(counts))
        return
    out = console()
    if counts.is_empty():
        out.print("Nothing is in quarantine.")
        return
    listed = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("table", "left"), ("records", "right"), ("why", "left")):
        listed.add_column(name, justify="right" if justify == "right" else "left")
    for row in counts.iter_rows(named=True):
        why = words_of(row["reason"]).removeprefix("rejected: ")
        at = f" ({row['field']})" if row["field"] else ""
        freed = f", {number(row['released'])} released" if row["released"] else ""
        listed.add_row(row["table_name"], number(row["records"]), f"{why}{at}{freed}")
    out.print(listed)
    out.print("\nList them with --records; release one with --release ID.")


def _print_records(rejected: pl.DataFrame, *, personal_data: bool, as_json: bool) -> None:
    listed = [
        {
            "id": record_id(row["_digest"], row["_position"]),
            "table": row["table_name"],
            "reason": row["reason"],
            "field": row["field"],
            "object": row["_object"] if personal_data else safe_path(row["_object"], digest=row["_digest"]),
            "position": row["_position"],
            "released_at": row["released_at"],
        }
        | ({"raw": row["raw"]} if personal_data else {})
        for row in rejected.sort("table_name", "_object", "_position").iter_rows(named=True)
    ]
    if as_json:
        print_json(listed)
        return
    out = console()
    table = Table(header_style="bold")
    names = ("id", "reason", "field", "object", "position", *(("raw",) if personal_data else ()))
    for name in names:
        table.add_column(name, overflow="fold")
    for row in listed:
        table.add_row(*(Text("" if row[name] is None else in_line(str(row[name]))) for name in names))
    out.print(table)
