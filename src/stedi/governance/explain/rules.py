"""The rules that applied, in words."""

from collections.abc import Sequence
from datetime import datetime

from stedi.governance.explain.explanation import Device, Reason
from stedi.governance.explain.records import Said, newest_of, undated
from stedi.names import EPOCH, MILLISECOND, Consent
from stedi.wording import both, count, day, others, were


def reasons_of_customer(
    said: Sequence[Said],
    since: datetime | None,
    devices: Sequence[Device],
    *,
    now: datetime,
    consent: Consent,
) -> tuple[Reason, ...]:
    """Return the rules that decided about a customer."""
    newest = newest_of(said)
    reasons = []
    if newest:
        reasons.append(Reason(rule=1, words=_newest(said, now)))
    if since is not None and consent == "as_of":
        reasons.append(Reason(rule=2, words=_beginning(said, since)))
    if consent == "as_of":
        reasons += [Reason(rule=4, words=about_device(device, since)) for device in devices]
    reasons += _public(newest, since)
    reasons += about_damaged(said)
    if consent == "current":
        reasons.append(about_current())
    return tuple(reasons)


def deciding(newest: Sequence[Said], now: datetime) -> str:
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


def about_device(device: Device, since: datetime | None) -> str:
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
        listed = f"{others(more)} listed it too and {_do(more)} not consent"
    else:
        listed = f"{others(more)} listed it too, of whom {refusing:,} {_do(refusing)} not consent"
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


def about_people(device: Device, consent: Consent) -> tuple[Reason, ...]:
    """Return what the rule of shared devices made of the device that is explained."""
    if consent == "current" or not device.claimants:
        return ()
    alone = device.claimants == 1
    if device.refusing:
        out = "and does" if alone else f"and {device.refusing:,} of them {_do(device.refusing)}"
        out += " not consent: its readings may not be used"
        out += "" if alone else ", since nobody knows whose they are"
    elif device.consent_from is None:
        out = (
            "but the newest record that lists it is a denial: nobody holds it, and its readings are not used"
        )
    elif alone:
        out = f"and consents: its readings count from {day(device.consent_from)} on"
    else:
        out = (
            f"and all of them consent: its readings count from {day(device.consent_from)} on, when the last "
        )
        out += "of these consents begins, "
        out += (
            "for the one who holds it" if device.holders == 1 else f"for the {device.holders:,} who hold it"
        )
    return (Reason(rule=4, words=f"{count(device.claimants, 'customer')} ever listed it, {out}"),)


def about_damaged(said: Sequence[Said]) -> tuple[Reason, ...]:
    """Return what the rule of rejected records made of them."""
    held = sum(each.sent for each in said if each.record == "rejected")
    freed = sum(each.sent for each in said if each.record == "released")
    reasons = []
    if held:
        words = (
            f"{count(held, 'record')} {were(held)} rejected and held in quarantine. Such a record may have "
            "been a withdrawal, so it denies until a person has looked at it and releases it"
        )
        reasons.append(Reason(rule=7, words=words))
    if freed:
        words = f"{count(freed, 'rejected record')} {were(freed)} released by a person: it no longer denies"
        reasons.append(Reason(rule=7, words=words))
    return tuple(reasons)


def about_current() -> Reason:
    """Return what the consent mode means."""
    words = (
        "the lake is in the consent mode current: readings of any age count, also those from before the "
        "consent, and every device that a consenting customer ever listed counts as theirs"
    )
    return Reason(rule=8, words=words)


def _newest(said: Sequence[Said], now: datetime) -> str:
    newest = newest_of(said)
    verdict = deciding(newest, now)
    if all(each.says == "grant" for each in newest):
        return f"{verdict}, so this customer consents"
    before = any(each.says == "grant" and each not in newest for each in said)
    return f"{verdict}, so this customer does not consent" + (", whatever they said before" if before else "")


def _beginning(said: Sequence[Said], since: datetime) -> str:
    share = max(each.share for each in newest_of(said) if each.share is not None)
    if since == share:
        return f"the newest record shares since {day(share)}: earlier readings may not be used"
    denials = [each.at for each in said if each.says == "denial"]
    if max(denials, default=EPOCH) < since - MILLISECOND:
        return (
            f"the newest record shares since {day(share)}, but this customer was erased on {day(since)}, and "
            "came back: only readings after it may be used"
        )
    denied = max(denials)
    return (
        f"the newest record shares since {day(share)}, but no consent reaches back over a denial, and the "
        f"last one is of {day(denied)}: only readings after it may be used"
    )


def _public(newest: Sequence[Said], since: datetime | None) -> tuple[Reason, ...]:
    names = [name for name in ("the public", "friends") if any(name in each.elsewhere for each in newest)]
    if since is not None or not names:
        return ()
    return (
        Reason(
            rule=6,
            words=f"the newest record shares with {both(names)}, but not with research: that is not enough",
        ),
    )


def _do(number: int) -> str:
    return "does" if number == 1 else "do"
