"""What both sensors record in a batch of sessions, stamped and delivered, with the truth beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import polars as pl

from stedi.errors import UnknownNameError
from stedi.outline import outline
from stedi.simulate.clocks import Clocks, on_the_phone, phone_clocks, stamp
from stedi.simulate.draws import Draws
from stedi.simulate.gait import Walks, walk
from stedi.simulate.phone import PHONE_RATE_HZ, phone_ticks, read_phone
from stedi.simulate.preset import Preset
from stedi.simulate.sessions import Exercise
from stedi.simulate.step_trainer import read_step_trainer

Order: TypeAlias = Literal["time", "shuffled"]
"""In what order readings arrive."""

_OF_SESSION: Final = ("user", "serial_number", "start", "known_user", "known_device")
_SHARED: Final = 0.003
_DELIVERED_TWICE: Final = 0.003


def check_order(order: str) -> None:
    """Refuse what names no order.

    Raises:
        UnknownNameError: It is neither ``time`` nor ``shuffled``.
    """
    if order not in get_args(Order):
        raise UnknownNameError.of("order", order, get_args(Order))


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The readings of a batch of sessions, with the sources' own names and epoch milliseconds.

    Attributes:
        accelerometer: ``user``, ``timestamp``, ``x``, ``y``, ``z`` (m/s²).
        step_trainer: ``sensorReadingTime``, ``serialNumber``, ``distanceFromObject`` (mm).
        sessions: One row per session: who (``user``, ``serial_number``, as the sensors spell them), when
            (``start``, epoch milliseconds; ``seconds``), and what is true of the person, the walk and the
            phone's clock.
        steps: One row per step: ``session`` (its place in the batch), ``number``, ``foot``, ``at`` (epoch
            microseconds on the step trainer's clock) and ``at_on_phone`` (on the phone's).
        shared_times: Accelerometer readings with the time of another one of the same session, and
            another x, y or z.
    """

    accelerometer: pl.DataFrame
    step_trainer: pl.DataFrame
    sessions: pl.DataFrame
    steps: pl.DataFrame

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    shared_times: int


def read_sensors(
    sessions: Sequence[Exercise], draws: Draws, *, preset: Preset, clocks: Clocks, order: Order
) -> Readings:
    """Make the readings of these sessions.

    A few readings of both sensors are delivered twice, after all others.

    Examples:
        >>> from random import Random
        >>> from stedi.simulate.preset import preset_of
        >>> from stedi.simulate.walker import invent_walker
        >>> ann = invent_walker(Random(7))
        >>> session = Exercise(user="a@example.com", serial_number="5", start=1_700_000_000_000, walker=ann)
        >>> readings = read_sensors(
        ...     [session], Draws(7), preset=preset_of("easy"), clocks="one", order="time"
        ... )
        >>> readings.steps["foot"].to_list()[:3]
        ['left', 'right', 'left']
        >>> readings.accelerometer.columns
        ['user', 'timestamp', 'x', 'y', 'z']
    """
    walks = walk(sessions, draws, preset)
    described = _described(sessions, walks, draws, preset, clocks)
    stamped = described.select("session", "user", "serial_number", "start", "offset_s", "drift")
    ticks = _stamped(phone_ticks(walks.sessions, draws, preset), stamped)
    trainer = read_step_trainer(walks, draws, preset).join(
        stamped, on="session", how="left", maintain_order="left"
    )
    times = _by_the_app(trainer, ticks) if clocks == "one" else trainer.select(time=stamp(pl.col("second")))
    arrived = ticks.filter(pl.col("read") & (draws.uniform(ticks.height) >= preset.phone_lost))
    phone = _some_share_times(read_phone(arrived, walks, draws, preset), draws)
    accelerometer = phone.select("user", timestamp="time", x="x", y="y", z="z")
    steps = trainer.with_columns(times).select(
        sensorReadingTime="time", serialNumber="serial_number", distanceFromObject="distance"
    )
    return Readings(
        accelerometer=_delivered(accelerometer, "timestamp", draws, order),
        step_trainer=_delivered(steps, "sensorReadingTime", draws, order),
        sessions=described,
        steps=_step_events(walks.steps, stamped),
        shared_times=phone.height - phone.select(pl.struct("session", "time").n_unique()).item(),
    )


def _described(
    sessions: Sequence[Exercise], walks: Walks, draws: Draws, preset: Preset, clocks: Clocks
) -> pl.DataFrame:
    who = pl.DataFrame({name: [getattr(each, name) for each in sessions] for name in _OF_SESSION})
    clock = phone_clocks(len(sessions), draws, preset, clocks)
    return pl.concat([walks.sessions, who, clock], how="horizontal")


def _stamped(ticks: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    with_clock = ticks.join(sessions.drop("serial_number"), on="session", how="left", maintain_order="left")
    return with_clock.with_columns(time=stamp(on_the_phone(pl.col("second")))).drop(
        "start", "offset_s", "drift"
    )


def _by_the_app(trainer: pl.DataFrame, ticks: pl.DataFrame) -> pl.DataFrame:
    """Return the stamps that the app gives the step trainer's readings: that of the phone's last tick.

    Where the phone does not record, a reading gets the time at which it arrives.
    """
    first = (
        ticks.with_row_index("row")
        .group_by("session", maintain_order=True)
        .agg(pl.col("row").first(), last=pl.col("row").last())
    )
    places = trainer.join(first, on="session", how="left", maintain_order="left").select(
        row=pl.min_horizontal(
            pl.col("row") + (pl.col("second") * PHONE_RATE_HZ + 1e-6).floor().cast(pl.Int64), pl.col("last")
        ),
        arrived=stamp(pl.col("second")),
    )
    tick = ticks.select("time", "read")[places["row"]]
    return places.select(time=pl.when(tick["read"]).then(tick["time"]).otherwise(pl.col("arrived")))


def _some_share_times(phone: pl.DataFrame, draws: Draws) -> pl.DataFrame:
    """Let the phone give a few readings the stamp of the one before."""
    shares = (pl.lit(draws.uniform(phone.height)) < _SHARED) & (
        pl.col("session") == pl.col("session").shift()
    )
    return phone.with_columns(time=pl.when(shares).then(pl.col("time").shift()).otherwise(pl.col("time")))


def _delivered(readings: pl.DataFrame, time: str, draws: Draws, order: Order) -> pl.DataFrame:
    """Put readings into the order of their arrival, a few of them a second time after all others."""
    n = readings.height
    if order == "time":
        arrived = readings.sort(time, maintain_order=True)
    else:
        arrived = readings[draws.uniform(n).arg_sort()]
    return pl.concat([arrived, arrived.filter(draws.uniform(n) < _DELIVERED_TWICE)])


def _step_events(steps: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    def micros(second: pl.Expr) -> pl.Expr:
        return 1000 * pl.col("start") + (1e6 * second).round().cast(pl.Int64)

    return steps.join(sessions, on="session", how="left", maintain_order="left").select(
        "session",
        "number",
        "foot",
        at=micros(pl.col("at")),
        at_on_phone=micros(on_the_phone(pl.col("at"))),
    )
