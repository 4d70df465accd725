"""The privacy report of a run, as values: its pages in HTML and Markdown derive from it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

import polars as pl

from stedi.governance.privacy.census import (
    ALL,
    BLOCKED,
    CONSENTS,
    NEVER,
    SINCE_DENIAL,
    STAGES,
    USABLE,
    WITHDREW,
    count_by_stage,
    count_by_year,
    count_people,
)
from stedi.governance.privacy.looks import QUASI_IDENTIFIERS, customers_of, looks_of
from stedi.governance.privacy.rounding import BASE, Figure, rounded
from stedi.names import CUSTOMER_CURATED, CUSTOMER_TRUSTED, DISTRIBUTION, TOMBSTONE
from stedi.pipeline.history import Run
from stedi.pipeline.published import as_kept
from stedi.warehouse.warehouse import Warehouse

_CUSTOMERS: Final = (ALL, CONSENTS, WITHDREW, NEVER)
_CONSENTING: Final = (SINCE_DENIAL, USABLE, BLOCKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many customers there are, and of which kind."""

    what: str
    count: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A table on the way to the training data, and how many customers have rows in it."""

    table: str
    customers: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymity:
    """How well customers hide who are known by some columns.

    Attributes:
        columns: The columns.
        different: How many different looks there are.
        rare: How many of them fewer than five customers share.
    """

    columns: tuple[str, ...]
    different: Figure
    rare: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What older runs that can still be read hold of customers whom the newest run does not trust.

    Attributes:
        readable: Any older run can still be read. How many, and since when, would tell which runs held a
            single person who was erased.
        customers: How many such customers they hold, all of them together.
        erased: How many of those were erased.
    """

    readable: bool
    customers: Figure
    erased: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyReport:
    """Who is in a run and why, how well they hide, and what is still held.

    Every figure counts people, or looks of people, and is rounded down to a multiple of ``base``: 0 means
    fewer than that. No figure counts rows, and no time is anybody's.
    :mod:`stedi.governance.privacy.rounding` has the rule, and why two reports can't be subtracted.

    Attributes:
        lake: The lake.
        made_at: When the report was made.
        code_version: The version of stedi that made it.
        base: What figures are multiples of.
        run_id: The run.
        published_at: When it was published.
        now: The time at which it judged consent.
        consent: The lake's consent mode.
        key_fingerprint: The fingerprint of its pseudonym key.
        customers: All customers, and those of some kinds, by what their records say. The rest is not shown.
        consenting: Consenting customers of some kinds; somebody can be of several, or of none.
        years: Consenting customers by the year from which their consent counts: the last four whole years.
        funnel: How many customers are left at each stage on the way to the training data.
        anonymity: How well customers of customer_curated hide.
        tags: The tags, and the run of each.
        held: Who withdrew, or was erased, and is still held by an older run.
        erased: How many people were erased so far.
    """

    lake: str
    made_at: datetime
    code_version: str
    base: int
    run_id: str
    published_at: datetime
    now: datetime
    consent: str
    key_fingerprint: str
    customers: tuple[Count, ...]
    consenting: tuple[Count, ...]
    years: tuple[Count, ...]
    funnel: tuple[Stage, ...]
    anonymity: tuple[Anonymity, ...]
    tags: Mapping[str, str]
    held: Held
    erased: Figure

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values; times stay times."""
        return asdict(self)

    def to_markdown(self) -> str:
        """Return the report as a page of Markdown."""
        from stedi.governance.privacy.markdown import markdown  # noqa: PLC0415 - pages know the report, not it them

        return markdown(self)

    def to_html(self) -> str:
        """Return the report as one page of HTML that loads nothing from elsewhere."""
        from stedi.governance.privacy.html import html  # noqa: PLC0415 - pages know the report, not it them

        return html(self)


def privacy_report(
    warehouse: Warehouse, runs: Sequence[Run], run: Run, tags: Mapping[str, str], *, lake: str
) -> PrivacyReport:
    """Make the privacy report of a run that can still be read."""

    def scan(table: str) -> pl.LazyFrame:
        return warehouse.table(table).scan(run.snapshots[table])

    people = count_people(scan, run)
    stages = count_by_stage(scan, people)
    erased = set(scan(TOMBSTONE).filter(kind="person").collect()["digest"])
    return PrivacyReport(
        lake=lake,
        made_at=datetime.now(UTC),
        code_version=version(DISTRIBUTION),
        base=BASE,
        run_id=run.run_id,
        published_at=run.published_at,
        now=run.now,
        consent=run.consent,
        key_fingerprint=run.key_fingerprint,
        customers=_shown({name: people[name] for name in _CUSTOMERS}),
        consenting=_shown({name: people[name] for name in _CONSENTING}),
        years=_shown({str(year): count for year, count in count_by_year(scan, run).items()}),
        funnel=tuple(Stage(table=table, customers=rounded(stages[table])) for table in STAGES),
        anonymity=_anonymity(customers_of(scan(CUSTOMER_CURATED).collect())),
        tags=dict(sorted(tags.items())),
        held=_held(warehouse, [as_kept(warehouse, each) for each in runs], erased),
        erased=rounded(len(erased)),
    )


def _shown(counts: Mapping[str, int]) -> tuple[Count, ...]:
    return tuple(Count(what=name, count=rounded(count)) for name, count in counts.items())


def _anonymity(customers: pl.DataFrame) -> tuple[Anonymity, ...]:
    """Return how well customers hide, however much of them is known."""
    found = {columns: looks_of(customers, columns, threshold=BASE) for columns in QUASI_IDENTIFIERS}
    return tuple(
        Anonymity(columns=columns, different=rounded(looks.different), rare=rounded(looks.rare))
        for columns, looks in found.items()
    )


def _held(warehouse: Warehouse, runs: Sequence[Run], erased: set[str]) -> Held:
    """Return what all older runs together hold of customers whom the newest does not trust.

    One count of all runs: a count for each would tell since when, and until when, somebody was there.
    """
    readable = [
        run
        for run in runs[:-1]
        if warehouse.table(CUSTOMER_TRUSTED).has_snapshot(run.snapshots[CUSTOMER_TRUSTED])
    ]
    held = {run.snapshots[CUSTOMER_TRUSTED] for run in readable}
    newest = runs[-1].snapshots[CUSTOMER_TRUSTED]
    gone = set[str]().union(*(_customers_in(warehouse, each) for each in held)) - _customers_in(
        warehouse, newest
    )
    return Held(
        readable=bool(readable),
        customers=rounded(len(gone)),
        erased=rounded(len(gone & erased)),
    )


def _customers_in(warehouse: Warehouse, snapshot: int) -> set[str]:
    return set(
        warehouse.table(CUSTOMER_TRUSTED).scan(snapshot).select("customer_id").collect()["customer_id"]
    )
