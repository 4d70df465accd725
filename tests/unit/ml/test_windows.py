"""Windows: what is in them, whose they are, and how they lie in memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings import STARTED, name
from stedi.errors import DatasetError, UnknownNameError
from stedi.ml import FEATURES, Session
from stedi.ml.features import feature_frame
from stedi.ml.windows import cut_windows


def session(number=1, *, samples=500, missing=(), steps=(), customer=1, rate_hz=50.0, distance=None):
    values = np.arange(samples * 4, dtype=np.float32).reshape(samples, 4) + 10_000 * number
    if distance is not None:
        values[:, 3] = distance
    observed = np.ones((samples, 2), np.bool_)
    for start, end in missing:
        observed[start:end, 0] = False
        values[start:end, :3] = np.nan
    return Session(
        session_id=f"{number:016x}",
        customer_id=name(customer),
        device_id=name(1000),
        started_at=STARTED,
        rate_hz=rate_hz,
        samples=values,
        observed=observed,
        steps_s=None if steps is None else np.array(steps, np.float64),
    )


def cut(*sessions, length_s=2.0, step_s=1.0, target="count", missing="drop", labelled=True):
    return cut_windows(
        sessions,
        customers={one.customer_id for one in sessions},
        length_s=length_s,
        step_s=step_s,
        target=target,
        missing=missing,
        labelled=labelled,
    )


def test_windows_hold_the_samples_channel_by_channel():
    one = session()
    windows = cut(one)
    assert windows.X.shape == (9, 4, 100)
    assert windows.starts_s.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    np.testing.assert_array_equal(windows.X[3], one.samples[150:250].T)
    assert windows.mask.shape == (9, 2, 100)


def test_arrays_are_taken_by_torch_without_a_copy():
    """What torch.from_numpy asks for: the machine's own type, no gaps, memory that may be written."""
    windows = cut(session(), session(2), target="samples")
    for array in (windows.X, windows.y, windows.groups, windows.starts_s, windows.mask):
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.flags.aligned
        assert array.dtype.isnative
        told = array.__array_interface__
        assert told["data"] == (array.ctypes.data, False)
        assert told["strides"] is None
    assert windows.X.dtype == np.float32
    assert windows.y.dtype == np.int8
    assert cut(session()).y.dtype == np.int64


def test_a_step_counts_where_the_foot_came_down():
    windows = cut(session(steps=[0, 0.99, 1.0, 2.999, 3.0, 9.99]), step_s=1, length_s=1)
    assert windows.y.tolist() == [2, 1, 1, 1, 0, 0, 0, 0, 0, 1]


@given(
    steps=st.lists(st.floats(0, 9.999), max_size=30),
    length=st.integers(1, 200),
    step=st.integers(1, 100),
    rate_hz=st.sampled_from([30.0, 50.0, 64.0, 100.0]),
)
def test_counts_are_sums_over_samples_and_adjacent_windows_miss_nothing(steps, length, step, rate_hz):
    steps = sorted(at for at in steps if at < 500 / rate_hz)
    one = session(steps=steps, rate_hz=rate_hz)
    options = {"length_s": length / rate_hz, "step_s": step / rate_hz}
    counts, samples = (cut(one, target=target, **options).y for target in ("count", "samples"))
    assert counts.tolist() == samples.sum(axis=1, dtype=np.int64).tolist()
    whole = cut(one, length_s=1 / rate_hz, step_s=1 / rate_hz).y
    assert whole.sum() == len(steps)


@given(start=st.integers(0, 480), length=st.integers(1, 120))
def test_a_window_of_a_gap_is_masked_or_left_out(start, length):
    one = session(missing=[(start, start + length)])
    dropped, kept = cut(one), cut(one, missing="keep")
    assert len(kept) == 9
    assert dropped.dropped == 9 - len(dropped)
    assert dropped.mask.all()
    assert np.isfinite(dropped.X).all()
    np.testing.assert_array_equal(np.isnan(kept.X[:, :3]), np.repeat(~kept.mask[:, :1], 3, axis=1))
    assert np.isfinite(kept.X[:, 3]).all()
    touched = [at for at in range(0, 401, 50) if at < start + length and at + 100 > start]
    assert len(kept) - len(dropped) == len(touched)


def test_groups_are_the_customers():
    windows = cut(session(1, customer=7), session(2, customer=3, samples=120), session(3, customer=7))
    assert windows.customers == (name(3), name(7))
    assert windows.groups.tolist() == [1] * 9 + [0] + [1] * 9
    assert windows.session_ids.tolist() == [f"{1:016x}"] * 9 + [f"{2:016x}"] + [f"{3:016x}"] * 9


def test_sessions_that_nobody_labelled_are_left_out_of_labelled_windows():
    windows = cut(session(1, steps=None), session(2))
    assert (len(windows), windows.unlabelled) == (9, 1)
    assert len(cut(session(1, steps=None), session(2), labelled=False)) == 18


def test_too_short_sessions_have_no_windows():
    windows = cut(session(samples=99))
    assert windows.X.shape == (0, 4, 100)
    assert feature_frame(windows).shape == (0, 4 + len(FEATURES))
    assert windows.digests() == cut(session(2, samples=50)).digests()


@pytest.mark.parametrize(("length_s", "step_s"), [(2.01, 1), (2, 0.03), (0, 1), (2, 0), (2, -1)])
def test_lengths_are_whole_numbers_of_samples(length_s, step_s):
    with pytest.raises(DatasetError, match=r"multiple of 0\.02 s"):
        cut(session(), length_s=length_s, step_s=step_s)


def test_choices_that_do_not_exist():
    with pytest.raises(UnknownNameError, match="'samples'"):
        cut(session(), target="sample")
    with pytest.raises(UnknownNameError, match="keep"):
        cut(session(), missing="kept")


def test_features_of_a_known_signal():
    seconds = np.arange(500) / 50
    distance = 300 + 40 * np.sin(2 * np.pi * 2 * seconds)
    distance[[10, 20]] = (0, 8190)
    one = session(distance=distance, steps=[0.5, 1.5])
    values = one.samples.copy()
    values[:, :3] = [[3.0, 4.0, 12.0]]
    values[:250, :3] = np.nan
    one.observed[:250, 0] = False
    one.samples[:] = values
    frame = feature_frame(cut(one, missing="keep", length_s=5, step_s=5))
    first, second = frame.rows(named=True)
    assert (first["accelerometer_coverage"], second["accelerometer_coverage"]) == (0, 1)
    assert first["acceleration_mean"] is None
    assert first["acceleration_peak_hz"] is None
    for feature in ("mean", "min", "max", "p10", "p90"):
        assert second[f"acceleration_{feature}"] == pytest.approx(13)
    assert second["acceleration_std"] == pytest.approx(0, abs=1e-6)
    assert first["distance_out_of_range"] == pytest.approx(2 / 250)
    assert first["distance_peak_hz"] == pytest.approx(2)
    assert first["distance_max"] == pytest.approx(340, abs=0.5)
    assert first["distance_min"] == pytest.approx(260, abs=0.5)
    inside = np.delete(distance[:250], [10, 20])
    assert first["distance_p10"] == pytest.approx(np.quantile(inside, 0.1), rel=1e-5)
    assert first["distance_std"] == pytest.approx(inside.std(), rel=1e-5)
    assert second["distance_speed"] == pytest.approx(np.abs(np.diff(distance[250:])).mean() * 50, rel=1e-4)
    assert [first["steps"], second["steps"]] == [2, 0]
    assert set(FEATURES) < set(frame.columns)
