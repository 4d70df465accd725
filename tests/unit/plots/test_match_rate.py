"""The match rate: every rate at its tolerance, each join with a look of its own, and the warning line."""

import polars as pl
import pytest

from stedi.errors import FrameError
from stedi.plan.match import ENOUGH
from stedi.plots import match_rate

RATES = pl.DataFrame(
    [
        ("as sent", 20, 0.9),
        ("as sent", 0, 0.05),
        ("as sent", 5, 0.5),
        ("corrected", 0, 0.1),
        ("corrected", 20, 0.99),
    ],
    schema=["join", "tolerance_ms", "rate"],
    orient="row",
)


def test_rates_are_drawn_in_per_cent_in_the_order_of_the_tolerances():
    first, second, warning = match_rate(RATES).lines
    assert first.get_xydata().tolist() == [[0, 5], [5, 50], [20, 90]]
    assert second.get_xydata().tolist() == [[0, 10], [20, 99]]
    assert [line.get_label() for line in (first, second)] == ["as sent", "corrected"]
    assert set(warning.get_ydata()) == {100 * ENOUGH}


def test_joins_differ_in_more_than_hue():
    first, second, _ = match_rate(RATES).lines
    assert first.get_marker() != second.get_marker()
    assert first.get_linestyle() != second.get_linestyle()


def test_the_title_says_how_many_pair():
    assert (
        match_rate(RATES).get_title(loc="left")
        == "2 joins: 5.0 % to 10.0 % pair exactly, 90.0 % to 99.0 % within 20 ms"
    )
    one = RATES.filter(join="as sent")
    assert match_rate(one.filter(tolerance_ms=5)).get_title(loc="left") == "as sent: 50.0 % within 5 ms"
    assert match_rate(one.filter(tolerance_ms=0)).get_title(loc="left") == "as sent: 5.0 % pair exactly"


def test_far_tolerances_have_a_logarithmic_axis_that_begins_at_zero():
    near = match_rate(RATES)
    far = match_rate(pl.concat([RATES, RATES.with_columns(tolerance_ms=pl.col("tolerance_ms") + 500)]))
    assert (near.get_xscale(), far.get_xscale()) == ("linear", "symlog")
    assert near.get_xlim()[0] == far.get_xlim()[0] == 0
    assert far.get_xlim()[1] > 520
    assert list(far.get_xticks()) == [0, 5, 20, 500, 505, 520]
    assert far.get_ylim() == (0, 100)


def test_a_null_is_left_out():
    drawn = match_rate(
        pl.concat(
            [RATES, pl.DataFrame({"join": "as sent", "tolerance_ms": 7, "rate": None})],
            how="vertical_relaxed",
        )
    )
    assert drawn.lines[0].get_xdata().tolist() == [0, 5, 20]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (RATES.clear(), "has no row"),
        (RATES.drop("join"), "no column 'join'"),
        (RATES.with_columns(rate=1.5), "outside 0 to 1"),
        (RATES.with_columns(tolerance_ms=-1), "negative"),
        (RATES.with_columns(rate=pl.lit(None, pl.Float64)), "every row has a null"),
    ],
)
def test_what_are_no_rates_is_refused(frame, said):
    with pytest.raises(FrameError, match=said):
        match_rate(frame)
