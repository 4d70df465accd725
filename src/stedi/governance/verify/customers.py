"""Customers: what their records say, the rows of customer_trusted that follow, and those that are there."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl

from stedi.governance.verify.finding import Fault, Finding
from stedi.governance.verify.ids import Tombstones
from stedi.governance.verify.rule import (
    FOREVER,
    MILLISECOND_US,
    Statement,
    Together,
    Verdict,
    apply_rule,
    granted,
    micros,
    normalized,
)
from stedi.names import CUSTOMER_LANDING, CUSTOMER_TRUSTED, OBJECT, QUARANTINE
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

_EMAIL, _SERIAL, _BIRTH_DAY, _SHARE = map(
    CUSTOMER_COLUMNS.index, ("email", "serial_number", "birth_day", "share_with_research_as_of_date")
)

_Claim = tuple[str, str]
"""The names of a customer and a device."""
_IdOf = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCustomers:
    """What follows from the customer records of a lake.

    Attributes:
        verdict: Who may be used.
        rows: The rows of customer_trusted: per customer and device, the record that they show.
        records: How many records there are.
        dropped: How many of them don't make a row, by reason.
    """

    verdict: Verdict
    rows: Mapping[_Claim, tuple[Any, ...]]
    records: int
    dropped: Mapping[str, int]


def expect_customers(
    scan: Scan, *, now: datetime, current: bool, tombstones: Tombstones, id_of: _IdOf
) -> ExpectedCustomers:
    """Apply the rule to all customer records of a run.

    Args:
        scan: The tables.
        now: The time at which consent is judged.
        current: Whether only rule 1 counts.
        tombstones: Who was erased.
        id_of: Returns the id of a name, by domain; None where that can't be told without the key.
    """
    at = micros(now)
    records = _records(scan(CUSTOMER_LANDING), CUSTOMER_COLUMNS)
    said = [
        Statement(
            normalized(record[_EMAIL]),
            normalized(record[_SERIAL]),
            record[0],
            granted(record[_SHARE], at),
            good=True,
        )
        for record in records
    ]
    claims = [(each.person, each.device or "") for each in said]
    people = {each.person for each in said}
    together = list(_denials(scan, people, id_of))
    people = people.union(*(group.people for group in together))
    said.extend(_erasure_denials(people, tombstones, id_of))
    verdict = _after_erasures(apply_rule(said, together, current=current), tombstones, id_of)
    dropped = Counter[str]()
    shown: dict[_Claim, tuple[Any, ...]] = {}
    for claim, record in zip(claims, records, strict=True):
        person, device = claim
        if person not in verdict.consent_from:
            dropped["no_consent"] += 1
        elif person not in verdict.holders.get(device, ()):
            dropped["device_not_held"] += 1
        elif claim not in shown:
            shown[claim] = record
        else:
            dropped["superseded"] += 1
            shown[claim] = max(shown[claim], record, key=_greatness)
    today = now.astimezone(UTC).date()
    rows = {claim: _row(claim, record, verdict, today) for claim, record in shown.items()}
    return ExpectedCustomers(verdict=verdict, rows=rows, records=len(records), dropped=dropped)


def _erasure_denials(people: Iterable[str], tombstones: Tombstones, id_of: _IdOf) -> Iterator[Statement]:
    """Yield the denials of those who were erased and came back: nothing from before may be used.

    Whose id can't be told may be one of them: their consent can't be checked.
    """
    if not tombstones.people:
        return
    for person in people:
        known = id_of("customer", person)
        if known is None:
            yield Statement(person, None, FOREVER, None, good=False)
        elif known in tombstones.people:
            yield Statement(person, None, micros(tombstones.people[known]), None, good=False)
            if known in tombstones.denied:
                yield Statement(person, None, micros(tombstones.denied[known]), None, good=False)


def _after_erasures(verdict: Verdict, tombstones: Tombstones, id_of: _IdOf) -> Verdict:
    """Keep what a device of somebody erased recorded until then out of use."""
    if not tombstones.devices:
        return verdict
    usable = dict(verdict.usable_from)
    for device, begins in verdict.usable_from.items():
        erased_at = tombstones.devices.get(id_of("device", device) or "")
        if erased_at is not None:
            usable[device] = max(begins, micros(erased_at) + MILLISECOND_US)
    return replace(verdict, usable_from=usable)


def _denials(scan: Scan, people: Iterable[str], id_of: _IdOf) -> Iterator[Together]:
    """Yield what rejected customer records say (rule 7): those that name somebody, and are not released.

    Args:
        scan: The tables.
        people: The names that good records have: an erased person who is back is one of them.
        id_of: Returns the id of a name.
    """
    of_customers = pl.col("table_name") == CUSTOMER_LANDING
    ledger = scan(OBJECT).filter(of_customers, pl.col("newest_update").is_not_null())
    newest = dict(_records(ledger, ["digest", "newest_update"]))
    held = scan(QUARANTINE).filter(of_customers, pl.col("released_at").is_null())
    columns = ["emails", "serial_numbers", "tombstones", "last_update_date", "_digest"]
    for emails, serials, erased, own, digest in _records(held, columns):
        devices = _names(serials)
        if named := _names(emails):
            at = own if own is not None else newest.get(digest, FOREVER)
            yield Together(named, devices, at)
        if erased:
            back = frozenset(person for person in people if id_of("customer", person) in erased)
            yield Together(back, devices, FOREVER)


def _names(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in map(normalized, texts) if name)


def _records(frame: pl.LazyFrame, columns: Sequence[str]) -> list[tuple[Any, ...]]:
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
        birthday = date(int(text[:4]), int(text[5:7]), int(text[8:]))
    except ValueError:
        return None
    return birthday if _EARLIEST_BIRTH <= birthday <= today else None


def _row(claim: _Claim, record: tuple[Any, ...], verdict: Verdict, today: date) -> tuple[Any, ...]:
    person, device = claim
    shown = [_birthday(value, today) if at == _BIRTH_DAY else value for at, value in enumerate(record)]
    return (*shown, verdict.consent_from[person], verdict.usable_from.get(device))


def check_customers(scan: Scan, expected: ExpectedCustomers) -> tuple[list[Finding], int]:
    """Compare customer_trusted with what follows from the records; return findings, and rows looked at."""
    columns = [*CUSTOMER_COLUMNS, "consent_from", "device_consent_from", "customer_id"]
    there = _records(scan(CUSTOMER_TRUSTED), columns)
    left = dict(expected.rows)
    surplus: list[str] = []
    for *row, customer_id in there:
        claim = (normalized(row[_EMAIL]), normalized(row[_SERIAL]))
        if claim in left and left[claim] == tuple(row):
            del left[claim]
        else:
            surplus.append(customer_id)
    return wrong_rows(CUSTOMER_TRUSTED, len(surplus), surplus, missing=len(left)), len(there)


def wrong_rows(table: str, surplus: int, customer_ids: Iterable[str], *, missing: int) -> list[Finding]:
    """Say that a table has rows which the rule doesn't give, or lacks some.

    Args:
        table: The table.
        surplus: How many rows it has too much.
        customer_ids: Whose these are.
        missing: How many rows it lacks.
    """
    findings = []
    if surplus:
        some = ", ".join(sorted(set(customer_ids))[:_SAMPLES])
        problem = f"{surplus:,} rows that the consent rule does not give, of customer_id {some}"
        findings.append(Finding.of(Fault.SURPLUS_ROW, table, problem, count=surplus))
    if missing:
        problem = f"{missing:,} rows that follow from the landing tables are missing, or differ"
        findings.append(Finding.of(Fault.MISSING_ROW, table, problem, count=missing))
    return findings
