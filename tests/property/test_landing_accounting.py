"""Every record that was written is kept, or rejected for the reason it was broken with."""

import json
from datetime import UTC, datetime
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from effort import cases
from stedi.consent.pseudonyms import key
from stedi.contract import landing_contract
from stedi.landing.chunks import chunks
from stedi.landing.limits import Limits
from stedi.landing.reader import Reader
from stedi.landing.rules import Origin
from stedi.landing.split import Split

TABLE = "customer"
LIMITS = Limits(record=2000, raw=100)


class Written(NamedTuple):
    text: str
    reason: str | None
    field: str | None
    email: str | None


EMAILS = st.from_regex(r"[a-z]{1,6}\.[a-z]{1,6}@test\.com", fullmatch=True)
TIMES = st.integers(946684800000, 4102444799999)


@st.composite
def people(draw: st.DrawFn) -> dict[str, object]:
    person: dict[str, object] = {
        "customerName": draw(st.text(max_size=6)),
        "email": draw(EMAILS),
        "phone": draw(st.none() | st.integers(0, 10**10) | st.from_regex(r"[0-9]{10}", fullmatch=True)),
        "birthDay": draw(st.sampled_from(["1900-01-01", "967-01-01", "", "never"])),
        "serialNumber": draw(st.uuids().map(str)),
        "registrationDate": draw(TIMES),
        "lastUpdateDate": draw(TIMES),
    }
    for field in ("shareWithResearchAsOfDate", "shareWithPublicAsOfDate", "shareWithFriendsAsOfDate"):
        if draw(st.booleans()):
            person[field] = draw(TIMES | TIMES.map(float) | st.none())
    return person


def good(person: dict[str, object]) -> Written:
    return Written(json.dumps(person), None, None, None)


def spoiled(field: str, column: str, value: object, reason: str):
    def spoil(person: dict[str, object]) -> Written:
        email = None if field == "email" else str(person["email"])
        return Written(json.dumps({**person, field: value}), reason, column, email)

    return spoil


def without(field: str, column: str):
    def spoil(person: dict[str, object]) -> Written:
        rest = {key: value for key, value in person.items() if key != field}
        return Written(
            json.dumps(rest), "missing", column, None if field == "email" else str(person["email"])
        )

    return spoil


def twice(person: dict[str, object]) -> Written:
    return Written(
        json.dumps(person)[:-1] + ', "LASTUPDATEDATE": 5}', "duplicate_key", None, str(person["email"])
    )


def unclosed(person: dict[str, object]) -> Written:
    return Written(json.dumps(person)[:-1], "not_json", None, str(person["email"]))


def endless(person: dict[str, object]) -> Written:
    text = json.dumps({"email": person["email"], "junk": "x" * 3000})
    return Written(text, "too_long", None, str(person["email"]))


def anything(text: str, reason: str, field: str | None = None):
    return lambda _: Written(text, reason, field, None)


DAMAGE = st.sampled_from(
    [
        good, good, good, good, twice, unclosed, endless,
        without("email", "email"), without("serialNumber", "serial_number"),
        without("lastUpdateDate", "last_update_date"),
        spoiled("email", "email", None, "missing"),
        spoiled("email", "email", "  ", "blank"),
        spoiled("email", "email", ["a@b.c"], "wrong_type"),
        spoiled("serialNumber", "serial_number", "", "blank"),
        spoiled("serialNumber", "serial_number", [True], "wrong_type"),
        spoiled("phone", "phone", 1.5, "wrong_type"),
        spoiled("customerName", "customer_name", float("nan"), "wrong_type"),
        spoiled("lastUpdateDate", "last_update_date", "1655564376361", "wrong_type"),
        spoiled("lastUpdateDate", "last_update_date", 1655564376361.5, "wrong_type"),
        spoiled("lastUpdateDate", "last_update_date", float("inf"), "not_finite"),
        spoiled("lastUpdateDate", "last_update_date", 1655564376, "implausible_time"),
        spoiled("shareWithResearchAsOfDate", "share_with_research_as_of_date", 5, "implausible_time"),
        spoiled("shareWithResearchAsOfDate", "share_with_research_as_of_date", {}, "wrong_type"),
        spoiled("registrationDate", "registration_date", 10**18, "implausible_time"),
        anything("{}", "missing", "email"), anything("[1]", "not_an_object"),
        anything("null", "not_an_object"), anything("<html>",
        "not_json"), anything('{"email": "\\ud800"}', "not_json"),
    ]
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> list[Written]:
    return [draw(DAMAGE)(draw(people())) for _ in range(draw(st.integers(0, 12)))]


def read(data: bytes) -> Split:
    contract = landing_contract(TABLE)
    reader = Reader(contract, Origin("object", None, None), LIMITS)
    return Split.concat(reader.read(chunks([data], LIMITS, contract)), contract)


@settings(deadline=None, max_examples=cases(60))
@given(files(), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_every_record_is_kept_or_rejected_for_its_reason(written: list[Written], end: str) -> None:
    split = read("".join(record.text + end for record in written).encode())
    assert split.kept["_position"].to_list() == [
        index for index, record in enumerate(written) if record.reason is None
    ]
    assert split.rejected.select("_position", "reason", "field").rows() == [
        (index, record.reason, record.field)
        for index, record in enumerate(written)
        if record.reason is not None
    ]
    bad = [record for record in written if record.reason is not None]
    for record, named in zip(bad, split.rejected["emails"], strict=True):
        assert record.email is None or key(record.email) in map(key, named)


@settings(deadline=None, max_examples=cases(30))
@given(files())
def test_what_is_kept_says_what_was_written(written: list[Written]) -> None:
    split = read("".join(record.text + "\n" for record in written).encode())
    sent = [json.loads(record.text) for record in written if record.reason is None]
    assert split.kept["email"].to_list() == [person["email"] for person in sent]
    assert split.kept["customer_name"].to_list() == [person["customerName"] for person in sent]
    phones = [person["phone"] for person in sent]
    assert split.kept["phone"].to_list() == [None if phone is None else str(phone) for phone in phones]
    for source, column in {
        "lastUpdateDate": "last_update_date",
        "shareWithResearchAsOfDate": "share_with_research_as_of_date",
    }.items():
        milliseconds = [person.get(source) for person in sent]
        assert split.kept[column].dt.epoch("ms").to_list() == milliseconds


@settings(deadline=None, max_examples=cases(60))
@given(files(), st.sampled_from(["", " ", "\t", "  \r "]))
def test_records_back_to_back_are_kept_or_rejected_for_their_reason(written: list[Written], gap: str) -> None:
    parseable = [record for record in written if record.reason != "not_json" and record.text.startswith("{")]
    if any(record.reason == "too_long" for record in parseable):  # a {} after it can't be told from its text
        parseable = [record for record in parseable if record.text != "{}"]
    split = read(gap.join(record.text for record in parseable).encode())
    rows = [
        *((position, None) for position in split.kept["_position"]),
        *split.rejected.select("_position", "reason").rows(),
    ]
    assert sorted(rows) == [(index, record.reason) for index, record in enumerate(parseable)]


@settings(deadline=None, max_examples=cases(30))
@given(st.lists(people(), min_size=1, max_size=5), st.data())
def test_a_record_that_is_cut_off_is_the_last_of_its_object(
    people: list[dict[str, object]], data: st.DataObject
) -> None:
    texts = [json.dumps(person) for person in people]
    cut = data.draw(st.integers(1, len(texts[-1]) - 1))
    end = data.draw(st.sampled_from(["\n", ""]))
    split = read(end.join([*texts[:-1], texts[-1][:cut]]).encode())
    assert split.kept["_position"].to_list() == list(range(len(texts) - 1))
    assert split.rejected.select("_position", "reason", "raw").rows() == [
        (len(texts) - 1, "cut_off", texts[-1][:cut].strip())
    ]


@settings(deadline=None, max_examples=cases(30))
@given(st.lists(people(), min_size=1, max_size=4), st.data())
def test_a_cut_off_number_is_not_believed(people: list[dict[str, object]], data: st.DataObject) -> None:
    text = json.dumps(people[0])
    start = text.index('"lastUpdateDate": ') + len('"lastUpdateDate": ')
    cut = data.draw(st.integers(start, start + len(str(people[0]["lastUpdateDate"]))))
    (row,) = read(text[:cut].encode()).rejected.rows(named=True)
    assert row["last_update_date"] is None
    assert key(row["emails"][0]) == key(people[0]["email"])
    assert list(row["serial_numbers"]) == [people[0]["serialNumber"]]


def test_the_update_time_of_a_rejected_record_is_read() -> None:
    (row,) = read(
        b'{"email":"a@b.c","lastUpdateDate":1655564376361,"serialNumber":"s","x":nul}\n'
    ).rejected.rows(named=True)
    assert row["last_update_date"] == datetime(2022, 6, 18, 14, 59, 36, 361000, tzinfo=UTC)
