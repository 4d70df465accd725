"""stedi upgrade."""

from typing import Annotated

import typer
from rich.console import Console

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.output import Output, number
from stedi.reports import UpgradeReport


def upgrade_command(
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would change, and change nothing.")] = False,
    json: opt.JsonOption = False,
) -> None:
    """Bring a lake of an older version to this one's format."""
    output = Output(json=json)
    with output.progress() as tell:
        report = Lake.open(lake).upgrade(plan=plan, progress=tell)
    output.show(report.to_dict, lambda out: _print(out, report, plan=plan), done=not plan)


def _print(out: Console, report: UpgradeReport, *, plan: bool) -> None:
    if report.old == report.new:
        out.print(f"The lake has format {report.new} already: there is nothing to do.")
        return
    verb = "would go" if plan else "went"
    out.print(f"The lake {verb} from format {report.old} to format {report.new}.")
    out.print(f"  {number(report.records)} rejected records are read anew", end="")
    out.print(f", and name {number(report.named)} e-mails more: each denies.")
    out.print(f"  {number(report.keys)} e-mails and serial numbers get another key, and another id.")
    if plan:
        out.print("All tables are derived anew. Nothing was changed: stedi upgrade does it.")
        return
    rows = sum(change.gained + change.lost for change in report.changes.values())
    out.print(f"All tables were derived anew: {number(rows)} rows of them are others now.")
