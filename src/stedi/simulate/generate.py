"""Simulate landing data: customers, their sessions, the files, and what is true of them."""

import io
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final, TypeVar

import polars as pl

from stedi.contract.reasons import Rejection
from stedi.errors import ConfigurationError, LandingError
from stedi.names import ACCELEROMETER_LANDING, CUSTOMER_LANDING, STEP_TRAINER_LANDING
from stedi.simulate.customers import AS_OF, Customer, invent_customers
from stedi.simulate.damage import dump
from stedi.simulate.defects import Defect, Fate, Written
from stedi.simulate.draws import Draws
from stedi.simulate.folder import DEFECTS, REJECTED, TRUTH, Folder
from stedi.simulate.layout import Layout
from stedi.simulate.sessions import Session, plan_sessions
from stedi.simulate.signals import read_sensors
from stedi.simulate.simulated import Simulated
from stedi.simulate.write import Tally, write_batch

_CUSTOMERS_A_BATCH: Final = 2_000
_SESSIONS_A_BATCH: Final = 128
_TABLES: Final = (CUSTOMER_LANDING, ACCELEROMETER_LANDING, STEP_TRAINER_LANDING)

_Oddities = Counter[tuple[str, Fate]]
_Batch = tuple[str, int, list[bytes], _Oddities]
T = TypeVar("T")


def simulate(
    landing: str | os.PathLike[str], *, customers: int = 100, seed: int = 0, dirt: float = 0.0
) -> Simulated:
    """Write landing files that look like the real thing, and beside them what is true of them.

    The same arguments give the same bytes. A folder that was simulated before is replaced.

    With ``dirt``, each table gets that share of bad records, and as many good ones in an unusual
    spelling; its files come in all the layouts that real sources use. The good records are the same
    with and without dirt, and rejected customer records name people and devices that no good record
    knows, so that their denials change nothing: trusted and curated tables must come out equal.

    Args:
        landing: A folder that is new, empty, or was simulated before.
        customers: How many customers; at least 1. A hundred give about 160,000 records.
        seed: What to simulate; another seed gives other data.
        dirt: Bad records per good record, from 0 (none, and clean NDJSON only) to 1. Any dirt gives at
            least one of each kind, as long as a quarter of the good records is enough for that.

    Raises:
        ConfigurationError: An argument is out of range.
        LandingError: The folder holds files that stedi did not simulate, or can't be written.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     simulated = simulate(folder, customers=2, seed=7)
        ...     simulated.of("customer").written == simulated.of("customer").kept
        True
    """
    if customers < 1:
        raise ConfigurationError(f"customers={customers}: there must be at least 1")
    if not 0 <= dirt <= 1:
        raise ConfigurationError(f"dirt={dirt}: it must be from 0 (none) to 1 (as many bad as good records)")
    arguments = {"customers": customers, "seed": seed, "dirt": float(dirt), "as_of": AS_OF.isoformat()}
    folder = Folder.claim(landing, arguments=arguments)
    tallies = {table: Tally() for table in _TABLES}
    oddities: dict[str, _Oddities] = {table: Counter() for table in _TABLES}
    try:
        folder.append_truth(REJECTED, "")
        for table, number, lines, odd in _batches(customers, seed):
            tally, misplaced = write_batch(folder, table, lines, number=number, seed=seed, dirt=dirt)
            folder.append_truth(REJECTED, "".join(json.dumps(asdict(place)) + "\n" for place in misplaced))
            tallies[table] += tally
            oddities[table] += odd
        written = tuple(_written(table, tally) for table, tally in tallies.items())
        defects = tuple(
            defect for table in _TABLES for defect in _defects(table, tallies[table], oddities[table])
        )
        folder.write_truth(
            DEFECTS,
            {"tables": [asdict(table) for table in written], "defects": [asdict(one) for one in defects]},
        )
    except OSError as error:
        raise LandingError(f"the folder {folder.path} can't be written: {error.strerror}") from None
    return Simulated(
        landing=folder.path,
        truth=folder.path / TRUTH,
        customers=customers,
        seed=seed,
        dirt=float(dirt),
        as_of=AS_OF,
        paths=folder.written,
        written=written,
        defects=defects,
    )


def _batches(count: int, seed: int) -> Iterator[_Batch]:
    """Yield the good records of each table, in batches that fit in memory, and count what is odd."""
    customers = invent_customers(count, seed=seed)
    for number, some in enumerate(_chunks(customers, _CUSTOMERS_A_BATCH)):
        yield _customer_batch(number, some)
    for number, sessions in enumerate(_chunks(plan_sessions(customers, seed=seed), _SESSIONS_A_BATCH)):
        yield from _sensor_batches(number, sessions, seed)


def _chunks(whole: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (whole[start : start + size] for start in range(0, len(whole), size))


def _customer_batch(number: int, customers: Sequence[Customer]) -> _Batch:
    lines = [dump(record) for customer in customers for record in customer.records]
    return CUSTOMER_LANDING, number, lines, _odd(delivered_again=len(lines) - len(set(lines)))


def _sensor_batches(number: int, sessions: Sequence[Session], seed: int) -> Iterator[_Batch]:
    readings = read_sensors(sessions, Draws(seed, "signals", number))
    users = [session.user for session in sessions if not session.known_user]
    devices = [session.serial_number for session in sessions if not session.known_device]
    frame = readings.accelerometer
    odd = _odd(
        delivered_again=frame.height - frame.n_unique(),
        strangers=frame.filter(pl.col("user").is_in(users)).height,
        shared_times=readings.shared_times,
    )
    yield ACCELEROMETER_LANDING, number, _lines(frame), odd
    frame = readings.step_trainer
    odd = _odd(
        delivered_again=frame.height - frame.n_unique(),
        strangers=frame.filter(pl.col("serialNumber").is_in(devices)).height,
    )
    yield STEP_TRAINER_LANDING, number, _lines(frame), odd


def _odd(*, delivered_again: int, strangers: int = 0, shared_times: int = 0) -> _Oddities:
    return Counter(
        {
            ("delivered_again", Fate.MERGED): delivered_again,
            ("stranger", Fate.KEPT): strangers,
            ("shared_time", Fate.KEPT): shared_times,
        }
    )


def _lines(frame: pl.DataFrame) -> list[bytes]:
    text = io.BytesIO()
    frame.write_ndjson(text)
    return text.getvalue().splitlines()


def _written(table: str, tally: Tally) -> Written:
    rejected: Counter[Rejection] = Counter()
    for (_, reason), count in tally.bad.items():
        rejected[reason] += count
    return Written(
        table=table,
        objects=tally.objects.total(),
        written=tally.kept + tally.bad.total(),
        kept=tally.kept,
        rejected=dict(sorted(rejected.items())),
        redelivered=tally.redelivered,
    )


def _defects(table: str, tally: Tally, odd: Mapping[tuple[str, Fate], int]) -> Iterator[Defect]:
    for (kind, reason), count in sorted(tally.bad.items()):
        yield Defect(table=table, kind=kind, unit="record", count=count, outcome=reason)
    for kind, count in sorted(tally.spelled.items()):
        yield Defect(table=table, kind=kind, unit="record", count=count, outcome=Fate.KEPT)
    for (kind, fate), count in sorted(odd.items()):
        if count:
            yield Defect(table=table, kind=kind, unit="record", count=count, outcome=fate)
    for layout, count in sorted(tally.objects.items()):
        if layout is not Layout.NDJSON:
            yield Defect(table=table, kind=layout.value, unit="object", count=count, outcome=layout.fate)
