"""The funnel shows every row once, and says in words where it went."""

import numpy as np
import polars as pl
import pytest

from stedi.errors import FrameError
from stedi.plots import funnel


def account(table, rows_in, used, rows_out=None, **dropped):
    return {
        "table": table,
        "rows_in": rows_in,
        "used": used,
        "rows_out": used if rows_out is None else rows_out,
        "dropped": [{"reason": reason, "rows": rows} for reason, rows in dropped.items()],
    }


def words(drawn):
    return [text.get_text() for text in drawn.texts]


def extents(drawn, container):
    return [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in drawn.containers[container]]


def test_bars_of_a_table_follow_each_other_to_the_end():
    drawn = funnel(
        pl.DataFrame(
            [
                account("step_trainer_trusted", 200, 50, before_consent=120, duplicate=30),
                account("machine_learning_curated", 50, 40, 44, unpaired=10),
            ]
        )
    )
    assert [container.get_label() for container in drawn.containers] == ["used", "dropped"]
    assert extents(drawn, 0) == [(0, 25), (0, 80)]
    assert extents(drawn, 1) == [(25, 85), (85, 100), (80, 100)]
    assert drawn.get_xlim() == (0, 100)


def test_each_bar_has_its_count_and_its_reason_in_words():
    drawn = funnel(pl.DataFrame([account("machine_learning_curated", 5000, 4000, 4100, unpaired=1000)]))
    assert words(drawn) == [
        "4,000 of 5,000, in 4,100 rows",
        "1,000  no phone reading of the customer at that time",
    ]
    assert [label.get_text() for label in drawn.get_yticklabels()] == ["machine_learning_curated"]


def test_reasons_of_landing_begin_with_the_most_and_the_rest_is_summed_up():
    dropped = {"not_json": 1, "blank": 4, "missing": 3, "wrong_type": 2}
    drawn = funnel(pl.DataFrame([account("customer_landing", 20, 10, **dropped)]), most_reasons=3)
    assert words(drawn) == [
        "10 of 20",
        "4  rejected: a required text is blank",
        "3  rejected: a required value is missing",
        "3  for 2 other reasons",
    ]


def test_reasons_of_rules_keep_the_order_in_which_they_are_checked():
    drawn = funnel(pl.DataFrame([account("customer_trusted", 10, 1, no_consent=2, superseded=7)]))
    assert [text.split()[0] for text in words(drawn)] == ["1", "2", "7"]


def test_the_title_counts_from_landing_to_the_last_table():
    drawn = funnel(
        pl.DataFrame(
            [
                account("customer_landing", 1000, 1000),
                account("accelerometer_landing", 500, 500),
                account("machine_learning_curated", 20, 20),
            ]
        )
    )
    assert drawn.get_title(loc="left") == "from 1,500 landing records to 20 rows of machine_learning_curated"


def test_a_table_without_rows_has_an_empty_bar():
    drawn = funnel(pl.DataFrame([account("customer_curated", 0, 0), account("customer_trusted", 1, 1)]))
    assert extents(drawn, 0) == [(0, 0), (0, 100)]
    assert words(drawn)[0] == "0 of 0"


def test_used_and_dropped_differ_in_more_than_hue():
    drawn = funnel(pl.DataFrame([account("customer_trusted", 2, 1, no_consent=1)]))
    used, dropped = (container.patches[0] for container in drawn.containers)
    lightness = [np.dot(bar.get_facecolor()[:3], (0.299, 0.587, 0.114)) for bar in (used, dropped)]
    assert lightness[1] - lightness[0] > 0.5
    assert dropped.get_hatch()
    assert not used.get_hatch()


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pl.DataFrame([account("customer_trusted", 3, 1, no_consent=1)]), "are not the 3 that came in"),
        (pl.DataFrame([account("customer_trusted", 1, 1)]).drop("used"), "no column 'used'"),
        (pl.DataFrame([account("customer_trusted", 1, 1)]).clear(), "has no row"),
        (pl.DataFrame([account("customer_trusted", 1, 1)]).with_columns(dropped=1), "lists of structs"),
        (pl.DataFrame([account("customer_trusted", -1, -1)]), "rows_in is no count"),
        (pl.DataFrame([account("customer_trusted", 1, 1)]).cast({"used": pl.String}), "numbers are needed"),
    ],
)
def test_what_is_no_account_is_refused(frame, said):
    with pytest.raises(FrameError, match=said):
        funnel(frame)


def test_no_reason_at_all_can_not_be_asked_for():
    with pytest.raises(FrameError, match="at least 1"):
        funnel(pl.DataFrame([account("customer_trusted", 1, 1)]), most_reasons=0)
