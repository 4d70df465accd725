"""Ages and balances are those of the design."""

from random import Random

import polars as pl
import pytest

from stedi.simulate.walker import invent_walker


@pytest.fixture(scope="module")
def walkers():
    random = Random(7)  # noqa: S311 - a test's dice
    return pl.DataFrame([invent_walker(random) for _ in range(5000)])


def test_ages_are_normal_within_bounds(walkers):
    assert walkers["age"].is_between(18, 95).all()
    assert walkers["age"].mean() == pytest.approx(66, abs=0.7)
    assert walkers["age"].std() == pytest.approx(14, abs=0.7)


def test_balance_falls_with_age_from_fifty_on(walkers):
    expected = 0.92 - 0.010 * (pl.col("age") - 50).clip(lower_bound=0)
    rest = walkers.filter(pl.col("balance").is_between(0.06, 0.99)).select(pl.col("balance") - expected)
    assert walkers["balance"].is_between(0.05, 1).all()
    assert rest["balance"].mean() == pytest.approx(0, abs=0.03)
    assert rest["balance"].std() == pytest.approx(0.10, abs=0.02)
    young = walkers.filter(pl.col("age") < 50)["balance"].mean()
    old = walkers.filter(pl.col("age") > 85)["balance"].mean()
    assert young - old > 0.3


def test_the_unsteady_are_less_symmetric(walkers):
    steady, unsteady = (
        walkers.filter(pl.col("balance").is_between(low, high))["asymmetry"].std()
        for low, high in ((0.85, 1.0), (0.0, 0.6))
    )
    assert unsteady > 1.3 * steady
    assert walkers["asymmetry"].abs().max() <= 0.15
