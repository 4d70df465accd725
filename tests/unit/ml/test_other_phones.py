"""Steps are found whatever the phone: at any rate, in m/s² or g, with losses and held samples."""

import numpy as np
import polars as pl
import pytest

from stedi.ml import StepDataset, detect_steps, score_steps
from walks import START, acceleration_at, contacts, distance_at

AT = contacts(40, seed=3)
G = 9.80665


def moments(seconds: np.ndarray) -> pl.Series:
    """Return times as sources send them: in whole milliseconds."""
    millis = pl.Series(np.round(seconds * 1000).astype(np.int64))
    return pl.select(at=pl.lit(START) + pl.duration(milliseconds=millis))["at"]


def frames(
    rate_hz: float, *, unit: float = 1.0, lost: float = 0.02, held: float = 0.0
) -> dict[str, pl.DataFrame]:
    luck = np.random.default_rng(int(rate_hz))
    end = AT[-1] + 3
    phone = np.arange(0, end, 1 / rate_hz)
    phone = phone[luck.random(len(phone)) >= lost]
    xyz = (acceleration_at(phone, AT) + luck.normal(0, 0.2, (len(phone), 3))) / unit
    for place in np.flatnonzero(luck.random(len(phone)) < held):
        xyz[place] = xyz[max(place - 1, 0)]
    trainer = np.arange(0, end, 1 / 30)
    distance = distance_at(trainer, AT) + luck.normal(0, 4, len(trainer))
    who = {"customer_id": ["a" * 32]}
    return {
        "accelerometer": pl.DataFrame(who).join(
            pl.DataFrame({"timestamp": moments(phone), "x": xyz[:, 0], "y": xyz[:, 1], "z": xyz[:, 2]}),
            how="cross",
        ),
        "steps": pl.DataFrame(who | {"device_id": ["b" * 32]}).join(
            pl.DataFrame(
                {
                    "sensor_reading_time": moments(trainer),
                    "distance_from_object": distance.round().astype(np.int64),
                }
            ),
            how="cross",
        ),
    }


@pytest.mark.parametrize("sensors", ["both", "phone"])
@pytest.mark.parametrize("rate_hz", [15, 25, 50, 100, 200, 400])
def test_steps_are_found_at_every_rate_of_the_phone(rate_hz, sensors):
    (session,) = StepDataset.from_frames(**frames(rate_hz)).sessions
    score = score_steps(detect_steps(session, sensors=sensors), AT)
    assert score.f1 >= 0.95


@pytest.mark.parametrize("rate_hz", [25, 100, 400])
def test_steps_are_found_on_a_grid_of_every_rate(rate_hz):
    (session,) = StepDataset.from_frames(**frames(100), rate_hz=rate_hz).sessions
    assert score_steps(detect_steps(session), AT).f1 >= 0.95


def test_a_phone_in_g_that_holds_samples_is_no_other_phone():
    sent = frames(100, unit=G, held=0.1)
    scaled = StepDataset.from_frames(**sent, acceleration_unit="g", convert_to="m/s2")
    as_sent = StepDataset.from_frames(**sent, acceleration_unit="g")
    for dataset, gravity in ((scaled, G), (as_sent, 1.0)):
        (session,) = dataset.sessions
        strength = np.nanmedian(np.linalg.norm(session.samples[:, :3], axis=1))
        assert strength == pytest.approx(gravity, rel=0.1)
        assert score_steps(detect_steps(session), AT).f1 >= 0.95
