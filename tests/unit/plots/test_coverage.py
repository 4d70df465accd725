"""Coverage: every span where it belongs, and the share of a session in which all sensors are there."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.errors import FrameError
from stedi.plots import coverage


def spans(*rows):
    return pl.DataFrame(list(rows), schema=["session_id", "sensor", "start_s", "end_s"], orient="row")


SPANS = spans(
    ("one", "trainer", 0.0, 10.0),
    ("one", "phone", 0.0, 4.0),
    ("one", "phone", 6.0, 12.0),
    ("two", "trainer", 1.0, 5.0),
)


def bars(drawn):
    return {
        container.get_label(): [
            (bar.get_x(), bar.get_x() + bar.get_width(), round(bar.get_y() + bar.get_height() / 2))
            for bar in container
        ]
        for container in drawn.containers
    }


def shares(drawn):
    return [text.get_text() for text in drawn.texts]


def test_each_span_is_a_bar_in_the_lane_of_its_session():
    assert bars(coverage(SPANS)) == {
        "trainer": [(0, 10, 0), (1, 5, 1)],
        "phone": [(0, 4, 0), (6, 12, 0)],
    }


def test_sensors_of_one_session_do_not_cover_each_other_and_differ_in_more_than_hue():
    trainer, phone = (container.patches[0] for container in coverage(SPANS).containers)
    assert trainer.get_y() + trainer.get_height() < phone.get_y() + 1e-9
    assert trainer.get_hatch() != phone.get_hatch()


def test_shares_are_of_the_whole_session():
    # Both from 0 to 4 and from 6 to 10, of 12 seconds; the second session has no phone.
    drawn = coverage(SPANS)
    assert shares(drawn) == ["67 %", "0 %"]
    assert drawn.get_title(loc="left") == "2 sessions: all sensors there for 0 to 67 % of the time"
    assert drawn.get_xlim() == (0, 12)


def test_spans_of_one_sensor_that_touch_or_overlap_count_once():
    drawn = coverage(
        spans(("a", "x", 0.0, 6.0), ("a", "x", 5.0, 10.0), ("a", "y", 0.0, 5.0), ("a", "y", 5.0, 10.0))
    )
    assert shares(drawn) == ["100 %"]


def test_of_many_sessions_only_some_are_named():
    drawn = coverage(spans(*((f"session {n}", "x", 0.0, 1.0) for n in range(100))))
    assert [label.get_text() for label in drawn.get_yticklabels()] == [
        f"session {n}" for n in range(0, 100, 3)
    ]
    assert len(drawn.patches) == 100
    assert drawn.get_ylim() == (99.5, -0.5)


whole = st.lists(
    st.tuples(st.sampled_from("xy"), st.integers(0, 20), st.integers(1, 8)), min_size=1, max_size=12
)


@given(whole)
def test_the_share_is_that_of_the_seconds_in_which_all_are_there(drawn_spans):
    rows = [("a", sensor, float(start), float(start + length)) for sensor, start, length in drawn_spans]
    there = {sensor: set() for sensor, _, _ in drawn_spans}
    for sensor, start, length in drawn_spans:
        there[sensor] |= set(range(start, start + length))
    begin, end = min(row[2] for row in rows), max(row[3] for row in rows)
    expected = len(set.intersection(*there.values())) / (end - begin)
    assert shares(coverage(spans(*rows))) == [f"{100 * expected:.0f} %"]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (SPANS.clear(), "has no row"),
        (SPANS.drop("sensor"), "no column 'sensor'"),
        (SPANS.with_columns(end_s=-1.0), "ends before it starts"),
        (SPANS.with_columns(end_s=pl.lit(None, pl.Float64)), "has no start or no end"),
        (SPANS.with_columns(end_s=pl.lit(float("nan"))), "no end"),
        (SPANS.cast({"start_s": pl.String}), "numbers are needed"),
    ],
)
def test_what_are_no_spans_is_refused(frame, said):
    with pytest.raises(FrameError, match=said):
        coverage(frame)
