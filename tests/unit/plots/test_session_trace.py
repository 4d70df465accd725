"""The trace of a session shows every reading, every gap and every step."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from stedi.errors import FrameError
from stedi.plots import session_trace

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def at(*milliseconds):
    return [NOON + timedelta(milliseconds=each) for each in milliseconds]


def trainer(times, distances):
    return pl.DataFrame({"sensor_reading_time": at(*times), "distance_from_object": distances})


def phone(times):
    return pl.DataFrame({"timestamp": at(*times), "x": 3.0, "y": 4.0, "z": 12.0})


def test_both_sensors_are_drawn_from_the_first_reading_on():
    top, bottom = session_trace(trainer([33, 0, 67], [290, 300, 280]), phone([20, 40]))
    assert top.lines[0].get_xydata().round(6).tolist() == [[0.0, 300.0], [0.033, 290.0], [0.067, 280.0]]
    assert bottom.lines[0].get_xydata().round(6).tolist() == [[0.02, 13.0], [0.04, 13.0]]


def test_lines_end_where_a_sensor_is_silent():
    top, _ = session_trace(trainer([0, 33, 133, 234], [1, 2, 3, 4]), phone([0]))
    assert np.isnan(top.lines[0].get_ydata()).tolist() == [False, False, False, True, False]


def test_a_distance_far_out_stands_at_the_edge():
    times = range(0, 3300, 33)
    distances = [300 - 4 * (n % 25) for n in range(len(times))]
    distances[10], distances[50] = 8190, 0
    top, _ = session_trace(trainer(times, distances), phone([0]))
    line, below, above = top.lines
    assert line.get_ydata().max() == 300
    assert below.get_xydata().round(6).tolist() == [[1.65, 204.0]]
    assert above.get_xydata().round(6).tolist() == [[0.33, 300.0]]
    assert top.get_ylim()[1] < 400


def test_an_impact_is_not_far_out():
    times = range(0, 2000, 20)
    readings = phone(times).with_columns(y=pl.Series([30.0 if n == 7 else 4.0 for n in range(len(times))]))
    _, bottom = session_trace(trainer([0], [1]), readings)
    assert bottom.lines[0].get_ydata().max() > 30


def test_steps_are_marked_on_both():
    axes = session_trace(
        trainer([0, 33], [1, 2]), phone([0, 20]), step_events=pl.DataFrame({"at": at(500, 900)})
    )
    for each in axes:
        upright = [line.get_xdata() for line in each.lines if list(line.get_ydata()) == [0, 1]]
        assert np.array(upright).round(6).tolist() == [[0.5, 0.5], [0.9, 0.9]]
    assert axes[0].get_legend().get_texts()[0].get_text() == "2 steps"


def judged(**outcomes):
    rows = [(at(ms)[0], outcome) for outcome, times in outcomes.items() for ms in times]
    schema = {"at": pl.Datetime("us", "UTC"), "outcome": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_judged_steps_are_marked_by_what_came_of_them():
    steps = judged(matched=[100, 600], missed=[1100], extra=[300])
    top, bottom = session_trace(trainer([0, 33], [1, 2]), phone([0, 20]), judged=steps)
    markers = {line.get_label(): line for line in top.lines if line.get_marker() not in ("None", "v", "^")}
    assert {label: line.get_xdata().round(6).tolist() for label, line in markers.items()} == {
        "2 matched": [0.1, 0.6],
        "1 missed": [1.1],
        "1 extra": [0.3],
    }
    assert [text.get_text() for text in top.get_legend().get_texts()] == list(markers)
    for each in (top, bottom):
        upright = [round(line.get_xdata()[0], 6) for line in each.lines if list(line.get_ydata()) == [0, 1]]
        assert upright == [0.1, 0.6, 1.1, 0.3]


def test_outcomes_differ_in_more_than_hue():
    steps = judged(matched=[100], missed=[1100], extra=[300])
    _, bottom = session_trace(trainer([0, 33], [1, 2]), phone([0, 20]), judged=steps)
    upright = [line for line in bottom.lines if list(line.get_ydata()) == [0, 1]]
    assert len({str(line._dash_pattern) for line in upright}) == 3


def test_no_step_found_and_none_missed_is_drawn_too():
    top, _ = session_trace(trainer([0, 33], [1, 2]), phone([0, 20]), judged=judged())
    assert [text.get_text() for text in top.get_legend().get_texts()] == ["0 matched", "0 missed", "0 extra"]


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ({"judged": judged(found=[1])}, "matched, missed, extra"),
        ({"judged": judged(matched=[1]).drop("at")}, "no column 'at'"),
        ({"judged": judged(matched=[1]).drop("outcome")}, "no column 'outcome'"),
        ({"step_events": pl.DataFrame({"at": [1.5]})}, "times"),
        ({"step_events": judged(), "judged": judged()}, "not both"),
    ],
)
def test_steps_that_can_not_be_marked_are_refused(steps, words):
    with pytest.raises(FrameError, match=words):
        session_trace(trainer([0], [1]), phone([0]), **steps)


def test_it_draws_on_given_axes():
    first = session_trace(trainer([0], [1]), phone([0]))
    again = session_trace(trainer([0], [1]), phone([0]), axes=first)
    assert again == first


@pytest.mark.parametrize(("steps", "readings", "words"), [([], [0], "step trainer"), ([0], [], "phone")])
def test_nothing_to_draw_is_an_error(steps, readings, words):
    with pytest.raises(FrameError, match=words):
        session_trace(
            trainer(steps, pl.Series([1] * len(steps), dtype=pl.Int64)),
            phone(readings).cast({"timestamp": pl.Datetime("us", "UTC")}),
        )


def test_without_matplotlib_it_says_what_to_install():
    code = """
import sys
sys.modules["matplotlib"] = sys.modules["matplotlib.figure"] = None
from stedi.errors import MissingLibraryError
from stedi.plots.library import figure
try:
    figure(1, size=(1, 1))
except MissingLibraryError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install '.[ml]'" in done.stdout
