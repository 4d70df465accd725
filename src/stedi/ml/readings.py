"""The readings of both sensors, checked, and cut into sessions."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import polars as pl
from narwhals.typing import IntoFrame

from stedi.contract import contract_of
from stedi.errors import DatasetError
from stedi.frame.checked import fetch, take
from stedi.names import ACCELEROMETER_TRUSTED, MACHINE_LEARNING_CURATED, STEP_TRAINER_TRUSTED
from stedi.outline import outline

if TYPE_CHECKING:
    from numpy.typing import NDArray

SESSION_GAP: Final = timedelta(seconds=5)
"""A session ends where both sensors are silent for longer than this."""

AXES: Final = ("x", "y", "z")
_US: Final = 1_000_000
_ID_LENGTH: Final = 16
_READING: Final = ("device_id", "at", "distance_from_object")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cut:
    """The readings of one session, as they were made.

    Attributes:
        session_id: Its name.
        customer_id: Whose it is.
        device_id: The step trainer; None where none was read.
        trainer_us: When the step trainer was read, in epoch microseconds, sorted.
        distance: What it read.
        phone_us: When the accelerometer was read, sorted.
        xyz: What it read: float64 [readings, 3].
    """

    session_id: str
    customer_id: str
    device_id: str | None
    trainer_us: "NDArray[np.int64]"
    distance: "NDArray[np.float64]"
    phone_us: "NDArray[np.int64]"
    xyz: "NDArray[np.float64]"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SensorReadings:
    """The distinct readings of both sensors.

    Attributes:
        table: Where they come from, for messages.
        trainer: ``customer_id``, ``device_id``, ``at``, ``distance_from_object``.
        phone: ``customer_id``, ``at``, ``x``, ``y``, ``z``.
        shared: Step trainer readings that are attributed to more than one customer.
    """

    table: str
    trainer: pl.DataFrame
    phone: pl.DataFrame
    shared: int

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    @classmethod
    def of_pairs(cls, pairs: IntoFrame, *, keep_shared: bool) -> Self:
        """Take machine_learning_curated apart: what was paired more than once was read once."""
        taken = _checked(pairs, MACHINE_LEARNING_CURATED).rename({"timestamp": "at"})
        return cls._of(
            MACHINE_LEARNING_CURATED,
            taken.select("customer_id", *_READING),
            taken.select("customer_id", "at", *AXES),
            keep_shared=keep_shared,
        )

    @classmethod
    def of_sensors(cls, steps: IntoFrame, accelerometer: IntoFrame, *, keep_shared: bool) -> Self:
        """Take step_trainer_trusted and accelerometer_trusted."""
        return cls._of(
            f"{STEP_TRAINER_TRUSTED} with {ACCELEROMETER_TRUSTED}",
            _checked(steps, STEP_TRAINER_TRUSTED).rename({"sensor_reading_time": "at"}),
            _checked(accelerometer, ACCELEROMETER_TRUSTED).rename({"timestamp": "at"}),
            keep_shared=keep_shared,
        )

    @classmethod
    def _of(cls, table: str, trainer: pl.DataFrame, phone: pl.DataFrame, *, keep_shared: bool) -> Self:
        trainer = trainer.select("customer_id", *_READING).unique()
        customers = pl.len().over(_READING)
        shared = trainer.filter(customers > 1).select(pl.struct(_READING).n_unique()).item()
        return cls(
            table=table,
            trainer=trainer if keep_shared or not shared else trainer.filter(customers == 1),
            phone=phone.select("customer_id", "at", *AXES).unique(),
            shared=shared,
        )

    def cuts(self) -> Iterator[Cut]:
        """Cut them into sessions: by customer, and by time in each.

        A customer who used two devices at once has two sessions, and the phone counts in both.
        """
        line = pl.concat([self.trainer.select("customer_id", "at"), self.phone.select("customer_id", "at")])
        another = pl.col("customer_id") != pl.col("customer_id").shift()
        begins = another | (pl.col("at").diff() > SESSION_GAP)
        spans = (
            line.unique()
            .sort("customer_id", "at")
            .filter(begins.fill_null(value=True))
            .with_row_index("span")
            .select("customer_id", "at", "span")
        )
        trainer = _spanned(self.trainer, spans).sort("span", *_READING)
        phone = _spanned(self.phone, spans).sort("span", "at", *AXES)
        at, xyz = phone["at"].to_physical().to_numpy(), phone.select(AXES).to_numpy()
        edges = np.searchsorted(phone["span"].to_numpy(), np.arange(spans.height + 1))
        customers = spans["customer_id"].to_list()
        read = set()
        for (span, device), rows in _groups(trainer, "span", "device_id"):
            read.add(span)
            mine = slice(edges[span], edges[span + 1])
            yield _cut(
                customers[span],
                str(device),
                rows["at"].to_physical().to_numpy(),
                rows["distance_from_object"].to_numpy().astype(np.float64),
                at[mine],
                xyz[mine],
            )
        nothing = np.empty(0, np.int64)
        for span in sorted(set(range(spans.height)) - read):
            mine = slice(edges[span], edges[span + 1])
            yield _cut(customers[span], None, nothing, nothing.astype(np.float64), at[mine], xyz[mine])


def _checked(frame: IntoFrame, table: str) -> pl.DataFrame:
    contract = contract_of(table)
    taken = fetch(take(frame, contract))
    for name in contract.names:
        column = taken[name]
        bad = column.null_count() + (int((~column.is_finite()).sum()) if column.dtype.is_float() else 0)
        if bad:
            raise DatasetError(
                f"{table}: {bad} values of {name!r} are null or not finite. Leave these readings out: "
                "a table that stedi made holds none"
            )
    return taken


def _spanned(readings: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Add the number of the span that each reading is in: the last of its customer that began by then."""
    return readings.sort("at").join_asof(
        spans.sort("at"), on="at", by="customer_id", strategy="backward", check_sortedness=False
    )


def _groups(sorted_rows: pl.DataFrame, *names: str) -> Iterator[tuple[tuple[int, str], pl.DataFrame]]:
    lengths = sorted_rows.group_by(names, maintain_order=True).len()
    start = 0
    for span, device, length in lengths.iter_rows():
        yield (span, device), sorted_rows.slice(start, length)
        start += length


def _cut(
    customer: str,
    device: str | None,
    trainer_us: "NDArray[np.int64]",
    distance: "NDArray[np.float64]",
    phone_us: "NDArray[np.int64]",
    xyz: "NDArray[np.float64]",
) -> Cut:
    # The step trainer's clock names a session: it stays when the phone's is corrected.
    first = trainer_us[0] if len(trainer_us) else phone_us[0]
    name = f"{customer} {device} {first}"
    return Cut(
        session_id=hashlib.sha256(name.encode()).hexdigest()[:_ID_LENGTH],
        customer_id=customer,
        device_id=device,
        trainer_us=trainer_us,
        distance=distance,
        phone_us=phone_us,
        xyz=xyz,
    )
