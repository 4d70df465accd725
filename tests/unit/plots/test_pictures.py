"""What holds of every picture: no text covers another or is cut off, and no pyplot is needed."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import accumulate, combinations

import polars as pl
import pytest

import stedi.plots
from stedi.plots import (
    bland_altman,
    clock_offsets,
    consent_timeline,
    coverage,
    f1_by_group,
    funnel,
    match_rate,
    poincare,
    session_trace,
)

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
_TOUCH_PX = 1.0


def _funnel():
    dropped = [
        {"reason": reason, "rows": 1000} for reason in ("device_not_usable", "before_consent", "duplicate")
    ]
    tables = ("customer_landing", "customer_trusted", "machine_learning_curated")
    account = {"rows_in": 1_234_567, "used": 1_231_567, "rows_out": 2_000_000, "dropped": dropped}
    return funnel(pl.DataFrame([{"table": table} | account for table in tables]))


def _consent_timeline():
    said = [NOON + timedelta(days=days) for days in (0, 100, 200)]
    records = pl.DataFrame(
        {
            "customer_id": ["0f3a" * 8, "77b1" * 8, "0f3a" * 8],
            "last_update_date": said,
            "share_with_research_as_of_date": [said[0], said[0] - timedelta(days=4000), None],
        }
    )
    readings = pl.DataFrame({"customer_id": "77b1" * 8, "timestamp": said, "trusted": [False, True, True]})
    consents = pl.DataFrame({"customer_id": "77b1" * 8, "consent_from": said[:1]})
    return consent_timeline(records, readings, consents=consents, now=said[2] + timedelta(days=9))


def _coverage():
    sessions = [f"{n:04d}" * 8 for n in range(50)]
    spans = pl.DataFrame({"session_id": sessions, "start_s": 0.0, "end_s": 60.0})
    return coverage(
        pl.concat(spans.with_columns(sensor=pl.lit(name)) for name in ("step_trainer", "accelerometer"))
    )


def _f1_by_group():
    groups = pl.DataFrame({"group": [f"{age} to {age + 9} years" for age in range(30, 90, 10)], "n": 123_456})
    series = (pl.lit(name).alias("series") for name in ("both", "step trainer", "phone", "both, causal"))
    return f1_by_group(pl.concat(groups.with_columns(each, f1=pl.lit(0.92)) for each in series))


def _match_rate():
    rates = pl.DataFrame({"tolerance_ms": [0, 1, 2, 5, 10, 20, 50, 100], "rate": [0.1 * n for n in range(8)]})
    joins = (pl.lit(name).alias("join") for name in ("clocks as they are", "clocks estimated"))
    return match_rate(pl.concat(rates.with_columns(each) for each in joins))


def _session_trace():
    at = [NOON + timedelta(milliseconds=33 * n) for n in range(300)]
    steps = pl.DataFrame(
        {"sensor_reading_time": at, "distance_from_object": [300 + n % 30 for n in range(300)]}
    )
    accelerometer = pl.DataFrame({"timestamp": at, "x": 0.0, "y": 9.8, "z": 1.0})
    outcomes = ["matched", "missed", "extra"]
    return session_trace(steps, accelerometer, judged=pl.DataFrame({"at": at[::100], "outcome": outcomes}))


PICTURES = {
    "funnel": _funnel,
    "consent_timeline": _consent_timeline,
    "clock_offsets": lambda: clock_offsets([0.2, 0.3, -0.9], [0.0, 0.1, -1.1], true_s=0.2),
    "match_rate": _match_rate,
    "coverage": _coverage,
    "bland_altman": lambda: bland_altman([30, 31, 30, 28], [30, 29, 31, 28]),
    "f1_by_group": _f1_by_group,
    "poincare": lambda: poincare(list(accumulate([0.5, 0.52, 0.49, 0.61, 0.48, 0.5], initial=0.0))),
    "session_trace": _session_trace,
}


def test_each_public_picture_is_looked_at_here():
    assert set(PICTURES) == set(stedi.plots.__all__) - {"accounts"}


def seen(axes):
    """Return the texts of axes, their legend and their ticks within the limits, that a reader sees."""
    ticks = []
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    titles = [axes.title, axes._left_title, axes._right_title]
    labels = [axes.xaxis.label, axes.yaxis.label, axes.xaxis.get_offset_text()]
    legend = axes.get_legend().get_texts() if axes.get_legend() else []
    return [
        text
        for text in (*axes.texts, *titles, *labels, *ticks, *legend)
        if text.get_visible() and text.get_text()
    ]


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_covers_another_or_is_cut_off(name):
    drawn = PICTURES[name]()
    axes = drawn if isinstance(drawn, tuple) else (drawn,)
    figure = axes[0].get_figure(root=True)
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for each in axes for text in seen(each)]
    assert len(boxes) > 5
    edge = figure.bbox.padded(_TOUCH_PX)
    for text, box in boxes:
        assert edge.x0 <= box.x0, text
        assert box.x1 <= edge.x1, text
        assert edge.y0 <= box.y0, text
        assert box.y1 <= edge.y1, text
    for (one, first), (other, second) in combinations(boxes, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert min(across, down) <= _TOUCH_PX, (one, other)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_white_and_says_what_is_seen(name):
    drawn = PICTURES[name]()
    axes = drawn[0] if isinstance(drawn, tuple) else drawn
    assert axes.get_figure(root=True).get_facecolor() == (1, 1, 1, 1)
    assert axes.get_title(loc="left")


def test_pictures_need_no_pyplot_and_say_what_to_install_without_matplotlib():
    code = """
import sys
import stedi.plots
assert "matplotlib" not in sys.modules
sys.modules["matplotlib"] = sys.modules["matplotlib.figure"] = None
from stedi.errors import MissingLibraryError
for draw in (lambda: stedi.plots.bland_altman([1], [1]), lambda: stedi.plots.poincare([0, 1, 2, 3]),
             lambda: stedi.plots.clock_offsets([1], [1])):
    try:
        draw()
    except MissingLibraryError as error:
        print(error)
del sys.modules["matplotlib"], sys.modules["matplotlib.figure"]
stedi.plots.bland_altman([1], [1])
assert "matplotlib.pyplot" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("pip install '.[ml]'") == 3
