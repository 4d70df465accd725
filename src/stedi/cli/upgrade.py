"""stedi upgrade."""

from pathlib import Path

from stedi.cli.output import console, number, print_json, progress
from stedi.cli.streams import done
from stedi.lake.lake import Lake


def upgrade(lake: Path, *, plan: bool, as_json: bool) -> None:
    """Bring a lake to the format of this version, or say what that would do."""
    with progress(quiet=as_json) as tell:
        report = Lake.open(lake).upgrade(plan=plan, progress=tell)
    if not plan:
        done()
    if as_json:
        print_json(report.to_dict())
        return
    out = console()
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
