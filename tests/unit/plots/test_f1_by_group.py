"""F1 by group: a dot for each score, where it belongs, and the count that it rests on."""

import polars as pl
import pytest

from stedi.errors import FrameError
from stedi.plots import f1_by_group

SCORES = pl.DataFrame(
    [
        ("under 60", "both", 0.99, 12),
        ("under 60", "phone", 0.90, 12),
        ("60 and over", "both", 0.93, 1200),
        ("60 and over", "phone", None, 3),
    ],
    schema=["group", "series", "f1", "n"],
    orient="row",
)


def dots(drawn):
    return {
        line.get_label(): line.get_xydata() for line in drawn.lines if not line.get_label().startswith("_")
    }


def test_each_score_is_a_dot_near_its_group():
    drawn = f1_by_group(SCORES)
    found = dots(drawn)
    assert found["both"][:, 0].tolist() == [0.99, 0.93]
    assert found["both"][:, 1].round().tolist() == [0, 1]
    assert found["phone"][:, 0].tolist() == [0.90]
    assert [label.get_text() for label in drawn.get_yticklabels()] == ["under 60", "60 and over"]
    assert drawn.get_ylim() == (1.5, -0.5)


def test_series_of_one_group_do_not_cover_each_other():
    found = dots(f1_by_group(SCORES.with_columns(f1=0.9)))
    assert (found["both"][:, 1] < found["phone"][:, 1]).all()


def test_counts_stand_beside_and_a_group_without_an_f1_has_its_count():
    assert [text.get_text() for text in f1_by_group(SCORES, n="steps").texts] == [
        "12 steps",
        "1,200 / 3 steps",
    ]


def test_the_axis_begins_below_the_worst_and_ends_at_one():
    assert f1_by_group(SCORES).get_xlim() == pytest.approx((0.85, 1))
    assert f1_by_group(SCORES.with_columns(f1=0.0)).get_xlim() == (0, 1)
    assert f1_by_group(SCORES.with_columns(f1=1.0)).get_xlim() == pytest.approx((0.95, 1))


def test_series_differ_in_marker_and_one_series_needs_no_legend():
    drawn = f1_by_group(SCORES)
    assert len({line.get_marker() for line in drawn.lines if line.get_label() in {"both", "phone"}}) == 2
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == ["both", "phone"]
    assert f1_by_group(SCORES.filter(series="both")).get_legend() is None


def test_no_f1_at_all_is_said():
    drawn = f1_by_group(SCORES.filter(pl.col("f1").is_null()))
    assert drawn.get_title(loc="left") == "no group has an F1"
    assert [text.get_text() for text in drawn.texts] == ["3 sessions"]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (SCORES.clear(), "has no row"),
        (SCORES.drop("n"), "no column 'n'"),
        (SCORES.with_columns(f1=1.01), "outside 0 to 1"),
        (pl.concat([SCORES, SCORES]), "come twice"),
        (SCORES.cast({"f1": pl.String}), "numbers are needed"),
    ],
)
def test_what_are_no_scores_is_refused(frame, said):
    with pytest.raises(FrameError, match=said):
        f1_by_group(frame)
