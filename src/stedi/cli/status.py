"""stedi status."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stedi.cli.output import console, number, print_json, size
from stedi.cli.receipt import read_receipt
from stedi.contract.reasons import words_of
from stedi.lake.health import Health, health_of
from stedi.lake.lake import Lake
from stedi.plan.match import percent
from stedi.wording import count

_RUNS = 5
_REASONS = 8
_WIDE = 90


def status(lake: Path, *, receipts: Sequence[Path], as_json: bool) -> None:
    """Show what the lake holds, when it last ran, and what should be looked at."""
    kept = [read_receipt(file) for file in receipts]
    health = health_of(Lake.open(lake), receipts=kept)
    if as_json:
        print_json({"lake": str(lake)} | health.to_dict())
        return
    out = console()
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
    _print_tables(out, health)
    _print_sensors(out, health)
    _print_runs(out, health)
    _print_maintenance(out, health)
    _print_withdrawn(out, health)
    _print_rejects(out, health)
    _print_tags(out, health)


def _print_tables(out: Console, health: Health) -> None:
    listed = _table(("table", "left"), ("zone", "left"), ("rows", "right"), ("size", "right"))
    for each in health.tables:
        listed.add_row(each.table, each.zone, number(each.rows), size(each.bytes))
    out.print(listed)


def _print_sensors(out: Console, health: Health) -> None:
    listed = _table(("trusted readings", "left"), ("oldest", "left"), ("newest", "left"))
    for each in health.sensors:
        sensor = each.table.removesuffix("_trusted")
        listed.add_row(sensor, _moment(each.oldest), _moment(each.newest))
    out.print()
    out.print(listed)


def _print_runs(out: Console, health: Health) -> None:
    title = f"last {_RUNS} of {number(health.run_count)} runs" if health.run_count > _RUNS else "runs"
    # A run's id begins with its time: a narrow terminal needs no second one.
    wide = out.width >= _WIDE
    published: list[tuple[str, Literal["left", "right"]]] = [("published", "left")] if wide else []
    listed = _table(
        (title, "left"),
        *published,
        ("took", "right"),
        ("rejected", "right"),
        ("dropped", "right"),
        ("training rows", "right"),
        ("match rate", "right"),
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
    out.print()
    out.print(listed)


def _print_maintenance(out: Console, health: Health) -> None:
    if health.last_maintained is not None:
        out.print()
        out.print(f"last maintained: {_moment(health.last_maintained)}")


def _print_withdrawn(out: Console, health: Health) -> None:
    held = health.withdrawn
    if held is not None:
        out.print()
        out.print(
            f"withdrawn, still held by {count(held.runs, 'older run')}: {count(held.customers, 'customer')}; "
            f"stedi maintain lets them go from {_moment(held.until)} on, but for the last ten runs and tags"
        )


def _print_rejects(out: Console, health: Health) -> None:
    if not health.rejects:
        return
    listed = _table(("rejected for", "left"), ("records", "right"), ("held", "right"), ("why", "left"))
    for each in health.rejects[:_REASONS]:
        why = words_of(each.reason).removeprefix("rejected: ")
        listed.add_row(each.table, number(each.records), number(each.held), why)
    out.print()
    out.print(listed)
    if rest := health.rejects[_REASONS:]:
        out.print(f"and {number(sum(each.records for each in rest))} for rarer reasons: stedi quarantine")


def _print_tags(out: Console, health: Health) -> None:
    if not health.tags:
        return
    listed = _table(("tag", "left"), ("run", "left"), ("withdrawn since", "right"))
    for each in health.tags:
        listed.add_row(each.tag, each.run_id, number(each.withdrawn))
    out.print()
    out.print(listed)


def _table(*columns: tuple[str, Literal["left", "right"]]) -> Table:
    listed = Table(box=None, pad_edge=False, header_style="bold")
    for place, (name, justify) in enumerate(columns):
        # A name stays whole, to be copied.
        listed.add_column(name, justify=justify, overflow="fold", no_wrap=place == 0)
    return listed


def _moment(time: datetime | None) -> str:
    return "" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
