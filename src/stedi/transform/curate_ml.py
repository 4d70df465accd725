"""step_trainer_trusted + accelerometer_trusted → machine_learning_curated: pairs of the two sensors."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import narwhals as nw
from narwhals.typing import IntoFrame, IntoFrameT

from stedi.contract import contract_of
from stedi.contract.curated import MATCH_GAP_MS
from stedi.errors import ConfigurationError
from stedi.frame.checked import give, take
from stedi.names import ACCELEROMETER_TRUSTED, MACHINE_LEARNING_CURATED, STEP_TRAINER_TRUSTED
from stedi.transform.nearest import nearest_times

_EXACT: Final = contract_of(MACHINE_LEARNING_CURATED)
_AS_OF: Final = replace(_EXACT, columns=(*_EXACT.columns, MATCH_GAP_MS))


def curate_ml(
    steps: IntoFrameT, accelerometer: IntoFrame, *, tolerance: timedelta | None = None
) -> IntoFrameT:
    """Pair step readings with accelerometer readings by customer and time, never by time alone.

    1 step reading : N accelerometer readings of the same customer at the same time. With a tolerance, a
    step reading is paired with the customer's readings at the one nearest time (the earlier of two that
    are equally near), ``timestamp`` stays that of the step, and ``match_gap_ms`` (phone minus step
    trainer, in ms) is added.

    Args:
        steps: The step_trainer_trusted table.
        accelerometer: The accelerometer_trusted table.
        tolerance: The greatest gap between the two times; by default they must be equal.

    Returns:
        The machine_learning_curated table, in the engine of ``steps``.

    Raises:
        FrameError: A column is missing or has another type.
        ConfigurationError: The tolerance is negative.
    """
    left = take(steps, contract_of(STEP_TRAINER_TRUSTED))
    right = take(accelerometer, contract_of(ACCELEROMETER_TRUSTED))
    if tolerance is None:
        left = left.with_columns(timestamp=nw.col("sensor_reading_time"))
        return give(left.join(right, on=["customer_id", "timestamp"], how="inner"), _EXACT, like=steps)
    if tolerance < timedelta(0):
        raise ConfigurationError("a tolerance must not be negative")
    matches = nearest_times(left, right, tolerance)
    paired = (
        left.join(matches, on=["customer_id", "sensor_reading_time"], how="inner")
        .join(
            right.with_columns(_matched=nw.col("timestamp")).drop("timestamp"),
            on=["customer_id", "_matched"],
            how="inner",
        )
        .with_columns(timestamp=nw.col("sensor_reading_time"))
    )
    return give(paired, _AS_OF, like=steps)
