"""What the sensors record: the rates, losses and clocks of the design, and steps where the truth has them."""

import numpy as np
import polars as pl
import pytest
from crowd import APART, START, STEADY, UNSTEADY, crowd, phone_of, read, sessions_of, steps_of, trainer_of

from stedi.errors import UnknownNameError
from stedi.simulate.clocks import check_clocks
from stedi.simulate.draws import Draws
from stedi.simulate.phone import JITTER_S
from stedi.simulate.preset import PRESETS, preset_of
from stedi.simulate.signals import check_order

PEOPLE = 250


@pytest.fixture(scope="module")
def one_clock():
    return read(crowd(PEOPLE))


@pytest.fixture(scope="module")
def two_clocks():
    return read(crowd(PEOPLE), clocks="two")


def test_the_step_trainer_reads_thirty_times_a_second_and_misses_one_in_a_hundred(two_clocks):
    made = trainer_of(two_clocks)
    due = (two_clocks.sessions["seconds"] * 30).floor().sum()
    assert 1 - made.height / due == pytest.approx(0.01, abs=0.002)
    gaps = made.select(pl.col("sensorReadingTime").diff().over("session"))["sensorReadingTime"].drop_nulls()
    assert set(gaps.filter(gaps < 50)) == {33, 34}
    assert gaps.median() in (33, 34)


def test_a_few_distances_are_out_of_range_and_the_others_plausible(one_clock):
    distance = trainer_of(one_clock)["distanceFromObject"]
    assert distance.dtype == pl.Int64
    odd = distance.is_in([0, 8190])
    assert odd.mean() == pytest.approx(0.006, abs=0.001)
    assert set(distance.filter(odd)) == {0, 8190}
    assert distance.filter(~odd).is_between(30, 420).all()


def test_the_noise_of_the_distance_grows_with_it():
    for preset in PRESETS:
        figures = preset_of(preset)
        still = trainer_of(read(sessions_of([STEADY] * 150), preset=preset)).filter(
            pl.col("second").is_between(0, 1.9), pl.col("distanceFromObject").is_between(1, 8000)
        )
        step = still.select(pl.col("distanceFromObject").diff().over("session"))["distanceFromObject"]
        usual = still["distanceFromObject"].mean()
        expected = figures.trainer_noise + figures.trainer_noise_per_mm * usual
        assert step.std() / 2**0.5 == pytest.approx(expected, rel=0.08)


def test_the_phone_reads_fifty_times_a_second_with_jitter(two_clocks):
    phone = phone_of(two_clocks)
    gaps = phone.select(pl.col("timestamp").diff().over("session"))["timestamp"].drop_nulls()
    usual = gaps.filter(gaps.is_between(11, 29))
    assert usual.mean() == pytest.approx(20, abs=0.1)
    # Two readings jitter, and both are rounded to a millisecond.
    assert usual.std() == pytest.approx((2 * (1000 * JITTER_S) ** 2 + 2 / 12) ** 0.5, rel=0.05)


def test_the_phone_loses_some_readings_and_stops_in_a_third_of_the_sessions(one_clock):
    phone = phone_of(one_clock)
    due = (one_clock.sessions["seconds"] * 50).floor().sum()
    assert 0.004 < 1 - phone.height / due < 0.03
    longest = phone.group_by("session").agg(pl.col("timestamp").diff().max().alias("gap"))
    assert (longest["gap"] > 210).mean() == pytest.approx(0.35, abs=0.08)
    assert longest["gap"].max() < 1_700
    whole = phone.join(longest.filter(pl.col("gap") < 200), on="session", how="semi")
    told = one_clock.sessions.join(whole.select("session").unique(), on="session", how="semi")
    lost = 1 - whole.height / (told["seconds"] * 50).floor().sum()
    assert lost == pytest.approx(0.004, abs=0.0015)


def test_the_phone_feels_gravity_and_its_noise(one_clock):
    phone = phone_of(one_clock).with_columns(size=pl.sum_horizontal(pl.col("x", "y", "z") ** 2).sqrt())
    assert phone["size"].mean() == pytest.approx(9.8, abs=0.15)
    still = phone.filter(pl.col("second") < 9)
    noise = still.group_by("session").agg((pl.col("x").diff().std() / 2**0.5).alias("noise"))["noise"]
    assert noise.is_between(0.1, 0.4).all()
    assert noise.mean() == pytest.approx((0.12 + 0.35) / 2, abs=0.03)


def test_phones_are_turned_in_every_direction(one_clock):
    down = phone_of(one_clock).group_by("session").agg(pl.col("x", "y", "z").mean() / 9.81)
    for axis in "xyz":
        assert down[axis].mean() == pytest.approx(0, abs=0.12)
        assert down[axis].std() == pytest.approx(3**-0.5, abs=0.08)


def test_on_one_clock_nearly_every_step_reading_has_a_phone_reading(one_clock):
    assert matched(one_clock) > 0.95
    assert one_clock.steps["at"].equals(one_clock.steps["at_on_phone"].alias("at"))
    assert set(one_clock.sessions["offset_s"]) == {0.0}


def test_on_two_clocks_few_have_one(two_clocks):
    assert matched(two_clocks) < 0.10
    told = two_clocks.sessions
    assert told["offset_s"].std() == pytest.approx(0.25, abs=0.03)
    assert 1e6 * told["drift"].std() == pytest.approx(20, abs=2.5)
    apart = (
        steps_of(two_clocks)
        .join(told, on="session")
        .select(
            found=(pl.col("at_on_phone") - pl.col("at")) / 1e6,
            told=pl.col("offset_s") + pl.col("drift") * pl.col("second"),
        )
    )
    assert (apart["found"] - apart["told"]).abs().max() < 2e-6


def matched(readings):
    steps = trainer_of(readings)
    phone = phone_of(readings).select("session", sensorReadingTime="timestamp")
    return steps.join(phone, on=["session", "sensorReadingTime"], how="semi").height / steps.height


@pytest.mark.parametrize("clocks", ["one", "two"])
def test_the_foot_is_up_before_a_contact_and_the_impact_comes_after_it(clocks):
    readings = read(sessions_of([STEADY] * 60), preset="easy", clocks=clocks)
    steps = steps_of(readings).filter(pl.col("number").is_between(3, 29))
    delay = readings.sessions.select("session", "offset_s", "drift")
    phone = (
        phone_of(readings)
        .join(delay, on="session")
        .with_columns(
            second=pl.col("second") - pl.col("offset_s"),
            size=pl.sum_horizontal(pl.col("x", "y", "z") ** 2).sqrt(),
        )
    )
    distance = around(trainer_of(readings), steps, "distanceFromObject")
    acceleration = around(phone, steps, "size")
    assert -0.30 < distance["lag"][distance["value"].arg_min()] < -0.15
    assert distance.filter(pl.col("lag") == 0.0)["value"].item() > distance["value"].max() - 12
    assert 0.01 <= acceleration["lag"][acceleration["value"].arg_max()] <= 0.05


def around(readings, steps, column):
    """Return the mean of a signal at each lag (in hundredths of a second) around the steps."""
    near = readings.join(steps.select("session", contact="second"), on="session").with_columns(
        lag=((pl.col("second") - pl.col("contact")) * 50).round() / 50
    )
    return (
        near.filter(pl.col("lag").is_between(-0.4, 0.2))
        .group_by("lag")
        .agg(pl.col(column).mean().alias("value"))
        .sort("lag")
    )


def test_presets_grow_harder():
    """A detector that any student would write finds nearly all easy steps, and fails at many hard ones."""
    scores = {preset: score(preset) for preset in PRESETS}
    assert scores["easy"] > 0.97
    assert 0.90 < scores["realistic"] < scores["easy"]
    assert 0.30 < scores["hard"] < scores["realistic"] - 0.05


def score(preset):
    """Return the F1 at 0.15 s of counting the ends of dips of the distance."""
    readings = read(crowd(60, preset=preset), preset=preset)
    hits = found = 0
    for (session,), steps in steps_of(readings).group_by("session"):
        distances = trainer_of(readings).filter(
            pl.col("session") == session, pl.col("distanceFromObject").is_between(1, 8000)
        )
        second = distances["second"].to_numpy()
        level = np.convolve(distances["distanceFromObject"].to_numpy(), np.ones(5) / 5, mode="same")
        rest = np.median(level)
        up = level < rest - 0.4 * (rest - np.quantile(level, 0.05))
        ends = second[1:][up[:-1] & ~up[1:]]
        late = 0.07  # from the end of such a dip to the contact
        found += len(ends)
        hits += sum(np.min(np.abs(steps["second"].to_numpy() - late - end)) < 0.15 for end in ends)
    return 2 * hits / (found + readings.steps.height)


def test_some_phone_readings_share_a_time(one_clock):
    phone = phone_of(one_clock)
    times = phone.group_by("user", "timestamp").len()
    assert (times["len"] - 1).sum() == one_clock.shared_times > 0
    assert one_clock.accelerometer.height > phone.height


def test_hard_phones_hold_values():
    for preset, expected in (("realistic", 0.0), ("hard", 0.02)):
        phone = phone_of(read(crowd(60), preset=preset))
        same = phone.select(
            pl.all_horizontal(pl.col("x", "y", "z").diff().over("session") == 0).alias("same")
        )["same"]
        assert same.mean() == pytest.approx(expected, abs=0.005)


def test_readings_arrive_in_the_order_that_was_asked_for(one_clock):
    shuffled = read(crowd(PEOPLE), order="shuffled")
    for name, time in (("accelerometer", "timestamp"), ("step_trainer", "sensorReadingTime")):
        in_time, mixed = getattr(one_clock, name), getattr(shuffled, name)
        first = in_time.unique(maintain_order=True)
        assert first[time].is_sorted()
        assert not mixed[time].is_sorted()
        assert first.sort(first.columns).equals(mixed.unique().sort(mixed.columns))


def test_a_shaky_person_sways_more_while_standing():
    sway = {}
    for name, walker in (("steady", STEADY), ("unsteady", UNSTEADY)):
        still = trainer_of(read(sessions_of([walker] * 100), preset="easy")).filter(pl.col("second") < 9)
        slow = still.group_by("session", pl.col("second").floor()).agg(pl.col("distanceFromObject").mean())
        sway[name] = (
            slow.group_by("session").agg(pl.col("distanceFromObject").std())["distanceFromObject"].mean()
        )
    assert sway["unsteady"] > 1.3 * sway["steady"]


def test_names_of_clocks_and_orders_are_checked():
    with pytest.raises(UnknownNameError, match="one"):
        check_clocks("on")
    with pytest.raises(UnknownNameError, match="shuffled"):
        check_order("shufled")
    with pytest.raises(UnknownNameError, match="realistic"):
        preset_of("realist")


def test_draws_are_even_and_normal():
    draws = Draws(7, "test")
    uniform, normal = draws.uniform(100_000), draws.normal(100_000)
    assert 0 <= uniform.min() < uniform.max() < 1
    assert uniform.mean() == pytest.approx(0.5, abs=0.005)
    assert normal.is_finite().all()
    assert normal.mean() == pytest.approx(0, abs=0.01)
    assert normal.std() == pytest.approx(1, abs=0.01)
    assert draws.uniform(0).len() == 0


def test_dealt_shares_are_exact():
    dealt = Draws(1).deal({"a": 3, "b": 2, "c": 1}, 7)
    assert sorted(dealt) == ["a", "a", "a", "a", "b", "b", "c"]
    assert Draws(1).deal({"a": 1, "b": 1}, 1) == ["a"]


def test_sessions_do_not_run_into_each_other(one_clock):
    assert 1000 * one_clock.sessions["seconds"].max() < APART
    assert one_clock.sessions["start"][0] == START
