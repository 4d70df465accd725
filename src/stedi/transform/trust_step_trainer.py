"""step_trainer_landing → step_trainer_trusted: readings of devices that all their people agreed to share."""

from typing import Final

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame, IntoFrameT

from stedi.consent.pseudonyms import keys
from stedi.contract import contract_of
from stedi.contract.reasons import Drop
from stedi.frame.checked import Rows, carry, fetch, first_reason, give, take
from stedi.names import CUSTOMER_CURATED, CUSTOMER_TRUSTED, STEP_TRAINER_LANDING, STEP_TRAINER_TRUSTED

_TRUSTED: Final = contract_of(STEP_TRAINER_TRUSTED)


def trust_step_trainer(
    step_trainer_landing: IntoFrameT, customers: IntoFrame, curated: IntoFrame
) -> IntoFrameT:
    """Keep the readings of curated customers' devices, since everybody who ever listed a device agrees.

    1 device : N readings; a reading of a device that several customers hold is attributed to each of them.
    Exact duplicates (the same device, time and distance) count once.

    Args:
        step_trainer_landing: Records of the devices, with the columns of that table.
        customers: The customer_trusted table.
        curated: The customer_curated table.

    Returns:
        The step_trainer_trusted table, in the engine of ``step_trainer_landing``.

    Raises:
        FrameError: A column is missing or has another type.
    """
    holders = curated_holders(customers, curated)
    judged = judge_step_trainer(step_trainer_landing, usable_devices(customers, holders))
    return give(attribute(_distinct(judged), holders), _TRUSTED, like=step_trainer_landing)


def curated_holders(customers: IntoFrame, curated: IntoFrame) -> pl.DataFrame:
    """Return (device_id, customer_id) of the holders who are curated."""
    pair = ("customer_id", "device_id")
    held = fetch(take(customers, contract_of(CUSTOMER_TRUSTED), pair))
    kept = fetch(take(curated, contract_of(CUSTOMER_CURATED), pair))
    return held.join(kept, on=pair, how="semi").select("device_id", "customer_id").unique()


def usable_devices(customers: IntoFrame, holders: pl.DataFrame) -> pl.DataFrame:
    """Return (_key, device_id, device_consent_from, _curated), one row per held device."""
    wanted = ("device_id", "serial_number", "device_consent_from")
    found = fetch(take(customers, contract_of(CUSTOMER_TRUSTED), wanted))
    return (
        found.with_columns(_key=keys(found["serial_number"]))
        .select("_key", "device_id", "device_consent_from")
        .unique("_key")
        .with_columns(_curated=pl.col("device_id").is_in(holders["device_id"].implode()))
    )


def judge_step_trainer(step_trainer_landing: IntoFrame, devices: pl.DataFrame) -> Rows:
    """Return each reading with its device_id, and in ``_reason`` why it is kept out (or null)."""
    readings = take(step_trainer_landing, contract_of(STEP_TRAINER_LANDING))
    serials = fetch(readings.select("serial_number").unique())
    known = (
        serials.with_columns(_key=keys(serials["serial_number"]))
        .join(devices, on="_key", how="inner")
        .drop("_key")
    )
    return readings.join(carry(known, readings), on="serial_number", how="left").with_columns(
        _reason=first_reason(
            (nw.col("device_id").is_null(), Drop.NOT_TRUSTED),
            (nw.col("device_consent_from").is_null(), Drop.DEVICE_NOT_USABLE),
            (nw.col("sensor_reading_time") < nw.col("device_consent_from"), Drop.BEFORE_CONSENT),
            (~nw.col("_curated"), Drop.NO_READINGS),
        )
    )


def _distinct(judged: Rows) -> Rows:
    """Return the admitted readings of each device, each once."""
    return (
        judged.filter(nw.col("_reason").is_null())
        .select("device_id", "sensor_reading_time", "distance_from_object")
        .unique()
    )


def attribute(steps: Rows, holders: pl.DataFrame) -> Rows:
    """Return each reading once per curated holder of its device."""
    return steps.join(carry(holders, steps), on="device_id", how="inner")
