"""Why a customer or a device is in the training data, or out: everything put together."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Final

from stedi.consent.pseudonyms import Pseudonyms, key
from stedi.governance.explain.circle import Circle, draw_circle
from stedi.governance.explain.explanation import Device, Explanation, Kind, Person, Portion
from stedi.governance.explain.readings import Readings, of_curation, of_pairs, of_records
from stedi.governance.explain.records import newest_of, records_of
from stedi.governance.explain.rejections import Rejections
from stedi.governance.explain.rules import (
    about_current,
    about_damaged,
    about_people,
    deciding,
    reasons_of_customer,
)
from stedi.governance.explain.timeline import history, listings
from stedi.governance.explain.verdict import about_customer, about_device
from stedi.governance.explain.who import email_of
from stedi.names import ACCELEROMETER_LANDING, CUSTOMER_LANDING, STEP_TRAINER_LANDING
from stedi.pipeline.history import Run
from stedi.plan.account import Account
from stedi.warehouse.warehouse import Warehouse
from stedi.wording import day

_AT: Final = ["customer_id", "sensor_reading_time"]
_WORDS: Final[Mapping[Kind, str]] = {
    "email": "e-mail",
    "serial_number": "serial number",
    "customer_id": "customer_id",
}


def explain(
    warehouse: Warehouse, run: Run, kind: Kind, asked: str, find_key: Callable[[], Pseudonyms]
) -> Explanation:
    """Explain a customer or a device, as of a run.

    Args:
        warehouse: The lake's tables.
        run: The run.
        kind: What was asked for.
        asked: The e-mail, serial number or customer_id.
        find_key: Finds the lake's key; called only where a customer_id can't be told without.

    Raises:
        KeyMismatchError: Whose customer_id it is can't be told without the lake's key.
    """
    if kind == "serial_number":
        return _device(warehouse, run, asked)
    email: str | None = asked
    if kind == "customer_id":
        email = email_of(lambda table: warehouse.table(table).scan(run.snapshots[table]), asked, find_key)
    # The empty key is nobody's: a blank e-mail is rejected.
    return _customer(warehouse, run, kind, asked, "" if email is None else key(email))


def _customer(warehouse: Warehouse, run: Run, kind: Kind, asked: str, person: str) -> Explanation:
    circle = draw_circle(warehouse, run, person=person)
    (me,) = [each for each, of in circle.customer_keys.items() if of == person]
    said = records_of(circle, person=me)
    since = _since(circle, me)
    names = _numbered(
        "device", [each.device_id for each in said if each.device_id and each.says != "nothing"]
    )
    found = {each: _described(circle, each, names[each], me) for each in names if each in circle.device_keys}
    readings = Readings(warehouse, run, circle, {me})
    rejections = Rejections(warehouse, run)
    mine = readings.steps.filter(customer_id=me)
    records = circle.records.filter(customer_id=me)
    pairs = {each: of_pairs(mine.filter(device_id=each), readings.phone) for each in found}
    phone_sent = rejections.account(
        ACCELEROMETER_LANDING, "emails", person, loaded=readings.phone_account.rows_in
    )
    portions = [
        Portion(
            device=None, account=rejections.account(CUSTOMER_LANDING, "emails", person, loaded=records.height)
        ),
        Portion(device=None, account=of_records(records)),
        Portion(device=None, account=phone_sent),
        Portion(device=None, account=readings.phone_account),
        Portion(device=None, account=of_curation(circle.customers.filter(customer_id=me), readings.curated)),
        *_of_devices(circle, readings, rejections, pairs, {each: found[each].name for each in found}),
    ]
    devices = tuple(found.values())
    return Explanation(
        kind=kind,
        asked=asked,
        run_id=run.run_id,
        now=run.now,
        consent=run.consent,
        known=bool(said) or phone_sent.rows_in > 0,
        rows=sum(each.rows_out for each in pairs.values()),
        consent_from=since,
        verdict=about_customer(
            said,
            since,
            devices,
            now=run.now,
            consent=run.consent,
            asked=_WORDS[kind],
            phone=readings.phone_account,
            sent=phone_sent.rows_in,
            steps=[readings.step_accounts[each] for each in found],
            pairs=list(pairs.values()),
        ),
        timeline=history(circle, said, now=run.now, consent=run.consent, devices=names),
        reasons=reasons_of_customer(said, since, devices, now=run.now, consent=run.consent),
        people=(),
        devices=devices,
        portions=tuple(portions),
    )


def _device(warehouse: Warehouse, run: Run, asked: str) -> Explanation:
    serial = key(asked)
    circle = draw_circle(warehouse, run, device=serial)
    (it,) = circle.device_keys
    said = records_of(circle, device=it)
    claimants = circle.claimants(it)
    names = _numbered("customer", claimants)
    device = _described(circle, it, "the device", None)
    readings = Readings(warehouse, run, circle, claimants)
    rejections = Rejections(warehouse, run)
    rows = readings.steps.filter(device_id=it)
    pairs = of_pairs(rows, readings.phone)
    records = circle.records.filter(device_id=it)
    listed = rejections.account(CUSTOMER_LANDING, "serial_numbers", serial, loaded=records.height)
    portions = [
        Portion(device=None, account=listed),
        Portion(device=None, account=of_records(records)),
        Portion(device=None, account=of_curation(circle.customers.filter(device_id=it), readings.curated)),
        *_of_devices(circle, readings, rejections, {it: pairs}, {it: device.name}),
    ]
    steps = readings.step_accounts[it]
    sent = next(each.account for each in portions if each.account.table == STEP_TRAINER_LANDING)
    paired = rows.join(readings.phone, left_on=_AT, right_on=["customer_id", "timestamp"], how="semi")
    reasons = [*about_people(device, run.consent), *about_damaged(said)]
    if run.consent == "current":
        reasons.append(about_current())
    return Explanation(
        kind="serial_number",
        asked=asked,
        run_id=run.run_id,
        now=run.now,
        consent=run.consent,
        known=listed.rows_in > 0 or sent.rows_in > 0,
        rows=pairs.rows_out,
        consent_from=device.consent_from,
        verdict=about_device(
            device,
            consent=run.consent,
            people=paired["customer_id"].n_unique(),
            listed=listed.rows_in,
            sent=sent.rows_in,
            steps=steps,
            pairs=pairs,
        ),
        timeline=listings(circle, said, now=run.now, device=device.name, people=names),
        reasons=tuple(reasons),
        people=tuple(_person(circle, run, each, names[each], it) for each in claimants),
        devices=(device,),
        portions=tuple(portions),
    )


def _since(circle: Circle, person: str) -> datetime | None:
    found = circle.consents.filter(customer_id=person)["consent_from"]
    return found[0] if found.len() else None


def _numbered(noun: str, ids: Collection[str]) -> dict[str, str]:
    """Return names for ids in the order in which they first come."""
    return {each: f"{noun} {place}" for place, each in enumerate(dict.fromkeys(ids), start=1)}


def _described(circle: Circle, device_id: str, name: str, person: str | None) -> Device:
    claimants = circle.claimants(device_id)
    consenting = set(circle.consents["customer_id"])
    holders = circle.customers.filter(device_id=device_id)["customer_id"].to_list()
    held = circle.held.filter(device_id=device_id)["customer_id"].to_list()
    usable = circle.usable.filter(device_id=device_id)["device_consent_from"].to_list()
    return Device(
        name=name,
        claimants=len(claimants),
        refusing=sum(each not in consenting for each in claimants),
        holders=len(holders),
        held=bool(held) if person is None else person in held,
        consent_from=usable[0] if usable and holders else None,
    )


def _person(circle: Circle, run: Run, person: str, name: str, device_id: str) -> Person:
    since = _since(circle, person)
    held = circle.held.filter(customer_id=person, device_id=device_id).height > 0
    if since is None:
        words = f"does not consent: {deciding(newest_of(records_of(circle, person=person)), run.now)}"
    else:
        words = f"consents since {day(since)}" if run.consent == "as_of" else "consents"
        if not held:
            words += ", but no longer holds the device: their newest record that lists it is a denial"
    return Person(name=name, consent_from=since, holds=held, words=words)


def _of_devices(
    circle: Circle,
    readings: Readings,
    rejections: Rejections,
    pairs: Mapping[str, Account],
    names: Mapping[str, str],
) -> list[Portion]:
    portions = []
    for device_id, name in names.items():
        steps = readings.step_accounts[device_id]
        sent = rejections.account(
            STEP_TRAINER_LANDING, "serial_numbers", circle.device_keys[device_id], loaded=steps.rows_in
        )
        portions += [Portion(device=name, account=each) for each in (sent, steps, pairs[device_id])]
    return portions
