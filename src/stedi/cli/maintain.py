"""stedi maintain."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.listing import table_of
from stedi.cli.output import Output, number, size
from stedi.reports import MaintenanceReport, TableMaintenance
from stedi.wording import count

_NAMED = 5


def maintain_command(
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    keep_days: Annotated[
        int, typer.Option(metavar="N", min=0, max=36_500, help="For how many days old runs stay readable.")
    ] = 30,
    older_than: Annotated[float, opt.age_option("Delete files that nothing reaches from this age on.")] = 1.0,
    plan: opt.PlanOption = False,
    wait: opt.WaitOption = 0,
    json: opt.JsonOption = False,
) -> None:
    """Merge small files and remove what nobody needs."""
    output = Output(json=json)
    with output.progress() as tell:
        report = Lake.open(lake, wait=timedelta(seconds=wait)).maintain(
            keep_days=keep_days, older_than=timedelta(hours=older_than), plan=plan, progress=tell
        )
    output.show(report.to_dict, lambda out: _print(out, report), done=not plan)


def _print(out: Console, report: MaintenanceReport) -> None:
    if report.changed:
        rows = (_cells(each) for each in report.tables if each.rewritten or each.expired or each.deleted)
        out.print(table_of("table", ">rows", ">data files", ">snapshots", ">deleted", ">freed", rows=rows))
        out.print()
    _print_outcome(out, report)
    if report.young:
        young, hours = count(report.young, "file"), report.older_than / timedelta(hours=1)
        out.print(f"{young} that nothing reaches will go later: younger than {hours:g} h.")
    if report.foreign:
        named = ", ".join(report.foreign[:_NAMED]) + (", …" if len(report.foreign) > _NAMED else "")
        out.print(f"Left alone, since stedi did not write it: {named}")
    if report.planned and report.changed:
        out.print("This is a plan: nothing was changed. Leave out --plan to do it.")


def _cells(table: TableMaintenance) -> tuple[str, ...]:
    before, after = table.files_before, table.files_after
    return (
        table.table,
        number(table.rows),
        f"{before:,} -> {after:,}" if before != after else number(after),
        f"-{table.expired:,}" if table.expired else "",
        count(table.deleted, "file") if table.deleted else "",
        size(table.freed) if table.deleted else "",
    )


def _print_outcome(out: Console, report: MaintenanceReport) -> None:
    if not report.changed:
        out.print("Nothing to do: no small files to merge, and nothing that nobody needs.")
        return
    would = "would be " if report.planned else ""
    rewritten = any(table.rewritten for table in report.tables)
    if rewritten and report.planned:
        out.print("Small files would be merged; no row would change.")
    elif rewritten:
        fewer = f": the same rows, checked, in {report.merged:,} fewer files."
        out.print(Text.assemble("Published as ", (report.run_id or "", "bold"), fewer))
    if report.expired:
        out.print(
            f"{count(report.expired, 'snapshot')} {would}expired: those of the last "
            f"{report.keep_days} days, of the last ten runs and of tags stay."
        )
    if report.deleted:
        out.print(f"{count(report.deleted, 'file')} {would}deleted, {size(report.freed)} {would}freed.")
