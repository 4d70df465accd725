"""Labels: when a foot came down, by customer and device."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl

from stedi.errors import DatasetError
from stedi.ml.session import Session
from stedi.names import EPOCH

_UTC = pl.Datetime("us", "UTC")
_US = 1_000_000


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
    rows = labels.select(*by, pl.col("at").cast(_UTC)).unique().sort(*by, "at")
    groups = {
        key: part["at"].to_physical().to_numpy() for key, part in rows.partition_by(by, as_dict=True).items()
    }
    inside: set[tuple[object, ...]] = set()
    given = []
    for session in sessions:
        key = tuple(getattr(session, name) for name in by)
        times = groups.get(key, np.empty(0, np.int64))
        start = (session.started_at - EPOCH) // timedelta(microseconds=1)
        first, last = np.searchsorted(times, [start, start + session.duration_s * _US])
        steps = times[first:last]
        inside.update((*key, at) for at in steps.tolist())
        given.append(replace(session, steps_s=(steps - start) / _US) if len(steps) else session)
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
