"""The privacy report of a run, made of its tables."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from typing import Final

import polars as pl

from stedi.governance.privacy.anonymity import QUASI_IDENTIFIERS, customers_of, looks_of
from stedi.governance.privacy.census import STAGES, count_by_stage, count_by_year, count_people
from stedi.governance.privacy.kinds import ALL, BLOCKED, CONSENTS, NEVER, SINCE_DENIAL, USABLE, WITHDREW
from stedi.governance.privacy.report import Anonymity, Count, HeldCustomers, PrivacyReport, Stage
from stedi.governance.privacy.rounding import BASE, rounded
from stedi.names import CUSTOMER_CURATED, CUSTOMER_TRUSTED, DISTRIBUTION, TOMBSTONE
from stedi.pipeline.expired import check_readable
from stedi.pipeline.history import Run
from stedi.pipeline.published import as_kept, run_at, tags_of
from stedi.pipeline.site import Site
from stedi.warehouse.run_tables import Scan
from stedi.warehouse.warehouse import Warehouse

_CUSTOMERS: Final = (ALL, CONSENTS, WITHDREW, NEVER)
_CONSENTING: Final = (SINCE_DENIAL, USABLE, BLOCKED)


def report_site(site: Site, at: str | date | datetime | None) -> PrivacyReport:
    """Make the privacy report of a run of a lake.

    Args:
        site: Where the lake is.
        at: The id, tag or time of the run; None for the newest.

    Raises:
        UnknownNameError: There is no such run or tag.
        LakeError: Nothing was published yet.
        CatalogError: The run's snapshots were expired by a maintenance.
    """
    warehouse, runs = site.read()
    run = as_kept(warehouse, run_at(warehouse, runs, at))
    for table in run.snapshots:
        check_readable(warehouse, runs, run, table)
    with site.explained():
        return _report(warehouse, runs, run, lake=str(site))


def _report(warehouse: Warehouse, runs: Sequence[Run], run: Run, *, lake: str) -> PrivacyReport:
    scan = warehouse.at(run.snapshots).scan
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
        tags=dict(sorted(tags_of(warehouse).items())),
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


def _held(warehouse: Warehouse, runs: Sequence[Run], erased: set[str]) -> HeldCustomers:
    """Return what all older runs together hold of customers whom the newest does not trust.

    One count of all runs: a count for each would tell since when, and until when, somebody was there.
    """
    *older, newest = (warehouse.at(run.snapshots) for run in runs)
    # Runs may share a snapshot: it is read once.
    held = {tables.snapshots[CUSTOMER_TRUSTED]: tables for tables in older if tables.has(CUSTOMER_TRUSTED)}
    gone = set[str]().union(*(_customers_in(tables.scan) for tables in held.values()))
    gone -= _customers_in(newest.scan)
    return HeldCustomers(
        readable=bool(held), customers=rounded(len(gone)), erased=rounded(len(gone & erased))
    )


def _customers_in(scan: Scan) -> set[str]:
    return set(scan(CUSTOMER_TRUSTED).select("customer_id").collect()["customer_id"])
