"""Small worlds: a few people, a few devices, a few times, so that everything collides with everything."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations
from typing import Any

from hypothesis import strategies as st

from oracle import key

Row = dict[str, Any]

SECRET = bytes(range(32))
MS = timedelta(milliseconds=1)
HOURS = tuple(datetime(2022, 6, 1, 8, tzinfo=UTC) + hour * timedelta(hours=1) for hour in range(8))
NOW = HOURS[6]
"""When consent is judged: HOURS[7] is in the future, and a share at NOW counts."""

FAR_AWAY = datetime(2150, 1, 1, tzinfo=UTC)
"""A ``now`` at which every share date is past, and only plausibility is left to ask for."""

PEOPLE = (
    ("ann@example.com", "Ann@Example.COM", "  ann@example.com\t", "\uff21nn@example.com"),
    # NFKC turns the ligature into two letters and the Kelvin sign into a K.
    (
        "fiona.k@example.com",
        "\ufb01ona.k@example.com",
        "FIONA.\u212a@example.com",
        "\u3000fiona.k@example.com",
    ),
    # Lower-casing is not case folding: STRASSE is somebody else, and a final sigma is its own letter.
    ("stra\u00dfe@example.com", "STRA\u1e9eE@example.com", "stra\u00dfe@example.com\u00a0"),
    ("strasse@example.com", "STRASSE@example.com"),
    ("\u03bd\u03af\u03ba\u03bf\u03c2@example.gr", "\u039d\u038a\u039a\u039f\u03a3@example.gr"),
)
DEVICES = (
    ("50a1b2c3-d4e5", "50A1B2C3-D4E5", " 50a1b2c3-d4e5", "\uff15\uff10a1b2c3-d4e5"),
    ("device-b", "Device-B", "device-\uff42"),
    ("device-c", "DEVICE-C\n"),
)
STRANGER = "stranger@example.com"
UNKNOWN_DEVICE = "device-x"
EMAILS = tuple(spelling for person in PEOPLE for spelling in person)
SERIALS = tuple(spelling for device in DEVICES for spelling in device)

# Each with a customer_name, a phone, a birthday and a registration date.
PROFILES = (
    ("Ann Lee", "8015551212", "1962-03-04", HOURS[0]),
    ("Ann Lee", "8015551212", "1962-03-04", HOURS[1]),
    ("Ann M. Lee", "8015551212", "1979-12-31", HOURS[0]),
    ("\u00c5nn L\u00e9e", None, "1900-01-01", None),
    ("\U0001f600 Smile", "+49 30 901820", "1899-12-31", HOURS[0]),
    ("\uffe6 Won", "+49 30 901820", "967-01-01", HOURS[0]),
    (None, None, None, None),
    ("", "", "", HOURS[2]),
    ("Born Today", "8015551213", "2022-06-01", HOURS[0]),
    ("Born Tomorrow", "8015551213", "2022-06-02", HOURS[0]),
    ("Leap", "8015551214", "2000-02-29", HOURS[0]),
    ("No Leap", "8015551214", "1900-02-29", HOURS[0]),
)
BIRTHDAYS = (
    "1962-3-4",
    " 1962-03-04",
    "1962-03-04 ",
    "1962-03-04\n",
    "1962-03-04T00:00:00",
    "+1962-03-04",
    "-1962-03-04",
    "1962-13-01",
    "1962-00-10",
    "1962-04-31",
    "1962/03/04",
    "04-03-1962",
    "19620304",
    "0000-00-00",
    "9999-12-31",
    "10000-01-01",
    "\uff11\uff19\uff16\uff12-03-04",
    "\u0661\u0669\u0666\u0662-03-04",
    "not a date",
    "1999-12-31",
    "2000-01-01",
    "1969-12-31",
    "1970-01-01",
)
"""Texts that some parser of dates takes for a birthday, and a few that are one."""

IMPLAUSIBLE = (datetime(1970, 1, 20, 3, 52, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
"""A share date that was sent in seconds, and the first one too late to be plausible."""

SHARES = (*HOURS, HOURS[2] + MS, NOW - MS, NOW + MS, None, *IMPLAUSIBLE)
READING_TIMES = tuple(hour + step * MS for hour in HOURS for step in (-1, 0, 1, 2))
OBJECTS = ("d1", "d2", "d3", None)
LONELY_OBJECT = "d9"
"""Of this one, no record is good."""
NEW_OBJECT = "new"
"""Objects don't change: what is added to a world comes in one of its own."""
_ERASED = 0.3
"""How often a spelling of somebody is that of an erased one."""
AXES = ((0.0, 0.0, 0.0), (-0.0, 0.0, 0.0), (1.0, -1.0, 0.5), (1.0, -1.0, -9.80665))
DISTANCES = (0, 218, 2**40)


@dataclass(frozen=True)
class World:
    """Everything that five transforms look at."""

    customers: tuple[Row, ...] = ()
    accelerometer: tuple[Row, ...] = ()
    steps: tuple[Row, ...] = ()
    rejected: tuple[Row, ...] = ()
    erased: tuple[Row, ...] = ()
    now: datetime = NOW

    def plus(self, **rows: Iterable[Row]) -> "World":
        """Return this world with more records."""
        return replace(self, **{name: (*getattr(self, name), *more) for name, more in rows.items()})


def customer(
    email: str = "ann@example.com",
    serial: str = "50a1b2c3-d4e5",
    *,
    at: datetime = HOURS[1],
    share: datetime | None = None,
    **others: Any,
) -> Row:
    """Return a record of the website export; a denial unless it shares."""
    return {
        "customer_name": None,
        "email": email,
        "phone": None,
        "birth_day": None,
        "serial_number": serial,
        "registration_date": None,
        "last_update_date": at,
        "share_with_research_as_of_date": share,
        "share_with_public_as_of_date": None,
        "share_with_friends_as_of_date": None,
        **_provenance("customer"),
        **others,
    }


def reading(
    user: str = "ann@example.com",
    at: datetime = HOURS[3],
    axes: tuple[float, float, float] = AXES[2],
    **others: Any,
) -> Row:
    """Return a record of the app."""
    x, y, z = axes
    return {"user": user, "timestamp": at, "x": x, "y": y, "z": z, **_provenance("accelerometer"), **others}


def step(serial: str = "50a1b2c3-d4e5", at: datetime = HOURS[3], distance: int = 218, **others: Any) -> Row:
    """Return a record of the device."""
    return {
        "sensor_reading_time": at,
        "serial_number": serial,
        "distance_from_object": distance,
        **_provenance("step_trainer"),
        **others,
    }


def rejected(
    email: str | Sequence[str] | None = "ann@example.com",
    serial: str | Sequence[str] | None = "50a1b2c3-d4e5",
    *,
    at: datetime | None = None,
    digest: str | None = None,
    **others: Any,
) -> Row:
    """Return a rejected record of the website export, which may name several people and devices."""
    return {
        "table_name": "customer_landing",
        "reason": "cut_off",
        "field": None,
        "raw": "{",
        "emails": _each_once(email),
        "serial_numbers": _each_once(serial),
        "tombstones": [],
        "last_update_date": at,
        "released_at": None,
        **_provenance("customer"),
        "_digest": digest,
        **others,
    }


def _each_once(names: str | Sequence[str] | None) -> list[str]:
    several = [names] if isinstance(names, str) else names or ()
    return list({key(name): name for name in reversed(several)}.values())[::-1]


def erased_person(email: str = "ann@example.com", at: datetime = HOURS[2]) -> Row:
    """Return that somebody was erased, who may have come back since."""
    return {"kind": "person", "email": email, "erased_at": at}


def erased_device(serial: str = "50a1b2c3-d4e5", at: datetime = HOURS[2], kind: str = "device") -> Row:
    """Return that a device's only customer was erased, or (``shared_device``) one of several."""
    return {"kind": kind, "serial_number": serial, "erased_at": at}


def _provenance(source: str) -> Row:
    return {"_object": f"{source}/a.json", "_digest": None, "_position": 0, "_run": None}


def _profile(profile: tuple[Any, ...], birth_day: str | None = None) -> Row:
    name, phone, own_birth_day, registered = profile
    return {
        "customer_name": name,
        "phone": phone,
        "birth_day": own_birth_day if birth_day is None else birth_day,
        "registration_date": registered,
    }


def _other_shares(public: datetime | None, friends: datetime | None) -> Row:
    return {"share_with_public_as_of_date": public, "share_with_friends_as_of_date": friends}


# Strategies -----------------------------------------------------------------------------------------

_EXTRAS = st.builds(
    lambda profile, birth_day, shares, digest: {
        **_profile(profile, birth_day),
        **_other_shares(*shares),
        "_digest": digest,
    },
    st.sampled_from(PROFILES),
    st.sampled_from((None,) * 20 + BIRTHDAYS),
    st.sampled_from(((None, None), (HOURS[0], None), (None, HOURS[0]), (HOURS[1], HOURS[7]))),
    st.sampled_from(OBJECTS),
)
# Mostly after the consent, and mostly at times that others have too.
_MOMENTS = st.sampled_from((*READING_TIMES, *(*HOURS[3:6], HOURS[4], HOURS[4]) * 8))
_CROWDS = tuple(crowd for size in (1, 2, 3) for crowd in combinations(PEOPLE, size))
_STOCKS = tuple(stock for size in (1, 2, 2, 3) for stock in combinations(DEVICES, size))
MOSTLY_GRANTS = (*SHARES, *HOURS[:3] * 5)
DENIALS = (None, NOW + MS, HOURS[7], *IMPLAUSIBLE)


def customer_rows(
    emails: Sequence[str], serials: Sequence[str] = SERIALS, shares: Sequence[datetime | None] = MOSTLY_GRANTS
) -> st.SearchStrategy[Row]:
    """Records of the website export."""
    return st.builds(
        lambda email, serial, at, share, extra: customer(email, serial, at=at, share=share, **extra),
        st.sampled_from(emails),
        st.sampled_from(serials),
        st.sampled_from(HOURS),
        st.sampled_from(shares),
        _EXTRAS,
    )


def reading_rows(users: Sequence[str]) -> st.SearchStrategy[Row]:
    """Records of the app."""
    return st.builds(reading, st.sampled_from(users), _MOMENTS, st.sampled_from(AXES))


def step_rows(serials: Sequence[str] = (*SERIALS, UNKNOWN_DEVICE)) -> st.SearchStrategy[Row]:
    """Records of the device."""
    return st.builds(step, st.sampled_from(serials), _MOMENTS, st.sampled_from(DISTANCES))


def _one_or_more(names: Sequence[str | None]) -> st.SearchStrategy[str | list[str] | None]:
    some = st.lists(st.sampled_from([name for name in names if name is not None]), max_size=4)
    return st.one_of(st.sampled_from(names), st.sampled_from(names), some)


def rejected_rows(
    emails: Sequence[str | None], serials: Sequence[str | None] = (*SERIALS, UNKNOWN_DEVICE, None, None)
) -> st.SearchStrategy[Row]:
    """Rejected records that the rule looks at, unless their e-mail can't be read."""
    return st.builds(
        lambda email, serial, at, digest: rejected(email, serial, at=at, digest=digest),
        _one_or_more(emails),
        _one_or_more(serials),
        st.sampled_from((*HOURS, None, None, None)),
        st.sampled_from((*OBJECTS, LONELY_OBJECT)),
    )


def ignored_rows(emails: Sequence[str]) -> st.SearchStrategy[Row]:
    """Rejected records that say nothing: unreadable, released, or of another table."""
    silence = st.sampled_from(
        (
            {"emails": []},
            {"released_at": HOURS[5]},
            {"table_name": "accelerometer_landing"},
            {"table_name": "step_trainer_landing"},
        )
    )
    return st.builds(lambda row, why: {**row, **why}, rejected_rows(emails), silence)


@st.composite
def worlds(draw: st.DrawFn, *, with_rejected: bool = True) -> World:
    """Whole worlds: records, readings, and moments at which somebody has both sensors on."""
    emails = tuple(chain.from_iterable(draw(st.sampled_from(_CROWDS))))
    serials = tuple(chain.from_iterable(draw(st.sampled_from(_STOCKS))))
    good = draw(st.lists(customer_rows(emails, serials), min_size=1, max_size=7))
    bad = st.one_of(rejected_rows((*emails, STRANGER, None)), ignored_rows(emails))
    visits = draw(
        st.lists(
            st.tuples(
                reading_rows((*emails, STRANGER)), step_rows((*serials, UNKNOWN_DEVICE)), st.booleans()
            ),
            max_size=7,
        )
    )
    readings = [row for row, _, _ in visits]
    steps = [{**row, "sensor_reading_time": at["timestamp"]} if met else row for at, row, met in visits]
    # What is delivered again, exactly.
    again = draw(st.integers(0, 2))
    return World(
        customers=tuple(good),
        accelerometer=(*readings, *readings[:again]),
        steps=(*steps, *steps[:again]),
        rejected=tuple(draw(st.lists(bad, max_size=2))) if with_rejected and draw(st.booleans()) else (),
    )


def emails_in(world: World) -> tuple[str, ...]:
    """Return the spellings of e-mails in the records of a world."""
    return tuple(sorted({row["email"] for row in world.customers}))


def serials_in(world: World) -> tuple[str, ...]:
    """Return the spellings of serial numbers in the records of a world."""
    return tuple(sorted({row["serial_number"] for row in world.customers}))


# The seeded generator -------------------------------------------------------------------------------


def random_world(seed: int) -> World:
    """Return the world of a seed: cheap enough for campaigns."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice, not a secret
    people = dice.sample(PEOPLE, dice.randint(1, 4))
    devices = dice.sample(DEVICES, dice.randint(1, 3))
    consenting = dice.choice((0.5, 0.7, 0.9, 0.97))
    # Some worlds have few times, so that ties are the rule.
    hours = dice.sample(HOURS, dice.choice((2, 4, 8)))

    def email() -> str:
        return STRANGER if dice.random() < 0.05 else dice.choice(dice.choice(people))

    def serial() -> str:
        return UNKNOWN_DEVICE if dice.random() < 0.05 else dice.choice(dice.choice(devices))

    def some(most: int, make: Callable[[], Row]) -> list[Row]:
        return [make() for _ in range(dice.randint(0, most))]

    def good() -> Row:
        share = dice.choice(hours[:3]) if dice.random() < consenting else dice.choice(SHARES)
        birth_day = dice.choice(BIRTHDAYS) if dice.random() < 0.2 else None
        return customer(
            dice.choice(dice.choice(people)),
            dice.choice(dice.choice(devices)),
            at=dice.choice(hours),
            share=share,
            **_profile(dice.choice(PROFILES), birth_day),
            **_other_shares(dice.choice((None, *hours)), dice.choice((None, *hours))),
            _digest=dice.choice(OBJECTS),
        )

    def bad() -> Row:
        row = rejected(
            [email() for _ in range(dice.choice((0, 0, 1, 1, 1, 2, 2, 3)))],
            [serial() for _ in range(dice.choice((0, 0, 1, 1, 1, 2, 2, 3)))],
            at=None if dice.random() < 0.5 else dice.choice(hours),
            digest=dice.choice((*OBJECTS, LONELY_OBJECT)),
        )
        chance = dice.random()
        if chance < 0.15:
            row["released_at"] = dice.choice(HOURS)
        elif chance < 0.25:
            row["table_name"] = "accelerometer_landing"
        return row

    def moment() -> datetime:
        return dice.choice(hours) + dice.choice((-1, 0, 0, 1, 2)) * MS

    readings = some(14, lambda: reading(email(), moment(), dice.choice(AXES)))
    steps = some(14, lambda: step(serial(), moment(), dice.choice(DISTANCES)))
    return World(
        customers=(good(), *some(7, good)),
        accelerometer=(*readings, *readings[: dice.randint(0, 3)]),
        steps=(*steps, *steps[: dice.randint(0, 3)]),
        rejected=tuple(some(2, bad)) if dice.random() < 0.33 else (),
    )


def world_with_erased(seed: int) -> World:
    """Return the world of a seed, after some of its people and devices were erased and are there again."""
    world = random_world(seed)
    dice = random.Random(f"erased {seed}")  # noqa: S311 - a test's dice, not a secret

    def moment() -> datetime:
        return dice.choice(HOURS[:6]) + dice.choice((-1, 0, 1)) * MS

    def some(spellings: Iterable[str], make: Callable[[str], Row]) -> Iterable[Row]:
        # One tombstone each, however the name is spelled.
        return {key(each): make(each) for each in spellings if dice.random() < _ERASED}.values()

    people = some(
        emails_in(world),
        lambda email: erased_person(email, moment()) | {"latest_denial": dice.choice((None, moment()))},
    )
    kinds = ("device", "shared_device", "claimed_device")
    devices = some(serials_in(world), lambda serial: erased_device(serial, moment(), dice.choice(kinds)))
    return world.plus(erased=(*people, *devices))


# Many worlds in one ---------------------------------------------------------------------------------


def prefix(place: int) -> str:
    """Return what tells the names of one world in a large one from those of the others."""
    return f"w{place}-"


def renamed(spelling: str | None, place: int) -> str | None:
    """Return the spelling with the prefix inside of what ``strip`` removes, so that it stays as odd."""
    if spelling is None or not spelling.strip():
        return spelling
    return spelling.replace(spelling.strip(), f"{prefix(place)}{spelling.strip()}")


def poured_together(parts: Iterable[World]) -> World:
    """Return one large world in which small ones lie side by side: none can see another.

    A run of five transforms costs the same for one small world as for a hundred.
    """
    parts = list(parts)

    def all_of(rows_of: Callable[[World], Iterable[Row]]) -> tuple[Row, ...]:
        return tuple(_placed(row, place) for place, part in enumerate(parts) for row in rows_of(part))

    moments = {part.now for part in parts} or {NOW}
    (now,) = moments
    return World(
        customers=all_of(lambda part: part.customers),
        accelerometer=all_of(lambda part: part.accelerometer),
        steps=all_of(lambda part: part.steps),
        rejected=all_of(lambda part: part.rejected),
        erased=all_of(lambda part: part.erased),
        now=now,
    )


def _placed(row: Row, place: int) -> Row:
    names = {name: renamed(row[name], place) for name in ("email", "serial_number", "user") if name in row}
    names |= {
        name: [renamed(each, place) for each in row[name]]
        for name in ("emails", "serial_numbers")
        if name in row
    }
    digest = row.get("_digest")
    return {**row, **names, "_digest": None if digest is None else f"{prefix(place)}{digest}"}
