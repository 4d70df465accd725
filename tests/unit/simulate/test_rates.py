"""How much dirt there is: an even share of all kinds, or a rate for each kind."""

import pytest
from plain_reader import read_table

from stedi.errors import ConfigurationError, UnknownNameError
from stedi.simulate import simulate
from stedi.simulate.damage import damages_of
from stedi.simulate.rates import Rates


@pytest.mark.parametrize(
    ("records", "dirt", "counts"),
    [
        (100, 0.0, []),
        (3, 0.01, [0, 0, 0, 0]),
        (4, 0.01, [1, 0, 0, 0]),
        (16, 0.01, [1, 1, 1, 1]),
        (1000, 0.006, [2, 2, 1, 1]),
        (10, 1.0, [3, 3, 2, 2]),
    ],
)
def test_shares_are_equal_and_exact(records, dirt, counts):
    kinds = damages_of("customer")[:4]
    assert [count for _, count in Rates(total=dirt).share_out(kinds, records=records)] == counts


def test_each_kind_can_have_a_rate_of_its_own(tmp_path):
    made = simulate(tmp_path, customers=20, seed=3, dirt={"seconds": 0.01, "not_finite": 0.002})
    good = made.of("accelerometer").kept
    counts = {each.kind: each.count for each in made.defects if each.table == "accelerometer_landing"}
    assert (counts["seconds"], counts["not_finite"]) == (round(0.01 * good), round(0.002 * good))
    assert "microseconds" not in counts
    assert "float_time" not in counts
    read = read_table(made.landing, "accelerometer")
    assert read.reasons == {"implausible_time": counts["seconds"], "not_finite": counts["not_finite"]}


@pytest.mark.parametrize(
    ("dirt", "error", "words"),
    [
        ({"cut_of": 0.1}, UnknownNameError, "cut_off"),
        ({"cut_off": -1}, ConfigurationError, "cut_off"),
        ({"cut_off": float("nan")}, ConfigurationError, "cut_off"),
        (1.01, ConfigurationError, "dirt=1.01"),
    ],
)
def test_a_wrong_rate_is_refused_before_anything_is_written(tmp_path, dirt, error, words):
    with pytest.raises(error, match=words):
        simulate(tmp_path / "new", dirt=dirt)
    assert not (tmp_path / "new").exists()


def test_no_rate_at_all_is_no_dirt(tmp_path):
    assert simulate(tmp_path, customers=1, dirt={}).arguments["dirt"] == 0.0
