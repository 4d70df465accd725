"""curate_customers: who has readings, and what a model may know of them."""

import pytest

from engines import PSEUDONYMS, run
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from worlds import HOURS, MS, World, customer, reading

ANN, BOB = "ann@example.com", "bob@example.com"


def curated(*customers, readings=(), consent="as_of") -> list[dict]:
    frame = run(World(customers, readings), consent=consent)["customer_curated"]
    assert frame.schema == polars_schema(contract_of("customer_curated"))
    return sorted(frame.to_dicts(), key=str)


def test_the_row():
    record = customer(share=HOURS[1], birth_day="1962-03-04", customer_name="Ann", phone="801")
    readings = (reading(at=HOURS[4]), reading(at=HOURS[2]), reading(at=HOURS[3]), reading(at=HOURS[0]))
    assert curated(record, readings=readings) == [
        {
            "customer_id": PSEUDONYMS.customer_id(ANN),
            "device_id": PSEUDONYMS.device_id("50a1b2c3-d4e5"),
            "consent_from": HOURS[1],
            "device_consent_from": HOURS[1],
            "birth_decade": 1960,
            "first_reading_at": HOURS[2],
            "last_reading_at": HOURS[4],
            "readings": 3,
        }
    ]


def test_duplicates_count_once_and_different_readings_at_one_time_all():
    readings = (reading(), reading(), reading(axes=(0.0, 0.0, 0.0)))
    assert [row["readings"] for row in curated(customer(share=HOURS[1]), readings=readings)] == [2]


@pytest.mark.parametrize("at", [None, HOURS[1] - MS])
def test_without_a_trusted_reading_there_is_no_row(at):
    readings = () if at is None else (reading(at=at),)
    assert curated(customer(share=HOURS[1]), readings=readings) == []


def test_somebody_elses_reading_is_none():
    customers = (customer(share=HOURS[1]), customer(BOB, share=HOURS[1]))
    rows = curated(*customers, readings=(reading(BOB),))
    assert [row["customer_id"] for row in rows] == [PSEUDONYMS.customer_id(BOB)]


def test_readings_are_repeated_per_device():
    customers = (
        customer(serial="a", at=HOURS[0], share=HOURS[0], birth_day="1959-12-31"),
        customer(serial="b", share=HOURS[1]),
    )
    rows = curated(*customers, readings=(reading(),))
    assert {(row["device_id"], row["birth_decade"], row["readings"]) for row in rows} == {
        (PSEUDONYMS.device_id("a"), 1950, 1),
        (PSEUDONYMS.device_id("b"), None, 1),
    }


def test_a_device_that_may_not_be_used_is_there_without_a_date():
    rows = curated(customer(share=HOURS[1]), customer(BOB), readings=(reading(),))
    assert [row["device_consent_from"] for row in rows] == [None]


@pytest.mark.parametrize(
    ("birth_day", "decade"),
    [
        ("1900-01-01", 1900),
        ("1909-12-31", 1900),
        ("1910-01-01", 1910),
        ("1999-12-31", 1990),
        ("2000-01-01", 2000),
        ("2022-06-01", 2020),
        ("1899-12-31", None),
        ("967-01-01", None),
        (None, None),
    ],
)
def test_birth_decade(birth_day, decade):
    rows = curated(customer(share=HOURS[1], birth_day=birth_day), readings=(reading(),))
    assert [row["birth_decade"] for row in rows] == [decade]
