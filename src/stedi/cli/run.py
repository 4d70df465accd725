"""stedi run."""

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from rich.console import Console

from stedi.cli.funnel import print_funnel
from stedi.cli.output import console, print_json, progress
from stedi.lake.lake import Lake
from stedi.lake.report import RunReport
from stedi.names import Consent
from stedi.plan.match import percent


def run(
    landing: str, *, lake: Path, consent: str, now: datetime | None, max_rejected: float, as_json: bool
) -> None:
    """Run the pipeline and show what it did."""
    opened = Lake.open(lake)
    with progress(quiet=as_json) as tell:
        report = opened.run(
            landing,
            consent=cast("Consent", consent),
            now=now if now is None or now.tzinfo else now.replace(tzinfo=UTC),
            max_rejected=max_rejected,
            progress=tell,
        )
    if as_json:
        print_json(report.to_dict())
    else:
        print_report(console(), report, lake)


def print_match(out: Console, report: RunReport) -> None:
    """Print how well the sensors pair, and what somebody should look at."""
    match = report.match
    if match.exact_rate is not None and match.nearby_rate is not None:
        out.print()
        out.print(
            f"match rate: {percent(match.exact_rate)} of the step readings have a phone reading at the same "
            f"time, {percent(match.nearby_rate)} within 20 ms"
        )
    for warning in report.warnings:
        out.print(f"[bold yellow]warning:[/bold yellow] {warning}")


def print_report(out: Console, report: RunReport, lake: Path) -> None:
    """Print a report for people."""
    run = report.run
    took = (run.published_at - run.started_at).total_seconds()
    read = f"{report.objects} new landing object" + ("" if report.objects == 1 else "s")
    out.print(f"run [bold]{run.run_id}[/bold] published in {took:.1f} s: {read}, consent {run.consent}")
    if not report.changed:
        out.print("Nothing new: every table is as the run before left it.")
    out.print()
    print_funnel(out, report.accounts)
    print_match(out, report)
    out.print()
    out.print(f"lake: {lake}", soft_wrap=True)
