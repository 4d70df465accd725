"""The answer in one sentence."""

from collections.abc import Sequence
from datetime import datetime

from stedi.contract.reasons import Drop
from stedi.governance.explain.explanation import Device
from stedi.governance.explain.records import CustomerRecord, newest_of
from stedi.governance.explain.rules import deciding, do
from stedi.names import Consent
from stedi.plan.account import Account
from stedi.wording import count, day, others, were

_OUT = "not in the training data"


def customer_verdict(
    records: Sequence[CustomerRecord],
    since: datetime | None,
    devices: Sequence[Device],
    *,
    now: datetime,
    consent: Consent,
    asked: str,
    phone: Account,
    sent: int,
    steps: Sequence[Account],
    pairs: Sequence[Account],
) -> str:
    """Return the answer about a customer.

    Args:
        records: What their records say.
        since: From when they consent; None: they do not.
        devices: Their devices.
        now: When consent was judged.
        consent: The lake's consent mode.
        asked: What was asked for, in words.
        phone: What became of their phone readings.
        sent: Phone readings that were sent, rejected ones as well.
        steps: What became of the readings of their devices.
        pairs: What became of their rows of step_trainer_trusted.
    """
    newest = newest_of(records)
    if not newest:
        return f"{_OUT}: {_stranger(records, sent, asked)}"
    if since is None:
        return f"{_OUT}: {deciding(newest, now)}"
    rows = sum(each.rows_out for each in pairs)
    dated = f" since {day(since)}" if consent == "as_of" else ""
    if rows:
        return f"in the training data{dated}, with {count(rows, 'row')}"
    usable = [device for device in devices if device.held and device.consent_from is not None]
    if not phone.rows_in:
        why = "no phone reading of theirs was ever sent"
    elif not phone.used:
        why = "all phone readings of theirs are older than the consent"
    elif not any(device.held for device in devices):
        why = "they hold no device"
    elif not usable:
        why = _shared([device for device in devices if device.held])
    elif not any(each.rows_in for each in steps):
        why = "no reading of their device was ever sent"
    elif not any(each.rows_in for each in pairs):
        why = "no reading of their device may be used"
    else:
        why = "no reading of their device was taken at the time of a phone reading of theirs"
    return f"{_OUT}, though this customer consents{dated}: {why}"


def device_verdict(
    device: Device, *, consent: Consent, people: int, listed: int, sent: int, steps: Account, pairs: Account
) -> str:
    """Return the answer about a device.

    Args:
        device: The device.
        consent: The lake's consent mode.
        people: How many customers have rows of it in the training data.
        listed: How many customer records list it, rejected ones as well.
        sent: Its readings that were sent, rejected ones as well.
        steps: What became of its readings.
        pairs: What became of its rows of step_trainer_trusted.
    """
    if not device.claimants:
        if listed:
            return f"{_OUT}: every customer record that lists it was rejected, and none of them counts"
        if not sent:
            return f"{_OUT}: this lake knows no device with this serial number"
        return f"{_OUT}: {count(sent, 'reading')} {were(sent)} sent, but no customer ever listed the device"
    if device.consent_from is None:
        return f"{_OUT}: {_closed(device)}"
    dated = f" since {day(device.consent_from)}" if consent == "as_of" else ""
    if pairs.rows_out:
        return (
            f"in the training data{dated}, with {count(pairs.rows_out, 'row')} of {count(people, 'customer')}"
        )
    if not steps.rows_in:
        why = "no reading of it was ever sent"
    elif pairs.rows_in:
        why = "no reading of it was taken at the time of a phone reading of a customer who holds it"
    elif steps.dropped[Drop.NO_READINGS]:
        why = "no customer who holds it has a phone reading that may be used"
    else:
        why = "all its readings are older than the consent"
    return f"{_OUT}, though its readings may be used{dated}: {why}"


def _shared(held: Sequence[Device]) -> str:
    """Return why none of a consenting customer's devices may be used."""
    if len(held) > 1:
        return "none of their devices may be used, since others who listed them do not consent"
    refusing = held[0].refusing
    return f"their device may not be used, since {others(refusing)} who listed it {do(refusing)} not consent"


def _closed(device: Device) -> str:
    if not device.refusing:
        return "nobody holds it: the newest record that lists it is a denial, of each of its customers"
    if device.claimants == 1:
        return "the only customer who ever listed it does not consent"
    if device.refusing == device.claimants:
        return f"none of the {device.claimants:,} customers who ever listed it consents"
    who = f"{device.refusing:,} of the {device.claimants:,} customers who ever listed it"
    return f"{who} {do(device.refusing)} not consent"


def _stranger(records: Sequence[CustomerRecord], readings: int, asked: str) -> str:
    if records:
        return "every record of theirs was rejected and then released, so nothing says that they agreed"
    if readings:
        sent = f"{count(readings, 'phone reading')} {were(readings)} sent"
        return f"{sent}, but no customer record, so nobody agreed to share them"
    return f"this lake knows nobody with this {asked}"
