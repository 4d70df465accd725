"""trust_step_trainer: rules 4 and 5, and whose steps they are."""

import polars as pl
import pytest

import stedi
from engines import PSEUDONYMS, frame_of, run
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import StediError
from worlds import HOURS, MS, World, customer, reading, rejected, step

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
A, B = "50a1b2c3-d4e5", "device-b"
WALKING = (reading(at=HOURS[5]), reading(BOB, at=HOURS[5]), reading(EVE, at=HOURS[5]))


def steps_of(*customers, steps, readings=WALKING, bad=(), consent="as_of") -> list[tuple]:
    frame = run(World(customers, readings, steps, bad), consent=consent)["step_trainer_trusted"]
    assert frame.schema == polars_schema(contract_of("step_trainer_trusted"))
    return sorted(frame.rows())


def owners(*customers, at=HOURS[4], **options) -> set[str]:
    """Return to whom a step of device A is attributed."""
    named = {PSEUDONYMS.customer_id(email): email for email in (ANN, BOB, EVE)}
    return {named[row[0]] for row in steps_of(*customers, steps=(step(at=at),), **options)}


def test_the_row():
    assert steps_of(customer(share=HOURS[1]), steps=(step(f" {A.upper()}", HOURS[3], 2**40),)) == [
        (PSEUDONYMS.customer_id(ANN), PSEUDONYMS.device_id(A), HOURS[3], 2**40)
    ]


@pytest.mark.parametrize(
    ("at", "expected"), [(HOURS[1] - MS, set()), (HOURS[1], {ANN}), (HOURS[1] + MS, {ANN})]
)
def test_rule_4_from_exactly_the_consent(at, expected):
    assert owners(customer(share=HOURS[1]), at=at) == expected


@pytest.mark.parametrize(
    ("at", "expected"), [(HOURS[1], set()), (HOURS[3] - MS, set()), (HOURS[3], {ANN, BOB})]
)
def test_rule_4_a_shared_device_waits_for_every_consent_and_is_attributed_to_each_holder(at, expected):
    assert owners(customer(share=HOURS[1]), customer(BOB, share=HOURS[3]), at=at) == expected


def test_rule_4_one_claimant_who_denies_closes_the_device():
    assert owners(customer(share=HOURS[1]), customer(BOB, share=HOURS[1]), customer(EVE)) == set()


@pytest.mark.parametrize(
    ("at", "expected"), [(HOURS[2], set()), (HOURS[3] - MS, set()), (HOURS[3], {ANN}), (HOURS[4], {ANN})]
)
def test_rule_4_a_claimant_who_is_no_holder_delays_the_device_and_gets_no_steps(at, expected):
    history = (
        customer(share=HOURS[1]),
        customer(BOB, A, at=HOURS[0]),
        customer(BOB, B, at=HOURS[2], share=HOURS[3]),
    )
    assert owners(*history, at=at) == expected


def test_rule_4_no_holder_no_steps():
    history = (customer(serial=A, at=HOURS[0]), customer(serial=B, at=HOURS[1], share=HOURS[1]))
    assert owners(*history) == set()


def test_rule_4_a_withdrawal_takes_the_steps_of_the_others_with_it():
    shared = (customer(share=HOURS[1]), customer(BOB, share=HOURS[1]))
    assert owners(*shared) == {ANN, BOB}
    assert owners(*shared, customer(BOB, at=HOURS[2])) == set()
    assert owners(*shared, customer(BOB, B, at=HOURS[2])) == set()


def test_rule_7_a_rejected_claim_closes_the_device_until_it_is_released():
    mine = customer(share=HOURS[1])
    assert owners(mine, bad=(rejected(EVE, A),)) == set()
    assert owners(mine, bad=(rejected(EVE, A, released_at=HOURS[5]),)) == {ANN}
    assert owners(mine, bad=(rejected(EVE, None),)) == {ANN}
    assert owners(mine, bad=(rejected(None, A),)) == {ANN}


def test_only_holders_with_trusted_accelerometer_readings():
    shared = (customer(share=HOURS[1]), customer(BOB, share=HOURS[1]))
    assert owners(*shared, readings=(reading(BOB),)) == {BOB}
    assert owners(*shared, readings=(reading(BOB), reading(at=HOURS[0]))) == {BOB}
    assert owners(*shared, readings=()) == set()


def test_rule_5_exact_duplicates_count_once():
    again = step(A.upper(), _object="elsewhere.json", _digest="d2")
    assert len(steps_of(customer(share=HOURS[1]), steps=(step(), step(), again))) == 1


def test_rule_5_steps_that_share_a_time_and_differ_are_all_kept():
    assert len(steps_of(customer(share=HOURS[1]), steps=(step(distance=1), step(distance=2)))) == 2


def test_the_same_step_of_two_devices_is_two_steps():
    devices = (customer(serial=A, share=HOURS[1]), customer(serial=B, share=HOURS[1]))
    assert len(steps_of(*devices, steps=(step(A), step(B)))) == 2


def test_a_device_that_nobody_lists_has_no_steps():
    assert steps_of(customer(share=HOURS[1]), steps=(step("device-x"), step(B))) == []


def test_rule_8_current_admits_the_steps_of_every_device_ever_listed():
    history = (
        customer(serial=A, at=HOURS[0]),
        customer(serial=B, at=HOURS[1], share=HOURS[1]),
        customer(EVE),
    )
    assert owners(*history, at=HOURS[0], consent="current") == {ANN}


@pytest.mark.parametrize("name", ["sensor_reading_time", "serial_number", "distance_from_object"])
def test_a_missing_or_mistyped_column_is_named(name):
    tables = run(World((customer(share=HOURS[0]),), WALKING))
    landing = frame_of([step()], "step_trainer_landing")
    for wrong in (landing.drop(name), landing.with_columns(pl.lit(value=True).alias(name))):
        with pytest.raises(StediError, match=name):
            stedi.trust_step_trainer(wrong, tables["customer_trusted"], tables["customer_curated"])
