"""What is read of a rejected customer record, so that it can count as a denial."""

from datetime import UTC, datetime, timedelta

import pytest

from stedi.contract import landing_contract
from stedi.landing.chunks import chunks
from stedi.landing.limits import Limits
from stedi.landing.reader import Reader
from stedi.landing.rules import Origin
from stedi.landing.salvage import salvage
from stedi.landing.split import Split

CUSTOMER = landing_contract("customer")
NOON = datetime(2022, 6, 18, 12, tzinfo=UTC)
T = int(NOON.timestamp() * 1000)


def read(text: str, table: str = "customer", **limits: int) -> Split:
    contract = landing_contract(table)
    used = Limits(**limits)
    reader = Reader(contract, Origin("object", None, None), used)
    return Split.concat(reader.read(chunks([text.encode()], used)), contract)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('{"email":"a@b.c"', {"email": "a@b.c"}),
        ('{"EMAIL" : "a@b.c" x', {"email": "a@b.c"}),
        ('{"email":"a@b', {}),
        ('{"email":"a\\u0040b.c",', {"email": "a@b.c"}),
        ('{"email":"a\\"b.c",', {"email": 'a"b.c'}),
        ('{"email":"\\ud800",', {}),
        ('{"email":"",', {}),
        ('{"email":null,', {}),
        ('{"serialNumber":"s-1","email"', {"serial_number": "s-1"}),
        (f'{{"lastUpdateDate":{T}', {}),
        (f'{{"lastUpdateDate":{T},', {"last_update_date": float(T)}),
        (f'{{"lastUpdateDate":{T}}}x', {"last_update_date": float(T)}),
        (f'{{"lastUpdateDate": {T}.0 ', {"last_update_date": float(T)}),
        (f'{{"lastUpdateDate":"{T}",', {}),
        ('{"lastUpdateDate":1655564376,', {}),
        ('{"otheremail":"a@b.c",', {}),
        # The same person twice, or two persons: the last one at the top of the record.
        ('{"email":"a@b.c","email":"a@b.c"', {"email": "a@b.c"}),
        ('{"email":"a@b.c","email":"d@e.f"', {"email": "d@e.f"}),
        ('{"email":"a@b.c","friend":{"email":"d@e.f"}, x', {"email": "a@b.c"}),
        ('{"friends":[{"email":"d@e.f"}],"email":"a@b.c","x', {"email": "a@b.c"}),
        ('[{"email":"d@e.f"},{"email":"a@b.c"}]', {"email": "a@b.c"}),
        # Of times the latest plausible one.
        (f'{{"lastUpdateDate":{T},"lastUpdateDate":{T - 5},', {"last_update_date": float(T)}),
        (f'{{"lastUpdateDate":{T},"lastUpdateDate":5,', {"last_update_date": float(T)}),
    ],
)
def test_what_can_be_read_is_believed(raw: str, expected: dict[str, str | float]) -> None:
    assert salvage(raw, CUSTOMER) == expected


@pytest.mark.parametrize(
    ("record", "email", "serial", "minutes"),
    [
        (f'{{"email":"a@b.c","serialNumber":"s","lastUpdateDate":{T},"email":"d@e.f"}}', "d@e.f", "s", 0),
        (f'{{"email":"a@b.c","serialNumber":"s","lastUpdateDate":{T},"Email":null}}', "a@b.c", "s", 0),
        (
            f'{{"email":"a@b.c","email":" ","lastUpdateDate":{T},"lastUpdateDate":{T + 60000}}}',
            "a@b.c",
            None,
            1,
        ),
        (f'{{"email":"a@b.c","lastUpdateDate":{T + 60000},"lastUpdateDate":{T}}}', "a@b.c", None, 1),
        (f'{{"email":5,"lastUpdateDate":{T}.0,"x":1,"x":1}}', "5", None, 0),
        ('{"email":"a@b.c","lastUpdateDate":"never","lastUpdateDate":1}', "a@b.c", None, None),
        (f'[{{"email":"a@b.c","serialNumber":"s","lastUpdateDate":{T}}}]', "a@b.c", "s", 0),
        (f'{{"email":"a@b.c","lastUpdateDate":{T},"phone":[]}}', "a@b.c", None, 0),
        (f'{{"email":"  ","serialNumber":"s","lastUpdateDate":{T}}}', None, "s", 0),
        ('{"email":"a@b.c","serialNumber":"s","lastUpdateDate":1655564376}', "a@b.c", "s", None),
        ('{"email":"a@b.c","serialNumber":"s","lastUpdateDate":1655564376361.5}', "a@b.c", "s", None),
        ('{"email":"a@b.c","serialNumber":"s","lastUpdateDate":NaN}', "a@b.c", "s", None),
    ],
)
def test_a_rejected_record_says_whom_it_is_about(
    record: str, email: str | None, serial: str | None, minutes: int | None
) -> None:
    split = read(record + "\n")
    time = None if minutes is None else NOON + timedelta(minutes=minutes)
    assert split.kept.is_empty()
    assert split.rejected.select("email", "serial_number", "last_update_date").rows() == [
        (email, serial, time)
    ]


def test_a_record_that_is_too_long_says_whom_it_is_about() -> None:
    text = f'{{"email":"a@b.c","lastUpdateDate":{T},"junk":"{"x" * 500}"}}\n'
    (row,) = read(text, record=200, raw=80).rejected.rows(named=True)
    assert (row["reason"], row["email"], row["last_update_date"]) == ("too_long", "a@b.c", NOON)


def test_a_rejected_reading_says_whose_it_is() -> None:
    (row,) = read('{"user":"a@b.c","timestamp":1,"x":1,"y":1,"z":1}', "accelerometer").rejected.rows(
        named=True
    )
    assert (row["email"], row["serial_number"], row["last_update_date"]) == ("a@b.c", None, None)
    (row,) = read('{"user":"a@b.c","timest', "accelerometer").rejected.rows(named=True)
    assert row["email"] == "a@b.c"
    (row,) = read(
        '{"serialNumber":"s","sensorReadingTime":1,"distanceFromObject":1}', "step_trainer"
    ).rejected.rows(named=True)
    assert (row["email"], row["serial_number"]) == (None, "s")
