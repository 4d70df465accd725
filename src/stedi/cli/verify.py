"""stedi verify."""

import sys
from datetime import timedelta
from typing import Annotated

from rich.console import Console
from rich.text import Text

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.failure import FAILED
from stedi.cli.listing import table_of
from stedi.cli.output import Output, number, size
from stedi.cli.receipt import read_receipts
from stedi.reports import Check, Verification

_BYTES = "bytes"


def verify_command(
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    older_than: Annotated[float, opt.age_option("Report files that nothing reaches from this age on.")] = 1.0,
    receipt: opt.ReceiptOption = None,
    json: opt.JsonOption = False,
) -> None:
    """Audit the whole lake by a second route."""
    kept, output = read_receipts(receipt), Output(json=json)
    with output.progress() as tell:
        outcome = Lake.open(lake).verify(older_than=timedelta(hours=older_than), receipts=kept, progress=tell)
    output.show(outcome.to_dict, lambda out: _print(out, outcome))
    if not outcome.sound:
        sys.exit(FAILED)


def _print(out: Console, outcome: Verification) -> None:
    out.print(
        Text.assemble("lake ", (outcome.lake, "bold"), f": run {outcome.run_id}, consent {outcome.consent}")
    )
    out.print()
    checks = table_of(
        "check", ">looked at", ">found", "if nothing was found", rows=map(_cells, outcome.checks)
    )
    checks.columns[1].no_wrap = True
    out.print(checks)
    for finding in outcome.findings:
        out.print()
        out.print(Text.assemble((f"{finding.code}: ", "bold red"), (finding.place, "bold")))
        out.print(Text(f"  {finding.problem}."))
        out.print(Text(f"  To do: {finding.remedy}."))
    out.print()
    for missed in outcome.not_checked:
        out.print(Text.assemble(("not checked: ", "bold yellow"), missed))
    if outcome.sound:
        out.print("Sound: nothing was found.")
    else:
        found = len(outcome.findings)
        out.print(Text(f"{found} {'finding' if found == 1 else 'findings'}.", style="bold red"))


def _cells(check: Check) -> tuple[str | Text, ...]:
    amount = size(check.looked_at) if check.unit == _BYTES else f"{number(check.looked_at)} {check.unit}"
    found = Text(number(check.findings), style="bold red" if check.findings else "")
    return check.name, amount, found, check.proves
