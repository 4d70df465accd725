"""The privacy report of a run, as values: its pages in HTML and Markdown derive from it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Final

import polars as pl

from stedi.lake.history import TAG_PREFIX, Run
from stedi.lake.privacy.anonymity import QUASI_IDENTIFIERS, Anonymity, customers_of, k_anonymity
from stedi.lake.privacy.suppress import THRESHOLD, Sum, suppress
from stedi.lake.privacy.timeline import Moment, timeline
from stedi.lake.published import as_kept
from stedi.lake.verify.people import statements
from stedi.lake.verify.rule import NEVER_OVER, Said, judge
from stedi.names import CUSTOMER_CURATED, CUSTOMER_TRUSTED, LATEST, TOMBSTONE
from stedi.plan.lineage import LINEAGE, published_tables
from stedi.warehouse.inspection import Inspection
from stedi.warehouse.warehouse import Warehouse

_KEPT: Final = timedelta(days=30)
_KEPT_TAGS: Final = 10

ALL_CUSTOMERS: Final = "all customers"
CONSENTS: Final = "consents"
WITHDREW: Final = "withdrew"
NEVER: Final = "never agreed"
LATER: Final = "agreed, from a later date on"
REJECTED: Final = "kept out by a record that could not be read"
_STATES: Final = (CONSENTS, WITHDREW, NEVER, LATER, REJECTED)

ALL_DEVICES: Final = "all devices"
USABLE: Final = "held by a consenting customer, and usable"
BLOCKED: Final = "blocked: another customer who listed it does not consent"
IDLE: Final = "no consenting customer holds it"
_DEVICES: Final = (USABLE, BLOCKED, IDLE)

SINCE_SHARE: Final = "consent counts from the date of sharing"
SINCE_DENIAL: Final = "consent counts from an earlier denial on: it can't reach back over it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A count, and what it counts; None where it is hidden."""

    what: str
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One table of the funnel. Counts are None where they are hidden.

    Attributes:
        table: The table.
        driving: The table whose rows are used or dropped.
        rows_in: Its rows.
        used: Those that are used.
        dropped: Those that are not, by reason.
        fan_out: Rows beyond one per used row.
        rows_out: Rows of the table.
    """

    table: str
    driving: str
    rows_in: int | None
    used: int | None
    dropped: tuple[Count, ...]
    fan_out: int | None
    rows_out: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Customers whom the newest run doesn't trust, and whom an older run that can still be read holds.

    Attributes:
        run_id: The run.
        published_at: When it was published.
        tags: The tags that keep it.
        customers: How many of them it holds; None where that is hidden.
        erased: How many of those were erased.
        until: When maintenance may take it; None where a tag, or being one of the last ten, keeps it.
    """

    run_id: str
    published_at: datetime
    tags: tuple[str, ...]
    customers: int | None
    erased: int | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedSoFar:
    """Who was erased from a lake, and is kept out of it.

    Attributes:
        people: How many people; None where that is hidden.
        devices: How many devices of theirs, their own or shared.
        first: When the first of them was erased; None where it is hidden, or nobody was.
        last: When the last was; of somebody who denied again later, when they did.
    """

    people: int | None
    devices: int | None
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The snapshots of a table that can still be read: how many, and when the oldest was made."""

    table: str
    snapshots: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyReport:
    """Who is in a run and why, how well they hide, and what is still held.

    Counts of 1 to 4 are hidden (None), and so much more that they can't be worked out.

    Attributes:
        lake: The lake.
        made_at: When the report was made.
        code_version: The version of stedi that made it.
        threshold: The smallest count that is shown.
        run_id: The run.
        published_at: When it was published.
        now: The time at which it judged consent.
        consent: The lake's consent mode.
        key_fingerprint: The fingerprint of its pseudonym key.
        customers: Customers by what their records say.
        rules: Consenting customers by what decides from when their consent counts.
        devices: Devices by whether their readings may be used.
        consented: How many customers consented over time.
        funnel: What became of the rows.
        anonymity: How well customers of customer_curated hide.
        tags: The tags, and the run of each.
        kept: The snapshots that can still be read.
        held: Who withdrew, or was erased, and is still held by an older run.
        erased: Who was erased so far.
    """

    lake: str
    made_at: datetime
    code_version: str
    threshold: int
    run_id: str
    published_at: datetime
    now: datetime
    consent: str
    key_fingerprint: str
    customers: tuple[Count, ...]
    rules: tuple[Count, ...]
    devices: tuple[Count, ...]
    consented: tuple[Moment, ...]
    funnel: tuple[Step, ...]
    anonymity: tuple[Anonymity, ...]
    tags: Mapping[str, str]
    kept: tuple[Kept, ...]
    held: tuple[Held, ...]
    erased: ErasedSoFar

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values; times stay times."""
        return asdict(self)

    def to_markdown(self) -> str:
        """Return the report as a page of Markdown."""
        from stedi.lake.privacy.markdown import markdown  # noqa: PLC0415 - pages know the report, not it them

        return markdown(self)

    def to_html(self) -> str:
        """Return the report as one page of HTML that loads nothing from elsewhere."""
        from stedi.lake.privacy.html import html  # noqa: PLC0415 - pages know the report, not it them

        return html(self)


def privacy_report(
    warehouse: Warehouse, runs: Sequence[Run], run: Run, tags: Mapping[str, str], *, lake: str
) -> PrivacyReport:
    """Make the privacy report of a run that can still be read."""

    def scan(table: str) -> pl.LazyFrame:
        return warehouse.scan(table, run.snapshots[table])

    said = statements(scan, now=run.now)
    planned = statements(scan, now=LATEST)
    people, rules, devices = _consent(said, planned, current=run.consent == "current")
    inspected = {table: warehouse.inspect(table) for table in published_tables()}
    tombstones = scan(TOMBSTONE).collect()
    tombs = set(tombstones["digest"])
    curated = customers_of(scan(CUSTOMER_CURATED).collect())
    return PrivacyReport(
        lake=lake,
        made_at=datetime.now(UTC),
        code_version=version("stedi"),
        threshold=THRESHOLD,
        run_id=run.run_id,
        published_at=run.published_at,
        now=run.now,
        consent=run.consent,
        key_fingerprint=run.key_fingerprint,
        customers=people,
        rules=rules,
        devices=devices,
        consented=timeline(planned, now=run.now, step=THRESHOLD),
        funnel=_funnel(run),
        anonymity=tuple(_guarded(curated, columns) for columns in QUASI_IDENTIFIERS),
        tags=dict(sorted(tags.items())),
        kept=tuple(
            Kept(
                table=name,
                snapshots=len(table.snapshots),
                oldest=min(snapshot.made_at for snapshot in table.snapshots.values()),
            )
            for name, table in inspected.items()
        ),
        held=_held(warehouse, [as_kept(warehouse, each) for each in runs], inspected, tags, tombs),
        erased=_erased_so_far(tombstones),
    )


def _erased_so_far(tombstones: pl.DataFrame) -> ErasedSoFar:
    people = tombstones.filter(kind="person")
    # When one of a few people was erased is about that person.
    times = people["erased_at"] if people.height >= THRESHOLD else people["erased_at"].clear()
    return ErasedSoFar(
        people=_shown(people.height),
        devices=_shown(tombstones.filter(pl.col("kind").is_in(["device", "shared_device"])).height),
        first=times.min(),  # type: ignore[arg-type]  # of a column of times: a time, or None
        last=times.max(),  # type: ignore[arg-type]  # the same
    )


def _shown(count: int) -> int | None:
    return None if 0 < count < THRESHOLD else count


def _consent(
    said: Sequence[Said], planned: Sequence[Said], *, current: bool
) -> tuple[tuple[Count, ...], tuple[Count, ...], tuple[Count, ...]]:
    """Count customers and devices by what the rule makes of their records."""
    verdict = judge(said, current=current)
    later = judge(planned, current=False).consent_from
    by_person: dict[str, list[Said]] = {}
    for each in said:
        by_person.setdefault(each.person, []).append(each)
    counts = Counter[str]()
    for person, records in by_person.items():
        counts[ALL_CUSTOMERS] += 1
        counts[_state(person, records, verdict.consent_from, later)] += 1
        if person in verdict.consent_from:
            newest = max(each.at for each in records)
            shares = [each.share for each in records if each.at == newest and each.share is not None]
            clamped = not current and verdict.consent_from[person] > max(shares)
            counts[SINCE_DENIAL if clamped else SINCE_SHARE] += 1
    for device in {each.device for each in said if each.device is not None}:
        counts[ALL_DEVICES] += 1
        if not verdict.holders.get(device, set()) & verdict.consent_from.keys():
            counts[IDLE] += 1
        else:
            counts[USABLE if device in verdict.usable_from else BLOCKED] += 1
    names = (ALL_CUSTOMERS, *_STATES, SINCE_SHARE, SINCE_DENIAL, ALL_DEVICES, *_DEVICES)
    shown = suppress(
        {name: counts[name] for name in names},
        [
            Sum(total=ALL_CUSTOMERS, parts=_STATES),
            Sum(total=CONSENTS, parts=(SINCE_SHARE, SINCE_DENIAL)),
            Sum(total=ALL_DEVICES, parts=_DEVICES),
        ],
    )

    def listed(*wanted: str) -> tuple[Count, ...]:
        return tuple(Count(what=name, count=shown[name]) for name in wanted)

    return (
        listed(ALL_CUSTOMERS, *_STATES),
        listed(CONSENTS, SINCE_SHARE, SINCE_DENIAL),
        listed(ALL_DEVICES, *_DEVICES),
    )


def _state(
    person: str, records: Sequence[Said], consent_from: Mapping[str, int], later: Mapping[str, int]
) -> str:
    """Say in one word what a person's records say."""
    if person in consent_from:
        return CONSENTS
    newest = max(each.at for each in records)
    if any(not each.good and each.at in (newest, NEVER_OVER) for each in records):
        return REJECTED
    if person in later:
        return LATER
    return WITHDREW if any(each.share is not None for each in records) else NEVER


def _funnel(run: Run) -> tuple[Step, ...]:
    """Return the row arithmetic of a run, with small counts hidden across all tables at once."""
    counts: dict[str, int] = {}
    sums = []
    names: dict[str, str] = {}
    for step in LINEAGE:
        account = run.accounts[step.table]
        # The rows of one table are one count, wherever they stand.
        rows_in = f"rows of {step.driving}"
        rows_out = f"rows of {step.table}"
        used = f"{step.table}, used" if account.fan_out else rows_out
        names[step.table] = used
        counts |= {rows_in: account.rows_in, used: account.used, rows_out: account.rows_out}
        dropped = {f"{step.table}, {reason}": rows for reason, rows in account.dropped.items()}
        counts |= dropped
        sums.append(Sum(total=rows_in, parts=(used, *dropped)))
        if account.fan_out:
            counts[f"{step.table}, fan-out"] = account.fan_out
            sums.append(Sum(total=rows_out, parts=(used, f"{step.table}, fan-out")))
    shown = suppress(counts, sums)
    return tuple(
        Step(
            table=step.table,
            driving=step.driving,
            rows_in=shown[f"rows of {step.driving}"],
            used=shown[names[step.table]],
            dropped=tuple(
                Count(what=reason, count=shown[f"{step.table}, {reason}"])
                for reason, rows in run.accounts[step.table].dropped.items()
                if rows
            ),
            fan_out=shown.get(f"{step.table}, fan-out", 0),
            rows_out=shown[f"rows of {step.table}"],
        )
        for step in LINEAGE
    )


def _guarded(customers: pl.DataFrame, columns: Sequence[str]) -> Anonymity:
    """Return how well customers hide; how many hide badly is hidden with small counts, and so is the rest."""
    found = k_anonymity(customers, columns, threshold=THRESHOLD)
    rest = customers.height - (found.below or 0)
    unclear = 0 < (found.below or 0) < THRESHOLD or 0 < rest < THRESHOLD
    return replace(found, below=None) if unclear else found


def _held(
    warehouse: Warehouse,
    runs: Sequence[Run],
    tables: Mapping[str, Inspection],
    tags: Mapping[str, str],
    tombs: set[str],
) -> tuple[Held, ...]:
    """Return the older runs that hold customers whom the newest does not trust: one per state of them."""
    trusted = tables[CUSTOMER_TRUSTED].snapshots
    ids: dict[int, set[str]] = {}

    def customers(run: Run) -> set[str]:
        snapshot = run.snapshots[CUSTOMER_TRUSTED]
        if snapshot not in ids:
            frame = warehouse.scan(CUSTOMER_TRUSTED, snapshot).select("customer_id").collect()
            ids[snapshot] = set(frame["customer_id"])
        return ids[snapshot]

    newest = customers(runs[-1])
    last = {run.run_id for run in runs[-_KEPT_TAGS:]}
    found = []
    for run in runs[:-1]:
        if run.snapshots[CUSTOMER_TRUSTED] not in trusted or not (gone := customers(run) - newest):
            continue
        names = tuple(sorted(tag for tag, run_id in tags.items() if run_id == run.run_id))
        tagged = bool(names) or run.run_id in last or TAG_PREFIX + run.run_id in tables[CUSTOMER_TRUSTED].tags
        found.append(
            Held(
                run_id=run.run_id,
                published_at=run.published_at,
                tags=names,
                customers=_shown(len(gone)),
                erased=_shown(len(gone & tombs)),
                until=None if tagged else run.published_at + _KEPT,
            )
        )
    return tuple(found)
