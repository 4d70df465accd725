"""How many people there are of each kind in a run: counted exactly, and never shown so.

What is shown of these counts is what :mod:`stedi.governance.privacy.rounding` makes of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import polars as pl

from stedi.governance.verify.people import statements
from stedi.governance.verify.rule import NEVER_OVER, Said, Verdict, judge, name_of
from stedi.names import (
    CUSTOMER_CURATED,
    CUSTOMER_LANDING,
    CUSTOMER_TRUSTED,
    LATEST,
    MACHINE_LEARNING_CURATED,
    STEP_TRAINER_TRUSTED,
)
from stedi.pipeline.history import Run
from stedi.warehouse.run_tables import Scan

ALL: Final = "all customers"
CONSENTS: Final = "consents"
WITHDREW: Final = "withdrew"
NEVER: Final = "never agreed"
OTHERS: Final = "agreed for a later date, or are kept out by a record that could not be read"
"""Never shown: the rest that keeps the others from being worked out of their sum."""

SINCE_DENIAL: Final = "consent counts from an earlier denial on: it can't reach back over it"
USABLE: Final = "a device of theirs may be used"
BLOCKED: Final = "a device of theirs may not: another customer who listed it does not consent"

STAGES: Final = (
    CUSTOMER_LANDING,
    CUSTOMER_TRUSTED,
    CUSTOMER_CURATED,
    STEP_TRAINER_TRUSTED,
    MACHINE_LEARNING_CURATED,
)
"""Tables on the way to the training data: whoever is in one is in those before it."""

_YEARS: Final = 4


def count_people(scan: Scan, run: Run) -> dict[str, int]:
    """Count the customers of a run by what their records say, and by whether their devices may be used."""
    said = statements(scan, now=run.now)
    current = run.consent == "current"
    verdict = judge(said, current=current)
    later = judge(statements(scan, now=LATEST), current=False)
    trusted = _trusted(scan)
    consenting = set(trusted["person"])
    counts = Counter[str]()
    for person, records in _by_person(said).items():
        counts[ALL] += 1
        counts[_state(person, records, consenting, later)] += 1
        if not current and person in consenting:
            counts[SINCE_DENIAL] += _is_clamped(person, records, verdict)
    usable = pl.col("device_consent_from").is_not_null()
    counts[USABLE] = trusted.filter(usable)["person"].n_unique()
    counts[BLOCKED] = trusted.filter(~usable)["person"].n_unique()
    return {
        name: counts[name] for name in (ALL, CONSENTS, WITHDREW, NEVER, OTHERS, SINCE_DENIAL, USABLE, BLOCKED)
    }


def count_by_year(scan: Scan, run: Run) -> dict[int, int]:
    """Count consenting customers by the year from which their consent counts: the last whole years."""
    if run.consent == "current":
        return {}
    since = _trusted(scan).unique("person")["consent_from"].dt.year()
    years = range(run.now.year - _YEARS, run.now.year)
    return {year: int((since == year).sum()) for year in years}


def count_by_stage(scan: Scan, people: Mapping[str, int]) -> dict[str, int]:
    """Count the customers in each table on the way to the training data."""
    ids = {table: _customers_in(scan, table) for table in STAGES[2:]}
    return {CUSTOMER_LANDING: people[ALL], CUSTOMER_TRUSTED: people[CONSENTS], **ids}


def _customers_in(scan: Scan, table: str) -> int:
    return scan(table).select("customer_id").unique().collect(engine="streaming").height


def _trusted(scan: Scan) -> pl.DataFrame:
    """Return the rows of customer_trusted, with the name that all spellings of an e-mail share."""
    columns = ("email", "consent_from", "device_consent_from")
    rows = scan(CUSTOMER_TRUSTED).select(columns).collect()
    return rows.with_columns(person=rows["email"].map_elements(name_of, return_dtype=pl.String))


def _by_person(said: Iterable[Said]) -> dict[str, list[Said]]:
    people: dict[str, list[Said]] = {}
    for each in said:
        people.setdefault(each.person, []).append(each)
    return people


def _state(person: str, records: Sequence[Said], consenting: set[str], later: Verdict) -> str:
    """Say in one word what a person's records say."""
    if person in consenting:
        return CONSENTS
    newest = max(each.at for each in records)
    unread = any(not each.good and each.at in (newest, NEVER_OVER) for each in records)
    if unread or person in later.consent_from:
        return OTHERS
    return WITHDREW if any(each.share is not None for each in records) else NEVER


def _is_clamped(person: str, records: Sequence[Said], verdict: Verdict) -> bool:
    """Say whether a denial, not a share date, says from when somebody's consent counts."""
    newest = max(each.at for each in records)
    shares = [each.share for each in records if each.at == newest and each.share is not None]
    return person in verdict.consent_from and bool(shares) and verdict.consent_from[person] > max(shares)
