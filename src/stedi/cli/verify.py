"""stedi verify."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stedi.cli.failure import FAILED
from stedi.cli.output import console, number, print_json, progress, size
from stedi.cli.receipt import read_receipt
from stedi.governance.verify.finding import Finding, Verification
from stedi.lake.lake import Lake

_BYTES = "bytes"


def verify(lake: Path, *, older_than: float, receipts: Sequence[Path], as_json: bool) -> None:
    """Audit a lake; end with 1 if something is wrong."""
    kept = [read_receipt(file) for file in receipts]
    with progress(quiet=as_json) as tell:
        outcome = Lake.open(lake).verify(older_than=timedelta(hours=older_than), receipts=kept, progress=tell)
    if as_json:
        print_json(outcome.to_dict())
    else:
        _print(console(), outcome)
    if not outcome.sound:
        sys.exit(FAILED)


def _print(out: Console, outcome: Verification) -> None:
    out.print(
        Text.assemble("lake ", (outcome.lake, "bold"), f": run {outcome.run_id}, consent {outcome.consent}")
    )
    out.print()
    listed = Table(box=None, pad_edge=False, header_style="bold")
    listed.add_column("check")
    listed.add_column("looked at", justify="right", no_wrap=True)
    listed.add_column("found", justify="right")
    listed.add_column("if nothing was found")
    for check in outcome.checks:
        amount = size(check.looked_at) if check.unit == _BYTES else f"{number(check.looked_at)} {check.unit}"
        found = Text(number(check.findings), style="bold red" if check.findings else "")
        listed.add_row(check.name, amount, found, check.proves)
    out.print(listed)
    for finding in outcome.findings:
        out.print()
        _print_finding(out, finding)
    out.print()
    for missed in outcome.not_checked:
        out.print(Text.assemble(("not checked: ", "bold yellow"), missed))
    if outcome.sound:
        out.print("Sound: nothing was found.")
    else:
        count = len(outcome.findings)
        out.print(Text(f"{count} {'finding' if count == 1 else 'findings'}.", style="bold red"))


def _print_finding(out: Console, finding: Finding) -> None:
    out.print(Text.assemble((f"{finding.code}: ", "bold red"), (finding.place, "bold")))
    out.print(Text(f"  {finding.problem}."))
    out.print(Text(f"  To do: {finding.remedy}."))
