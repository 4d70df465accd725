"""The runs of a lake: rows of the run table, read and written."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.names import MACHINE_LEARNING_CURATED, RUN, Consent, RunKind
from stedi.plan.account import Account
from stedi.plan.match import Match
from stedi.warehouse.warehouse import Warehouse

TAG_PREFIX: Final = "run-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A published run: when, under which rule and key, and which snapshot of each table.

    Attributes:
        run_id: Its id.
        base_run_id: The run before it.
        started_at: When it began.
        published_at: When it was published.
        now: The time at which consent was judged.
        consent: The lake's consent mode.
        key_fingerprint: The fingerprint of the pseudonym key.
        code_version: The version of stedi.
        match: How well the two sensors pair.
        snapshots: The snapshot of each table.
        accounts: The row arithmetic of each table.
        kind: ``"maintenance"`` where only files changed, and no row; ``"erasing"`` and ``"erasure"`` for the
            steps of an erasure and for its end.
    """

    run_id: str
    base_run_id: str | None
    started_at: datetime
    published_at: datetime
    now: datetime
    consent: Consent
    key_fingerprint: str
    code_version: str
    match: Match
    snapshots: Mapping[str, int]
    accounts: Mapping[str, Account]
    kind: RunKind = "run"

    @property
    def ref(self) -> str:
        """The name of the run's branch while it works, and of its tag afterwards."""
        return TAG_PREFIX + self.run_id


def new_run_id(started_at: datetime) -> str:
    """Return an id that sorts by time and is never made twice."""
    return f"{started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def to_frame(run: Run) -> pl.DataFrame:
    """Return a run as a row of the run table."""
    tables = [
        {
            "table_name": name,
            "snapshot_id": snapshot_id,
            "rows_in": run.accounts[name].rows_in,
            "used": run.accounts[name].used,
            "fan_out": run.accounts[name].fan_out,
            "rows_out": run.accounts[name].rows_out,
            "dropped": [
                {"reason": reason, "rows": rows} for reason, rows in run.accounts[name].dropped.items()
            ],
        }
        for name, snapshot_id in run.snapshots.items()
    ]
    row = {
        "run_id": run.run_id,
        "base_run_id": run.base_run_id,
        "kind": run.kind,
        "started_at": run.started_at,
        "published_at": run.published_at,
        "now": run.now,
        "consent": run.consent,
        "key_fingerprint": run.key_fingerprint,
        "code_version": run.code_version,
        "paired_exact": run.match.exact,
        "paired_nearby": run.match.nearby,
        "tables": tables,
    }
    return pl.DataFrame([row], schema=polars_schema(contract_of(RUN)))


def from_frame(frame: pl.DataFrame) -> Sequence[Run]:
    """Return the rows of the run table, the newest last: each run after the one that it was made from."""
    return in_order([_from_row(row) for row in frame.iter_rows(named=True)])


def in_order(runs: Sequence[Run]) -> Sequence[Run]:
    """Return runs as a chain: each names its base, and its end is the newest, whatever clocks said.

    Where the chain is broken, as an audit would say, the longest part that holds together comes last.
    """
    by_id = {run.run_id: run for run in runs}
    bases = {run.base_run_id for run in runs}
    by_time = sorted(by_id.values(), key=lambda run: (run.published_at, run.run_id))
    chains = [_back_from(run, by_id) for run in by_time if run.run_id not in bases]
    longest = max(chains, key=len, default=[])
    chained = {run.run_id for run in longest}
    return [*(run for run in by_time if run.run_id not in chained), *longest]


def _back_from(newest: Run, by_id: Mapping[str, Run]) -> list[Run]:
    chain: list[Run] = []
    seen: set[str] = set()
    run: Run | None = newest
    while run is not None and run.run_id not in seen:
        chain.append(run)
        seen.add(run.run_id)
        run = by_id.get(run.base_run_id or "")
    return chain[::-1]


def published(warehouse: Warehouse) -> Sequence[Run]:
    """Return the published runs, the newest last."""
    if not warehouse.has(RUN):
        return ()
    return from_frame(warehouse.table(RUN).scan(warehouse.table(RUN).main()).collect())


def _from_row(row: Mapping[str, Any]) -> Run:
    accounts = {
        table["table_name"]: Account(
            table=table["table_name"],
            rows_in=table["rows_in"],
            used=table["used"],
            dropped={drop["reason"]: drop["rows"] for drop in table["dropped"]},
            fan_out=table["fan_out"],
            rows_out=table["rows_out"],
        )
        for table in row["tables"]
    }
    return Run(
        **{name: row[name] for name in row if name not in ("tables", "paired_exact", "paired_nearby")},
        match=Match(
            readings=accounts[MACHINE_LEARNING_CURATED].rows_in,
            exact=row["paired_exact"],
            nearby=row["paired_nearby"],
        ),
        snapshots={table["table_name"]: table["snapshot_id"] for table in row["tables"]},
        accounts=accounts,
    )
