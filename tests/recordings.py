"""Recordings of both sensors that are known to the last digit: sines, rates, jitter, loss and holes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

STARTED = datetime(2024, 3, 1, 9, tzinfo=UTC)
UTC_US = pl.Datetime("us", "UTC")


def name(number):
    return f"{number:032x}"


def at(seconds, day=0):
    """Return times, rounded to milliseconds as the sources send them."""
    zero = int((STARTED + timedelta(days=day)).timestamp() * 1000)
    return pl.Series((zero + np.rint(np.asarray(seconds) * 1000).astype(np.int64)) * 1000).cast(UTC_US)


def steps_frame(seconds, distance, *, customer=1, device=1, day=0):
    return pl.DataFrame(
        {
            "customer_id": name(customer),
            "device_id": name(1000 + device),
            "sensor_reading_time": at(seconds, day),
            "distance_from_object": np.asarray(distance).astype(np.int64),
        },
    )


def phone_frame(seconds, xyz, *, customer=1, day=0):
    x, y, z = np.asarray(xyz, np.float64).T
    return pl.DataFrame(
        {"customer_id": name(customer), "timestamp": at(seconds, day), "x": x, "y": y, "z": z}
    )


def pairs_frame(seconds, xyz, distance, **who):
    device = who.pop("device", 1)
    phone = phone_frame(seconds, xyz, **who)
    return phone.with_columns(
        device_id=pl.lit(name(1000 + device)), distance_from_object=np.asarray(distance).astype(np.int64)
    ).select("customer_id", "device_id", "timestamp", "x", "y", "z", "distance_from_object")


def wave(seconds, hz=1.0):
    """Return x, y, z that no two readings share."""
    seconds = np.asarray(seconds)
    return np.stack([np.sin(2 * np.pi * hz * seconds), 0.1 * seconds, np.full(len(seconds), 9.8)], axis=1)


def recording(seconds=20.0, *, rate_hz=50, trainer_hz=30, **who):
    """Return a session of both sensors as (steps, accelerometer)."""
    trainer, phone = np.arange(0, seconds, 1 / trainer_hz), np.arange(0, seconds, 1 / rate_hz)
    device = who.pop("device", 1)
    return (
        steps_frame(trainer, 300 + 40 * np.sin(2 * np.pi * trainer), device=device, **who),
        phone_frame(phone, wave(phone), **who),
    )


def recordings(*pairs):
    """Return several sessions as the keywords of from_frames."""
    return {"steps": pl.concat([a for a, _ in pairs]), "accelerometer": pl.concat([b for _, b in pairs])}
