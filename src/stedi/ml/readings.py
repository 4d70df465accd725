"""The readings of both sensors, checked, and cut into sessions."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Final, Self

import numpy as np
import polars as pl
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from stedi.contract import contract_of
from stedi.errors import DatasetError
from stedi.frame.checked import fetch, take
from stedi.outline import outline

AXES: Final = ("x", "y", "z")

_SESSION_GAP: Final = timedelta(seconds=5)
"""A session ends where both sensors are silent for longer than this."""

_ID_LENGTH: Final = 16
_READING: Final = ("device_id", "at", "distance_from_object")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SessionReadings:
    """The readings of one session, as they were made.

    Attributes:
        customer_id: Whose they are.
        device_id: The step trainer; None where none was read.
        trainer_us: When the step trainer was read, in epoch microseconds, sorted.
        distance: What it read.
        phone_us: When the accelerometer was read, sorted.
        xyz: What it read: float64 [readings, 3].
    """

    customer_id: str
    device_id: str | None
    trainer_us: NDArray[np.int64]
    distance: NDArray[np.float64]
    phone_us: NDArray[np.int64]
    xyz: NDArray[np.float64]

    @property
    def session_id(self) -> str:
        """Its name: made by the step trainer's clock, so that it stays when the phone's is corrected."""
        first = self.trainer_us[0] if len(self.trainer_us) else self.phone_us[0]
        name = f"{self.customer_id} {self.device_id} {first}"
        return hashlib.sha256(name.encode()).hexdigest()[:_ID_LENGTH]

    @property
    def start_us(self) -> int:
        """The time of the first reading of either sensor."""
        return min(int(each[0]) for each in (self.trainer_us, self.phone_us) if len(each))


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
    def of(cls, tables: Mapping[str, IntoFrame], *, keep_shared: bool) -> Self:
        """Take the readings out of tables: what was paired or sent more than once was read once.

        Args:
            tables: machine_learning_curated, or else step_trainer_trusted and accelerometer_trusted, by name.
            keep_shared: Whether to keep step trainer readings that are attributed to more than one customer.

        Raises:
            DatasetError: A value is null or not finite.
            FrameError: A column is missing or mistyped.
        """
        names = {"timestamp": "at", "sensor_reading_time": "at"}
        checked = [_checked(frame, table).rename(names, strict=False) for table, frame in tables.items()]
        trainer = checked[0].select("customer_id", *_READING).unique()
        customers = pl.len().over(_READING)
        shared = trainer.filter(customers > 1).select(pl.struct(_READING).n_unique()).item()
        return cls(
            table=" with ".join(tables),
            trainer=trainer if keep_shared or not shared else trainer.filter(customers == 1),
            phone=checked[-1].select("customer_id", "at", *AXES).unique(),
            shared=shared,
        )

    def sessions(self) -> Iterator[SessionReadings]:
        """Cut the readings into sessions: by customer, and by time in each.

        A customer who used two devices at once has two sessions, and the phone counts in both.
        """
        times = pl.concat([self.trainer.select("customer_id", "at"), self.phone.select("customer_id", "at")])
        another = pl.col("customer_id") != pl.col("customer_id").shift()
        begins = another | (pl.col("at").diff() > _SESSION_GAP)
        spans = (
            times.unique()
            .sort("customer_id", "at")
            .filter(begins.fill_null(value=True))
            .with_row_index("span")
            .select("customer_id", "at", "span")
        )
        trainer = _with_spans(self.trainer, spans).sort("span", *_READING)
        phone = _with_spans(self.phone, spans).sort("span", "at", *AXES)
        at, xyz = phone["at"].to_physical().to_numpy(), phone.select(AXES).to_numpy()
        edges = np.searchsorted(phone["span"].to_numpy(), np.arange(spans.height + 1))
        customers = spans["customer_id"].to_list()
        untrained = ((span, None) for span in sorted(set(range(spans.height)) - set(trainer["span"])))
        for (span, device), rows in chain(
            trainer.group_by("span", "device_id", maintain_order=True),
            ((key, trainer.clear()) for key in untrained),
        ):
            mine = slice(edges[span], edges[span + 1])
            yield SessionReadings(
                customer_id=customers[span],
                device_id=device,
                trainer_us=rows["at"].to_physical().to_numpy(),
                distance=rows["distance_from_object"].to_numpy().astype(np.float64),
                phone_us=at[mine],
                xyz=xyz[mine],
            )


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


def _with_spans(readings: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Add the number of the span that each reading is in: the last of its customer that began by then."""
    return readings.sort("at").join_asof(
        spans.sort("at"), on="at", by="customer_id", strategy="backward", check_sortedness=False
    )
