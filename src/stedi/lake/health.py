"""How a lake is: what somebody on call asks first."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from stedi.consent.tombstones import retired_keys
from stedi.contract import LANDING
from stedi.errors import CatalogError
from stedi.lake.concern import (
    Concern,
    about_clock,
    about_consents,
    about_deliveries,
    about_formats,
    about_quarantine,
    about_receipts,
    about_run,
    about_tags,
    about_unfinished,
)
from stedi.lake.lake import Lake
from stedi.lake.upcoming import Upcoming, upcoming
from stedi.names import (
    ACCELEROMETER_TRUSTED,
    CUSTOMER_TRUSTED,
    MACHINE_LEARNING_CURATED,
    OBJECT,
    QUARANTINE,
    STEP_TRAINER_TRUSTED,
    TOMBSTONE,
    Consent,
)
from stedi.pipeline.history import Run, from_frame
from stedi.pipeline.receipts.receipt import Receipt
from stedi.plan.lineage import LINEAGE
from stedi.retention import KEEP_DAYS, KEPT_RUNS

_TIMES: Final = {ACCELEROMETER_TRUSTED: "timestamp", STEP_TRAINER_TRUSTED: "sensor_reading_time"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One run.

    Attributes:
        run_id: Its id.
        started_at: When it began.
        published_at: When it was published.
        now: The time at which consent was judged.
        code_version: The version of stedi.
        seconds: How long it took.
        records: New landing records that it read.
        rejected: Of those, records that went to quarantine.
        dropped: Rows that its rules kept out, in all derived tables.
        training_rows: Rows of machine_learning_curated.
        match_rate: The share of trusted step readings with a phone reading at the same time.
    """

    run_id: str
    started_at: datetime
    published_at: datetime
    now: datetime
    code_version: str
    seconds: float
    records: int
    rejected: int
    dropped: int
    training_rows: int
    match_rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """One table of the newest run: its zone, its rows, its bytes and its snapshot."""

    table: str
    zone: str
    rows: int
    bytes: int
    snapshot_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectCount:
    """The records of one table that were rejected for one reason, and those that are not released."""

    table: str
    reason: str
    records: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSpan:
    """The oldest and the newest trusted reading of a sensor; None where there is no reading."""

    table: str
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagFacts:
    """A tag, its run, and how many of its customers the newest run does not trust."""

    tag: str
    run_id: str
    published_at: datetime
    withdrawn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """Customers whom the newest run does not trust, and whose rows older runs still hold.

    Attributes:
        customers: How many.
        runs: The older runs that hold one, by distinct versions of the table.
        until: When the newest of these is 30 days old: from then on a maintenance lets it go, unless a tag
            names it or it is one of the last ten.
    """

    customers: int
    runs: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of a lake at its newest run.

    Attributes:
        consent: The lake's consent mode.
        key_fingerprint: The fingerprint of its pseudonym key.
        retired_keys: Those of older keys without which erased people can't be recognised.
        last_run: The id of the newest run that loaded or derived something.
        last_maintained: When the lake was last maintained.
        run_count: How many runs were published.
        runs: The last ten of them, the newest last.
        tables: Every table.
        rejects: What was rejected, by table and reason, the most frequent first.
        sensors: The span of the trusted readings.
        tags: The tags, by name.
        held_in_quarantine: Rejected records that are not released.
        upcoming: Consents that begin later; None where there are none.
        withdrawn: Withdrawn customers whom older runs still hold; None where there are none.
        warnings: What should be looked at; empty for a healthy lake.
    """

    consent: Consent
    key_fingerprint: str
    retired_keys: tuple[str, ...]
    last_run: str
    last_maintained: datetime | None
    run_count: int
    runs: tuple[RunSummary, ...]
    tables: tuple[TableFacts, ...]
    rejects: tuple[RejectCount, ...]
    sensors: tuple[SensorSpan, ...]
    tags: tuple[TagFacts, ...]
    held_in_quarantine: int
    upcoming: Upcoming | None
    withdrawn: Withdrawn | None
    warnings: tuple[Concern, ...]

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values; times stay times."""
        return asdict(self)


def health_of(lake: Lake, *, receipts: Sequence[Receipt] = ()) -> Health:
    """Return the state of a lake: a few aggregates over metadata and single columns, no table is loaded.

    Args:
        lake: The lake.
        receipts: Receipts of erasures that were kept elsewhere: a lake that lacks one is older than it.

    Raises:
        ReceiptError: What was passed is the plan of an erasure, or a receipt of the lake can't be read.
        LakeError: Nothing was published yet, or a file is damaged or gone.
    """
    with lake.reading():
        return _health(lake, receipts)


def _health(lake: Lake, receipts: Sequence[Receipt]) -> Health:
    runs = from_frame(lake.runs())
    newest = runs[-1]
    # A maintenance brings nothing new: it is told of by itself.
    loads = [run for run in runs if run.kind == "run"]
    maintained = [run.published_at for run in runs if run.kind == "maintenance"]
    tables = tuple(
        TableFacts(**{name: row[name] for name in ("table", "zone", "rows", "bytes", "snapshot_id")})
        for row in lake.tables().iter_rows(named=True)
    )
    rejects = _rejects(lake)
    tags, withdrawn = _tags(lake, {run.run_id: run for run in runs}, newest)
    held = sum(each.held for each in rejects)
    begins = upcoming(lake, newest)
    twice = lake.scan(OBJECT).select(pl.col("duplicate").sum()).collect().item()
    warnings = (
        *about_receipts(lake.hold_against(receipts) if receipts else ()),
        *about_run(loads[-1]),
        *about_unfinished(newest),
        *about_clock(newest, datetime.now(UTC)),
        *about_formats(lake.table_formats()),
        *about_deliveries(int(twice)),
        *about_quarantine(held),
        *about_consents(begins),
        *about_tags([each.tag for each in tags if each.withdrawn], withdrawn),
    )
    return Health(
        consent=newest.consent,
        key_fingerprint=newest.key_fingerprint,
        retired_keys=retired_keys(lake.scan(TOMBSTONE).collect(), newest.key_fingerprint),
        last_run=loads[-1].run_id,
        last_maintained=maintained[-1] if maintained else None,
        run_count=len(loads),
        runs=tuple(map(_facts, loads[-KEPT_RUNS:])),
        tables=tables,
        rejects=rejects,
        sensors=tuple(_span(lake, table, column) for table, column in _TIMES.items()),
        tags=tags,
        held_in_quarantine=held,
        upcoming=begins,
        withdrawn=_withdrawn(lake, runs),
        warnings=warnings,
    )


def _facts(run: Run) -> RunSummary:
    return RunSummary(
        run_id=run.run_id,
        started_at=run.started_at,
        published_at=run.published_at,
        now=run.now,
        code_version=run.code_version,
        seconds=(run.published_at - run.started_at).total_seconds(),
        records=sum(run.accounts[contract.name].rows_in for contract in LANDING),
        rejected=run.accounts[QUARANTINE].rows_out,
        dropped=sum(sum(run.accounts[step.table].dropped.values()) for step in LINEAGE),
        training_rows=run.accounts[MACHINE_LEARNING_CURATED].rows_out,
        match_rate=run.match.exact_rate,
    )


def _rejects(lake: Lake) -> tuple[RejectCount, ...]:
    counts = (
        lake.scan(QUARANTINE)
        .group_by("table_name", "reason")
        .agg(pl.len().alias("records"), pl.col("released_at").is_null().sum().alias("held"))
        .sort("records", "table_name", "reason", descending=[True, False, False])
        .rename({"table_name": "table"})
        .collect()
    )
    return tuple(RejectCount(**row) for row in counts.iter_rows(named=True))


def _span(lake: Lake, table: str, column: str) -> SensorSpan:
    time = pl.col(column)
    span = lake.scan(table).select(time.min().alias("oldest"), time.max().alias("newest"))
    return SensorSpan(table=table, **span.collect(engine="streaming").row(0, named=True))


def _tags(lake: Lake, runs: Mapping[str, Run], newest: Run) -> tuple[tuple[TagFacts, ...], int]:
    """Return the tags, and how many customers they hold in all whom the newest run does not trust."""
    tags = sorted(lake.tags().items())
    trusted = _customers(lake, newest.run_id)
    gone = {run_id: _customers(lake, run_id) - trusted for run_id in {run_id for _, run_id in tags}}
    facts = tuple(
        TagFacts(tag=tag, run_id=run_id, published_at=runs[run_id].published_at, withdrawn=len(gone[run_id]))
        for tag, run_id in tags
    )
    return facts, len(set[str]().union(*gone.values()))


def _customers(lake: Lake, run_id: str) -> set[str]:
    return _ids(lake.scan(CUSTOMER_TRUSTED, at=run_id, include_withdrawn=True))


def _ids(customers: pl.LazyFrame) -> set[str]:
    return set(customers.select("customer_id").collect()["customer_id"])


def _withdrawn(lake: Lake, runs: Sequence[Run]) -> Withdrawn | None:
    """Return the customers whom older runs hold, and the newest run does not trust."""
    trusted = _customers(lake, runs[-1].run_id)
    # Runs that share a version of the table hold the same people: the newest of them stays longest.
    newest = {run.snapshots[CUSTOMER_TRUSTED]: run for run in runs}
    gone: set[str] = set()
    holding = []
    for run in newest.values():
        # What was expired holds nobody.
        try:
            customers = lake.scan(CUSTOMER_TRUSTED, at=run.run_id, include_withdrawn=True)
        except CatalogError:
            continue
        if held := _ids(customers) - trusted:
            gone |= held
            holding.append(run)
    if not holding:
        return None
    return Withdrawn(
        customers=len(gone),
        runs=len(holding),
        until=max(run.published_at for run in holding) + timedelta(days=KEEP_DAYS),
    )
