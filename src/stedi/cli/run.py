"""stedi run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stedi.cli.funnel import print_funnel
from stedi.cli.output import console, number, print_json, progress
from stedi.cli.streams import done
from stedi.cli.usage import usage
from stedi.contract import contract_of
from stedi.errors import RejectedError
from stedi.lake.arguments import CHECKS
from stedi.lake.lake import Lake
from stedi.names import Consent, Zone
from stedi.pipeline.published import judged
from stedi.pipeline.run_report import RunReport
from stedi.plan.change import People
from stedi.plan.match import percent
from stedi.wording import count

_NAMED = 10


def run(
    landing: str,
    *,
    lake: Path,
    consent: str,
    now: datetime | None,
    max_rejected: float,
    full: bool,
    plan: bool,
    wait: float,
    personal_data: bool,
    as_json: bool,
) -> None:
    """Run the pipeline and show what it did."""
    for option, name, value in (
        ("--consent", "consent", consent),
        ("--max-rejected", "max_rejected", max_rejected),
    ):
        with usage(option):
            CHECKS[name](name, value)
    with usage("--now"):
        at = None if now is None else judged("now", now if now.tzinfo else now.replace(tzinfo=UTC))
    opened = Lake.open(lake, wait=timedelta(seconds=wait))
    try:
        with progress(quiet=as_json) as tell:
            report = opened.run(
                landing,
                consent=cast("Consent", consent),
                now=at,
                max_rejected=max_rejected,
                full=full,
                plan=plan,
                progress=tell,
            )
    except RejectedError as error:
        if as_json:
            print_json({"published": False, "error": str(error), "most_rejected": list(error.objects)})
        raise
    if report.published:
        done()
    if as_json:
        print_json(report.to_dict(personal_data=personal_data))
    elif plan:
        print_plan(console(), report, lake, personal_data=personal_data)
    else:
        print_report(console(), report, lake)


def print_plan(out: Console, report: RunReport, lake: Path, *, personal_data: bool) -> None:
    """Print what a run would do."""
    read = count(report.objects, "new landing object")
    out.print(f"A run on the lake {lake} would read {read}:", soft_wrap=True)
    names = report.paths if personal_data else report.read
    for name in names[:_NAMED]:
        out.print(f"  {name}", soft_wrap=True)
    if rest := names[_NAMED:]:
        out.print(f"  and {len(rest):,} more")
    out.print(
        _people(report.people, ("would join", "would leave", "would move")) or "No customer would move."
    )
    out.print()
    listed = Table(box=None, pad_edge=False, header_style="bold")
    listed.add_column("table")
    for name in ("gains", "loses", "rows then"):
        listed.add_column(name, justify="right")
    for table, account in report.accounts.items():
        if (zone := contract_of(table).zone) is not Zone.SYSTEM:
            change = report.changes[table]
            then = "" if zone is Zone.LANDING else number(account.rows_out)
            listed.add_row(table, number(change.gained), number(change.lost), then)
    out.print(listed)
    print_rejected(out, report)
    print_match(out, report)
    out.print()
    out.print("Nothing was changed.")


def _people(people: People, words: tuple[str, str, str]) -> str:
    """Say who joins, leaves and moves; nothing where nobody does."""
    counts = (people.joined, people.left, people.moved)
    told = [f"{count:,} {word}" for count, word in zip(counts, words, strict=True) if count]
    return f"customers: {', '.join(told)}" if told else ""


def print_rejected(out: Console, report: RunReport) -> None:
    """Print in which landing objects most records were rejected."""
    if report.refusals:
        out.print()
        out.print("most rejected records:")
    for refusal in report.refusals:
        out.print(f"  {refusal}")


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
        out.print(Text.assemble(("warning:", "bold yellow"), f" {warning}"))


def print_report(out: Console, report: RunReport, lake: Path) -> None:
    """Print a report for people."""
    run = report.run
    took = (run.published_at - run.started_at).total_seconds()
    read = count(report.objects, "new landing object")
    published = f" published in {took:.1f} s: {read}, consent {run.consent}"
    out.print(Text.assemble("run ", (run.run_id, "bold"), published))
    if not report.changed:
        out.print("Nothing new: every table is as the run before left it.")
    elif people := _people(report.people, ("joined", "left", "moved")):
        out.print(people)
    out.print()
    print_funnel(out, report.accounts)
    print_rejected(out, report)
    print_match(out, report)
    out.print()
    out.print(f"lake: {lake}", soft_wrap=True)
