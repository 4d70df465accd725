"""curate_ml: readings pair by customer and time, never by time alone."""

from datetime import timedelta

import polars as pl
import pytest

import stedi
from engines import PSEUDONYMS, frame_of, run
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import StediError
from worlds import HOURS, MS, World, customer, reading, step

ANN, BOB = "ann@example.com", "bob@example.com"
A, B = "50a1b2c3-d4e5", "device-b"
X, Y = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
SCHEMA = polars_schema(contract_of("machine_learning_curated"))


def paired(*customers, readings, steps, tolerance=None) -> list[dict]:
    world = World(customers or (customer(share=HOURS[0]),), readings, steps)
    frame = run(world, tolerance=tolerance)["machine_learning_curated"]
    extra = {} if tolerance is None else {"match_gap_ms": pl.Float64()}
    assert dict(frame.schema) == {**SCHEMA, **extra}
    assert frame.columns == [*SCHEMA, *extra]
    return sorted(frame.to_dicts(), key=lambda row: (row["timestamp"], str(row)))


def gaps(*offsets, tolerance) -> list[float]:
    """Return the gaps of the pairs of a step with readings at these offsets, in ms."""
    readings = [reading(at=HOURS[3] + offset * MS) for offset in offsets]
    rows = paired(readings=tuple(readings), steps=(step(at=HOURS[3]),), tolerance=tolerance * MS)
    assert {row["timestamp"] for row in rows} <= {HOURS[3]}
    return [row["match_gap_ms"] for row in rows]


def test_the_row():
    assert paired(readings=(reading(axes=(1.0, 2.0, 3.0)),), steps=(step(distance=7),)) == [
        {
            "customer_id": PSEUDONYMS.customer_id(ANN),
            "device_id": PSEUDONYMS.device_id(A),
            "timestamp": HOURS[3],
            "x": 1.0,
            "y": 2.0,
            "z": 3.0,
            "distance_from_object": 7,
        }
    ]


@pytest.mark.parametrize("tolerance", [None, timedelta(hours=3)])
def test_one_persons_step_never_meets_anothers_phone(tolerance):
    customers = (customer(share=HOURS[0]), customer(BOB, B, share=HOURS[0]))
    readings = (reading(at=HOURS[3], axes=X), reading(BOB, at=HOURS[4], axes=Y))
    rows = paired(*customers, readings=readings, steps=(step(B, HOURS[3]),), tolerance=tolerance)
    assert [(row["customer_id"], row["x"]) for row in rows] == (
        [] if tolerance is None else [(PSEUDONYMS.customer_id(BOB), 0.0)]
    )


def test_all_pairs_of_one_time():
    rows = paired(readings=(reading(axes=X), reading(axes=Y)), steps=(step(distance=1), step(distance=2)))
    assert len(rows) == 4


def test_a_shared_device_pairs_with_the_phone_of_each_holder():
    customers = (customer(share=HOURS[0]), customer(BOB, share=HOURS[0]))
    rows = paired(*customers, readings=(reading(axes=X), reading(BOB, axes=Y)), steps=(step(),))
    assert {(row["customer_id"], row["x"]) for row in rows} == {
        (PSEUDONYMS.customer_id(ANN), 1.0),
        (PSEUDONYMS.customer_id(BOB), 0.0),
    }


def test_without_a_tolerance_a_millisecond_is_no_pair():
    assert paired(readings=(reading(at=HOURS[3] + MS),), steps=(step(at=HOURS[3]),)) == []


@pytest.mark.parametrize(
    ("offsets", "tolerance", "expected"),
    [
        pytest.param((0,), 0, [0.0], id="exact"),
        pytest.param((1,), 0, [], id="no tolerance at all"),
        pytest.param((3,), 3, [3.0], id="the bound is inside"),
        pytest.param((-3,), 3, [-3.0], id="the lower bound is inside"),
        pytest.param((4,), 3, [], id="outside"),
        pytest.param((-4,), 3, [], id="outside before"),
        pytest.param((-2, 1), 5, [1.0], id="the nearer one after"),
        pytest.param((-1, 2), 5, [-1.0], id="the nearer one before"),
        pytest.param((-2, 2), 5, [-2.0], id="a tie goes to the earlier"),
        pytest.param((2, -2), 2, [-2.0], id="a tie goes to the earlier at the bound"),
        pytest.param((-3, -2, -1, 1, 2), 5, [-1.0], id="one time only"),
        pytest.param((-1, 0, 1), 5, [0.0], id="exact before near"),
    ],
)
def test_nearest_within_the_tolerance(offsets, tolerance, expected):
    assert gaps(*offsets, tolerance=tolerance) == expected


def test_all_readings_at_the_nearest_time_pair():
    readings = (
        reading(at=HOURS[3] + MS, axes=X),
        reading(at=HOURS[3] + MS, axes=Y),
        reading(at=HOURS[3] - 2 * MS),
    )
    rows = paired(readings=readings, steps=(step(), step(distance=9)), tolerance=5 * MS)
    assert len(rows) == 4
    assert {row["match_gap_ms"] for row in rows} == {1.0}


def test_one_reading_may_pair_with_many_steps():
    steps = tuple(step(at=HOURS[3] + offset * MS) for offset in (-2, 0, 2))
    rows = paired(readings=(reading(at=HOURS[3]),), steps=steps, tolerance=2 * MS)
    assert [row["match_gap_ms"] for row in rows] == [2.0, 0.0, -2.0]
    assert [row["timestamp"] for row in rows] == [one["sensor_reading_time"] for one in steps]


def test_a_zero_tolerance_pairs_what_exact_pairing_does():
    readings = (reading(axes=X), reading(axes=Y), reading(at=HOURS[4]))
    steps = (step(), step(at=HOURS[4] + MS), step(at=HOURS[4]))
    exact = paired(readings=readings, steps=steps)
    near = paired(readings=readings, steps=steps, tolerance=timedelta(0))
    assert [{**row, "match_gap_ms": 0.0} for row in exact] == near


def test_a_negative_tolerance_is_refused():
    tables = run(World((customer(share=HOURS[0]),)))
    with pytest.raises(StediError, match="tolerance"):
        stedi.curate_ml(
            tables["step_trainer_trusted"], tables["accelerometer_trusted"], tolerance=timedelta(-1)
        )


def test_a_missing_column_is_named():
    tables = run(World())
    with pytest.raises(StediError, match="customer_id"):
        stedi.curate_ml(
            tables["step_trainer_trusted"].drop("customer_id"), frame_of([], "accelerometer_trusted")
        )
