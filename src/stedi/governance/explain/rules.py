"""The rules that applied, in words."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from stedi.governance.explain.explanation import Device, Reason
from stedi.governance.explain.records import CustomerRecord, newest_of, undated
from stedi.names import EPOCH, MILLISECOND, Consent
from stedi.wording import both, count, day, others, were


def reasons_of_customer(
    records: Sequence[CustomerRecord],
    since: datetime | None,
    devices: Sequence[Device],
    *,
    now: datetime,
    consent: Consent,
) -> tuple[Reason, ...]:
    """Return the rules that decided about a customer."""
    newest = newest_of(records)
    reasons = []
    if newest:
        reasons.append(Reason(rule=1, words=_newest(records, now)))
    if since is not None and consent == "as_of":
        reasons.append(Reason(rule=2, words=_beginning(records, since)))
    if consent == "as_of":
        reasons += [Reason(rule=4, words=_shared_with(device, since)) for device in devices]
    return (*reasons, *_public(newest, since), *_in_general(records, consent))


def reasons_of_device(
    records: Sequence[CustomerRecord], device: Device, *, consent: Consent
) -> tuple[Reason, ...]:
    """Return the rules that decided about a device."""
    return (*_of_claimants(device, consent), *_in_general(records, consent))


def deciding(newest: Sequence[CustomerRecord], now: datetime) -> str:
    """Return what the newest records say: "the newest record (2024-03-01 09:00) has no date of ..."."""
    refusing = [each for each in newest if each.says == "denial"]
    decisive = (refusing or newest)[-1]
    if undated(decisive) and decisive.rejected is not None:
        return (
            f"a damaged record ({decisive.rejected.words}) without a date counts as the newest, and denies "
            "until it is released"
        )
    when = day(decisive.at)
    if len(newest) == 1:
        return f"the newest record ({when}) {decisive.claim(now)}"
    if refusing:
        return f"of the {len(newest)} newest records ({when}) one {decisive.claim(now)}"
    return f"the {len(newest)} newest records ({when}) all share with research"


def do(number: int) -> str:
    """Return the verb that goes with a number."""
    return "does" if number == 1 else "do"


def _shared_with(device: Device, since: datetime | None) -> str:
    """Return what the rule of shared devices made of a device, as its customer sees it.

    Args:
        device: The device.
        since: From when the customer who is explained consents; None: they do not.
    """
    more = device.claimants - 1
    refusing = device.refusing - (since is None)
    if not more:
        listed = "nobody else ever listed it"
    elif not refusing:
        listed = f"{others(more)} listed it too and {'consents' if more == 1 else 'consent'}"
    elif refusing == more:
        listed = f"{others(more)} listed it too and {do(more)} not consent"
    else:
        listed = f"{others(more)} listed it too, of whom {refusing:,} {do(refusing)} not consent"
    if since is None:
        out = "its readings may not be used, since this customer does not consent"
    elif refusing:
        out = "its readings may not be used, since nobody knows whose they are"
    elif device.consent_from is None:
        out = "the newest record that lists it is a denial, so nobody holds it and its readings are not used"
    elif not device.held:
        out = (
            "this customer's newest record that lists it is a denial, so they no longer hold it, "
            "and its readings count for whoever holds it now"
        )
    elif more:
        out = f"its readings count from {day(device.consent_from)} on, when the last of these consents begins"
        out += ", and for each of its holders" if device.holders > 1 else ""
    else:
        out = f"its readings count from {day(device.consent_from)} on"
    return f"{device.name}: {listed}; {out}"


def _of_claimants(device: Device, consent: Consent) -> Iterator[Reason]:
    """Yield what the rule of shared devices made of the device that is explained."""
    if consent == "current" or not device.claimants:
        return
    alone = device.claimants == 1
    if device.refusing:
        out = "and does" if alone else f"and {device.refusing:,} of them {do(device.refusing)}"
        out += " not consent: its readings may not be used"
        out += "" if alone else ", since nobody knows whose they are"
    elif device.consent_from is None:
        out = (
            "but the newest record that lists it is a denial: nobody holds it, and its readings are not used"
        )
    elif alone:
        out = f"and consents: its readings count from {day(device.consent_from)} on"
    else:
        held = "the one who holds it" if device.holders == 1 else f"the {device.holders:,} who hold it"
        out = (
            f"and all of them consent: its readings count from {day(device.consent_from)} on, when the last "
            f"of these consents begins, for {held}"
        )
    yield Reason(rule=4, words=f"{count(device.claimants, 'customer')} ever listed it, {out}")


def _in_general(records: Sequence[CustomerRecord], consent: Consent) -> Iterator[Reason]:
    """Yield what the rule of rejected records made of them, and what the consent mode means."""
    held = sum(each.sent for each in records if each.record == "rejected")
    freed = sum(each.sent for each in records if each.record == "released")
    if held:
        words = (
            f"{count(held, 'record')} {were(held)} rejected and held in quarantine. Such a record may have "
            "been a withdrawal, so it denies until a person has looked at it and releases it"
        )
        yield Reason(rule=7, words=words)
    if freed:
        words = f"{count(freed, 'rejected record')} {were(freed)} released by a person: it no longer denies"
        yield Reason(rule=7, words=words)
    if consent == "current":
        words = (
            "the lake is in the consent mode current: readings of any age count, also those from before the "
            "consent, and every device that a consenting customer ever listed counts as theirs"
        )
        yield Reason(rule=8, words=words)


def _newest(records: Sequence[CustomerRecord], now: datetime) -> str:
    newest = newest_of(records)
    verdict = deciding(newest, now)
    if all(each.says == "grant" for each in newest):
        return f"{verdict}, so this customer consents"
    before = any(each.says == "grant" and each not in newest for each in records)
    return f"{verdict}, so this customer does not consent" + (", whatever they said before" if before else "")


def _beginning(records: Sequence[CustomerRecord], since: datetime) -> str:
    share = max(each.share for each in newest_of(records) if each.share is not None)
    if since == share:
        return f"the newest record shares since {day(share)}: earlier readings may not be used"
    denied = max((each.at for each in records if each.says == "denial"), default=EPOCH)
    if denied < since - MILLISECOND:
        why = f"this customer was erased on {day(since)}, and came back"
    else:
        why = f"no consent reaches back over a denial, and the last one is of {day(denied)}"
    return f"the newest record shares since {day(share)}, but {why}: only readings after it may be used"


def _public(newest: Sequence[CustomerRecord], since: datetime | None) -> Iterator[Reason]:
    names = [name for name in ("the public", "friends") if any(name in each.elsewhere for each in newest)]
    if since is None and names:
        words = f"the newest record shares with {both(names)}, but not with research: that is not enough"
        yield Reason(rule=6, words=words)
