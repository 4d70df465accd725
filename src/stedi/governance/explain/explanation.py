"""An explanation: the answer, the records and the rules behind it, and what became of every reading."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from stedi.names import Consent
from stedi.plan.account import Account

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SubjectKind = Literal["email", "serial_number", "customer_id"]

RULES: Final[Mapping[int, str]] = {
    1: "Only the newest record decides, and a denial wins",
    2: "Consent counts from its beginning on, and never over a denial",
    4: "A device needs the consent of everybody who ever listed it",
    6: "Sharing with the public or with friends is not sharing with research",
    7: "A damaged record never keeps a consent alive",
    8: "This lake asks only whether consent is given now",
}
"""The rules of consent that an explanation can name, by their number in the design."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one customer record says, and what it does to consent.

    Attributes:
        at: When the record was written, or takes effect; None: nothing says when, it counts last.
        record: A good record, a rejected one that is held in quarantine, or one that was released.
        says: A released record says nothing.
        share_from: From when a grant shares with research.
        customer: Whose record it is, where a device is explained: "customer 1".
        device: Which device it lists: "device 1"; None where that can't be read.
        superseded: A newer record of the customer has replaced it.
        sent: How many times the same record was sent.
        words: What it says.
        effect: What it did to consent.
    """

    at: datetime | None
    record: Literal["good", "rejected", "released"]
    says: Literal["grant", "denial", "nothing"]
    share_from: datetime | None
    customer: str | None
    device: str | None
    superseded: bool
    sent: int
    words: str
    effect: str

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        return _plain_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A rule that applied, in words.

    Attributes:
        rule: Its number.
        words: What it made of these records.
    """

    rule: int
    words: str

    @property
    def title(self) -> str:
        """The rule itself, in words."""
        return RULES[self.rule]

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        return _plain_fields(self, "rule", "title")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A customer who ever listed the device that is explained.

    Attributes:
        name: "customer 1", in the order of the first listing.
        consent_from: From when they consent; None: they do not.
        holds: Whether they hold the device.
        words: The same in a sentence.
    """

    name: str
    consent_from: datetime | None
    holds: bool
    words: str

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        return {
            "name": self.name,
            "consents": self.consent_from is not None,
            "consent_from": _plain(self.consent_from),
            "holds": self.holds,
            "words": self.words,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device that the customer who is explained ever listed, or the one that is explained.

    Attributes:
        name: "device 1", in the order of the first listing.
        claimants: How many customers ever listed it.
        refusing: How many of them do not consent.
        holders: How many of them hold it.
        held: Whether the customer who is explained holds it; of a device: whether anybody does.
        consent_from: From when its readings may be used; None: they may not.
    """

    name: str
    claimants: int
    refusing: int
    holders: int
    held: bool
    consent_from: datetime | None

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        return _plain_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """What became of the rows of one person or device on their way into one table.

    Attributes:
        device: The device whose readings they are; None for rows of no device.
        account: Their arithmetic, as a run has it of all rows.
    """

    device: str | None
    account: Account

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        account = asdict(self.account)
        account["dropped"] = {reason: rows for reason, rows in self.account.dropped.items() if rows}
        return {"table": account.pop("table"), "device": self.device, **account}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a person or a device is in the training data, or out, in the newest run of a lake.

    It names nobody but whom was asked for: other people are counted, devices are numbered.

    Attributes:
        kind: What was asked for.
        asked: The e-mail, serial number or customer_id, as it was asked for.
        run_id: The run that is explained.
        now: The time at which that run judged consent.
        consent: The consent mode of the lake.
        known: Whether any record or reading of the person or the device was ever sent.
        rows: Their rows in machine_learning_curated.
        consent_from: From when their readings may be used; None: they may not.
        verdict: The answer in one sentence.
        timeline: The records, in order of time.
        reasons: The rules that applied.
        people: The customers of a device that is explained.
        devices: The devices of a customer who is explained, or the device.
        portions: What became of all rows, table by table.
    """

    kind: SubjectKind
    asked: str = field(repr=False)
    run_id: str
    now: datetime
    consent: Consent
    known: bool
    rows: int
    consent_from: datetime | None
    verdict: str
    timeline: tuple[Entry, ...]
    reasons: tuple[Reason, ...]
    people: tuple[Person, ...]
    devices: tuple[Device, ...]
    portions: tuple[Portion, ...]

    @property
    def included(self) -> bool:
        """Whether the training data has a row of the person or the device."""
        return self.rows > 0

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values, ready for JSON."""
        return _plain_fields(self, "kind", "asked", "run_id", "now", "consent", "known", "included")


def _plain_fields(value: "DataclassInstance", *first: str) -> dict[str, object]:
    """Return some attributes of a value, and then its other fields: times in ISO format, values as dicts."""
    names = dict.fromkeys((*first, *(field.name for field in fields(value))))
    return {name: _plain(getattr(value, name)) for name in names}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [each.to_dict() for each in value]
    return value
