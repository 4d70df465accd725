"""How many people there are of each kind in a run: counted exactly, and never shown so.

What is shown of these counts is what :mod:`stedi.governance.privacy.rounding` makes of them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import narwhals as nw
import polars as pl

from stedi.consent import rule
from stedi.consent.effective import dated
from stedi.consent.pseudonyms import Pseudonyms
from stedi.consent.statements import STATEMENT, from_records, from_rejected
from stedi.frame.checked import fetch
from stedi.governance.privacy.kinds import (
    ALL,
    BLOCKED,
    CONSENTS,
    NEVER,
    OTHERS,
    SINCE_DENIAL,
    USABLE,
    WITHDREW,
)
from stedi.names import (
    CUSTOMER_CURATED,
    CUSTOMER_LANDING,
    CUSTOMER_TRUSTED,
    LATEST,
    MACHINE_LEARNING_CURATED,
    OBJECT,
    QUARANTINE,
    STEP_TRAINER_TRUSTED,
)
from stedi.pipeline.history import Run
from stedi.transform.sanitize_customers import weigh_customers
from stedi.warehouse.run_tables import Scan

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
    ids = Pseudonyms.generate()
    said = _statements(scan, run.now, ids)
    trusted = _trusted(scan, ids)
    clamped = pl.col("consent_from") > pl.col("share") if run.consent == "as_of" else pl.lit(value=False)
    later = _consents(_statements(scan, LATEST, ids)).select("customer_id", _later=True)
    newest = pl.col("at") == pl.col("at").max()
    people = (
        said.group_by("customer_id")
        .agg(
            pl.col("share").filter(newest).max(),
            agreed=pl.col("share").is_not_null().any(),
            unread=(~pl.col("good")).filter(newest).any(),
        )
        .join(_consents(said), on="customer_id", how="left")
        .join(later, on="customer_id", how="left")
        .with_columns(trusted=pl.col("customer_id").is_in(trusted["customer_id"].unique().implode()))
    )
    out = people.filter(~pl.col("trusted"))
    plain = out.filter(~pl.col("unread"), pl.col("_later").is_null())
    withdrew = plain.filter("agreed").height
    usable = pl.col("device_consent_from").is_not_null()
    return {
        ALL: people.height,
        CONSENTS: people.height - out.height,
        WITHDREW: withdrew,
        NEVER: plain.height - withdrew,
        OTHERS: out.height - plain.height,
        SINCE_DENIAL: people.filter(pl.col("trusted"), clamped).height,
        USABLE: trusted.filter(usable)["customer_id"].n_unique(),
        BLOCKED: trusted.filter(~usable)["customer_id"].n_unique(),
    }


def count_by_year(scan: Scan, run: Run) -> dict[int, int]:
    """Count consenting customers by the year from which their consent counts: the last whole years."""
    if run.consent == "current":
        return {}
    since = scan(CUSTOMER_TRUSTED).select("customer_id", pl.col("consent_from").dt.year()).collect()
    year_of = since.unique("customer_id")["consent_from"]
    return {year: int((year_of == year).sum()) for year in range(run.now.year - _YEARS, run.now.year)}


def count_by_stage(scan: Scan, people: Mapping[str, int]) -> dict[str, int]:
    """Count the customers in each table on the way to the training data."""
    ids = {
        table: scan(table).select("customer_id").unique().collect(engine="streaming").height
        for table in STAGES[2:]
    }
    return {CUSTOMER_LANDING: people[ALL], CUSTOMER_TRUSTED: people[CONSENTS], **ids}


def _statements(scan: Scan, now: datetime, ids: Pseudonyms) -> pl.DataFrame:
    """Return what every record says, as judged at a time; ``good`` is false of rejected ones.

    Erasures say nothing here: whoever was erased is counted as such.
    """
    landing = scan(CUSTOMER_LANDING).drop("_digest", strict=False)
    rejected = dated(scan(QUARANTINE), scan(OBJECT)).with_columns(tombstones=pl.lit([], pl.List(pl.String)))
    records = weigh_customers(landing, now=now, pseudonyms=ids, consent="as_of", rejected=None).records
    denials = from_rejected(rejected, records, ids)
    denied = fetch(denials.statements).join(
        denials.together, left_on="customer_id", right_on="claimant", how="anti"
    )
    parts = {True: fetch(from_records(records, now)), False: denied}
    return pl.concat(part.select(*STATEMENT, good=pl.lit(good)) for good, part in parts.items())


def _consents(said: pl.DataFrame) -> pl.DataFrame:
    return fetch(rule.customer_consents(nw.from_native(said.select(*STATEMENT).lazy())))


def _trusted(scan: Scan, ids: Pseudonyms) -> pl.DataFrame:
    """Return the rows of customer_trusted, with the ids that statements have."""
    rows = scan(CUSTOMER_TRUSTED).select("email", "device_consent_from").collect()
    made = pl.Series("customer_id", [ids.customer_id(each) for each in rows["email"]], pl.String)
    return rows.with_columns(made)
