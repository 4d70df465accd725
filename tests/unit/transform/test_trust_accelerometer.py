"""trust_accelerometer: rules 3 and 5."""

import polars as pl
import pytest

import stedi
from engines import PSEUDONYMS, frame_of
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import StediError
from worlds import HOURS, MS, NOW, customer, reading

ANN, BOB = "ann@example.com", "bob@example.com"


def trusted(*readings, customers=(), consent="as_of") -> list[tuple]:
    landing = frame_of(customers or [customer(share=HOURS[2])], "customer_landing")
    people = stedi.sanitize_customers(landing, now=NOW, pseudonyms=PSEUDONYMS, consent=consent)
    frame = stedi.trust_accelerometer(frame_of(readings, "accelerometer_landing"), people)
    assert frame.schema == polars_schema(contract_of("accelerometer_trusted"))
    return sorted(frame.rows())


@pytest.mark.parametrize(
    ("at", "count"), [(HOURS[2] - MS, 0), (HOURS[2], 1), (HOURS[2] + MS, 1), (HOURS[7], 1)]
)
def test_rule_3_from_exactly_consent_from(at, count):
    assert len(trusted(reading(at=at))) == count


@pytest.mark.parametrize(("gap", "count"), [(-MS, 0), (0 * MS, 0), (MS, 1)])
def test_rule_3_after_a_withdrawal(gap, count):
    history = (customer(at=HOURS[2]), customer(at=HOURS[3], share=HOURS[0]))
    assert len(trusted(reading(at=HOURS[2] + gap), customers=history)) == count


def test_rule_3_nobody_elses_readings():
    readings = (reading(BOB), reading("stranger@example.com"), reading("ann@example.co"))
    assert trusted(*readings, customers=(customer(share=HOURS[2]), customer(BOB))) == []


def test_rule_3_each_customer_has_their_own_start():
    customers = (customer(share=HOURS[1]), customer(BOB, share=HOURS[4]))
    rows = trusted(reading(at=HOURS[3]), reading(BOB, at=HOURS[3]), customers=customers)
    assert [row[0] for row in rows] == [PSEUDONYMS.customer_id(ANN)]


def test_the_user_is_the_customer_in_any_spelling():
    rows = trusted(
        reading(" ANN@example.com", axes=(1, 2, 3)), reading("\uff41nn@EXAMPLE.com", axes=(4, 5, 6))
    )
    assert {row[0] for row in rows} == {PSEUDONYMS.customer_id(ANN)}
    assert [row[1:] for row in rows] == [(HOURS[3], 1.0, 2.0, 3.0), (HOURS[3], 4.0, 5.0, 6.0)]


def test_rule_5_exact_duplicates_count_once_whatever_the_spelling_and_the_object():
    again = reading("ANN@example.com", _object="elsewhere.json", _digest="d2", _position=7)
    assert len(trusted(reading(), reading(), again)) == 1


@pytest.mark.parametrize("axes", [(1.0, -1.0, 0.25), (1.0, -2.0, 0.5), (0.0, -1.0, 0.5)])
def test_rule_5_readings_that_share_a_time_and_differ_are_all_kept(axes):
    assert len(trusted(reading(axes=(1.0, -1.0, 0.5)), reading(axes=axes))) == 2


def test_rule_5_negative_zero_is_zero():
    assert len(trusted(reading(axes=(0.0, 0.0, 0.0)), reading(axes=(-0.0, 0.0, -0.0)))) == 1


def test_a_customer_with_two_devices_has_each_reading_once():
    customers = (customer(serial="a", share=HOURS[0]), customer(serial="b", at=HOURS[2], share=HOURS[0]))
    assert len(trusted(reading(), customers=customers)) == 1


def test_an_unusable_device_takes_nothing_from_the_phone():
    assert len(trusted(reading(), customers=(customer(share=HOURS[0]), customer(BOB)))) == 1


def test_rule_8_current_admits_every_reading_of_a_consenting_customer():
    rows = trusted(reading(at=HOURS[0]), reading(BOB), consent="current")
    assert [row[1] for row in rows] == [HOURS[0]]


@pytest.mark.parametrize("name", ["user", "timestamp", "x"])
def test_a_missing_or_mistyped_column_is_named(name):
    people = stedi.sanitize_customers(
        frame_of([customer(share=HOURS[0])], "customer_landing"), now=NOW, pseudonyms=PSEUDONYMS
    )
    landing = frame_of([reading()], "accelerometer_landing")
    for wrong in (landing.drop(name), landing.with_columns(pl.lit(value=True).alias(name))):
        with pytest.raises(StediError, match=name):
            stedi.trust_accelerometer(wrong, people)
