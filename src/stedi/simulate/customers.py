"""Customers and their histories: what the website would have exported about each of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from random import Random
from typing import Final, TypeAlias

from stedi.simulate.draws import Draws
from stedi.simulate.people import Profile, invent, invent_serial_number, respell
from stedi.simulate.walker import Walker, invent_walker

Record: TypeAlias = dict[str, object]
"""A landing record with the sources' own names; times are epoch milliseconds."""

_ConsentChange: TypeAlias = tuple[int, int | None]
"""When a record was written, and the share date that it has, if any."""

AS_OF: Final = datetime(2024, 6, 1, tzinfo=UTC)
"""The day on which the landing data was exported: nothing in it is newer, but a few share dates are."""

AS_OF_MS: Final = int(AS_OF.timestamp() * 1000)
DAY_MS: Final = 86_400_000

_FIRST_MS: Final = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp() * 1000)
_TWO_DEVICES: Final = 0.05
_CHANGED_HANDS: Final = 0.02
_SHARED_PAIRS: Final = 0.02


class ConsentHistory(StrEnum):
    """How a customer's consent to research went."""

    NEVER = "never"
    AT_REGISTRATION = "at_registration"
    BACK_DATED = "back_dated"
    FUTURE = "future"
    LATER = "later"
    WITHDRAWN = "withdrawn"
    RE_GRANTED = "re_granted"


_CONSENT_SHARES: Final = {
    ConsentHistory.AT_REGISTRATION: 0.48,
    ConsentHistory.NEVER: 0.25,
    ConsentHistory.LATER: 0.13,
    ConsentHistory.WITHDRAWN: 0.07,
    ConsentHistory.RE_GRANTED: 0.03,
    ConsentHistory.BACK_DATED: 0.02,
    ConsentHistory.FUTURE: 0.02,
}
"""DESIGN section 7; back-dated share dates are taken from those at registration, future ones from later."""

_EXTRAS: Final = {"none": 0.80, "updated": 0.15, "repeated": 0.04, "contradicted": 0.01}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDevice:
    """A device that a customer lists, since when, and until when (epoch milliseconds)."""

    serial_number: str
    since: int
    until: int = AS_OF_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer, their devices (the first listed first), and every record about them."""

    person: Profile
    walker: Walker
    registered: int
    devices: tuple[HeldDevice, ...]
    history: ConsentHistory
    records: tuple[Record, ...]


def invent_customers(n: int, *, seed: int, balance_shift: float = 0.0) -> list[Customer]:
    """Invent n customers with their devices, consents and records.

    Examples:
        >>> customers = invent_customers(100, seed=7)
        >>> sum(customer.history is ConsentHistory.WITHDRAWN for customer in customers)
        7
    """
    draws = Draws(seed, "customers")
    random = draws.random
    of_walkers = Draws(seed, "walkers").random
    walkers = [invent_walker(of_walkers, balance_shift=balance_shift) for _ in range(n)]
    people = invent(random, n, born_in=[AS_OF.year - round(walker.age) for walker in walkers])
    registered = [random.randrange(_FIRST_MS, AS_OF_MS - 200 * DAY_MS) for _ in people]
    devices = _hand_out(random, registered)
    histories = draws.deal(_CONSENT_SHARES, n)
    extras = draws.deal(_EXTRAS, n)
    return [
        Customer(
            person=person,
            walker=walker,
            registered=since,
            devices=held,
            history=history,
            records=tuple(_records(random, person, held, _changes(random, history, extra, since), extra)),
        )
        for person, walker, since, held, history, extra in zip(
            people, walkers, registered, devices, histories, extras, strict=True
        )
    ]


def new_record(person: Profile, serial_number: str, *, registered: int, updated: int) -> Record:
    """Return a website record that says nothing about sharing."""
    return {
        "customerName": person.name,
        "email": person.email,
        "phone": person.phone,
        "birthDay": person.birth_day,
        "serialNumber": serial_number,
        "registrationDate": registered,
        "lastUpdateDate": updated,
    }


def _hand_out(random: Random, registered: list[int]) -> list[tuple[HeldDevice, ...]]:
    """Give everybody a device; a few get two, share one, or pass theirs on."""
    n = len(registered)
    held = [[HeldDevice(serial_number=invent_serial_number(random), since=since)] for since in registered]
    order = random.sample(range(n), n)
    for index in order[: round(n * _TWO_DEVICES)]:
        since = random.randrange(registered[index], AS_OF_MS)
        held[index].append(HeldDevice(serial_number=invent_serial_number(random), since=since))
    pairs = iter(zip(order[-1::-2], order[-2::-2], strict=False))
    for _, (one, other) in zip(range(round(n * _CHANGED_HANDS)), pairs, strict=False):
        giver, taker = sorted((one, other), key=lambda index: registered[index])
        passed_on, at = held[giver][0], registered[taker]
        held[giver] = [
            replace(passed_on, until=at),
            HeldDevice(serial_number=invent_serial_number(random), since=at),
        ]
        held[taker] = [replace(passed_on, since=at)]
    for _, (one, other) in zip(range(round(n * _SHARED_PAIRS)), pairs, strict=False):
        held[other] = [HeldDevice(serial_number=held[one][0].serial_number, since=registered[other])]
    return [tuple(devices) for devices in held]


def _changes(random: Random, history: ConsentHistory, extra: str, registered: int) -> list[_ConsentChange]:
    """Return when the customer's records were written, and the share date (or none) they then had."""
    first, second, third = sorted(random.randrange(registered + DAY_MS, AS_OF_MS) for _ in range(3))
    early = registered - random.randint(30, 400) * DAY_MS
    back_dated: list[list[_ConsentChange]] = [[(registered, early)], [(registered, None), (first, early)]]
    future = AS_OF_MS + random.randint(30, 300) * DAY_MS
    changes: dict[ConsentHistory, list[_ConsentChange]] = {
        ConsentHistory.NEVER: [(registered, None)],
        ConsentHistory.AT_REGISTRATION: [(registered, registered)],
        ConsentHistory.BACK_DATED: random.choice(back_dated),
        ConsentHistory.FUTURE: [(registered, None), (first, future)],
        ConsentHistory.LATER: [(registered, None), (first, first)],
        ConsentHistory.WITHDRAWN: [(registered, registered), (first, None)],
        ConsentHistory.RE_GRANTED: [(registered, registered), (first, None), (second, second)],
    }
    course = changes[history]
    if extra == "updated":
        course.append((third, course[-1][1]))
    if extra == "contradicted":
        course.append((course[-1][0], None if course[-1][1] is not None else course[-1][0]))
    return course


def _records(
    random: Random,
    person: Profile,
    devices: tuple[HeldDevice, ...],
    changes: list[_ConsentChange],
    extra: str,
) -> Iterator[Record]:
    """Write a record per device at each change, and one when a device is added."""
    registered = changes[0][0]
    public, friends = random.random() < 0.5, random.random() < 0.5  # noqa: PLR2004
    for index, (updated, share) in enumerate(changes):
        later = changes[index + 1][0] if index + 1 < len(changes) else AS_OF_MS
        for device in devices:
            if device.since >= max(later, updated + 1) or device.until <= updated:
                continue
            record = new_record(
                person, device.serial_number, registered=registered, updated=max(updated, device.since)
            )
            record["email"] = respell(random, person.email)
            if share is not None:
                record["shareWithResearchAsOfDate"] = share
            if public:
                record["shareWithPublicAsOfDate"] = registered
            if friends:
                record["shareWithFriendsAsOfDate"] = registered
            yield record
            if extra == "repeated" and index + 1 == len(changes):
                yield dict(record)
