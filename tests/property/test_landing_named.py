"""What is read of rejected readings without a search is what the search would find."""

import random

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from stedi.contract import landing_contract
from stedi.landing.draft import RAW
from stedi.landing.rules import named_in
from stedi.landing.salvage import salvage

PIECES = (
    '"user"',
    '"User":',
    '"serialNumber": ',
    '"SERIALNUMBER"',
    ":",
    " ",
    '"ann@x.com"',
    '" Bob@x.com\t"',
    '"dev-12"',
    '""',
    '"a b"',
    "12",
    "null",
    ",",
    "{",
    "}",
    "[",
    "]",
    '"note":"to eve@x.com"',
    "\\u0040",
    '"timestamp":1655564376361',
    "%40",
    "\0",
    "x",
    "\x1b[0m",
    "ann\uff20x.com",
    b'{"user":"ann@x.com","serialNumber":"dev-12"}'.decode("utf-16-le"),
)


@example(['"serialNumber": "ann@x.com"'], "step_trainer")
@given(
    st.lists(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), min_size=1, max_size=20),
    st.sampled_from(("accelerometer", "step_trainer")),
)
def test_no_search_finds_more_or_less(texts, table):
    contract = landing_contract(table)
    found = named_in(pl.DataFrame({RAW: texts}), contract)
    for text, emails, serials in zip(texts, found["emails"], found["serial_numbers"], strict=True):
        named = salvage(text, contract)
        assert (list(emails), list(serials)) == (list(named.emails), list(named.serial_numbers)), text


def test_most_damaged_readings_are_read_without_one(monkeypatch):
    dice = random.Random(0)  # noqa: S311 - a test's dice
    whole = '{"user":"ann@x.com","timestamp":1655564376361,"x":1.0,"y":2.0,"z":nan}'
    texts = [whole[: dice.randint(30, len(whole))] for _ in range(50)]
    monkeypatch.setattr("stedi.landing.rules.salvage", None)
    found = named_in(pl.DataFrame({RAW: texts}), landing_contract("accelerometer"))
    assert {tuple(emails) for emails in found["emails"]} == {("ann@x.com",)}
