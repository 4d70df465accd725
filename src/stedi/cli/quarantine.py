"""stedi quarantine."""

from typing import Annotated

import polars as pl
import typer
from rich.console import Console

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.listing import cells_of, framed_table, table_of
from stedi.cli.output import Output, json_rows, number
from stedi.cli.run import print_report
from stedi.contract.reasons import words_of
from stedi.lake.display import record_id, safe_path
from stedi.names import QUARANTINE

_SHOWN = ("id", "reason", "field", "object", "position")


def quarantine_command(
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    records: Annotated[bool, typer.Option("--records", help="List the records, not only counts.")] = False,
    personal_data: Annotated[
        bool, opt.personal_data_option("With --records: show the raw text, and the object's whole path.")
    ] = False,
    release: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Release a record: it no longer denies anything. May be repeated."),
    ] = None,
    json: opt.JsonOption = False,
) -> None:
    """Show what was rejected, and why."""
    opened, output = Lake.open(lake), Output(json=json)
    if release:
        with output.progress() as tell:
            report = opened.release(release, progress=tell)
        output.show(report.to_dict, lambda out: print_report(out, report, lake), done=True)
        return
    with opened.reading():
        rejected = opened.scan(QUARANTINE).collect()
    if records:
        listed = _records(rejected, personal_data=personal_data)
        output.show(lambda: listed, lambda out: _print_records(out, listed, personal_data=personal_data))
    else:
        counts = _counts(rejected)
        output.show(lambda: json_rows(counts), lambda out: _print_counts(out, counts))


def _counts(rejected: pl.DataFrame) -> pl.DataFrame:
    return (
        rejected.group_by("table_name", "reason", "field")
        .agg(pl.len().alias("records"), pl.col("released_at").is_not_null().sum().alias("released"))
        .sort("table_name", "records", "reason", "field", descending=[False, True, False, False])
    )


def _print_counts(out: Console, counts: pl.DataFrame) -> None:
    if counts.is_empty():
        out.print("Nothing is in quarantine.")
        return
    listed = table_of("table", ">records", "why")
    for row in counts.iter_rows(named=True):
        why = words_of(row["reason"]).removeprefix("rejected: ")
        at = f" ({row['field']})" if row["field"] else ""
        freed = f", {number(row['released'])} released" if row["released"] else ""
        listed.add_row(row["table_name"], number(row["records"]), f"{why}{at}{freed}")
    out.print(listed)
    out.print("\nList them with --records; release one with --release ID.")


def _records(rejected: pl.DataFrame, *, personal_data: bool) -> list[dict[str, object]]:
    return [
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


def _print_records(out: Console, records: list[dict[str, object]], *, personal_data: bool) -> None:
    names = (*_SHOWN, "raw") if personal_data else _SHOWN
    rows = (cells_of(row[name] for name in names) for row in records)
    out.print(framed_table(cells_of(names), rows))
