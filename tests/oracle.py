"""The judge: the five tables of a world, worked out slowly from sections 2 and 3 of the design.

Plain Python over lists of dicts. It shares nothing with ``stedi``: not the key, not the pseudonyms, not
the column names. Where the two disagree, one of them has misread the design.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

Row = dict[str, Any]

MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PLAUSIBLE_FROM = datetime(2000, 1, 1, tzinfo=UTC)
PLAUSIBLE_UNTIL = datetime(2100, 1, 1, tzinfo=UTC)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)
OLDEST_BIRTHDAY = date(1900, 1, 1)

CUSTOMER_COLUMNS = (
    "customer_name",
    "email",
    "phone",
    "birth_day",
    "serial_number",
    "registration_date",
    "last_update_date",
    "share_with_research_as_of_date",
    "share_with_public_as_of_date",
    "share_with_friends_as_of_date",
)
COLUMNS = {
    "customer_trusted": (
        "customer_id",
        "device_id",
        *CUSTOMER_COLUMNS,
        "consent_from",
        "device_consent_from",
    ),
    "accelerometer_trusted": ("customer_id", "timestamp", "x", "y", "z"),
    "customer_curated": (
        "customer_id",
        "device_id",
        "consent_from",
        "device_consent_from",
        "birth_decade",
        "first_reading_at",
        "last_reading_at",
        "readings",
    ),
    "step_trainer_trusted": ("customer_id", "device_id", "sensor_reading_time", "distance_from_object"),
    "machine_learning_curated": (
        "customer_id",
        "device_id",
        "timestamp",
        "x",
        "y",
        "z",
        "distance_from_object",
    ),
}
"""The five tables, in the order in which they are made, with their columns in order."""

REASONS = {
    "customer_trusted": ("no_consent", "device_not_held", "superseded"),
    "accelerometer_trusted": ("not_trusted", "before_consent", "duplicate"),
    "customer_curated": ("no_readings",),
    "step_trainer_trusted": (
        "not_trusted",
        "device_not_usable",
        "before_consent",
        "no_readings",
        "duplicate",
    ),
    "machine_learning_curated": ("unpaired",),
}
"""Why a row of a table's driving input may be dropped: the first that matches, in this order."""


@dataclass
class Account:
    """What became of the rows of one table's driving input."""

    rows_in: int
    used: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    rows_out: int = 0

    @property
    def fan_out(self) -> int:
        """Rows out beyond one per used row."""
        return self.rows_out - self.used

    def drop(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1


class Judgement(NamedTuple):
    """All rows of the five tables, and the arithmetic behind each."""

    tables: dict[str, list[Row]]
    accounts: dict[str, Account]


class Statement(NamedTuple):
    """What one record, good or rejected, says about one customer's consent."""

    customer: str
    device: str | None
    at: datetime
    share: datetime | None
    """From when the customer shares with research; ``None``: the statement is a denial."""


@dataclass(frozen=True)
class Consent:
    """What all the records together say about customers and devices."""

    consent_from: dict[str, datetime]
    """Per consenting customer, by key."""
    claimants: dict[str, set[str]]
    """Per device, by key: every customer that ever listed it."""
    holders: dict[str, set[str]]
    """Per device: the claimants who hold it, whether they consent or not."""
    usable_from: dict[str, datetime]
    """Per device that may be used; the others are missing."""


def key(spelling: str) -> str:
    """Strip, NFKC, lower-case: in this order, until once more changes nothing."""
    stripped = spelling.strip()
    normal = unicodedata.normalize("NFKC", stripped)
    small = normal.lower()
    return small if small == spelling else key(small)


def pseudonym(secret: bytes, domain: str, spelling: str) -> str:
    """Return the first 16 bytes of HMAC-SHA256(secret, domain, 0x00, key(spelling)), in hex."""
    code = hmac.new(secret, digestmod=hashlib.sha256)
    code.update(domain.encode("ascii"))
    code.update(b"\x00")
    code.update(key(spelling).encode("utf-8"))
    return code.hexdigest()[:32]


def birthday(text: str | None, now: datetime) -> date | None:
    """Return the birthday where the text is exactly YYYY-MM-DD and a plausible date."""
    if text is None or re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        return None
    year, month, day = (int(part) for part in text.split("-"))
    try:
        born = date(year, month, day)
    except ValueError:
        return None
    return born if OLDEST_BIRTHDAY <= born <= now.astimezone(UTC).date() else None


def grant(share: datetime | None, now: datetime) -> datetime | None:
    """Return the share date if it is a grant: present, plausible and not after now."""
    if share is None or not PLAUSIBLE_FROM <= share < PLAUSIBLE_UNTIL or share > now:
        return None
    return share


def statements(
    customers: Iterable[Row], rejected: Iterable[Row], erased: Iterable[Row], now: datetime
) -> list[Statement]:
    """Return what each good record says, and (rule 7) each rejected one of everybody whom it names.

    An erasure is a denial of the person, who lists nothing by it; so is a denial that was kept out then.
    """
    customers = list(customers)
    said = [
        Statement(
            customer=key(record["email"]),
            device=key(record["serial_number"]),
            at=record["last_update_date"],
            share=grant(record["share_with_research_as_of_date"], now),
        )
        for record in customers
    ]
    for record in rejected:
        if record["table_name"] != "customer_landing" or record["released_at"] is not None:
            continue
        emails = [email for email in record["emails"] if key(email)]
        serials = [serial for serial in record["serial_numbers"] if key(serial)]
        at = record["last_update_date"]
        if at is None:
            siblings = [
                other["last_update_date"]
                for other in customers
                if record["_digest"] is not None and other["_digest"] == record["_digest"]
            ]
            at = max(siblings, default=END_OF_TIME)
        for email in emails:
            devices = [key(serial) for serial in serials] or [None]
            said.extend(Statement(customer=key(email), device=each, at=at, share=None) for each in devices)
    said.extend(
        Statement(customer=key(row["email"]), device=None, at=at, share=None)
        for row in erased
        if row["kind"] == "person"
        for at in (row["erased_at"], row.get("latest_denial"))
        if at is not None
    )
    return said


def newest(said: Sequence[Statement]) -> list[Statement]:
    """Return all statements that share the greatest time."""
    last = max(statement.at for statement in said)
    return [statement for statement in said if statement.at == last]


def consent_of(said: Sequence[Statement]) -> datetime | None:
    """Return from when a customer with these statements consents (rules 1 and 2), or ``None``."""
    deciding = [statement.share for statement in newest(said)]
    if any(share is None for share in deciding):
        return None
    start = max(share for share in deciding if share is not None)
    denials = [statement.at for statement in said if statement.share is None]
    return max([start, *(at + MILLISECOND for at in denials)])


def judge_consent(
    customers: Sequence[Row], rejected: Sequence[Row], erased: Sequence[Row], *, now: datetime, consent: str
) -> Consent:
    """Apply rules 1, 2, 4, 7 and 8, and what follows from erasures.

    What a device recorded until one of its people was erased may be theirs: it is never trusted.
    """
    said = statements(customers, rejected, erased, now)
    trusted_again = {
        key(row["serial_number"]): row["erased_at"] + MILLISECOND for row in erased if row["kind"] != "person"
    }
    by_customer: dict[str, list[Statement]] = {}
    by_claim: dict[tuple[str, str], list[Statement]] = {}
    for statement in said:
        by_customer.setdefault(statement.customer, []).append(statement)
        if statement.device is not None:
            by_claim.setdefault((statement.device, statement.customer), []).append(statement)

    consent_from = {}
    for customer, own in by_customer.items():
        start = consent_of(own)
        if start is not None:
            consent_from[customer] = start
    claimants: dict[str, set[str]] = {}
    holders: dict[str, set[str]] = {}
    for (device, customer), own in by_claim.items():
        claimants.setdefault(device, set()).add(customer)
        if all(statement.share is not None for statement in newest(own)):
            holders.setdefault(device, set()).add(customer)

    if consent == "current":
        listed = {(key(record["serial_number"]), key(record["email"])) for record in customers}
        return Consent(
            consent_from=dict.fromkeys(consent_from, EPOCH),
            claimants=claimants,
            holders={
                device: {customer for other, customer in listed if other == device} for device, _ in listed
            },
            usable_from={device: trusted_again.get(device, EPOCH) for device, _ in listed},
        )
    usable_from = {
        device: max([trusted_again.get(device, EPOCH), *(consent_from[customer] for customer in everyone)])
        for device, everyone in claimants.items()
        if everyone <= consent_from.keys()
    }
    return Consent(consent_from=consent_from, claimants=claimants, holders=holders, usable_from=usable_from)


def greatness(record: Row) -> tuple[Any, ...]:
    """Order records by last_update_date, then every other column in contract order, nulls first."""
    others = [record[name] for name in CUSTOMER_COLUMNS if name != "last_update_date"]
    return record["last_update_date"], *((False,) if value is None else (True, value) for value in others)


def judge(
    customers: Sequence[Row],
    accelerometer: Sequence[Row],
    steps: Sequence[Row],
    rejected: Sequence[Row] = (),
    erased: Sequence[Row] = (),
    *,
    now: datetime,
    secret: bytes,
    consent: str = "as_of",
    tolerance: timedelta | None = None,
) -> Judgement:
    """Return the five tables of a world and their accounts.

    Args:
        customers: Records of customer_landing.
        accelerometer: Records of accelerometer_landing.
        steps: Records of step_trainer_landing.
        rejected: Records of quarantine, of any table.
        erased: People (``kind`` is ``person``, with an ``email``) and devices (any other kind, with a
            ``serial_number``), and when they were erased.
        now: When consent is judged.
        secret: The key of the pseudonyms.
        consent: ``as_of`` or ``current``.
        tolerance: Pair each step with the nearest reading within it; ``None``: exact times.
    """
    verdict = judge_consent(customers, rejected, erased, now=now, consent=consent)
    names = _Names(secret)
    tables: dict[str, list[Row]] = {}
    accounts: dict[str, Account] = {}

    def settle(table: str, rows: list[Row], account: Account) -> None:
        account.rows_out = len(rows)
        tables[table], accounts[table] = rows, account

    settle("customer_trusted", *_customer_trusted(customers, verdict, names, now))
    settle("accelerometer_trusted", *_accelerometer_trusted(accelerometer, verdict, names))
    settle(
        "customer_curated",
        *_customer_curated(tables["customer_trusted"], tables["accelerometer_trusted"]),
    )
    settle("step_trainer_trusted", *_step_trainer_trusted(steps, verdict, names, tables))
    settle(
        "machine_learning_curated",
        *pair(tables["step_trainer_trusted"], tables["accelerometer_trusted"], tolerance),
    )
    return Judgement(tables, accounts)


class _Names:
    """The pseudonyms under one key, remembered."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._known: dict[tuple[str, str], str] = {}

    def __call__(self, domain: str, spelling: str) -> str:
        if (domain, spelling) not in self._known:
            self._known[domain, spelling] = pseudonym(self._secret, domain, spelling)
        return self._known[domain, spelling]


def _customer_trusted(
    customers: Sequence[Row], verdict: Consent, names: _Names, now: datetime
) -> tuple[list[Row], Account]:
    account = Account(rows_in=len(customers))
    shown: dict[tuple[str, str], Row] = {}
    for record in customers:
        customer, device = key(record["email"]), key(record["serial_number"])
        if customer not in verdict.consent_from:
            account.drop("no_consent")
        elif customer not in verdict.holders.get(device, set()):
            account.drop("device_not_held")
        else:
            rival = shown.get((customer, device))
            if rival is None:
                account.used += 1
                shown[customer, device] = record
            else:
                account.drop("superseded")
                shown[customer, device] = max(rival, record, key=greatness)
    rows = [
        {
            "customer_id": names("customer", record["email"]),
            "device_id": names("device", record["serial_number"]),
            **{name: record[name] for name in CUSTOMER_COLUMNS},
            "birth_day": birthday(record["birth_day"], now),
            "consent_from": verdict.consent_from[customer],
            "device_consent_from": verdict.usable_from.get(device),
        }
        for (customer, device), record in shown.items()
    ]
    return rows, account


def _accelerometer_trusted(
    accelerometer: Sequence[Row], verdict: Consent, names: _Names
) -> tuple[list[Row], Account]:
    account = Account(rows_in=len(accelerometer))
    seen: set[tuple[Any, ...]] = set()
    rows = []
    for reading in accelerometer:
        customer = key(reading["user"])
        identity = (customer, reading["timestamp"], reading["x"], reading["y"], reading["z"])
        if customer not in verdict.consent_from:
            account.drop("not_trusted")
        elif reading["timestamp"] < verdict.consent_from[customer]:
            account.drop("before_consent")
        elif identity in seen:
            account.drop("duplicate")
        else:
            account.used += 1
            seen.add(identity)
            measured = {name: reading[name] for name in ("timestamp", "x", "y", "z")}
            rows.append({"customer_id": names("customer", reading["user"]), **measured})
    return rows, account


def _customer_curated(trusted: list[Row], readings: list[Row]) -> tuple[list[Row], Account]:
    account = Account(rows_in=len(trusted))
    rows = []
    times_of: dict[str, list[datetime]] = {}
    for reading in readings:
        times_of.setdefault(reading["customer_id"], []).append(reading["timestamp"])
    for row in trusted:
        times = times_of.get(row["customer_id"])
        if times is None:
            account.drop("no_readings")
            continue
        account.used += 1
        born = row["birth_day"]
        rows.append(
            {
                "customer_id": row["customer_id"],
                "device_id": row["device_id"],
                "consent_from": row["consent_from"],
                "device_consent_from": row["device_consent_from"],
                "birth_decade": None if born is None else born.year - born.year % 10,
                "first_reading_at": min(times),
                "last_reading_at": max(times),
                "readings": len(times),
            }
        )
    return rows, account


def _step_trainer_trusted(
    steps: Sequence[Row], verdict: Consent, names: _Names, tables: dict[str, list[Row]]
) -> tuple[list[Row], Account]:
    account = Account(rows_in=len(steps))
    with_readings = {row["customer_id"] for row in tables["accelerometer_trusted"]}
    seen: set[tuple[Any, ...]] = set()
    rows = []
    for step in steps:
        device = key(step["serial_number"])
        # Whether a holder consents asks for less than whether the device may be used: every
        # claimant's consent. The difference is only in the reason.
        holders = [
            names("customer", customer)
            for customer in sorted(verdict.holders.get(device, set()))
            if customer in verdict.consent_from
        ]
        curated = [customer for customer in holders if customer in with_readings]
        identity = (device, step["sensor_reading_time"], step["distance_from_object"])
        if not holders:
            account.drop("not_trusted")
        elif device not in verdict.usable_from:
            account.drop("device_not_usable")
        elif step["sensor_reading_time"] < verdict.usable_from[device]:
            account.drop("before_consent")
        elif not curated:
            account.drop("no_readings")
        elif identity in seen:
            account.drop("duplicate")
        else:
            account.used += 1
            seen.add(identity)
            measured = {name: step[name] for name in ("sensor_reading_time", "distance_from_object")}
            device_id = names("device", step["serial_number"])
            rows.extend({"customer_id": customer, "device_id": device_id, **measured} for customer in curated)
    return rows, account


def pair(steps: list[Row], readings: list[Row], tolerance: timedelta | None) -> tuple[list[Row], Account]:
    """Pair each step with the readings of the same customer at its time, or at the nearest one."""
    account = Account(rows_in=len(steps))
    by_time: dict[str, dict[datetime, list[Row]]] = {}
    for reading in readings:
        by_time.setdefault(reading["customer_id"], {}).setdefault(reading["timestamp"], []).append(reading)
    rows = []
    for step in steps:
        at = step["sensor_reading_time"]
        times = by_time.get(step["customer_id"], {})
        if tolerance is None:
            partner = at if at in times else None
        else:
            near = [time for time in times if abs(time - at) <= tolerance]
            partner = min(near, key=lambda time: (abs(time - at), time), default=None)
        if partner is None:
            account.drop("unpaired")
            continue
        account.used += 1
        gap = {} if tolerance is None else {"match_gap_ms": (partner - at) / MILLISECOND}
        rows.extend(
            {
                "customer_id": step["customer_id"],
                "device_id": step["device_id"],
                "timestamp": at,
                **{axis: reading[axis] for axis in ("x", "y", "z")},
                "distance_from_object": step["distance_from_object"],
                **gap,
            }
            for reading in times[partner]
        )
    account.rows_out = len(rows)
    return rows, account
