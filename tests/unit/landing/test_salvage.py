"""What is read of a rejected customer record, so that it can count as a denial."""

from datetime import UTC, datetime, timedelta
from time import process_time

import pytest

from stedi.consent.pseudonyms import key
from stedi.contract import landing_contract
from stedi.landing.chunks import chunks
from stedi.landing.limits import Limits
from stedi.landing.reader import Reader
from stedi.landing.rules import Origin
from stedi.landing.salvage import OVERLAP, WINDOW, SalvageSearch, salvage
from stedi.landing.split import Split

CUSTOMER = landing_contract("customer")
NOON = datetime(2022, 6, 18, 12, tzinfo=UTC)
T = int(NOON.timestamp() * 1000)


def read(text: str, table: str = "customer", **limits: int) -> Split:
    contract = landing_contract(table)
    used = Limits(**limits)
    reader = Reader(contract, Origin("object", None, None), used)
    return Split.concat(reader.read(chunks([text.encode()], used, contract)), contract)


@pytest.mark.parametrize(
    ("raw", "emails", "serials", "updated"),
    [
        ('{"email":"a@b.c"', ["a@b.c"], [], None),
        ('{"EMAIL" : "a@b.c" x', ["a@b.c"], [], None),
        ('{"email":"a@b', ["a@b"], [], None),
        ('{"email":"annex', [], [], None),
        ('{"email":"annex"', ["annex"], [], None),
        ('{"email":417,', ["417"], [], None),
        ('{"email":["annex","bobex"],', ["annex", "bobex"], [], None),
        ('{"email":"a\\u0040b.c",', ["a@b.c"], [], None),
        ('{"email":"a\\"b.c",', ['a"b.c', "a"], [], None),
        ('{"email":"",', [], [], None),
        ('{"email":null,', [], [], None),
        ('{"otheremail":"annex",', [], [], None),
        ('{"serialNumber":"s-1","email"', [], ["s-1"], None),
        ('{"serialNumber":"s-1', [], [], None),
        (f'{{"lastUpdateDate":{T}', [], [], None),
        (f'{{"lastUpdateDate":{T},', [], [], T),
        (f'{{"lastUpdateDate":{T}}}x', [], [], T),
        (f'{{"lastUpdateDate": {T}.0 ', [], [], T),
        (f'{{"lastUpdateDate":"{T}",', [], [], T),
        ('{"lastUpdateDate":1655564376,', [], [], None),
        # Everybody who is named, and of times the latest plausible one.
        ('{"email":"a@b.c","email":"A@B.c"', ["a@b.c"], [], None),
        ('{"email":"a@b.c","friend":{"email":"d@e.f"}, x', ["a@b.c", "d@e.f"], [], None),
        (f'{{"lastUpdateDate":{T},"lastUpdateDate":{T - 5},', [], [], T),
        (f'{{"lastUpdateDate":{T},"lastUpdateDate":5,', [], [], T),
        # Wrapped.
        ('"{\\"email\\": \\"annex\\", \\"serialNumber\\":\\"s\\"}"', ["annex"], ["s"], None),
        ("email=a%40b.c&x", ["a@b.c", "email=a@b.c&x"], [], None),
        ("a&#64;b.c", ["a@b.c"], [], None),
        ('{"email":"a@b.c^\\\\", "phone"', ["a@b.c^", "a@b.c"], [], None),
        ('{"email":"\x80a@b.c"', ["\x80a@b.c", "a@b.c"], [], None),
        ("\x1b[32ma@b.c\x1b[0m denied", ["a@b.c"], [], None),
        (f'{{""email"": ""annex"", ""serialNumber"": ""s"", ""lastUpdateDate"": {T}}}', ["annex"], ["s"], T),
        (f"{{'email': 'annex', 'serialNumber': 's', 'lastUpdateDate': {T}}}", ["annex"], ["s"], T),
        ("to a\uff20b.c today", ["a@b.c"], [], None),
        ("a@b.c&puot;", ["a@b.c&puot", "a@b.c"], [], None),
        ('{"email":"a&#64;b.c", &#' + "9" * 5000 + ";", ["a@b.c"], [], None),
        ("a\0@\0b\0.\0c\0", ["a@b.c"], [], None),
        # Tokens, and what damage may have made of a quote.
        ("mailto:a@b.c, joann@b.c", ["a@b.c", "joann@b.c"], [], None),
        ("('a@b.c')", ["'a@b.c'", "a@b.c"], [], None),
        ('{"email":xa@b.c",', ["xa@b.c", "a@b.c"], [], None),
        ('{"email":"a@b.cx, "phone":1}', ["a@b.cx, ", "a@b.cx", "a@b.c"], [], None),
    ],
)
def test_what_can_be_read_anywhere_is_read(raw, emails, serials, updated):
    named = salvage(raw, CUSTOMER)
    assert set(emails) <= set(named.emails)
    assert bool(emails) == bool(named.emails)
    assert (list(named.serial_numbers), named.updated) == (serials, updated)


@pytest.mark.parametrize(
    "raw",
    [
        '{"email":"\\u3000a@b.c"}',
        '{"note":"to\\na@b.c\\tand"}',
        "%20a@b.c%0a",
        '{"email":"  a@b.c\\t"}',
        '{"email":" a@b.c\t ", "x":1',
        "&lt;a@b.c&gt;",
        '"{\\"email\\":\\"a@b.c\\"}"',
    ],
)
def test_nobody_is_made_of_an_escape(raw):
    assert [key(email) for email in salvage(raw, CUSTOMER).emails] == ["a@b.c"]


@pytest.mark.parametrize(
    "raw",
    [
        "Email: ann@ex.com",
        "user:ann@ex.com",
        "please remove ann@ex.com thanks",
        "x\\nann@ex.com\\n",
        "\\u0061nn@ex.com",
        '"ann@ex.com, inc"',
        "{ann@ex.com}",
    ],
)
def test_where_no_value_is_nobody_is_made_of_a_part_of_a_name(raw):
    assert salvage(raw, CUSTOMER).emails == ("ann@ex.com",)


def test_a_text_in_parts_names_whom_it_names_as_a_whole():
    names = [f"person{number}@example.org" for number in range(400)]
    gaps = ["x" * 700, " ", "\\", "\u00e9" * 300]
    text = "".join(f'{{"email":"{name}",{gaps[place % 4]}}}' for place, name in enumerate(names)).encode()
    for size in (1, 100, 4096, 1 << 20):
        search = SalvageSearch(CUSTOMER)
        for start in range(0, len(text), size):
            search.feed(text[start : start + size])
        assert set(names) <= set(search.end().emails)
        if size == 1:
            text = text[:20_000]
            names = [name for name in names if f'"{name}"'.encode() in text]


def test_what_is_cut_between_two_windows_is_nobody_else():
    text = b"x" * (WINDOW - OVERLAP - 2) + b' "joann@b.c" ' + b"x" * WINDOW
    for shift in range(12):
        assert salvage(text[shift:], CUSTOMER).emails == ("joann@b.c",)


@pytest.mark.parametrize(
    "text",
    ["a" * 10**6, "@" * 10**6, "\\" * 10**6, '"email":' * 10**5, '"email":"' * 10**5, "%25" * 3 * 10**5],
)
def test_time_does_not_grow_with_the_square_of_the_length(text):
    started = process_time()
    salvage(text, CUSTOMER)
    assert process_time() - started < 20


@pytest.mark.parametrize(
    ("record", "emails", "serials", "minutes"),
    [
        (
            f'{{"email":"a@b.c","serialNumber":"s","lastUpdateDate":{T},"email":"d@e.f"}}',
            ["a@b.c", "d@e.f"],
            ["s"],
            0,
        ),
        (
            f'{{"email":"a@b.c","email":" ","lastUpdateDate":{T},"lastUpdateDate":{T + 60000}}}',
            ["a@b.c"],
            [],
            1,
        ),
        (f'{{"email":"a@b.c","lastUpdateDate":{T + 60000},"lastUpdateDate":{T}}}', ["a@b.c"], [], 1),
        (f'{{"email":5,"lastUpdateDate":{T}.0,"x":1,"x":1}}', ["5"], [], 0),
        ('{"email":"a@b.c","lastUpdateDate":"never","lastUpdateDate":1}', ["a@b.c"], [], None),
        (f'[[{{"email":"a@b.c","serialNumber":"s","lastUpdateDate":{T}}}]]', ["a@b.c"], ["s"], 0),
        (f'{{"email":"a@b.c","lastUpdateDate":{T},"phone":["d@e.f"]}}', ["a@b.c", "d@e.f"], [], 0),
        (f'{{"email":"  ","serialNumber":"s","lastUpdateDate":{T}}}', [], ["s"], 0),
        ('{"email":"a@b.c","serialNumber":"s","lastUpdateDate":1655564376}', ["a@b.c"], ["s"], None),
        ('{"email":"a@b.c","serialNumber":"s","lastUpdateDate":NaN}', ["a@b.c"], ["s"], None),
    ],
)
def test_a_rejected_record_says_whom_it_is_about(record, emails, serials, minutes):
    split = read(record + "\n")
    time = None if minutes is None else NOON + timedelta(minutes=minutes)
    assert split.kept.is_empty()
    assert split.rejected.select("emails", "serial_numbers", "last_update_date").rows() == [
        (emails, serials, time)
    ]


@pytest.mark.parametrize("chunk", [64, 4096])
def test_a_record_that_is_too_long_says_whom_all_of_it_is_about(chunk):
    text = f'{{"email":"a@b.c","lastUpdateDate":{T},"junk":"{"x" * 3000}","friend":{{"email":"d@e.f"}}}}\n'
    (row,) = read(text, record=200, raw=80, chunk=chunk).rejected.rows(named=True)
    assert (row["reason"], row["emails"], row["last_update_date"]) == ("too_long", ["a@b.c", "d@e.f"], NOON)
    assert len(row["raw"]) <= 80


def test_a_rejected_reading_says_whose_it_is():
    for text in ('{"user":"a@b.c","timestamp":1,"x":1,"y":1,"z":1}', '{"user":"a@b.c","timest'):
        (row,) = read(text, "accelerometer").rejected.rows(named=True)
        assert (row["emails"], row["serial_numbers"], row["last_update_date"]) == (["a@b.c"], [], None)
    odd = '{"user":"a@b.c","timestamp":1,"x":1,"y":1,"z":1,"seen by":"d@e.f"}'
    (row,) = read(odd, "accelerometer").rejected.rows(named=True)
    assert set(row["emails"]) == {"a@b.c", "d@e.f"}
    text = '{"serialNumber":"s","sensorReadingTime":1,"distanceFromObject":1}'
    (row,) = read(text, "step_trainer").rejected.rows(named=True)
    assert (row["emails"], row["serial_numbers"]) == ([], ["s"])
