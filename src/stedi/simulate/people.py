"""People who do not exist: names from syllables, e-mails at reserved domains, serial numbers."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

_DOMAINS: Final = ("example.com", "example.org")
"""Where simulated customers and strangers live. Reserved: no mail ever arrives there."""

_STARTS = ("Ab", "Bel", "Cor", "Dam", "El", "Fen", "Gar", "Hal", "Is", "Jor", "Kal", "Lum", "Mar", "Nor")
_MIDDLES = ("a", "e", "i", "o", "u", "ari", "ela", "ino", "oru", "una", "evi", "ost", "ind", "alt", "erk")
_ENDS = ("da", "fin", "gor", "la", "men", "nis", "ra", "sen", "tov", "vik", "wyn", "zel", "ber", "dun", "lio")
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A person as they typed themselves in on the website."""

    name: str
    email: str
    phone: str
    birth_day: str


def invent(
    random: Random, n: int, *, domains: Sequence[str] = _DOMAINS, born_in: Sequence[int] = ()
) -> list[Profile]:
    """Invent n people, no two with the same e-mail; born in these years, or in any.

    A few birthdays are as implausible as those that the website lets through.

    Examples:
        >>> people = invent(Random(7), 3)
        >>> len({person.email.lower() for person in people})
        3
        >>> {person.email.split("@")[1] for person in people} <= {"example.com", "example.org"}
        True
    """
    people: dict[str, Profile] = {}
    while len(people) < n:
        first, last = (random.choice(_STARTS) + random.choice(_MIDDLES) + random.choice(_ENDS) for _ in "ab")
        email = f"{first}.{last}@{random.choice(domains)}"
        if email.lower() in people:
            email = email.replace("@", f"{len(people)}@")
        people[email.lower()] = Profile(
            name=f"{first} {last}",
            email=email,
            phone=f"555{random.randrange(10**7):07d}",
            birth_day=_birth_day(random, born_in[len(people)] if born_in else random.randint(1929, 2000)),
        )
    return list(people.values())


def invent_serial_number(random: Random) -> str:
    """Invent the serial number of a device: a random UUID."""
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def respell(random: Random, text: str) -> str:
    """Spell an e-mail or a serial number as one of its senders might: it remains the same key.

    Three times in four as it is; else in another case, with blanks around it, or in full-width letters.

    Examples:
        >>> import unicodedata
        >>> spellings = {respell(Random(seed), "Ada.B@example.com") for seed in range(50)}
        >>> len(spellings) > 3
        True
        >>> {unicodedata.normalize("NFKC", spelling.strip()).lower() for spelling in spellings}
        {'ada.b@example.com'}
    """
    spellings = (text.lower(), text.upper(), f" {text}", f"{text}  ", text.translate(_WIDE))
    return random.choice(spellings) if random.random() < 0.25 else text  # noqa: PLR2004


def _birth_day(random: Random, year: int) -> str:
    month, day = random.randint(1, 12), random.randint(1, 28)
    kind = random.random()
    if kind < 0.05:  # noqa: PLR2004
        return f"{random.randint(1300, 1899)}-{month:02d}-{day:02d}"
    if kind < 0.08:  # noqa: PLR2004
        return f"{random.randint(900, 999)}-01-01"
    return f"{year}-{month:02d}-{day:02d}"
