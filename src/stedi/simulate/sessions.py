"""Who exercised when, on which device, and how app and device spelled them."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from stedi.simulate.customers import AS_OF_MS, DAY_MS, Customer
from stedi.simulate.draws import Draws
from stedi.simulate.people import invent, invent_serial_number, respell

_SESSIONS: Final = {1: 0.60, 0: 0.22, 2: 0.12, 3: 0.06}
_STRANGERS: Final = 0.02
_SHORTEST_S: Final = 20.0
_LONGEST_S: Final = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One exercise: phone and step trainer run together, on one clock.

    Attributes:
        user: The e-mail, as the app spells it in this session.
        serial_number: The serial number, as the device spells it in this session.
        start: When it begins, in epoch milliseconds.
        seconds: How long it lasts.
        known_user: The website has a record of the user.
        known_device: The website has a record of the device.
    """

    user: str
    serial_number: str
    start: int
    seconds: float
    known_user: bool = True
    known_device: bool = True


def plan_sessions(customers: Sequence[Customer], *, seed: int) -> list[Session]:
    """Plan the sessions of all customers, some before their consent, and a few of strangers.

    Examples:
        >>> from stedi.simulate.customers import invent_customers
        >>> sessions = plan_sessions(invent_customers(100, seed=7), seed=7)
        >>> sum(not session.known_user for session in sessions)
        2
    """
    draws = Draws(seed, "sessions")
    random = draws.random
    sessions = [
        _session(random, customer)
        for customer, count in zip(customers, draws.deal(_SESSIONS, len(customers)), strict=True)
        for _ in range(count)
    ]
    of_customers = tuple(sessions)
    strangers = round(_STRANGERS * len(customers))
    # Customers live at the domains of the default; a stranger can't be one of them by chance.
    for stranger in invent(random, strangers, domains=("stranger.example.com",)):
        known = random.choice(of_customers)
        sessions.append(
            Session(
                user=stranger.email,
                serial_number=known.serial_number,
                start=_start(random, known.start),
                seconds=_seconds(random),
                known_user=False,
            )
        )
        sessions.append(
            Session(
                user=known.user,
                serial_number=invent_serial_number(random),
                start=_start(random, known.start),
                seconds=_seconds(random),
                known_device=False,
            )
        )
    return sessions


def _session(random: Random, customer: Customer) -> Session:
    start = _start(random, customer.registered)
    device = random.choice([held for held in customer.devices if held.since <= start < held.until])
    return Session(
        user=respell(random, customer.person.email),
        serial_number=respell(random, device.serial_number),
        start=start,
        seconds=_seconds(random),
    )


def _start(random: Random, earliest: int) -> int:
    return random.randrange(earliest, AS_OF_MS - DAY_MS)


def _seconds(random: Random) -> float:
    """Return a length; short sessions are more common."""
    return _SHORTEST_S + (_LONGEST_S - _SHORTEST_S) * random.random() ** 3
