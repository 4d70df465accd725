"""The accounts of a run are those of its tables, in the order in which they are made."""

import polars as pl
import pytest

from stedi.errors import FrameError, UnknownNameError
from stedi.names import CUSTOMER_LANDING, MACHINE_LEARNING_CURATED, OBJECT
from stedi.plots import accounts, funnel


def table(name, rows):
    dropped = [{"reason": "blank", "rows": 1}]
    return {"table_name": name, "rows_in": rows + 1, "used": rows, "rows_out": rows, "dropped": dropped}


def run(run_id, rows, kind="run"):
    names = (OBJECT, MACHINE_LEARNING_CURATED, CUSTOMER_LANDING)
    return {"run_id": run_id, "kind": kind, "tables": [table(name, rows) for name in names]}


RUNS = pl.DataFrame([run("a", 10), run("b", 20), run("c", 30, kind="maintenance")])


def test_by_default_it_is_the_newest_run_that_judged_anything():
    told = accounts(RUNS)
    assert told["table"].to_list() == [CUSTOMER_LANDING, MACHINE_LEARNING_CURATED]
    assert told["used"].to_list() == [20, 20]
    assert told["rows_in"].to_list() == [21, 21]
    assert told["dropped"].to_list() == [[{"reason": "blank", "rows": 1}]] * 2


def test_another_run_can_be_named():
    assert accounts(RUNS, run_id="a")["used"].to_list() == [10, 10]


def test_the_funnel_draws_them():
    assert funnel(accounts(RUNS)).texts[0].get_text() == "20 of 21"


def test_a_run_that_is_not_there_is_named():
    with pytest.raises(UnknownNameError, match="no run is named 'z'"):
        accounts(RUNS, run_id="z")


@pytest.mark.parametrize(
    ("frame", "said"), [(RUNS.filter(kind="maintenance"), "no run yet"), (RUNS.drop("tables"), "tables")]
)
def test_frames_without_a_run_are_refused(frame, said):
    with pytest.raises(FrameError, match=said):
        accounts(frame)
