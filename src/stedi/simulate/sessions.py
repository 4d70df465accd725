"""Who exercised when, on which device, and how app and device spelled them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from stedi.simulate.customers import AS_OF_MS, DAY_MS, Customer
from stedi.simulate.draws import Draws
from stedi.simulate.people import invent, invent_serial_number, respell
from stedi.simulate.walker import Walker, invent_walker

_SESSIONS: Final = {0: 0.18, 1: 0.34, 2: 0.18, 3: 0.14, 5: 0.10, 8: 0.06}
_STRANGERS: Final = 0.02
_LONGEST_MS: Final = 5 * 60_000
_HOUR_MS: Final = 3_600_000
_MORNING, _EVENING = 7, 21
_PAUSE_DAYS: Final = (2, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One exercise: phone and step trainer run together.

    Attributes:
        user: The e-mail, as the app spells it in this session.
        serial_number: The serial number, as the device spells it in this session.
        start: When it begins, in epoch milliseconds.
        walker: How the person walks.
        known_user: The website has a record of the user.
        known_device: The website has a record of the device.
    """

    user: str
    serial_number: str
    start: int
    walker: Walker
    known_user: bool = True
    known_device: bool = True


def plan_sessions(customers: Sequence[Customer], *, seed: int) -> list[Exercise]:
    """Plan the sessions of all customers, some before their consent, and a few of strangers; by time.

    Examples:
        >>> from stedi.simulate.customers import invent_customers
        >>> sessions = plan_sessions(invent_customers(100, seed=7), seed=7)
        >>> sum(not session.known_user for session in sessions)
        2
        >>> sessions == sorted(sessions, key=lambda session: session.start)
        True
    """
    draws = Draws(seed, "sessions")
    random = draws.random
    sessions = [
        session
        for customer, count in zip(customers, draws.deal(_SESSIONS, len(customers)), strict=True)
        for session in _of_customer(random, customer, count)
    ]
    of_customers = tuple(sessions)
    strangers = round(_STRANGERS * len(customers))
    # Customers live at the domains of the default; a stranger can't be one of them by chance.
    for stranger in invent(random, strangers, domains=("stranger.example.com",)):
        known = random.choice(of_customers)
        sessions.append(
            Exercise(
                user=stranger.email,
                serial_number=known.serial_number,
                start=_some_day(random, known.start),
                walker=invent_walker(random),
                known_user=False,
            )
        )
        sessions.append(
            Exercise(
                user=known.user,
                serial_number=invent_serial_number(random),
                start=_some_day(random, known.start),
                walker=known.walker,
                known_device=False,
            )
        )
    return sorted(sessions, key=lambda session: session.start)


def _of_customer(random: Random, customer: Customer, count: int) -> Iterator[Exercise]:
    """Plan a customer's sessions: every few days, as long as there are days left."""
    start = _some_day(random, customer.registered)
    for _ in range(count):
        device = random.choice([held for held in customer.devices if held.since <= start < held.until])
        yield Exercise(
            user=respell(random, customer.person.email),
            serial_number=respell(random, device.serial_number),
            start=start,
            walker=customer.walker,
        )
        next_day = start // DAY_MS + random.randint(*_PAUSE_DAYS)
        start = next_day * DAY_MS + _time_of_day(random)
        if start > AS_OF_MS - DAY_MS:
            start = _some_day(random, customer.registered)


def _some_day(random: Random, earliest: int) -> int:
    """Return a time by day, from ``earliest`` until a day before the export."""
    day = random.randrange(earliest // DAY_MS, AS_OF_MS // DAY_MS - 1)
    start = day * DAY_MS + _time_of_day(random)
    return start if start >= earliest else random.randrange(earliest, AS_OF_MS - DAY_MS)


def _time_of_day(random: Random) -> int:
    return random.randrange(_MORNING * _HOUR_MS, _EVENING * _HOUR_MS - _LONGEST_MS)
