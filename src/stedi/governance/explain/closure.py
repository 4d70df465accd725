"""The dependency closure of a question: everybody and every device that its answer can depend on.

A customer's own answer depends on the devices that they ever listed, and so on everybody else who ever
listed one of these. Nothing depends on what lies beyond: so the consent rule is asked about the records of
these people alone.
"""

from dataclasses import dataclass
from typing import Final

import narwhals as nw
import polars as pl

from stedi.consent.claims import claims, devices_of, people_of
from stedi.consent.effective import dated
from stedi.consent.pseudonyms import Pseudonyms, keys
from stedi.consent.statements import in_effect, share
from stedi.contract import contract_of
from stedi.frame.checked import fetch
from stedi.names import CUSTOMER_LANDING, CUSTOMER_TRUSTED, MILLISECOND, OBJECT, QUARANTINE, TOMBSTONE
from stedi.pipeline.history import Run
from stedi.transform.sanitize_customers import Weighed, judge_customers, newest, weigh_customers
from stedi.warehouse.run_tables import RunTables

_PAIR: Final = ("email", "serial_number")
_REJECTED: Final = (
    "table_name",
    "reason",
    "field",
    "emails",
    "serial_numbers",
    "tombstones",
    "last_update_date",
    "released_at",
    "_digest",
    "_own_date",
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DependencyClosure:
    """People and devices, by ids that are made for one question and then forgotten.

    Attributes:
        customer_keys: The key of each customer in it, by id.
        device_keys: The key of each device that was asked about, by id.
        statements: What everybody's records say.
        consents: (customer_id, consent_from) of those who consent.
        held: (customer_id, device_id) of the holders, whether they consent or not.
        usable: (device_id, device_consent_from) of the devices that may be used.
        records: Everybody's good records, judged; ``share`` is null in a denial.
        rejected: The rejected records of the person, or of the device, in question: in effect ``at``, and a
            row for each device, or each customer, that one names.
        together: (claimant, customer_id) of claimants that stand for several customers.
        customers: Everybody's rows of customer_trusted.
    """

    customer_keys: dict[str, str]
    device_keys: dict[str, str]
    statements: pl.DataFrame
    consents: pl.DataFrame
    held: pl.DataFrame
    usable: pl.DataFrame
    records: pl.DataFrame
    rejected: pl.DataFrame
    together: pl.DataFrame
    customers: pl.DataFrame

    def claimants(self, device_id: str) -> list[str]:
        """Return who ever listed a device, the first first."""
        said = self.statements.filter(device_id=device_id).select("customer_id", "at")
        many = said.rename({"customer_id": "claimant"}).join(self.together, on="claimant")
        alone = said.join(self.together, left_on="customer_id", right_on="claimant", how="anti")
        listed = pl.concat([alone, many.select("customer_id", "at")])
        listed = listed.group_by("customer_id").agg(pl.col("at").min())
        # Of two at one time the keys decide: ids are others each time.
        first = {each: (at, self.customer_keys[each]) for each, at in listed.iter_rows()}
        return sorted(first, key=first.__getitem__)


def dependency_closure(
    tables: RunTables, run: Run, *, person: str | None = None, device: str | None = None
) -> DependencyClosure:
    """Return the closure of a person or of a device, each given by its key.

    Args:
        tables: The tables of the run.
        run: The run that is explained.
        person: The key of the person; None to ask about a device.
        device: The key of the device.
    """
    ids = Pseudonyms.generate()
    everybody = tables.scan(CUSTOMER_LANDING)
    damaged = (
        dated(tables.scan(QUARANTINE), tables.scan(OBJECT))
        .filter(pl.col("table_name") == CUSTOMER_LANDING, pl.col("emails").list.len() > 0)
        .select(_REJECTED)
        .collect()
    )
    listings = claims(everybody.select(_PAIR).unique().collect(), damaged)
    claimed = listings.filter("_claims")
    if person is not None:
        devices = set(devices_of(claimed, pl.Series([person])))
    else:
        devices = {device} if device is not None else set()
    people = set(people_of(claimed, pl.Series(list(devices), dtype=pl.String)))
    if person is not None:
        people.add(person)
    spelled = listings.filter(pl.col("_person").is_in(list(people))).select("email").unique()
    # Joined, not compared: what names people must not stand in a query plan.
    landing = everybody.join(spelled.lazy(), on="email", how="semi").collect()
    numbered = damaged.with_row_index("_number")
    named = numbered.select("_number", email="emails").explode("email").join(spelled, on="email", how="semi")
    rejected = numbered.join(named, on="_number", how="semi").drop("_number")
    weighed = _weigh(landing, rejected, run, ids, None)
    if tables.count(TOMBSTONE):
        trusted = tables.scan(CUSTOMER_TRUSTED).join(spelled.lazy(), on="email", how="semi").collect()
        weighed = _weigh(landing, rejected, run, ids, _erasures(trusted, weighed, ids))
    judged = judge_customers(weighed)
    return DependencyClosure(
        customer_keys={ids.customer_id(each): each for each in people},
        device_keys={ids.device_id(each): each for each in devices},
        statements=fetch(weighed.statements),
        consents=fetch(weighed.consents),
        held=fetch(weighed.held),
        usable=fetch(weighed.usable),
        records=fetch(judged.with_columns(share=share(run.now))),
        rejected=fetch(in_effect(nw.from_native(_asked(rejected, ids, person, device)), weighed.records)),
        together=weighed.together,
        customers=fetch(newest(judged)).select(contract_of(CUSTOMER_TRUSTED).names),
    )


def _asked(rejected: pl.DataFrame, ids: Pseudonyms, person: str | None, device: str | None) -> pl.LazyFrame:
    """Return rejected records with what they name beside the person, or the device, in question."""
    rows = rejected.rename({"emails": "email", "serial_numbers": "serial_number"})
    for column, wanted in (("email", person), ("serial_number", device)):
        rows = rows.explode(column, empty_as_null=True)
        if wanted is not None:
            rows = rows.filter(keys(rows[column].fill_null("")) == wanted)
    rows = rows.drop_nulls("email")
    people = pl.Series("customer_id", [ids.customer_id(each) for each in rows["email"]], pl.String)
    devices = [None if each is None else ids.device_id(each) for each in rows["serial_number"]]
    return rows.with_columns(
        people, pl.Series("device_id", devices, pl.String), at=pl.col("last_update_date")
    ).lazy()


def _weigh(
    landing: pl.DataFrame, rejected: pl.DataFrame, run: Run, ids: Pseudonyms, tombstones: pl.DataFrame | None
) -> Weighed:
    return weigh_customers(
        landing,
        now=run.now,
        pseudonyms=ids,
        consent=run.consent,
        rejected=rejected.drop("_own_date"),
        tombstones=tombstones,
    )


def _erasures(trusted: pl.DataFrame, weighed: Weighed, ids: Pseudonyms) -> pl.DataFrame:
    """Return tombstones that explain why the run lets somebody, or a device, begin later than records say.

    The lake's own tombstones hold digests that only its key can make; no key is needed to explain.
    """
    people = fetch(weighed.consents).rename({"customer_id": "digest", "consent_from": "_said"})
    devices = fetch(weighed.usable).rename({"device_id": "digest", "device_consent_from": "_said"})
    parts = []
    for kind, said, column, since, make in (
        ("person", people, "email", "consent_from", ids.customer_id),
        ("shared_device", devices, "serial_number", "device_consent_from", ids.device_id),
    ):
        digests = pl.Series("digest", [make(text) for text in trusted[column]], dtype=pl.String)
        later = trusted.with_columns(digests).join(said, on="digest").filter(pl.col(since) > pl.col("_said"))
        parts.append(
            later.select(
                "digest",
                kind=pl.lit(kind),
                erased_at=pl.col(since) - MILLISECOND,
                latest_denial=pl.lit(None, pl.Datetime("us", "UTC")),
            ).unique("digest")
        )
    return pl.concat(parts)
