"""Every run reports the match rate of the exact join and of the nearest one, and warns where it is low."""

from datetime import timedelta

import polars as pl
import pytest

from lakes import expected, lake_at, pour, put_world, rich_world, run
from stedi.lake.health import health_of
from stedi.plan.match import NEARBY, Match
from stedi.simulate import simulate
from worlds import HOURS, NOW, World, customer, reading, step

MS = timedelta(milliseconds=1)
BOB = "bob@example.com"


def test_exact_and_nearby_pairs_are_counted_per_customer(tmp_path):
    world = World(
        customers=(
            customer(share=HOURS[0], at=HOURS[1], _digest="customer"),
            customer(BOB, serial="other", share=HOURS[0], at=HOURS[1], _digest="customer"),
        ),
        accelerometer=(reading(at=HOURS[2]), reading(at=HOURS[4]), reading(BOB, at=HOURS[6])),
        steps=(
            step(at=HOURS[2]),
            step(at=HOURS[4] + 20 * MS),
            step(at=HOURS[4] - 20 * MS, distance=3),
            step(at=HOURS[4] + 21 * MS),
            step(at=HOURS[6]),  # Bob's phone read then, not Ann's
        ),
    )
    lake = lake_at(tmp_path / "lake")
    report = run(lake, put_world(tmp_path / "landing", world))
    assert report.match == Match(readings=5, exact=1, nearby=3)
    assert lake.last_run().match == report.match
    assert report.to_dict()["match"]["exact_rate"] == pytest.approx(0.2)
    again = run(lake, tmp_path / "landing", now=NOW + timedelta(days=1))
    assert not again.changed
    assert again.match == report.match


def test_the_counts_are_the_oracles(tmp_path):
    world = rich_world()
    lake = lake_at(tmp_path / "lake")
    match = run(lake, pour(tmp_path / "landing", world)).match
    steps = expected(world)["step_trainer_trusted"]
    assert match.readings == steps.total() > 0

    def paired(tolerance):
        ml = expected(world, tolerance=tolerance)["machine_learning_curated"]
        # customer_id, device_id, timestamp, ..., distance_from_object: the step reading of a pair
        return len({(row[0], row[1], row[2], row[6]) for row in ml})

    assert (match.exact, match.nearby) == (paired(None), paired(NEARBY))


@pytest.mark.parametrize("clocks", ["one", "two"])
def test_one_clock_pairs_and_two_clocks_warn(tmp_path, clocks):
    made = simulate(tmp_path / "landing", customers=25, seed=4, clocks=clocks)
    lake = lake_at(tmp_path / "lake")
    report = lake.run(made.landing, now=made.as_of)
    match = report.match
    steps = lake.scan("step_trainer_trusted")
    phone = lake.scan("accelerometer_trusted").select("customer_id", sensor_reading_time="timestamp")
    exact = steps.join(phone.unique(), on=["customer_id", "sensor_reading_time"], how="semi")
    assert match.exact == exact.select(pl.len()).collect().item()
    if clocks == "one":
        assert match.exact / match.nearby > 0.95
        assert report.warnings == []
    else:
        assert match.exact_rate < 0.10
        (warning,) = report.warnings
        assert "clocks of their own" in warning
        concerns = {each.code: each for each in health_of(lake).warnings}
        assert concerns["low_match_rate"].count == match.exact
        assert health_of(lake).runs[-1].match_rate == match.exact_rate
