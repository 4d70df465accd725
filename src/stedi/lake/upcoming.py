"""Consents that begin later: share dates in the future, which a run after them will obey."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from stedi.consent.effective import dated
from stedi.consent.pseudonyms import Pseudonyms, keys
from stedi.lake.lake import Lake
from stedi.names import CUSTOMER_LANDING, LATEST, OBJECT, QUARANTINE
from stedi.pipeline.history import Run
from stedi.transform.sanitize_customers import sanitize_customers

_SHARE = "share_with_research_as_of_date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """Customers who do not consent yet, and will if they say nothing else.

    Attributes:
        customers: How many.
        next_at: When the first of their consents begins.
    """

    customers: int
    next_at: datetime


def upcoming(lake: Lake, run: Run) -> Upcoming | None:
    """Return the consents that begin after a run's ``now``; None where there are none.

    The consent rule itself decides, once at the run's ``now`` and once when every share date is reached: a
    share date alone says little where a newer record, or a rejected one, denies.
    """
    records = _of_whom_some_share_later(lake.scan(CUSTOMER_LANDING, at=run.run_id), run.now)
    if records.is_empty():
        return None
    reached = records.select(pl.col(_SHARE).max()).item()
    # Nobody sees these ids: any key tells customers apart.
    pseudonyms = Pseudonyms.generate()
    rejected = dated(*(lake.scan(table, at=run.run_id) for table in (QUARANTINE, OBJECT))).collect()
    today, then = (
        sanitize_customers(records, now=now, pseudonyms=pseudonyms, rejected=rejected)
        for now in (run.now, reached)
    )
    later = then.join(today, on="customer_id", how="anti").unique("customer_id")
    begins = later["consent_from"].min()
    return Upcoming(customers=later.height, next_at=begins) if isinstance(begins, datetime) else None


def _of_whom_some_share_later(landing: pl.LazyFrame, now: datetime) -> pl.DataFrame:
    """Return all records of the customers of whom one shares from a later time on: few of all there are."""
    later = landing.filter(pl.col(_SHARE) > now, pl.col(_SHARE) < LATEST).select("email").unique().collect()
    if later.is_empty():
        return landing.clear().collect()
    whose = keys(later["email"]).unique()
    spelled = landing.select("email").unique().collect()
    mine = spelled.filter(keys(spelled["email"]).is_in(whose.implode()))
    # Joined, not compared: what names people must not stand in a query plan.
    return landing.join(mine.lazy(), on="email", how="semi").collect()
