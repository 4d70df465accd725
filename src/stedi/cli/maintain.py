"""stedi maintain."""

from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stedi.cli.output import console, number, print_json, progress, size
from stedi.cli.streams import done
from stedi.governance.maintain.report import MaintenanceReport, TableMaintenance
from stedi.lake.lake import Lake

_NAMED = 5


def maintain(
    lake: Path, *, keep_days: int, older_than: float, plan: bool, wait: float, as_json: bool
) -> None:
    """Maintain a lake, or say what a maintenance would do."""
    with progress(quiet=as_json) as tell:
        report = Lake.open(lake, wait=timedelta(seconds=wait)).maintain(
            keep_days=keep_days, older_than=timedelta(hours=older_than), plan=plan, progress=tell
        )
    if not plan:
        done()
    if as_json:
        print_json(report.to_dict())
    else:
        _print(console(), report)


def _print(out: Console, report: MaintenanceReport) -> None:
    if report.changed:
        _print_tables(out, report)
        out.print()
    _print_outcome(out, report)
    if report.young:
        hours = report.older_than / timedelta(hours=1)
        out.print(
            f"{_counted(report.young, 'file')} that nothing reaches will go later: younger than {hours:g} h."
        )
    if report.foreign:
        named = ", ".join(report.foreign[:_NAMED]) + (", …" if len(report.foreign) > _NAMED else "")
        out.print(f"Left alone, since stedi did not write it: {named}")
    if report.planned and report.changed:
        out.print("This is a plan: nothing was changed. Leave out --plan to do it.")


def _print_tables(out: Console, report: MaintenanceReport) -> None:
    listed = Table(box=None, pad_edge=False, header_style="bold")
    listed.add_column("table")
    for name in ("rows", "data files", "snapshots", "deleted", "freed"):
        listed.add_column(name, justify="right")
    for table in report.tables:
        if table.rewritten or table.expired or table.deleted:
            listed.add_row(
                table.table,
                number(table.rows),
                _files(table),
                f"-{table.expired:,}" if table.expired else "",
                _counted(table.deleted, "file") if table.deleted else "",
                size(table.freed) if table.deleted else "",
            )
    out.print(listed)


def _files(table: TableMaintenance) -> str:
    before, after = table.files_before, table.files_after
    return f"{before:,} -> {after:,}" if before != after else number(after)


def _print_outcome(out: Console, report: MaintenanceReport) -> None:
    if not report.changed:
        out.print("Nothing to do: no small files to merge, and nothing that nobody needs.")
        return
    would = "would be " if report.planned else ""
    rewritten = any(table.rewritten for table in report.tables)
    if rewritten and report.planned:
        out.print("Small files would be merged; no row would change.")
    elif rewritten:
        out.print(
            Text.assemble(
                "Published as ",
                (report.run_id or "", "bold"),
                f": the same rows, checked, in {report.merged:,} fewer files.",
            )
        )
    if report.expired:
        out.print(
            f"{_counted(report.expired, 'snapshot')} {would}expired: those of the last "
            f"{report.keep_days} days, of the last ten runs and of tags stay."
        )
    if report.deleted:
        out.print(f"{_counted(report.deleted, 'file')} {would}deleted, {size(report.freed)} {would}freed.")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
