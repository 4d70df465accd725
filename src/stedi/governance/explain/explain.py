"""Why a customer or a device is in the training data, or out: everything put together."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms, key
from stedi.governance.explain.closure import DependencyClosure, dependency_closure
from stedi.governance.explain.explanation import Device, Explanation, Person, Portion, SubjectKind
from stedi.governance.explain.readings import (
    JudgedReadings,
    account_of_customers,
    account_of_pairs,
    account_of_records,
    account_of_sent,
    count_rejected,
    judge_readings,
)
from stedi.governance.explain.records import newest_of, records_of
from stedi.governance.explain.rules import deciding, reasons_of_customer, reasons_of_device
from stedi.governance.explain.timeline import history, listings
from stedi.governance.explain.verdict import customer_verdict, device_verdict
from stedi.governance.explain.who import email_of, only_subject
from stedi.names import ACCELEROMETER_LANDING, CUSTOMER_LANDING, STEP_TRAINER_LANDING
from stedi.pipeline.history import Run
from stedi.pipeline.keys import find_key
from stedi.pipeline.site import Site
from stedi.plan.account import Account
from stedi.warehouse.run_tables import RunTables
from stedi.wording import day

_AT: Final = ["customer_id", "sensor_reading_time"]
_WORDS: Final[Mapping[SubjectKind, str]] = {
    "email": "e-mail",
    "serial_number": "serial number",
    "customer_id": "customer_id",
}


def explain_site(
    site: Site,
    pseudonyms: Pseudonyms | None,
    *,
    email: str | None,
    serial_number: str | None,
    customer_id: str | None,
) -> Explanation:
    """Explain a customer or a device, as of the newest run of a lake.

    Args:
        site: Where the lake is.
        pseudonyms: The keys that were passed; the lake's own are looked for only where a customer_id can't be
            told without.
        email: The customer's e-mail, in any spelling.
        serial_number: The device's serial number, in any spelling.
        customer_id: The customer's id.

    Raises:
        ConfigurationError: Not exactly one of the three was passed, or it is blank or no id.
        KeyMismatchError: Whose customer_id it is can't be told without the lake's key.
        LakeError: Nothing was published yet.
    """
    kind, asked = only_subject({"email": email, "serial_number": serial_number, "customer_id": customer_id})
    warehouse, runs = site.read()
    run = runs[-1]
    tables = warehouse.at(run.snapshots)
    if kind == "serial_number":
        return _device(tables, run, asked)
    text: str | None = asked
    if kind == "customer_id":
        fingerprint = run.key_fingerprint
        text = email_of(tables.scan, asked, lambda: find_key(pseudonyms, fingerprint=fingerprint)[0])
    # The empty key is nobody's: a blank e-mail is rejected.
    return _customer(tables, run, kind, asked, "" if text is None else key(text))


def _customer(tables: RunTables, run: Run, kind: SubjectKind, asked: str, person: str) -> Explanation:
    closure = dependency_closure(tables, run, person=person)
    (me,) = [each for each, of in closure.customer_keys.items() if of == person]
    records = records_of(closure, person=me)
    since = _since(closure, me)
    listed = [each.device_id for each in records if each.device_id and each.says != "nothing"]
    names = _numbered("device", listed)
    found = {
        each: _described(closure, each, names[each], me) for each in names if each in closure.device_keys
    }
    devices = tuple(found.values())
    readings = judge_readings(tables, closure, {me})
    rejected = count_rejected(tables.scan)
    loaded = readings.phone_account.rows_in
    phone = account_of_sent(rejected, ACCELEROMETER_LANDING, "emails", person, loaded=loaded)
    steps = readings.steps.filter(customer_id=me)
    pairs = {each: account_of_pairs(steps.filter(device_id=each), readings.phone) for each in found}
    judged = closure.records.filter(customer_id=me)
    return Explanation(
        kind=kind,
        asked=asked,
        run_id=run.run_id,
        now=run.now,
        consent=run.consent,
        known=bool(records) or phone.rows_in > 0,
        rows=sum(each.rows_out for each in pairs.values()),
        consent_from=since,
        verdict=customer_verdict(
            records,
            since,
            devices,
            now=run.now,
            consent=run.consent,
            asked=_WORDS[kind],
            phone=readings.phone_account,
            sent=phone.rows_in,
            steps=[readings.step_accounts[each] for each in found],
            pairs=list(pairs.values()),
        ),
        timeline=history(closure, records, now=run.now, consent=run.consent, devices=names),
        reasons=reasons_of_customer(records, since, devices, now=run.now, consent=run.consent),
        people=(),
        devices=devices,
        portions=_portions(
            account_of_sent(rejected, CUSTOMER_LANDING, "emails", person, loaded=judged.height),
            account_of_records(judged),
            phone,
            readings.phone_account,
            account_of_customers(closure.customers.filter(customer_id=me), readings.curated),
        )
        + _portions_of_devices(closure, readings, rejected, pairs, found),
    )


def _device(tables: RunTables, run: Run, asked: str) -> Explanation:
    serial = key(asked)
    closure = dependency_closure(tables, run, device=serial)
    (it,) = closure.device_keys
    records = records_of(closure, device=it)
    claimants = closure.claimants(it)
    names = _numbered("customer", claimants)
    device = _described(closure, it, "the device", None)
    readings = judge_readings(tables, closure, claimants)
    rejected = count_rejected(tables.scan)
    rows = readings.steps.filter(device_id=it)
    pairs = account_of_pairs(rows, readings.phone)
    judged = closure.records.filter(device_id=it)
    listed = account_of_sent(rejected, CUSTOMER_LANDING, "serial_numbers", serial, loaded=judged.height)
    of_device = _portions_of_devices(closure, readings, rejected, {it: pairs}, {it: device})
    sent = of_device[0].account.rows_in
    paired = rows.join(readings.phone, left_on=_AT, right_on=["customer_id", "timestamp"], how="semi")
    return Explanation(
        kind="serial_number",
        asked=asked,
        run_id=run.run_id,
        now=run.now,
        consent=run.consent,
        known=listed.rows_in > 0 or sent > 0,
        rows=pairs.rows_out,
        consent_from=device.consent_from,
        verdict=device_verdict(
            device,
            consent=run.consent,
            people=paired["customer_id"].n_unique(),
            listed=listed.rows_in,
            sent=sent,
            steps=readings.step_accounts[it],
            pairs=pairs,
        ),
        timeline=listings(closure, records, now=run.now, device=device.name, people=names),
        reasons=reasons_of_device(records, device, consent=run.consent),
        people=tuple(_person(closure, run, each, names[each], it) for each in claimants),
        devices=(device,),
        portions=_portions(
            listed,
            account_of_records(judged),
            account_of_customers(closure.customers.filter(device_id=it), readings.curated),
        )
        + of_device,
    )


def _since(closure: DependencyClosure, person: str) -> datetime | None:
    found = closure.consents.filter(customer_id=person)["consent_from"]
    return found[0] if found.len() else None


def _numbered(noun: str, ids: Collection[str]) -> dict[str, str]:
    """Return names for ids in the order in which they first come."""
    return {each: f"{noun} {place}" for place, each in enumerate(dict.fromkeys(ids), start=1)}


def _described(closure: DependencyClosure, device_id: str, name: str, person: str | None) -> Device:
    claimants = closure.claimants(device_id)
    consenting = set(closure.consents["customer_id"])
    holders = closure.customers.filter(device_id=device_id)["customer_id"].to_list()
    held = closure.held.filter(device_id=device_id)["customer_id"].to_list()
    usable = closure.usable.filter(device_id=device_id)["device_consent_from"].to_list()
    return Device(
        name=name,
        claimants=len(claimants),
        refusing=sum(each not in consenting for each in claimants),
        holders=len(holders),
        held=bool(held) if person is None else person in held,
        consent_from=usable[0] if usable and holders else None,
    )


def _person(closure: DependencyClosure, run: Run, person: str, name: str, device_id: str) -> Person:
    since = _since(closure, person)
    held = closure.held.filter(customer_id=person, device_id=device_id).height > 0
    if since is None:
        words = f"does not consent: {deciding(newest_of(records_of(closure, person=person)), run.now)}"
    else:
        words = f"consents since {day(since)}" if run.consent == "as_of" else "consents"
        if not held:
            words += ", but no longer holds the device: their newest record that lists it is a denial"
    return Person(name=name, consent_from=since, holds=held, words=words)


def _portions(*accounts: Account, device: str | None = None) -> tuple[Portion, ...]:
    return tuple(Portion(device=device, account=each) for each in accounts)


def _portions_of_devices(
    closure: DependencyClosure,
    readings: JudgedReadings,
    rejected: pl.DataFrame,
    pairs: Mapping[str, Account],
    devices: Mapping[str, Device],
) -> tuple[Portion, ...]:
    portions: tuple[Portion, ...] = ()
    for device_id, device in devices.items():
        steps = readings.step_accounts[device_id]
        serial = closure.device_keys[device_id]
        sent = account_of_sent(rejected, STEP_TRAINER_LANDING, "serial_numbers", serial, loaded=steps.rows_in)
        portions += _portions(sent, steps, pairs[device_id], device=device.name)
    return portions
