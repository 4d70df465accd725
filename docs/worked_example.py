"""The worked examples of the consent page: invented people, and what stedi decides about them.

Nothing here knows the answers: the records below go through the public names of stedi, moment by moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

import stedi
from stedi.consent.pseudonyms import key
from stedi.contract.reasons import Drop
from stedi.frame.checked import fetch
from stedi.names import (
    ACCELEROMETER_LANDING,
    CUSTOMER_LANDING,
    EPOCH,
    STEP_TRAINER_LANDING,
)
from stedi.transform.trust_accelerometer import consenting_customers, judge_accelerometer
from stedi.transform.trust_step_trainer import curated_holders, judge_step_trainer, usable_devices

_KEY: Final = stedi.Pseudonyms.generate()
_MS: Final = timedelta(milliseconds=1)


def at(month: int, day: int, hour: int = 9) -> datetime:
    """Return a time in 2024."""
    return datetime(2024, month, day, hour, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record of the website export.

    Attributes:
        person: Who it is about.
        device: The serial number that it lists.
        written: Its last update.
        share: Its date of sharing with research, if it has one.
        label: What the picture says of it.
        public: Its date of sharing with the public, if it has one.
    """

    person: str
    device: str
    written: datetime
    share: datetime | None
    label: str = ""
    public: datetime | None = None

    def sent(self) -> dict[str, object]:
        """Return the record as the website writes it."""
        return {
            "customerName": self.person,
            "email": f"{self.person}@example.com",
            "serialNumber": self.device,
            "registrationDate": _ms(self.written),
            "lastUpdateDate": _ms(self.written),
            "shareWithResearchAsOfDate": None if self.share is None else _ms(self.share),
            "shareWithPublicAsOfDate": None if self.public is None else _ms(self.public),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Some people, their records, when their sensors were read, and when stedi is asked.

    Attributes:
        records: What the website sent.
        phone: When the phone of each person was read.
        steps: When each device was read.
        moments: When consent is judged. What was written or read later is not there yet.
    """

    records: tuple[Record, ...]
    phone: dict[str, tuple[datetime, ...]]
    steps: dict[str, tuple[datetime, ...]] = field(default_factory=dict)
    moments: tuple[datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What stedi decides at one moment.

    Attributes:
        moment: When.
        consent_from: From when each person's readings may be used; None: they do not consent.
        device_from: From when each device's readings may be used; None: they may not.
        phone: Of each phone reading, the reason why it is left out, or None where it is used.
        steps: The same of each step reading.
        step_rows: Rows of step_trainer_trusted.
        ml_rows: Rows of machine_learning_curated.
    """

    moment: datetime
    consent_from: dict[str, datetime | None]
    device_from: dict[str, datetime | None]
    phone: dict[str, dict[datetime, Drop | None]]
    steps: dict[str, dict[datetime, Drop | None]]
    step_rows: int
    ml_rows: int


ANN: Final = Story(
    records=(
        Record(person="ann", device="trainer-1", written=at(1, 10), share=at(1, 10), label="grant"),
        Record(person="ann", device="trainer-1", written=at(3, 1), share=None, label="withdrawal"),
        Record(person="ann", device="trainer-1", written=at(5, 1), share=at(1, 10), label="re-grant"),
    ),
    phone={"ann": (at(1, 5), at(1, 20), at(2, 15), at(3, 1), at(4, 1), at(5, 15))},
    moments=(at(2, 20), at(4, 10), at(6, 1)),
)
"""One customer: a grant, a withdrawal, and a re-grant that names the old date again."""

SHARED: Final = Story(
    records=(
        Record(person="ben", device="trainer-7", written=at(1, 10), share=at(1, 10), label="grants"),
        Record(person="cleo", device="trainer-7", written=at(2, 1), share=None, label="does not agree"),
        Record(person="cleo", device="trainer-7", written=at(4, 1), share=at(4, 1), label="grants"),
        Record(person="cleo", device="trainer-7", written=at(6, 1), share=None, label="withdraws"),
    ),
    phone={
        "ben": (at(1, 20), at(2, 15), at(3, 15), at(4, 15)),
        "cleo": (at(5, 15),),
    },
    steps={"trainer-7": (at(1, 20), at(2, 15), at(3, 15), at(4, 15), at(5, 15))},
    moments=(at(1, 25), at(3, 20), at(5, 20), at(6, 10)),
)
"""Two customers who list the same device."""


def decide(story: Story, moment: datetime) -> Decision:
    """Run the five transforms on what was there at a moment."""
    records = [record for record in story.records if record.written <= moment]
    landing = stedi.conform(_records_frame(records), CUSTOMER_LANDING).kept
    customers = stedi.sanitize_customers(landing, now=moment, pseudonyms=_KEY)
    phone_landing = _phone_frame(story, moment)
    phone = stedi.trust_accelerometer(phone_landing, customers)
    curated = stedi.curate_customers(customers, phone)
    step_landing = _step_frame(story, moment)
    steps = stedi.trust_step_trainer(step_landing, customers, curated)
    judged_phone = fetch(judge_accelerometer(phone_landing, consenting_customers(customers)))
    devices = usable_devices(customers, curated_holders(customers, curated))
    judged_steps = fetch(judge_step_trainer(step_landing, devices))
    consents = {_name(row["email"]): row["consent_from"] for row in customers.iter_rows(named=True)}
    usable = {
        key(row["serial_number"]): row["device_consent_from"] for row in customers.iter_rows(named=True)
    }
    people = dict.fromkeys(record.person for record in story.records)
    serials = dict.fromkeys(record.device for record in story.records)
    return Decision(
        moment=moment,
        consent_from={person: consents.get(person) for person in people},
        device_from={serial: usable.get(serial) for serial in serials},
        phone={person: _reasons(judged_phone, "user", person, "timestamp") for person in story.phone},
        steps={
            serial: _reasons(judged_steps, "serial_number", serial, "sensor_reading_time")
            for serial in story.steps
        },
        step_rows=steps.height,
        ml_rows=stedi.curate_ml(steps, phone).height,
    )


def decisions(story: Story) -> tuple[Decision, ...]:
    """Return what stedi decides at each moment of a story."""
    return tuple(decide(story, moment) for moment in story.moments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question about the rule, and the records that ask it.

    Attributes:
        question: What the records of the customer say.
        records: Those records.
    """

    question: str
    records: tuple[Record, ...]

    def consent_from(self) -> datetime | None:
        """Return from when the customer's readings may be used, judged on 2024-06-01; None: never."""
        split = stedi.conform(_records_frame(self.records), CUSTOMER_LANDING)
        customers = stedi.sanitize_customers(
            split.kept, now=at(6, 1), pseudonyms=_KEY, rejected=split.rejected
        )
        found: list[datetime] = customers["consent_from"].unique().to_list()
        return found[0] if found else None


def _record(day: datetime, share: datetime | None, person: str = "dana") -> Record:
    return Record(person=person, device="trainer-3", written=day, share=share)


CASES: Final = (
    Case(question="one record, shared since 1 May", records=(_record(at(5, 1), at(5, 1)),)),
    Case(question="one record without the key", records=(_record(at(5, 1), None),)),
    Case(
        question="one record that shares with the public, not with research",
        records=(Record(person="dana", device="trainer-3", written=at(5, 1), share=None, public=at(5, 1)),),
    ),
    Case(question="shared from 1 July on, which is after now", records=(_record(at(5, 1), at(7, 1)),)),
    Case(
        question="two records of the same time, one grants and one denies",
        records=(_record(at(5, 1), at(5, 1)), _record(at(5, 1), None)),
    ),
    Case(
        question="a denial on 1 March, then a grant on 1 May for the time since 1 May",
        records=(_record(at(3, 1), None), _record(at(5, 1), at(5, 1))),
    ),
    Case(
        question="a denial on 1 March, then a grant on 1 May for the time since 10 January",
        records=(_record(at(3, 1), None), _record(at(5, 1), at(1, 10))),
    ),
    Case(
        question="a grant on 10 January, repeated on 1 May for the time since 1 May",
        records=(_record(at(1, 10), at(1, 10)), _record(at(5, 1), at(5, 1))),
    ),
    Case(
        question="a grant, and a later denial under another spelling of the e-mail",
        records=(_record(at(1, 10), at(1, 10)), _record(at(3, 1), None, person=" DANA")),
    ),
    Case(
        question="a share date in seconds (it would read as January 1970)",
        records=(_record(at(5, 1), EPOCH + (at(5, 1) - EPOCH) / 1000),),
    ),
)
"""Small questions about rules 1, 2, 6 and 7, each answered by stedi when the site is built."""


def _ms(time: datetime) -> int:
    return (time - EPOCH) // _MS


def _name(email: str) -> str:
    return key(email).partition("@")[0]


def _records_frame(records: Sequence[Record]) -> pl.DataFrame:
    return pl.DataFrame([record.sent() for record in records], infer_schema_length=None)


def _phone_frame(story: Story, moment: datetime) -> pl.DataFrame:
    rows = [
        {"user": f"{person}@example.com", "timestamp": _ms(time), "x": 0.0, "y": 9.8, "z": 0.0}
        for person, times in story.phone.items()
        for time in times
        if time <= moment
    ]
    return stedi.conform(pl.DataFrame(rows), ACCELEROMETER_LANDING).kept


def _step_frame(story: Story, moment: datetime) -> pl.DataFrame:
    rows = [
        {"serialNumber": serial, "sensorReadingTime": _ms(time), "distanceFromObject": 250}
        for serial, times in story.steps.items()
        for time in times
        if time <= moment
    ]
    schema = {"serialNumber": pl.String, "sensorReadingTime": pl.Int64, "distanceFromObject": pl.Int64}
    return stedi.conform(pl.DataFrame(rows, schema=schema), STEP_TRAINER_LANDING).kept


def _reasons(judged: pl.DataFrame, column: str, name: str, time: str) -> dict[datetime, Drop | None]:
    mine = judged.filter(pl.col(column).str.starts_with(name))
    return {
        row[time]: None if row["_reason"] is None else Drop(row["_reason"])
        for row in mine.sort(time).iter_rows(named=True)
    }
