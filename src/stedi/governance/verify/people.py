"""Customers: what their records say, the rows of customer_trusted that follow, and those that are there."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl

from stedi.governance.verify.finding import Fault, Finding
from stedi.governance.verify.graves import Graves
from stedi.governance.verify.rule import (
    MILLISECOND,
    NEVER_OVER,
    Said,
    Together,
    Verdict,
    granted,
    judge,
    micros,
    name_of,
)
from stedi.names import CUSTOMER_LANDING, CUSTOMER_TRUSTED
from stedi.warehouse.run_tables import Scan

CUSTOMER_COLUMNS: Final = (
    "last_update_date",
    "customer_name",
    "email",
    "phone",
    "birth_day",
    "serial_number",
    "registration_date",
    "share_with_research_as_of_date",
    "share_with_public_as_of_date",
    "share_with_friends_as_of_date",
)
"""The columns by which one record is greater than another: the first that differs decides."""

_BIRTHDAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EARLIEST_BIRTH: Final = date(1900, 1, 1)
_SAMPLES: Final = 3

Claim = tuple[str, str]
"""The names of a customer and a device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """What follows from the customer records of a lake.

    Attributes:
        verdict: Who may be used.
        rows: The rows of customer_trusted: per customer and device, the record that they show.
        records: How many records there are.
        dropped: How many of them don't make a row, by reason.
    """

    verdict: Verdict
    rows: Mapping[Claim, tuple[Any, ...]]
    records: int
    dropped: Mapping[str, int]


def work_out(
    scan: Scan, *, now: datetime, current: bool, graves: Graves, id_of: Callable[[str, str], str | None]
) -> People:
    """Apply the rule to all customer records of a run.

    Args:
        scan: The tables.
        now: The time at which consent is judged.
        current: Whether only rule 1 counts.
        graves: Who was erased.
        id_of: Returns the id of a name, by domain; None where that can't be told without the key.
    """
    records, said = _sayings(scan, now)
    claims = [(each.person, each.device or "") for each in said]
    together = list(_denials(scan, graves, {each.person for each in said}, id_of))
    named = {person for group in together for person in group.people}
    said.extend(_of_graves({*named, *(each.person for each in said)}, graves, id_of))
    verdict = _until_graves(judge(said, together, current=current), graves, id_of)
    dropped = Counter[str]()
    shown: dict[Claim, tuple[Any, ...]] = {}
    for claim, record in zip(claims, records, strict=True):
        person, device = claim
        if person not in verdict.consent_from:
            dropped["no_consent"] += 1
        elif person not in verdict.holders.get(device, ()):
            dropped["device_not_held"] += 1
        elif claim not in shown:
            shown[claim] = record[:-1]
        else:
            dropped["superseded"] += 1
            shown[claim] = max(shown[claim], record[:-1], key=_greatness)
    today = now.astimezone(UTC).date()
    rows = {claim: _row(claim, record, verdict, today) for claim, record in shown.items()}
    return People(verdict=verdict, rows=rows, records=len(records), dropped=dropped)


def _of_graves(
    people: Iterable[str], graves: Graves, id_of: Callable[[str, str], str | None]
) -> Iterator[Said]:
    """Yield the denials of those who were erased and came back: nothing from before may be used.

    Whose id can't be told may be one of them: their consent can't be checked.
    """
    if not graves.people:
        return
    for person in people:
        known = id_of("customer", person)
        if known is None:
            yield Said(person, None, NEVER_OVER, None, good=False)
        elif known in graves.people:
            yield Said(person, None, micros(graves.people[known]), None, good=False)
            if known in graves.denied:
                yield Said(person, None, micros(graves.denied[known]), None, good=False)


def _until_graves(verdict: Verdict, graves: Graves, id_of: Callable[[str, str], str | None]) -> Verdict:
    """Keep what a device of somebody erased recorded until then out of use."""
    if not graves.devices:
        return verdict
    usable = dict(verdict.usable_from)
    for device, begins in verdict.usable_from.items():
        erased_at = graves.devices.get(id_of("device", device) or "")
        if erased_at is not None:
            usable[device] = max(begins, micros(erased_at) + MILLISECOND)
    return replace(verdict, usable_from=usable)


def statements(scan: Scan, *, now: datetime) -> list[Said]:
    """Return what every record of a run says, rejected ones too, as judged at a time."""
    said = _sayings(scan, now)[1]
    for group in _denials(scan, None, (), lambda *_: None):
        said.extend(Said(person, None, group.at, None, good=False) for person in group.people)
    return said


def _sayings(scan: Scan, now: datetime) -> tuple[list[tuple[Any, ...]], list[Said]]:
    """Return the good records, and what each of them says."""
    at = micros(now)
    records = _records(scan(CUSTOMER_LANDING), [*CUSTOMER_COLUMNS, "_digest"])
    when, email, serial, share = (
        CUSTOMER_COLUMNS.index(name)
        for name in ("last_update_date", "email", "serial_number", "share_with_research_as_of_date")
    )
    said = [
        Said(
            name_of(record[email]),
            name_of(record[serial]),
            record[when],
            granted(record[share], at),
            good=True,
        )
        for record in records
    ]
    return records, said


def _denials(
    scan: Scan, graves: Graves | None, people: Iterable[str], id_of: Callable[[str, str], str | None]
) -> Iterator[Together]:
    """Yield what rejected customer records say (rule 7): those that name somebody, and are not released.

    Args:
        scan: The tables.
        graves: Who was erased; None to leave them out.
        people: The names that good records have: an erased person who is back is one of them.
        id_of: Returns the id of a name.
    """
    newest = {
        digest: time
        for digest, time in _records(
            scan("object").filter(pl.col("table_name") == CUSTOMER_LANDING), ["digest", "newest_update"]
        )
        if time is not None
    }
    held = scan("quarantine").filter(
        pl.col("table_name") == CUSTOMER_LANDING, pl.col("released_at").is_null()
    )
    columns = ["emails", "serial_numbers", "tombstones", "last_update_date", "_digest"]
    for emails, serials, buried, own, digest in _records(held, columns):
        named = _names(emails)
        devices = _names(serials)
        if named:
            at = own if own is not None else newest.get(digest, NEVER_OVER)
            yield Together(named, devices, at)
        if buried and graves is not None:
            back = frozenset(person for person in people if id_of("customer", person) in buried)
            yield Together(back, devices, NEVER_OVER)


def _names(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in map(name_of, texts) if name)


def _records(frame: pl.LazyFrame, columns: list[str]) -> list[tuple[Any, ...]]:
    """Return rows with their times as microseconds."""
    wanted = frame.select(columns)
    times = [name for name, dtype in wanted.collect_schema().items() if isinstance(dtype, pl.Datetime)]
    return wanted.with_columns(pl.col(times).dt.epoch("us")).collect().rows()


def _greatness(record: tuple[Any, ...]) -> tuple[tuple[bool, Any], ...]:
    return tuple((value is not None, "" if value is None else value) for value in record)


def _birthday(text: str | None, today: date) -> date | None:
    if text is None or _BIRTHDAY.fullmatch(text) is None:
        return None
    try:
        born = date(int(text[:4]), int(text[5:7]), int(text[8:]))
    except ValueError:
        return None
    return born if _EARLIEST_BIRTH <= born <= today else None


def _row(claim: Claim, record: tuple[Any, ...], verdict: Verdict, today: date) -> tuple[Any, ...]:
    person, device = claim
    born = CUSTOMER_COLUMNS.index("birth_day")
    shown = [_birthday(value, today) if place == born else value for place, value in enumerate(record)]
    return (*shown, verdict.consent_from[person], verdict.usable_from.get(device))


def check_people(scan: Scan, people: People) -> tuple[list[Finding], int]:
    """Compare customer_trusted with what follows from the records; return findings, and rows looked at."""
    columns = [*CUSTOMER_COLUMNS, "consent_from", "device_consent_from", "customer_id"]
    there = _records(scan(CUSTOMER_TRUSTED), columns)
    email, serial = CUSTOMER_COLUMNS.index("email"), CUSTOMER_COLUMNS.index("serial_number")
    left = dict(people.rows)
    surplus: list[str] = []
    for *row, customer_id in there:
        claim = (name_of(row[email]), name_of(row[serial]))
        if claim in left and left[claim] == tuple(row):
            del left[claim]
        else:
            surplus.append(customer_id)
    findings = []
    if surplus:
        findings.append(surplus_rows(CUSTOMER_TRUSTED, len(surplus), surplus))
    if left:
        findings.append(missing_rows(CUSTOMER_TRUSTED, len(left)))
    return findings, len(there)


def surplus_rows(table: str, rows: int, customer_ids: list[str]) -> Finding:
    """Say that a table has rows which the rule doesn't give."""
    some = ", ".join(sorted(set(customer_ids))[:_SAMPLES])
    return Finding.of(
        Fault.SURPLUS_ROW,
        table,
        f"{rows:,} rows that the consent rule does not give, of customer_id {some}",
        count=rows,
    )


def missing_rows(table: str, rows: int) -> Finding:
    """Say that a table lacks rows which the rule gives."""
    return Finding.of(
        Fault.MISSING_ROW,
        table,
        f"{rows:,} rows that follow from the landing tables are missing, or differ",
        count=rows,
    )
