"""The arithmetic of every run, and that of the newest one against a second count."""

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from stedi.governance.verify.finding import Fault, Finding
from stedi.governance.verify.readings import Counted, Recount
from stedi.names import OBJECT, QUARANTINE, RUN, TOMBSTONE
from stedi.pipeline.history import Run
from stedi.plan.account import Account
from stedi.plan.lineage import LANDING_TABLES, LINEAGE
from stedi.warehouse.run_tables import Scan

_REASONS: Final = {step.table: {str(reason) for reason in step.drops} for step in LINEAGE}


def check_arithmetic(runs: Sequence[Run]) -> list[Finding]:
    """Check that in every run each row is used or dropped with one reason, and nothing is made of nothing."""
    return [
        Finding.of(Fault.WRONG_ACCOUNT, f"{RUN} {run.run_id}, {account.table}", problem)
        for run in runs
        for account in run.accounts.values()
        for problem in _wrong(account)
    ]


def _wrong(account: Account) -> list[str]:
    dropped = sum(account.dropped.values())
    problems = []
    if account.rows_in != account.used + dropped:
        problems.append(
            f"{account.rows_in:,} rows came in, but {account.used:,} were used and {dropped:,} dropped"
        )
    if account.rows_out != account.used + account.fan_out:
        problems.append(
            f"{account.used:,} rows were used and {account.fan_out:,} added by fan-out, but "
            f"{account.rows_out:,} came out"
        )
    if min(account.rows_in, account.used, account.fan_out, *account.dropped.values()) < 0:
        problems.append("a count is negative")
    if unknown := account.dropped.keys() - _REASONS.get(account.table, account.dropped.keys()):
        problems.append(f"{len(unknown)} reasons that no rule has")
    return problems


def check_recount(run: Run, recount: Recount) -> list[Finding]:
    """Compare what a run says that it did with what a second derivation counts."""
    place = f"{RUN} {run.run_id}"
    figures = []
    for table, counted in recount.accounts.items():
        said, found = _figures(run.accounts[table]), _figures(counted)
        both = sorted(said.keys() | found.keys())
        figures += [(f"{place}, {table}", what, said.get(what, 0), found.get(what, 0)) for what in both]
    figures.append((place, "paired_exact", run.match.exact, recount.exact))
    figures.append((place, "paired_nearby", run.match.nearby, recount.nearby))
    return [
        Finding.of(Fault.WRONG_ACCOUNT, where, f"it says {what} {says:,}, and a second count gives {found:,}")
        for where, what, says, found in figures
        if says != found
    ]


def _figures(account: Account | Counted) -> dict[str, int]:
    figures = {"rows_in": account.rows_in, "used": account.used, "rows_out": account.rows_out}
    return figures | dict(account.dropped)


def check_ledger(scan: Scan) -> tuple[list[Finding], int]:
    """Compare the landing tables and the quarantine with what the ledger says was loaded.

    Once somebody was erased there may be less than that, and never more.

    Returns:
        Findings, and how many objects the ledger has.
    """
    ledger = scan(OBJECT).collect()
    exact = scan(TOMBSTONE).select(pl.len()).collect().item() == 0
    findings = []
    loaded = ledger.filter(~pl.col("duplicate"))
    twice = loaded.height - loaded.select("table_name", "digest").unique().height
    if twice:
        problem = f"{twice:,} objects were loaded twice"
        findings.append(Finding.of(Fault.WRONG_LEDGER, OBJECT, problem, count=twice))
    quarantined = scan(QUARANTINE).group_by("table_name", "_digest").agg(rows=pl.len()).collect()
    for table in LANDING_TABLES:
        said = loaded.filter(table_name=table)
        kept = scan(table).group_by("_digest").agg(rows=pl.len()).collect(engine="streaming")
        held = quarantined.filter(table_name=table).drop("table_name")
        for place, rows, column in ((table, kept, "records"), (QUARANTINE, held, "rejected")):
            findings += _unlike(place, table, said.select(_digest="digest", said=column), rows, exact=exact)
    return findings, ledger.height


def _unlike(
    place: str, table: str, said: pl.DataFrame, there: pl.DataFrame, *, exact: bool
) -> Iterator[Finding]:
    both = said.join(there, on="_digest", how="full", coalesce=True, nulls_equal=True)
    counts = both.select(pl.col("rows", "said").fill_null(0).cast(pl.Int64))
    differs = counts["rows"] - counts["said"]
    fewer = differs.filter(differs < 0) if exact else differs.clear()
    for word, unlike in (("more", differs.filter(differs > 0)), ("fewer", fewer)):
        if rows := abs(int(unlike.sum())):
            problem = (
                f"{rows:,} {word} records for {table} than the ledger says were loaded from "
                f"{unlike.len():,} objects"
            )
            yield Finding.of(Fault.WRONG_LEDGER, place, problem, count=rows)
