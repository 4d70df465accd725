"""Simulate landing data: customers, their sessions, the files, and what is true of them."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final, TypeVar

import polars as pl

from stedi.contract.reasons import Rejection
from stedi.errors import ConfigurationError, LandingError
from stedi.names import ACCELEROMETER_LANDING, CUSTOMER_LANDING, STEP_TRAINER_LANDING, TRUTH
from stedi.progress import Progress, silent
from stedi.simulate.clocks import Clocks, check_clocks
from stedi.simulate.customers import AS_OF, Customer, invent_customers
from stedi.simulate.damage import DAMAGES, TABLES, dump
from stedi.simulate.defects import Defect, Fate, Written
from stedi.simulate.draws import Draws
from stedi.simulate.folder import CUSTOMERS, DEFECTS, REJECTED_RECORDS, SESSIONS, STEP_EVENTS, Folder
from stedi.simulate.layout import FileLayout
from stedi.simulate.preset import preset_of
from stedi.simulate.rates import Rates
from stedi.simulate.sessions import Exercise, plan_sessions
from stedi.simulate.signals import Order, Readings, check_order, read_sensors
from stedi.simulate.simulated import Simulated
from stedi.simulate.spelling import SPELLINGS
from stedi.simulate.true_frames import TrueFrames, true_customers
from stedi.simulate.write import Files, RecordCounts, write_batch, write_clean

_CUSTOMERS_A_BATCH: Final = 2_000
_SESSIONS_A_BATCH: Final = 256

_T = TypeVar("_T")


def simulate(
    landing: str | os.PathLike[str],
    *,
    customers: int = 100,
    seed: int = 0,
    dirt: float | Mapping[str, float] = 0.0,
    preset: str = "realistic",
    clocks: Clocks = "one",
    order: Order = "time",
    files: int = 12,
    progress: Progress = silent,
) -> Simulated:
    """Write landing files that look like the real thing, and beside them what is true of them.

    The same arguments give the same bytes. A folder that was simulated before is replaced.

    With ``dirt``, each table gets that share of bad records, and as many good ones in an unusual
    spelling; its files come in all the layouts that real sources use. The good records are the same
    with and without dirt, and rejected customer records name people and devices that no good record
    knows, so that their denials change nothing: trusted and curated tables must come out equal.

    Args:
        landing: A folder that is new, empty, or was simulated before.
        customers: How many customers; at least 1. A hundred give about 430,000 records.
        seed: What to simulate; another seed gives other data.
        dirt: Bad records per good record, from 0 (none, and clean NDJSON only) to 1. Any dirt gives at
            least one of each kind, as long as a quarter of the good records is enough for that. Or the rate
            of each kind that there shall be, such as ``{"cut_off": 0.001, "seconds": 0.01}``.
        preset: ``"easy"``, ``"realistic"`` or ``"hard"``: how noisy the signals and how unsteady the people
            are.
        clocks: ``"one"``: the app stamps both sensors, and most step readings have a phone reading of the
            same time, as in the public sample. ``"two"``: each sensor has its own clock, and few have.
        order: ``"time"``: readings arrive in the order in which they were made. ``"shuffled"``: in any.
        files: Into how many files, at least, the readings of a sensor go.
        progress: Is told how many sessions are done.

    Raises:
        ConfigurationError: An argument is out of range.
        UnknownNameError: There is no such preset, order, number of clocks or kind of dirt.
        LandingError: The folder holds files that stedi did not simulate, or can't be written.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     simulated = simulate(folder, customers=2, seed=7)
        ...     simulated.of("customer").written == simulated.of("customer").kept
        True
    """
    for name, count in (("customers", customers), ("files", files)):
        if count < 1:
            raise ConfigurationError(f"{name}={count}: there must be at least 1")
    rates = rates_of(dirt)
    figures = preset_of(preset)
    check_clocks(clocks)
    check_order(order)
    arguments = {
        "customers": customers,
        "seed": seed,
        "dirt": rates.argument,
        "preset": preset,
        "clocks": clocks,
        "order": order,
        "files": files,
    }
    folder = Folder.claim(landing, arguments=arguments | {"as_of": AS_OF.isoformat()})
    writing = _Writing(folder, seed=seed, rates=rates)
    truth = TrueFrames()
    try:
        folder.append_truth(REJECTED_RECORDS, "")
        people = invent_customers(customers, seed=seed, balance_shift=figures.balance_shift)
        batches = list(_chunks(people, _CUSTOMERS_A_BATCH))
        for number, some in enumerate(batches):
            writing.customers(Files(CUSTOMER_LANDING, number, _each(files, batches)), some)
        true_customers(people).write_parquet(folder.path / CUSTOMERS)
        sessions = plan_sessions(people, seed=seed)
        if order == "shuffled":
            Draws(seed, "arrival").random.shuffle(sessions)
        planned = list(_chunks(sessions, _SESSIONS_A_BATCH))
        for number, batch in enumerate(planned):
            progress("making up sessions", number * _SESSIONS_A_BATCH, len(sessions))
            readings = read_sensors(
                batch, Draws(seed, "signals", number), preset=figures, clocks=clocks, order=order
            )
            truth.add(readings)
            writing.sensors(number, _each(files, planned), batch, readings)
        truth.sessions().write_parquet(folder.path / SESSIONS)
        truth.step_events().write_parquet(folder.path / STEP_EVENTS)
        written, defects = writing.finish()
    except OSError as error:
        raise LandingError(f"the folder {folder.path} can't be written: {error.strerror}") from None
    return Simulated(
        landing=folder.path,
        truth=folder.path / TRUTH,
        arguments=arguments,
        as_of=AS_OF,
        paths=tuple(folder.written),
        written=written,
        defects=defects,
    )


def rates_of(dirt: float | Mapping[str, float]) -> Rates:
    """Read the argument ``dirt``.

    Raises:
        ConfigurationError: A rate is not from 0 to 1.
        UnknownNameError: There is no such kind of dirt.
    """
    return Rates.of(dirt, kinds=[each.kind for each in DAMAGES] + [each.kind for each in SPELLINGS])


class _Writing:
    """The files as they are written, and the counts of what is in them."""

    def __init__(self, folder: Folder, *, seed: int, rates: Rates) -> None:
        self._folder = folder
        self._seed = seed
        self._rates = rates
        self._counts = {table: RecordCounts() for table in TABLES}

    def customers(self, files: Files, customers: Sequence[Customer]) -> None:
        """Write a batch of customer records."""
        lines = [dump(record) for customer in customers for record in customer.records]
        self._write_lines(files, lines)
        self._note(files.table, delivered_again=len(lines) - len(set(lines)))

    def sensors(self, number: int, count: int, sessions: Sequence[Exercise], readings: Readings) -> None:
        """Write the readings of a batch of sessions."""
        users = [session.user for session in sessions if not session.known_user]
        devices = [session.serial_number for session in sessions if not session.known_device]
        for table, frame, column, strangers, shared in (
            (ACCELEROMETER_LANDING, readings.accelerometer, "user", users, readings.shared_times),
            (STEP_TRAINER_LANDING, readings.step_trainer, "serialNumber", devices, 0),
        ):
            files = Files(table, number, count)
            if self._rates.any:
                self._write_lines(files, _lines(frame))
            else:
                self._counts[table] += write_clean(self._folder, files, frame)
            self._note(
                table,
                delivered_again=frame.height - frame.n_unique(),
                stranger=frame.filter(pl.col(column).is_in(strangers)).height,
                shared_time=shared,
            )

    def _write_lines(self, files: Files, lines: Sequence[bytes]) -> None:
        counts, misplaced = write_batch(self._folder, files, lines, seed=self._seed, dirt=self._rates)
        self._folder.append_truth(
            REJECTED_RECORDS, "".join(json.dumps(asdict(place)) + "\n" for place in misplaced)
        )
        self._counts[files.table] += counts

    def _note(self, table: str, *, delivered_again: int, stranger: int = 0, shared_time: int = 0) -> None:
        odd = Counter(
            {
                ("delivered_again", Fate.MERGED): delivered_again,
                ("stranger", Fate.KEPT): stranger,
                ("shared_time", Fate.KEPT): shared_time,
            }
        )
        self._counts[table] += RecordCounts(odd=odd)

    def finish(self) -> tuple[tuple[Written, ...], tuple[Defect, ...]]:
        """Write down what was written, and return it."""
        written = tuple(_written(table, counts) for table, counts in self._counts.items())
        defects = tuple(each for table, counts in self._counts.items() for each in _defects(table, counts))
        self._folder.write_truth(
            DEFECTS,
            {"tables": [asdict(table) for table in written], "defects": [asdict(one) for one in defects]},
        )
        return written, defects


def _chunks(whole: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    return (whole[start : start + size] for start in range(0, len(whole), size))


def _each(files: int, batches: Sequence[object]) -> int:
    """Return into how many files each batch goes."""
    return -(-files // max(1, len(batches)))


def _lines(frame: pl.DataFrame) -> list[bytes]:
    return frame.write_ndjson().encode().splitlines()


def _written(table: str, counts: RecordCounts) -> Written:
    rejected: Counter[Rejection] = Counter()
    for (_, reason), count in counts.bad.items():
        rejected[reason] += count
    return Written(
        table=table,
        objects=counts.objects.total(),
        written=counts.kept + counts.bad.total(),
        kept=counts.kept,
        rejected=dict(sorted(rejected.items())),
        redelivered=counts.redelivered,
    )


def _defects(table: str, counts: RecordCounts) -> Iterator[Defect]:
    records: list[tuple[tuple[str, Rejection | Fate], int]] = [
        *sorted(counts.bad.items()),
        *(((kind, Fate.KEPT), count) for kind, count in sorted(counts.spelled.items())),
        *sorted(counts.odd.items()),
    ]
    for (kind, outcome), count in records:
        yield Defect(table=table, kind=kind, unit="record", count=count, outcome=outcome)
    for layout, count in sorted(counts.objects.items()):
        if layout is not FileLayout.NDJSON:
            yield Defect(table=table, kind=layout.value, unit="object", count=count, outcome=layout.fate)
