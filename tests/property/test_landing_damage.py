"""Whoever is named in a damaged line is found there, however it was damaged, and nobody beside it is.

The oracle only looks for the e-mails that were planted: in the bytes as they are, and with what wraps them
undone by plain means of its own.
"""

import html
import json
import os
import random
import re
from collections.abc import Callable
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import cases
from oracle import key
from stedi.contract import landing_contract
from stedi.landing.chunks import chunks
from stedi.landing.limits import Limits
from stedi.landing.reader import Reader
from stedi.landing.rules import Origin
from stedi.landing.split import Split

CUSTOMER = landing_contract("customer")
LIMITS = Limits(chunk=16 * 1024, record=16 * 1024, raw=1024)
T = 1655564376361
LOCALS = ("ann", "joann", "ann.lee", "o'neil", "b_2", "x+tag", "Zo\u00eb", "m-k", "dr.no", "\u00fcmit")
DOMAINS = ("ex.com", "ex.co.uk", "sub.ex-ample.org", "EX.COM", "m\u00fcnchen.de")
NEIGHBOURS = ("early.bird@good.org", "late.owl@good.org")
Damage = Callable[[bytes, random.Random], bytes]


def person(dice: random.Random) -> dict[str, object]:
    email = f"{dice.choice(LOCALS)}@{dice.choice(DOMAINS)}"
    named = {"customerName": "N N", "email": email, "serialNumber": f"dev-{dice.randrange(100)}"}
    return {**named, "lastUpdateDate": T + dice.randrange(10**6), "phone": "8015551212"}


def written(row: dict[str, object], dice: random.Random) -> str:
    """Return a record as some source writes it: keys in some case and order, with or without blanks."""
    items = list(row.items())
    dice.shuffle(items)
    cased = {dice.choice((str, str.upper, str.lower, str.title))(name): value for name, value in items}
    separators = dice.choice(((",", ":"), (", ", ": "), (" , ", " : ")))
    return json.dumps(cased, separators=separators, ensure_ascii=dice.random() < 0.5)


def joined(rows: list[str], dice: random.Random) -> str:
    """Return some records as one line."""
    shape = dice.randrange(6)
    if shape == 0:
        return '{"records":[' + ",".join(rows) + "]}"
    if shape == 1:
        return "[" + ",".join(rows) + "]"
    if shape == 2:
        return json.dumps([json.loads(row) for row in rows] * dice.randint(1, 2))
    return dice.choice((",", "\0", ";", " | ", "}", '{"email":"cut', "garbage ")).join(rows)


def in_a_string(text: bytes, dice: random.Random) -> bytes:
    plain = text.decode("utf-8", "surrogateescape")
    for _ in range(dice.randint(1, 3)):
        plain = json.dumps(plain, ensure_ascii=False)
        if dice.random() < 0.5:
            plain = '{"payload": ' + plain + "}"
    return plain.encode("utf-8", "surrogateescape")


def escaped(text: bytes, dice: random.Random) -> bytes:
    """Write some characters as JSON escapes."""
    plain = text.decode("utf-8", "surrogateescape")
    often = dice.choice((0.05, 0.3, 1))

    def one(found: re.Match[str]) -> str:
        # What is escaped already stays as it is.
        if found[0].startswith("\\") or dice.random() >= often:
            return found[0]
        return f"\\u{ord(found[0]):04x}"

    pattern = r"\\+(?:u[0-9a-f]{4})?|[@.a-z\u00e0-\u00ff]"
    return re.sub(pattern, one, plain).encode("utf-8", "surrogateescape")


def cut(text: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(text) + 1)
    return text[place:] if dice.random() < 0.5 else text[:place]


def flipped(text: bytes, dice: random.Random) -> bytes:
    damaged = bytearray(text)
    for _ in range(dice.randint(1, 4)):
        if damaged:
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    return bytes(damaged)


def recoded(text: bytes, dice: random.Random) -> bytes:
    plain = text.decode("utf-8", "replace")
    how = dice.randrange(5)
    if how == 0:
        return plain.encode("latin-1", "replace")
    if how == 1 and plain.isascii():
        return plain.encode(dice.choice(("utf-16-le", "utf-16-be")))
    if how == 2:
        return quote(plain, safe=dice.choice(("", '{}":,', " /"))).encode()
    if how == 3:
        return html.escape(plain).replace("@", dice.choice(("@", "&#64;", "&#x40;", "&commat;"))).encode()
    return dice.choice((str.upper, str.lower, str.swapcase))(plain).encode()


def long(text: bytes, dice: random.Random) -> bytes:
    """Put more text around it than is kept of a record, or held at a time."""
    pad = dice.choice((b" ", b"x", b'{"a":1},', b"lorem ipsum, ")) * dice.choice((200, 3000, 20_000))
    return dice.choice((pad + b" " + text, text + b" " + pad, pad + b" " + text + b" " + pad))


DAMAGE: tuple[Damage, ...] = (in_a_string, escaped, cut, flipped, recoded)


def damaged_line(dice: random.Random) -> tuple[bytes, set[str]]:
    """Return a line that names one to four people, damaged, and their e-mails."""
    people = [person(dice) for _ in range(dice.randint(1, 4))]
    text = joined([written(each, dice) for each in people], dice).encode()
    for _ in range(dice.choice((0, 1, 1, 2, 3))):
        text = dice.choice(DAMAGE)(text, dice)
    if dice.random() < 0.02:
        text = long(text, dice)
    return text.replace(b"\n", b" "), {str(each["email"]) for each in people}


def readings_of(text: bytes) -> set[str]:
    """Return a text as it is, and unwrapped by whatever unwraps it, in any order."""
    texts = {text.decode(errors="surrogateescape"), text.decode("latin-1")}
    texts |= {each.replace("\0", "") for each in texts}
    for _ in range(6):
        texts |= {unwrap(each) for each in texts for unwrap in (unquote, html.unescape, _unescaped)}
    return {each.casefold() for each in texts}


def _unescaped(text: str) -> str:
    plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    return re.sub(r"\\(.)", r"\1", plain)


def standing(text: bytes, emails: set[str]) -> set[str]:
    """Return the planted e-mails that stand whole in a text: beside one nothing may be part of a name.

    After a backslash there is an escape of which the backslash, or one before it, was damaged.
    """
    texts = readings_of(text)
    beside = r"[\w.+%'\u2019-]"
    patterns = {
        email: re.compile(rf"(?<!{beside})(?<!\\){re.escape(email.casefold())}(?!{beside})")
        for email in emails
    }
    return {email for email, pattern in patterns.items() if any(map(pattern.search, texts))}


def read(data: bytes) -> Split:
    reader = Reader(CUSTOMER, Origin("object", None, None), LIMITS)
    return Split.concat(reader.read(chunks([data], LIMITS, CUSTOMER)), CUSTOMER)


def check(seed: int) -> None:
    """A damaged line between two good ones."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    text, emails = damaged_line(dice)
    good = [
        json.dumps({"email": email, "serialNumber": f"good-{place}", "lastUpdateDate": T}).encode()
        for place, email in enumerate(NEIGHBOURS)
    ]
    split = read(b"\n".join((good[0], text, good[1])))
    named = {key(email) for emails in split.rejected["emails"] for email in emails}
    kept = {key(email) for email in split.kept["email"]}
    assert set(NEIGHBOURS) <= kept, text
    assert not set(NEIGHBOURS) & named, text
    # What is whole JSON is a good record still, whatever its e-mail has become.
    broken = text if len(text) > LIMITS.raw else "\n".join(split.rejected["raw"]).encode()
    lost = {email for email in standing(broken, emails) if key(email) not in named | kept}
    assert not lost, (seed, lost, text[:2000])
    assert split.rejected["raw"].str.len_bytes().max() is None or (
        split.rejected["raw"].str.len_bytes().max() <= 64 * 1024
    )


@settings(max_examples=cases(150))
@given(st.integers(0, 2**64))
def test_whoever_is_named_in_a_damaged_line_is_found_there(seed):
    check(seed)


@pytest.mark.campaign
@pytest.mark.parametrize("part", range(4))
def test_campaign_of_damaged_lines(part):
    """Damage STEDI_CAMPAIGN_LINES lines (8,000)."""
    lines = int(os.environ.get("STEDI_CAMPAIGN_LINES", "8000")) // 4
    for seed in range(part * lines, (part + 1) * lines):
        check(seed)
