"""stedi verify."""

import sys
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from stedi import Lake
from stedi.cli.failure import FAILED
from stedi.cli.listing import table_of
from stedi.cli.options import DEFAULT_LAKE, JsonOption, LakeOption, ReceiptOption
from stedi.cli.output import Output, number, size
from stedi.cli.receipt import read_receipts
from stedi.reports import Check, Verification

_BYTES = "bytes"


def verify_command(
    *,
    lake: LakeOption = DEFAULT_LAKE,
    older_than: Annotated[
        float,
        typer.Option(
            metavar="HOURS", min=0, max=876_000, help="Report files that nothing reaches from this age on."
        ),
    ] = 1.0,
    receipt: ReceiptOption = None,
    json: JsonOption = False,
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
