"""Which records of landing objects are the subject's."""

from datetime import datetime
from typing import Final

from stedi.contract import Contract
from stedi.governance.erase.subject import Subject
from stedi.landing.removal import RecordOwner
from stedi.names import CUSTOMER_LANDING, STEP_TRAINER_LANDING

_MILLISECONDS: Final = 1000


def whose_is(contract: Contract, subject: Subject, *, erased_at: datetime, erase_shared: bool) -> RecordOwner:
    """Return what says which records of a landing table are a person's."""
    until = erased_at.timestamp() * _MILLISECONDS

    def goes_person(text: str, _: float | None) -> bool:
        return subject.has_email(text)

    def goes_device(text: str, at: float | None) -> bool:
        if subject.owns(text) or (at is not None and subject.owned(text, at)):
            return True
        return erase_shared and subject.shares(text) and (at is None or at <= until)

    def nameless(text: str) -> bool:
        if subject.named_in(text):
            return not subject.names_others(text)
        return contract.name == CUSTOMER_LANDING and subject.hinted_in(text)

    probes: tuple[str, ...] = (subject.key or "",)
    if contract.name == STEP_TRAINER_LANDING:
        probes = (*subject.own, *(subject.shared if erase_shared else ()))
    elif contract.name == CUSTOMER_LANDING:
        probes = subject.names
    # Where only a digest tells a name, or it has several spellings in bytes, each record is looked at.
    plain = all(probe.isascii() for probe in probes) and subject.key is not None
    plain = plain and not (subject.lost or subject.handed_on or subject.lost_quasi_identifiers)
    if contract.name == STEP_TRAINER_LANDING and not probes:
        # Nobody's device: only a probe that no text can hold keeps every record.
        probes = ("\x00",)
    return RecordOwner(
        contract=contract,
        goes=goes_device if contract.name == STEP_TRAINER_LANDING else goes_person,
        named_in=subject.named_in,
        names_others=subject.names_others,
        nameless=nameless,
        probes=tuple(probe.encode() for probe in probes) if plain else (),
        mark=b"@" if contract.name == CUSTOMER_LANDING else None,
    )
