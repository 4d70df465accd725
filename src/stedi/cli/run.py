"""stedi run."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.text import Text

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.funnel import print_funnel
from stedi.cli.listing import table_of
from stedi.cli.output import Output, number
from stedi.contract import contract_of
from stedi.errors import RejectedError
from stedi.lake.arguments import CHECKS, judged
from stedi.lake.display import percent
from stedi.names import CONSENT_MODES, Consent, Zone
from stedi.reports import People, RunReport
from stedi.wording import count

_NAMED = 10


def run_command(
    landing: Annotated[str, typer.Argument(help="The landing root: a folder or an s3:// URL.")],
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    consent: Annotated[
        str,
        opt.word_option(
            "--consent",
            CONSENT_MODES,
            "as_of obeys when consent was given; current does not.",
            metavar="MODE",
            kind="consent mode",
        ),
    ] = "as_of",
    now: Annotated[
        datetime | None,
        typer.Option(
            metavar="TIME",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"],
            callback=opt.checked_by("--now", lambda time: judged("now", time.isoformat())),
            help="Judge consent at this time (UTC) instead of now.",
        ),
    ] = None,
    max_rejected: Annotated[
        float,
        typer.Option(
            metavar="RATE",
            callback=opt.checked_by("--max-rejected", partial(CHECKS["max_rejected"], "max_rejected")),
            help="Stop if more of a table's new records are rejected.",
        ),
    ] = 0.5,
    full: Annotated[
        bool, typer.Option("--full", help="Derive everything anew: it must be what is there.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only say what a run would read, add and remove.")
    ] = False,
    wait: opt.WaitOption = 0,
    personal_data: Annotated[
        bool, opt.personal_data_option("With --plan or --json: show the whole paths of landing objects.")
    ] = False,
    json: opt.JsonOption = False,
) -> None:
    """Load what is new and publish all tables."""
    opened, output = Lake.open(lake, wait=timedelta(seconds=wait)), Output(json=json)
    try:
        with output.progress() as tell:
            report = opened.run(
                landing,
                consent=cast("Consent", consent),
                now=now.isoformat() if now is not None else None,
                max_rejected=max_rejected,
                full=full,
                plan=plan,
                progress=tell,
            )
    except RejectedError as error:
        refusal = {"published": False, "error": str(error), "most_rejected": list(error.objects)}
        output.show(lambda: refusal, lambda _: None)
        raise

    def told(out: Console) -> None:
        if plan:
            _print_plan(out, report, lake, personal_data=personal_data)
        else:
            print_report(out, report, lake)

    output.show(lambda: report.to_dict(personal_data=personal_data), told, done=report.published)


def _print_plan(out: Console, report: RunReport, lake: Path, *, personal_data: bool) -> None:
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
    listed = table_of("table", ">gains", ">loses", ">rows then")
    for table, account in report.accounts.items():
        if (zone := contract_of(table).zone) is not Zone.SYSTEM:
            change = report.changes[table]
            then = "" if zone is Zone.LANDING else number(account.rows_out)
            listed.add_row(table, number(change.gained), number(change.lost), then)
    out.print(listed)
    _print_quality(out, report)
    out.print()
    out.print("Nothing was changed.")


def _people(people: People, words: tuple[str, str, str]) -> str:
    """Say who joins, leaves and moves; nothing where nobody does."""
    counts = (people.joined, people.left, people.moved)
    told = [f"{count:,} {word}" for count, word in zip(counts, words, strict=True) if count]
    return f"customers: {', '.join(told)}" if told else ""


def _print_quality(out: Console, report: RunReport) -> None:
    """Print where most records were rejected, how well the sensors pair, and what to look at."""
    if report.refusals:
        out.print()
        out.print("most rejected records:")
    for refusal in report.refusals:
        out.print(f"  {refusal}")
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
    _print_quality(out, report)
    out.print()
    out.print(f"lake: {lake}", soft_wrap=True)
