"""What is left of consent after an erasure, by examples worked by hand."""

from datetime import datetime

import pytest

from engines import run
from stedi.names import EPOCH
from worlds import HOURS, MS, World, customer, erased_device, erased_person

ANN, BOB = "ann@example.com", "bob@example.com"
A, B = "50a1b2c3-d4e5", "device-b"


def trusted(*customers, erased, **options) -> dict[tuple[str, str], tuple[datetime, datetime | None]]:
    """Return per customer and device from when they consent, and from when the device may be used."""
    rows = run(World(customers=customers, erased=erased), **options)["customer_trusted"].to_dicts()
    return {
        (row["email"], row["serial_number"]): (row["consent_from"], row["device_consent_from"])
        for row in rows
    }


def test_whoever_registers_again_consents_to_nothing_until_the_erasure():
    back = customer(ANN, A, at=HOURS[4], share=HOURS[0])
    found = trusted(back, erased=[erased_person(ANN, HOURS[2])])
    assert found == {(ANN, A): (HOURS[2] + MS, HOURS[2] + MS)}


def test_a_consent_from_after_the_erasure_is_as_it_says():
    back = customer(ANN, A, at=HOURS[4], share=HOURS[3])
    assert trusted(back, erased=[erased_person(ANN, HOURS[2])]) == {(ANN, A): (HOURS[3], HOURS[3])}


@pytest.mark.parametrize("at", [HOURS[1], HOURS[2]])
def test_what_was_said_until_the_erasure_is_denied_by_it(at):
    said = customer(ANN, A, at=at, share=HOURS[0])
    assert trusted(said, erased=[erased_person(ANN, HOURS[2])]) == {}


def test_an_erasure_of_somebody_else_changes_nothing():
    said = customer(ANN, A, at=HOURS[1], share=HOURS[0])
    assert trusted(said, erased=[erased_person(BOB, HOURS[2]), erased_device(B, HOURS[2])]) == {
        (ANN, A): (HOURS[0], HOURS[0])
    }


def test_an_erased_person_does_not_close_the_device_of_another():
    bob = customer(BOB, A, at=HOURS[1], share=HOURS[0])
    assert trusted(bob, erased=[erased_person(ANN, HOURS[2])]) == {(BOB, A): (HOURS[0], HOURS[0])}


def test_a_denial_that_was_kept_out_since_counts_at_its_time():
    denied = erased_person(ANN, HOURS[2]) | {"latest_denial": HOURS[4]}
    before, after = (customer(ANN, A, at=at, share=HOURS[3]) for at in (HOURS[3], HOURS[5]))
    assert trusted(before, erased=[denied]) == {}
    assert trusted(after, erased=[denied]) == {(ANN, A): (HOURS[4] + MS, HOURS[4] + MS)}


@pytest.mark.parametrize("kind", ["device", "shared_device", "claimed_device"])
def test_what_an_erased_device_recorded_until_then_is_never_trusted(kind):
    bob = customer(BOB, A, at=HOURS[1], share=HOURS[0]), customer(BOB, B, at=HOURS[1], share=HOURS[0])
    assert trusted(*bob, erased=[erased_device(A, HOURS[2], kind)]) == {
        (BOB, A): (HOURS[0], HOURS[2] + MS),
        (BOB, B): (HOURS[0], HOURS[0]),
    }


def test_a_device_opens_by_the_later_of_consent_and_erasure():
    bob = customer(BOB, A, at=HOURS[1], share=HOURS[3])
    assert trusted(bob, erased=[erased_device(A, HOURS[2])]) == {(BOB, A): (HOURS[3], HOURS[3])}


def test_a_device_that_a_claimant_closes_stays_closed():
    said = customer(BOB, A, at=HOURS[1], share=HOURS[0]), customer(ANN, A, at=HOURS[3])
    assert trusted(*said, erased=[erased_device(A, HOURS[2])]) == {(BOB, A): (HOURS[0], None)}


def test_consent_as_of_now_does_not_reach_over_the_erasure_of_a_device():
    bob = customer(BOB, A, at=HOURS[1], share=HOURS[0]), customer(BOB, B, at=HOURS[1], share=HOURS[0])
    assert trusted(*bob, erased=[erased_device(A, HOURS[2])], consent="current") == {
        (BOB, A): (EPOCH, HOURS[2] + MS),
        (BOB, B): (EPOCH, EPOCH),
    }
