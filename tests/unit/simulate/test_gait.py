"""Steps have the cadence, the variability and the hesitations of the design."""

import polars as pl
import pytest
from crowd import STEADY, UNSTEADY, crowd, sessions_of

from stedi.simulate.draws import Draws
from stedi.simulate.gait import STANDING_S, walk
from stedi.simulate.preset import preset_of


def walks_of(sessions, preset="realistic", seed=7):
    return walk(sessions, Draws(seed), preset_of(preset))


def intervals(walks):
    """Return the times between the contacts of a session, relative to its mean step time."""
    return (
        walks.steps.join(walks.sessions, on="session")
        .sort("session", "number")
        .with_columns(gap=pl.col("at").diff().over("session") * pl.col("cadence"))
        .drop_nulls("gap")
    )


def test_cadence_falls_with_age_and_unsteadiness():
    told = walks_of(crowd(3000)).sessions
    expected = 1.95 - 0.020 * (pl.col("age") - 60).clip(lower_bound=0) - 0.15 * (1 - pl.col("balance"))
    rest = told.filter(pl.col("cadence").is_between(0.86, 2.49)).select(pl.col("cadence") - expected)
    assert told["cadence"].is_between(0.85, 2.5).all()
    assert rest["cadence"].mean() == pytest.approx(0, abs=0.02)
    assert rest["cadence"].std() == pytest.approx(0.20, abs=0.01)


def test_a_session_is_ten_seconds_of_standing_and_thirty_steps():
    walks = walks_of(crowd(500))
    per_session = walks.steps.group_by("session").agg(
        pl.len(), pl.col("at").min(), pl.col("at").max().alias("last")
    )
    assert per_session["at"].min() > STANDING_S
    assert per_session["at"].max() < STANDING_S + 4
    assert per_session["last"].max() <= STANDING_S + 60
    assert per_session.filter(pl.col("len") == 30).height > 490
    told = walks.sessions
    assert (told["seconds"] - per_session.sort("session")["last"]).is_between(2, 4).all()
    assert told["steps"].equals(per_session.sort("session")["len"].cast(told["steps"].dtype).alias("steps"))


def test_feet_take_turns():
    steps = walks_of(crowd(50)).steps.sort("session", "number")
    pairs = steps.with_columns(before=pl.col("foot").shift().over("session")).drop_nulls()
    assert (pairs["foot"] != pairs["before"]).all()
    assert set(steps.filter(number=1)["foot"]) == {"left", "right"}


@pytest.mark.parametrize("walker", [STEADY, UNSTEADY])
def test_step_times_vary_as_much_as_told_and_remember_the_one_before(walker):
    walks = walks_of(sessions_of([walker] * 800))
    gaps = intervals(walks).filter(pl.col("hesitations") == 0)
    assert gaps["gap"].mean() == pytest.approx(1, abs=0.005)
    expected = 0.02 + 0.07 * (1 - walker.balance)
    assert gaps["variability"].mean() == pytest.approx(expected, rel=0.05)
    assert gaps["gap"].std() == pytest.approx(expected, rel=0.08)
    deviation = (pl.col("gap") - 1) / pl.col("variability")
    pairs = gaps.select("session", now=deviation, before=deviation.shift().over("session")).drop_nulls()
    assert pairs.select(pl.corr("now", "before")).item() == pytest.approx(0.35, abs=0.03)


def test_hesitations_are_rare_and_take_half_a_second_to_two():
    for walker in (STEADY, UNSTEADY):
        walks = walks_of(sessions_of([walker] * 800))
        rate = 0.002 + 0.03 * (1 - walker.balance)
        assert walks.sessions["hesitations"].sum() / walks.steps.height == pytest.approx(rate, rel=0.2)
        long = intervals(walks).with_columns(extra=(pl.col("gap") - 1) / pl.col("cadence"))
        long = long.filter(pl.col("extra") > 0.4)
        assert long["extra"].max() < 2.3
        assert long["extra"].mean() == pytest.approx(1.25, abs=0.1)


def test_the_steps_of_one_foot_take_longer():
    walker = STEADY.__class__(age=60.0, balance=0.95, pace=0.0, asymmetry=0.05)
    gaps = intervals(walks_of(sessions_of([walker] * 300))).filter(pl.col("hesitations") == 0)
    left, right = (gaps.filter(foot=foot)["gap"].mean() for foot in ("left", "right"))
    assert left == pytest.approx(1.05, abs=0.01)
    assert right == pytest.approx(0.95, abs=0.01)


def test_lifts_are_higher_for_the_steady_and_the_slow():
    for walker in (STEADY, UNSTEADY):
        walks = walks_of(sessions_of([walker] * 800))
        lifts = walks.moves.drop_nulls("lift").join(walks.sessions, on="session")
        ability = 0.45 + 0.55 * walker.balance
        raw = lifts.select(pl.col("lift") / ability * pl.col("cadence") / 2)["lift"]
        assert raw.mean() == pytest.approx(95, abs=3)
        assert lifts["lift"].max() < 160 * 1.45


def test_only_hard_sessions_have_lifts_without_a_step():
    for preset, expected in (("easy", 0.0), ("realistic", 0.0), ("hard", 3 * 0.4)):
        walks = walks_of(crowd(400), preset)
        lifts = walks.moves["lift"].drop_nulls().len()
        assert (lifts - walks.steps.height) / 400 == pytest.approx(expected, abs=0.15)
