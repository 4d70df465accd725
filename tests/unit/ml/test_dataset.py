"""Datasets of frames: sessions, rates, units, held and shared readings, labels, refusals."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from recordings import (
    STARTED,
    UTC_US,
    name,
    pairs_frame,
    phone_frame,
    recording,
    recordings,
    steps_frame,
    wave,
)
from stedi.errors import DatasetError, FrameError, UnknownNameError
from stedi.ml import StepDataset


def labels(*seconds, customer=1, day=0):
    times = [STARTED + timedelta(days=day, seconds=second) for second in seconds]
    return pl.DataFrame(
        {"customer_id": name(customer), "at": times}, schema={"customer_id": pl.String, "at": UTC_US}
    )


@pytest.mark.parametrize("rate_hz", [15, 25, 100, 200, 400])
def test_other_rates(rate_hz):
    dataset = StepDataset.from_frames(**recordings(recording(rate_hz=rate_hz, trainer_hz=30)))
    (session,) = dataset.sessions
    told = dataset.sampling.filter(sensor="accelerometer").row(0, named=True)
    assert told["rate_hz"] == pytest.approx(rate_hz, rel=0.002)
    assert session.rate_hz == 50
    assert session.samples.dtype == np.float32
    wanted = wave(np.arange(900) / 50)
    np.testing.assert_allclose(session.samples[30:900, 0], wanted[30:, 0], atol=0.03)
    np.testing.assert_allclose(session.samples[30:900, 2], wanted[30:, 2], rtol=1e-5)


def test_a_reading_every_three_seconds_is_refused():
    seconds = np.arange(0, 300, 3.0)
    pairs = pairs_frame(seconds, wave(seconds), np.full(100, 300))
    with pytest.raises(
        DatasetError, match=r"machine_learning_curated can't hold steps.*every 3 s.*at least 12"
    ):
        StepDataset.from_frames(pairs)


@pytest.mark.parametrize("rate_hz", [10, 11.5])
def test_ten_readings_a_second_are_too_few(rate_hz):
    with pytest.raises(DatasetError, match="accelerometer was read 1"):
        StepDataset.from_frames(**recordings(recording(rate_hz=rate_hz)))


def test_one_slow_session_is_left_out_of_a_good_table():
    slow = recording(10, rate_hz=8, day=3)
    dataset = StepDataset.from_frames(**recordings(recording(), recording(day=1), slow))
    assert len(dataset.sessions) == 2
    assert [one.reason for one in dataset.left_out] == ["rate_too_low"]
    assert dataset.card().left_out == {"rate_too_low": 1}


def test_sessions_end_where_both_sensors_are_silent_for_more_than_5_s():
    trainer = np.concatenate([np.arange(0, 10, 1 / 30), np.arange(20, 30, 1 / 30)])
    phone = np.concatenate([np.arange(0, 15, 0.02), np.arange(19.98, 30, 0.02)])
    together = StepDataset.from_frames(
        steps=steps_frame(trainer, np.full(len(trainer), 300)), accelerometer=phone_frame(phone, wave(phone))
    )
    assert [round(one.duration_s) for one in together.sessions] == [30]
    later = phone + np.where(phone > 16, 0.1, 0)
    apart = StepDataset.from_frames(
        steps=steps_frame(trainer + np.where(trainer > 16, 0.1, 0), np.full(len(trainer), 300)),
        accelerometer=phone_frame(later, wave(later)),
    )
    first, second = apart.sessions
    assert (first.started_at, round(first.duration_s)) == (STARTED, 15)
    assert first.observed[:, 1].mean() == pytest.approx(2 / 3, abs=0.01)
    assert second.started_at == STARTED + timedelta(milliseconds=20_080)


def test_held_readings_are_missing_unless_kept():
    steps, _ = recording()
    seconds = np.arange(0, 20, 0.02)
    xyz = wave(seconds)
    xyz[1::2] = xyz[::2]  # a sensor that measures 25 times and sends 50
    xyz[500:520] = xyz[499]  # and is stuck for 0.4 s
    frames = {"steps": steps, "accelerometer": phone_frame(seconds, xyz)}
    fresh, all_of_it = (StepDataset.from_frames(**frames, held=held) for held in ("missing", "keep"))
    rates = [one.sampling.filter(sensor="accelerometer").row(0, named=True) for one in (fresh, all_of_it)]
    assert [rate["rate_hz"] for rate in rates] == pytest.approx([25, 50], rel=0.002)
    assert [rate["held"] for rate in rates] == pytest.approx([0.51, 0.51], abs=0.002)
    assert not fresh.sessions[0].observed[502:518, 0].any()
    assert all_of_it.sessions[0].observed[502:518, 0].all()


def test_units_change_only_when_asked():
    frames = recordings(recording())
    plain, named, turned = (
        StepDataset.from_frames(**frames, **options)
        for options in (
            {},
            {"acceleration_unit": "g"},
            {"acceleration_unit": "g", "convert_to": "m/s2"},
        )
    )
    np.testing.assert_array_equal(plain.sessions[0].samples, named.sessions[0].samples)
    np.testing.assert_allclose(
        turned.sessions[0].samples[:900, :3],
        plain.sessions[0].samples[:900, :3] * 9.80665,
        rtol=1e-5,
        atol=1e-6,
    )
    np.testing.assert_array_equal(turned.sessions[0].samples[:, 3], plain.sessions[0].samples[:, 3])
    assert [one.recipe.unit for one in (plain, named, turned)] == [None, "g", "m/s2"]
    with pytest.raises(DatasetError, match="name no unit"):
        StepDataset.from_frames(**frames, convert_to="g")


def test_repeated_times_are_merged():
    seconds = np.arange(0, 10, 0.02)
    steps, _ = recording(10)
    twice = pl.concat([phone_frame(seconds, wave(seconds)), phone_frame(seconds[100:101], [[4.0, 5.0, 6.0]])])
    dataset = StepDataset.from_frames(steps=steps, accelerometer=twice)
    mean = (wave(seconds)[100] + [4, 5, 6]) / 2
    np.testing.assert_allclose(dataset.sessions[0].samples[100, :3], mean, rtol=1e-6)
    assert dataset.sampling["repeated_times"].to_list() == [1, 0]


def test_shared_steps_are_left_out_and_counted():
    steps, phone = recording()
    also = steps.head(300).with_columns(customer_id=pl.lit(name(2)))
    frames = {"steps": pl.concat([steps, also]), "accelerometer": phone}
    dropped = StepDataset.from_frames(**frames)
    kept = StepDataset.from_frames(**frames, shared_steps="keep")
    assert dropped.shared_steps == kept.shared_steps == 300
    assert dropped.customers == kept.customers == (name(1),)
    assert dropped.sessions[0].observed[:, 1].mean() == pytest.approx(0.5, abs=0.01)
    assert kept.sessions[0].observed[:, 1].mean() == pytest.approx(1, abs=0.01)
    assert [one.reason for one in kept.left_out] == ["no_accelerometer"]


def test_labels_belong_to_half_open_sessions():
    frames = recordings(recording(10), recording(10, customer=2, device=2))
    dataset = StepDataset.from_frames(**frames, labels=labels(-0.001, 0, 2.5, 10.0, 3600))
    labelled, not_labelled = dataset.sessions
    assert labelled.steps_s.tolist() == [0.0, 2.5]
    assert not_labelled.steps_s is None
    assert dataset.labels_outside == 3
    windows = dataset.windows(2, 2)
    assert windows.y.tolist() == [1, 1, 0, 0]
    assert windows.unlabelled == 1


def test_without_labels_there_is_no_y():
    windows = StepDataset.from_frames(**recordings(recording())).windows(2, 1)
    assert len(windows) == 18
    with pytest.raises(DatasetError, match="Pass labels="):
        _ = windows.y


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (labels(1).drop("at"), "no column 'at'"),
        (labels(1).with_columns(pl.col("at").dt.replace_time_zone(None)), "times in UTC"),
        (labels(1).with_columns(at=pl.lit(None, UTC_US)), "nulls"),
    ],
)
def test_wrong_labels_are_refused(bad, message):
    with pytest.raises(DatasetError, match=message):
        StepDataset.from_frames(**recordings(recording()), labels=bad)


def test_wrong_frames_are_refused():
    steps, phone = recording()
    with pytest.raises(DatasetError, match="pass either"):
        StepDataset.from_frames(steps=steps)
    with pytest.raises(FrameError, match="distance_from_object"):
        StepDataset.from_frames(steps=steps.drop("distance_from_object"), accelerometer=phone)
    with pytest.raises(DatasetError, match="null or not finite"):
        StepDataset.from_frames(steps=steps, accelerometer=phone.with_columns(x=pl.lit(float("nan"))))
    with pytest.raises(DatasetError, match="holds no readings"):
        StepDataset.from_frames(steps=steps.clear(), accelerometer=phone.clear())
    with pytest.raises(DatasetError, match=r"none of the 1 sessions.*no step trainer reading"):
        StepDataset.from_frames(steps=steps.clear(), accelerometer=phone)
    with pytest.raises(UnknownNameError, match="estimate"):
        StepDataset.from_frames(steps=steps, accelerometer=phone, clock="estimat")
    with pytest.raises(DatasetError, match="each sensor by itself"):
        StepDataset.from_frames(pairs_frame([0], [[0, 0, 1]], [300]), clock="estimate")
