"""The notebooks of the detector run from beginning to end, and come to the results that they tell of."""

import json

import nbformat
import pytest

pytestmark = pytest.mark.campaign

TRAIN = "04_train_without_fooling_yourself"
REPORT = "05_balance_report"
FIGURES = {TRAIN: 6, REPORT: 5}


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def result(notebook: nbformat.NotebookNode) -> dict:
    (cell,) = (cell for cell in notebook.cells if "result" in cell.metadata.get("tags", []))
    return json.loads(cell.outputs[0]["text"])


@pytest.mark.parametrize("name", FIGURES)
def test_draws_its_figures_and_writes_no_error(executed, name):
    found = outputs(executed(name))
    assert sum("image/png" in output.get("data", {}) for output in found) == FIGURES[name]
    assert not [output for output in found if output.get("name") == "stderr"]


def test_shuffled_windows_predict_a_coin_and_grouped_ones_do_not(executed):
    told = result(executed(TRAIN))
    assert told["auc_shuffled"] > 0.9
    assert 0.3 < told["auc_grouped"] < 0.75


def test_the_detectors_find_steps_of_people_who_were_held_out(executed):
    told = result(executed(TRAIN))
    f1 = told["f1"]
    assert told["customers"] > 40
    assert f1["baseline"] > 0.93
    assert f1["baseline, causal"] > 0.88
    assert f1["gradient boosting"] > 0.85
    assert f1["baseline, phone only"] < f1["baseline, distance only"] < f1["baseline"]
    assert min(told["f1_by_age"] + told["f1_by_balance"]) > 0.9


def test_the_split_is_in_the_card(executed):
    assert result(executed(TRAIN))["split_in_card"] is True


def test_the_streaming_detector_says_the_same_steps_in_time(executed):
    told = result(executed(TRAIN))
    assert told["streamed_equals_at_once"] is True
    assert told["later_than_promised"] == 0
    assert 0.1 < told["latency_median_s"] <= told["latency_promised_s"]


def test_the_report_uses_what_can_be_relied_on_and_says_why_the_rest_can_not(executed):
    told = result(executed(REPORT))
    assert told["sessions_of_the_person"] == told["usable"] == 8
    assert told["days"] > 180
    assert told["least_coverage"] > 0.8
    broken_off, failing = told["refused"]
    assert "steps: at least" in broken_off
    assert "both sensors are missing" in failing


def test_the_report_counts_and_times_steps_as_they_were(executed):
    told = result(executed(REPORT))
    assert abs(told["count_bias"]) < 1
    assert told["count_off_by_more_than_2"] <= 0.1 * told["sessions"]
    assert min(told["f1_first_and_last"]) > 0.9
    assert told["cadence"] == pytest.approx(told["true_cadence"], rel=0.03)


def test_the_report_owns_up_to_hesitations_that_were_steps_not_found(executed):
    told = result(executed(REPORT))
    assert sum(told["hesitations"]) > sum(told["true_hesitations"]) == 1
    assert len(told["hesitations"]) == len(told["true_hesitations"]) == 8


def test_the_report_tells_chance_from_change(executed):
    told = result(executed(REPORT))
    # The spread of a person's pace from day to day is 0.20 * sqrt(1 - 0.9**2) steps/s in the simulator.
    day = 0.20 * (1 - 0.9**2) ** 0.5
    assert told["smallest_change"]["cadence"] == pytest.approx(1.96 * 2**0.5 * day, rel=0.35)
    assert told["cadence_tells_people_apart"] > 2
    assert told["first_to_last_cadence"] < -told["smallest_change"]["cadence"]
