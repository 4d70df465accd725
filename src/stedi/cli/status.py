"""stedi status."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.listing import table_of
from stedi.cli.output import Output, number, size
from stedi.cli.receipt import read_receipts
from stedi.contract.reasons import words_of
from stedi.lake.display import percent
from stedi.lake.health import Health, health_of
from stedi.wording import count

_RUNS = 5
_REASONS = 8
_WIDE = 90


def status_command(
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    receipt: opt.ReceiptOption = None,
    json: opt.JsonOption = False,
) -> None:
    """Show how the lake is: warnings, tables, runs, rejects, tags."""
    kept = read_receipts(receipt)
    health = health_of(Lake.open(lake), receipts=kept)
    Output(json=json).show(
        lambda: {"lake": str(lake)} | health.to_dict(), lambda out: _print(out, health, lake)
    )


def _print(out: Console, health: Health, lake: Path) -> None:
    newest = health.runs[-1]
    out.print(
        Text.assemble(
            "lake ",
            (str(lake), "bold"),
            f": consent {health.consent} at {_moment(newest.now)}, key {health.key_fingerprint}",
        )
    )
    if health.retired_keys:
        out.print(f"retired keys that recognise erased people: {', '.join(health.retired_keys)}")
    for concern in health.warnings:
        out.print(Text.assemble(("warning: ", "bold yellow"), concern.message))
    out.print()
    tables = ((each.table, each.zone, number(each.rows), size(each.bytes)) for each in health.tables)
    out.print(_table("table", "zone", ">rows", ">size", rows=tables))
    out.print()
    spans = (
        (each.table.removesuffix("_trusted"), _moment(each.oldest), _moment(each.newest))
        for each in health.sensors
    )
    out.print(_table("trusted readings", "oldest", "newest", rows=spans))
    out.print()
    out.print(_runs(health, wide=out.width >= _WIDE))
    if health.last_maintained is not None:
        out.print()
        out.print(f"last maintained: {_moment(health.last_maintained)}")
    if (held := health.withdrawn) is not None:
        out.print()
        out.print(
            f"withdrawn, still held by {count(held.runs, 'older run')}: {count(held.customers, 'customer')}; "
            f"stedi maintain lets them go from {_moment(held.until)} on, but for the last ten runs and tags"
        )
    if health.rejects:
        out.print()
        _print_rejects(out, health)
    if health.tags:
        out.print()
        tags = ((each.tag, each.run_id, number(each.withdrawn)) for each in health.tags)
        out.print(_table("tag", "run", ">withdrawn since", rows=tags))


def _runs(health: Health, *, wide: bool) -> Table:
    # A run's id begins with its time: a narrow terminal needs no second one.
    listed = _table(
        f"last {_RUNS} of {number(health.run_count)} runs" if health.run_count > _RUNS else "runs",
        *(["published"] if wide else []),
        ">took",
        ">rejected",
        ">dropped",
        ">training rows",
        ">match rate",
    )
    for run in reversed(health.runs[-_RUNS:]):
        listed.add_row(
            run.run_id,
            *([f"{run.published_at.astimezone(UTC):%Y-%m-%d %H:%M}"] if wide else []),
            f"{run.seconds:,.1f} s",
            number(run.rejected),
            number(run.dropped),
            number(run.training_rows),
            "" if run.match_rate is None else percent(run.match_rate),
        )
    return listed


def _print_rejects(out: Console, health: Health) -> None:
    listed = _table("rejected for", ">records", ">held", "why")
    for each in health.rejects[:_REASONS]:
        why = words_of(each.reason).removeprefix("rejected: ")
        listed.add_row(each.table, number(each.records), number(each.held), why)
    out.print(listed)
    if rest := health.rejects[_REASONS:]:
        out.print(f"and {number(sum(each.records for each in rest))} for rarer reasons: stedi quarantine")


def _table(*columns: str, rows: Iterable[Iterable[str]] = ()) -> Table:
    """Return a table whose first column keeps each name whole, to be copied."""
    listed = table_of(*columns, rows=rows)
    for column in listed.columns:
        column.overflow = "fold"
    listed.columns[0].no_wrap = True
    return listed


def _moment(time: datetime | None) -> str:
    return "" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
