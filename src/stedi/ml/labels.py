"""Labels: when a foot came down, by customer and device."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stedi.errors import DatasetError
from stedi.ml.session import Session

_UTC = pl.Datetime("us", "UTC")
_EPOCH_US = 1_000_000


def with_labels(sessions: Sequence[Session], labels: pl.DataFrame) -> tuple[tuple[Session, ...], int]:
    """Give each session its steps, and say how many labels lie in none.

    A session without any label keeps ``steps_s=None``: nobody looked at it, as far as anybody can tell.

    Args:
        sessions: The sessions.
        labels: ``customer_id``, ``at`` (on the step trainer's clock) and, if it is there, ``device_id``.

    Raises:
        DatasetError: A column is missing, mistyped or holds nulls.
    """
    by = _checked(labels)
    names = [*by, "at"]
    rows = labels.select(*by, pl.col("at").cast(_UTC)).unique().sort(names)
    groups = {
        key: part["at"].to_physical().to_numpy() for key, part in rows.partition_by(by, as_dict=True).items()
    }
    inside: set[tuple[object, ...]] = set()
    given = []
    for session in sessions:
        key = tuple(getattr(session, name) for name in by)
        steps = _steps_of(session, groups.get(key, np.empty(0, np.int64)))
        inside.update((*key, at) for at in steps.tolist())
        started = _microseconds(session)
        given.append(replace(session, steps_s=(steps - started) / _EPOCH_US) if len(steps) else session)
    return tuple(given), rows.height - len(inside)


def _checked(labels: pl.DataFrame) -> list[str]:
    """Return the columns that say whose a label is."""
    by: list[str] = [name for name in ("customer_id", "device_id") if name in labels.columns]
    for name in ("customer_id", "at"):
        if name not in labels.columns:
            raise DatasetError(
                f"the labels have no column {name!r}: pass customer_id, at (when the foot came down, on the "
                "step trainer's clock) and, if it is known, device_id"
            )
    at = labels.schema["at"]
    if not isinstance(at, pl.Datetime) or at.time_zone is None:
        raise DatasetError(
            f"the labels' column 'at' is {at}: times in UTC are needed, such as "
            '.cast(pl.Datetime("us", "UTC"))'
        )
    for name in (*by, "at"):
        if labels[name].null_count():
            raise DatasetError(f"the labels' column {name!r} has nulls: leave these rows out")
    return by


def _steps_of(session: Session, times_us: NDArray[np.int64]) -> NDArray[np.int64]:
    start = _microseconds(session)
    end = start + session.duration_s * _EPOCH_US
    first, last = np.searchsorted(times_us, [start, end])
    return times_us[first:last]


def _microseconds(session: Session) -> int:
    seconds = int(session.started_at.timestamp())
    return seconds * _EPOCH_US + session.started_at.microsecond
