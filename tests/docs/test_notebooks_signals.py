"""The notebooks about signals run from beginning to end, and find what they say."""

import json

import nbformat
import pytest

pytestmark = pytest.mark.campaign


def check(notebook: nbformat.NotebookNode, *, figures: int) -> dict:
    """Assert that it drew its figures and wrote no error, and return its result."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == figures
    assert not [output for output in outputs if output.get("name") == "stderr"]
    (cell,) = (cell for cell in code if "result" in cell.metadata.get("tags", []))
    return json.loads(cell.outputs[0]["text"])


def test_start_here_gives_windows_of_people_who_agreed_and_no_one_on_both_sides(executed):
    result = check(executed("00_start_here"), figures=1)
    assert result["people_on_both_sides"] == 0
    assert result["people_without_consent"] == 0
    assert result["same_bytes_again"] is True
    assert result["customers"] > 10
    assert result["training_rows"] > 20_000
    # Thirty steps a session; a few lie in windows in which a sensor is missing.
    assert 0.9 * 30 * result["sessions"] < result["steps"] <= 30 * result["sessions"]


def test_a_step_is_a_dip_and_a_jolt_that_fade_and_a_slow_table_is_refused(executed):
    result = check(executed("02_what_a_step_looks_like"), figures=5)
    assert result["readings_a_second"] == {"accelerometer": 50.0, "step_trainer": 30.0}
    # The distance is least in the middle of the swing: well before the foot comes down.
    assert 0.1 < result["dip_before_contact_s"] < 0.4
    easy, realistic, hard = (
        result["usual_step_in_the_middle"][preset] for preset in ("easy", "realistic", "hard")
    )
    for part in ("dip", "jolt"):
        assert easy[part] > realistic[part] > hard[part] > 0
    evenness = result["variation_of_the_step_time"]
    assert evenness["unsteady"] > 2 * evenness["steady"]
    assert result["steps_between_two_thin_readings"] > 3
    assert "can't hold steps" in result["thin_table_refused"]
    assert "0.33 times a second" in result["thin_table_refused"]


def test_two_clocks_are_set_right_and_what_cannot_be_told_is_counted(executed):
    result = check(executed("03_two_clocks"), figures=6)
    assert result["exact_match_rate"]["one clock"] > 0.9
    assert result["exact_match_rate"]["two clocks"] < 0.1
    assert result["match_rate_within_20_ms_two_clocks"] > 0.9

    by_join = result["f1_by_join"]
    assert set(by_join["exact pairs: refused"].values()) == {None}
    # A second sensor on a wrong clock is worse than none, and a tolerance does not mend it.
    for way in ("nearest within 20 ms", "clocks as sent"):
        assert by_join[way]["both sensors"] < 0.9 < by_join[way]["distance alone"]
        assert by_join[way]["phone alone"] < 0.6
    assert by_join["clocks estimated"]["both sensors"] >= 0.98
    assert by_join["clocks estimated"]["phone alone"] >= 0.95

    clocks = result["clocks"]
    assert clocks["two"]["median_error_ms"] < 10
    assert clocks["two"]["wrong_by_more_than_100_ms"] <= 0.02 * clocks["two"]["estimated"]
    assert clocks["hard"]["wrong_by_more_than_100_ms"] <= 0.1 * clocks["hard"]["estimated"]
    assert clocks["hard"]["refused"] > 0

    told, as_missed, instead, alone = result["f1_counted_honestly"]["hard"].values()
    assert told >= 0.9
    assert instead >= 0.9
    # Whoever leaves the refused sessions out looks better than they are.
    assert as_missed < alone <= told
