"""The buckets that a run touches: readings, step readings and pairs, each before and after."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import narwhals as nw
import polars as pl

from stedi.contract import contract_of
from stedi.contract.reasons import Drop
from stedi.contract.schemas import polars_schema
from stedi.frame.checked import fetch
from stedi.names import ACCELEROMETER_TRUSTED, EPOCH, MACHINE_LEARNING_CURATED, STEP_TRAINER_TRUSTED
from stedi.outline import outline
from stedi.pipeline.derive.buckets import Buckets, groups
from stedi.pipeline.derive.consent_diff import Changed, DeviceDiff, UsableDevices
from stedi.pipeline.derive.prefetch import prefetched
from stedi.pipeline.derive.previous_run import PreviousRun
from stedi.pipeline.derive.rewrites import BucketRewrite
from stedi.pipeline.derive.running_account import RunningAccount
from stedi.pipeline.derive.staging import BUCKET, BucketStage
from stedi.plan.match import NEARBY, Match
from stedi.progress import Progress
from stedi.transform.curate_customers import seen
from stedi.transform.curate_ml import curate_ml
from stedi.transform.nearest import nearest_times
from stedi.warehouse.bucket_files import BucketFiles
from stedi.warehouse.warehouse import Warehouse

_TIMES: Final = {
    ACCELEROMETER_TRUSTED: "timestamp",
    STEP_TRAINER_TRUSTED: "sensor_reading_time",
    MACHINE_LEARNING_CURATED: "timestamp",
}
_READINGS: Final = ("customer_id", "first_reading_at", "last_reading_at", "readings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Whose rows a run looks at again.

    Attributes:
        everything: All that is there is taken out, and derived anew.
        people: The customers who moved.
        trainers: The devices that moved.
        had: The customers who had rows that may go.
        known: The customers who had rows.
        before: The primary holder of each device, for the run before.
        after: The same, for this run.
    """

    everything: bool
    people: pl.Series
    trainers: pl.Series
    had: pl.DataFrame
    known: pl.DataFrame
    before: pl.DataFrame
    after: pl.DataFrame

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    @classmethod
    def of(cls, previous: PreviousRun, people: Changed, trainers: DeviceDiff) -> "Touched":
        """Look at who moved, and at who held and holds the devices that did."""
        known = previous.customers.select("customer_id")
        moved = trainers.moved.ids
        holders = trainers.before.holders.join(moved, on="device_id", how="semi").select("customer_id")
        return cls(
            everything=previous.anew,
            people=people.ids["customer_id"],
            trainers=moved["device_id"],
            had=pl.concat([known.join(people.ids, on="customer_id", how="semi"), holders]).unique(),
            known=known,
            before=_primaries(trainers.before),
            after=_primaries(trainers.now),
        )

    def gone(self, *, person: bool = False, trainer: bool = False) -> pl.Expr:
        """Say of a row whether it goes: that of a customer, or of a device, who moved."""
        if self.everything:
            return pl.lit(value=True)
        moved = pl.lit(value=False)
        if person:
            moved |= pl.col("customer_id").is_in(self.people.implode())
        if trainer:
            moved |= pl.col("device_id").is_in(self.trainers.implode())
        return moved


def _primaries(devices: UsableDevices) -> pl.DataFrame:
    """Return one holder of each device: a reading that several hold is counted with that one."""
    return devices.holders.group_by("device_id").agg(pl.col("customer_id").min())


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyRows:
    """The rows that new readings of known customers may meet: theirs, at about these times.

    Attributes:
        customers: The customers; none where nothing new came of anybody who had rows.
        span: The first and the last time.
    """

    customers: pl.DataFrame

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    span: tuple[datetime, datetime]

    @classmethod
    def of(cls, readings: pl.DataFrame, steps: pl.DataFrame, known: pl.DataFrame) -> "NearbyRows":
        """Look at what came."""
        came = pl.concat(
            [
                readings.select("customer_id", at=_TIMES[ACCELEROMETER_TRUSTED]),
                steps.select("customer_id", at=_TIMES[STEP_TRAINER_TRUSTED]),
            ]
        ).join(known, on="customer_id", how="semi")
        first, last = came["at"].min(), came["at"].max()
        if not isinstance(first, datetime) or not isinstance(last, datetime):
            first = last = EPOCH
        # A reading at the edge has neighbours beyond it, and these have neighbours again.
        return cls(
            customers=came.select("customer_id").unique(), span=(first - 2 * NEARBY, last + 2 * NEARBY)
        )

    def read(self, files: BucketFiles, buckets: Collection[int], time: str) -> pl.DataFrame:
        """Return these rows of some buckets."""
        mine = () if self.customers.is_empty() else buckets
        return (
            files.read(mine, span=self.span)
            .filter(pl.col(time).is_between(*self.span))
            .join(self.customers, on="customer_id", how="semi")
        )


class BucketedTables:
    """Turns the touched buckets of the three bucketed tables over, a few at a time.

    Args:
        warehouse: The lake's tables.
        previous: What the run before left.
        accounts: The counts of the derived tables.
        buckets: The buckets of the customers.
        run_id: The run.
        progress: Is told how far it is.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        previous: PreviousRun,
        accounts: Mapping[str, RunningAccount],
        buckets: Buckets,
        *,
        run_id: str,
        progress: Progress,
    ) -> None:
        self._warehouse = warehouse
        self._previous = previous
        self._accounts = accounts
        self._progress = progress
        self._buckets = buckets
        self._nearby = previous.nearby
        self._files = {
            table: BucketFiles(warehouse.table(table).iceberg, previous.snapshots[table], time=time)
            for table, time in _TIMES.items()
        }
        self._writers = {table: warehouse.table(table).writer(run_id) for table in _TIMES}
        self._replaced: dict[str, list[int]] = {table: [] for table in _TIMES}
        self._seen: list[pl.DataFrame] = []

    def rewrite(self, touched: Touched, phone: BucketStage, steps: BucketStage) -> None:
        """Bring the staged rows into their buckets, and take out the rows that go."""
        whole = set(self._buckets.place(touched.had)[BUCKET])
        if touched.everything:
            whole = {bucket for files in self._files.values() for bucket in files.buckets}
        rows = phone.rows + steps.rows
        for bucket in whole:
            rows[bucket] += sum(self._files[table].count(bucket) for table in _TIMES)
        worked_out = (
            self._rewrite_group(group, whole & set(group), touched, phone, steps) for group in groups(rows)
        )
        self._progress("deriving", 0, self._buckets.count)
        with prefetched(worked_out) as rewritten:
            for group, rewrites in rewritten:
                self._seen.append(fetch(seen(rewrites[ACCELEROMETER_TRUSTED].added)))
                for table, rewrite in rewrites.items():
                    self._write(table, rewrite, group)
                self._progress("deriving", group[-1] + 1, self._buckets.count)
        self._progress("deriving", self._buckets.count, self._buckets.count)

    def _rewrite_group(
        self,
        group: list[int],
        whole: Collection[int],
        touched: Touched,
        phone: BucketStage,
        steps: BucketStage,
    ) -> tuple[list[int], dict[str, BucketRewrite]]:
        """Work out what becomes of some buckets in each table, and count it; return it beside them."""
        fresh_phone = _distinct(phone.read(group), ACCELEROMETER_TRUSTED)
        fresh_steps = _distinct(steps.read(group), STEP_TRAINER_TRUSTED)
        neighbours = NearbyRows.of(fresh_phone, fresh_steps, touched.known)

        def before(table: str) -> pl.DataFrame:
            files = self._files[table]
            rest = [bucket for bucket in group if bucket not in whole]
            return pl.concat([files.read(whole), neighbours.read(files, rest, _TIMES[table])])

        readings = BucketRewrite.of(before(ACCELEROMETER_TRUSTED), touched.gone(person=True), fresh_phone)
        trainers = BucketRewrite.of(before(STEP_TRAINER_TRUSTED), touched.gone(trainer=True), fresh_steps)
        pairs = BucketRewrite.of(
            before(MACHINE_LEARNING_CURATED),
            touched.gone(person=True, trainer=True),
            pl.concat([curate_ml(trainers.added, readings.after), curate_ml(trainers.kept, readings.added)]),
        )
        rewrites = {
            ACCELEROMETER_TRUSTED: readings,
            STEP_TRAINER_TRUSTED: trainers,
            MACHINE_LEARNING_CURATED: pairs,
        }
        self._count(touched, rewrites)
        return group, rewrites

    def _count(self, touched: Touched, rewrites: Mapping[str, BucketRewrite]) -> None:
        for table, rewrite in rewrites.items():
            self._accounts[table].changed(gained=rewrite.gained.height, lost=rewrite.lost.height)
        if touched.everything:
            # Counted anew: what goes was never counted.
            rewrites = {table: rewrite.from_nothing() for table, rewrite in rewrites.items()}
        readings, trainers, pairs = (rewrites[table] for table in _TIMES)
        running = self._accounts[ACCELEROMETER_TRUSTED]
        used = readings.added.height - readings.gone.height
        running.add(used=used, rows_out=used)
        running.dropped(Drop.DUPLICATE, -used)
        running = self._accounts[STEP_TRAINER_TRUSTED]
        rows = trainers.added.height - trainers.gone.height
        used = _of_primaries(trainers.added, touched.after) - _of_primaries(trainers.gone, touched.before)
        running.add(used=used, rows_out=rows)
        running.dropped(Drop.DUPLICATE, -used)
        running = self._accounts[MACHINE_LEARNING_CURATED]
        unpaired_after, unpaired_before = (
            _unpaired(trainers.after, readings.after),
            _unpaired(trainers.before, readings.before),
        )
        unpaired = unpaired_after.height - unpaired_before.height
        running.rows_in += rows
        running.add(used=rows - unpaired, rows_out=pairs.added.height - pairs.gone.height)
        running.dropped(Drop.UNPAIRED, unpaired)
        self._nearby += rows - unpaired
        self._nearby += _with_neighbour(unpaired_after, readings.after)
        self._nearby -= _with_neighbour(unpaired_before, readings.before)

    def _write(self, table: str, rewrite: BucketRewrite, group: list[int]) -> None:
        """Add what is new; where rows are lost, write the whole bucket again."""
        contract = contract_of(table)
        lost = {bucket for bucket, _ in self._buckets.split(rewrite.lost, group)}
        self._replaced[table] += lost
        gained = rewrite.gained.sort(contract.key)
        for bucket, rows in self._buckets.split(gained, group):
            if bucket not in lost:
                self._writers[table].write_bucket(rows, bucket)
        if lost:
            for bucket, rows in self._buckets.split(rewrite.after.sort(contract.key), group):
                if bucket in lost:
                    self._writers[table].write_bucket(rows, bucket)

    def readings(self, people: Changed) -> pl.DataFrame:
        """Return (customer_id, first_reading_at, last_reading_at, readings) of everybody, as they are now."""
        stayed = self._previous.kept_curated(people).select(_READINGS).unique()
        return (
            pl.concat([stayed, *self._seen])
            .group_by("customer_id")
            .agg(pl.col("first_reading_at").min(), pl.col("last_reading_at").max(), pl.col("readings").sum())
        )

    @property
    def match(self) -> Match:
        """How well the two sensors pair."""
        running = self._accounts[MACHINE_LEARNING_CURATED]
        return Match(readings=running.rows_in, exact=running.used, nearby=self._nearby)

    def stage(self, branch: str) -> dict[str, int]:
        """Put the new files beside, or in the place of, what is there; return the snapshots."""
        return {
            table: self._warehouse.table(table).stage(
                branch,
                self._previous.snapshots[table],
                added=self._writers[table].close(),
                removed=[file for bucket in self._replaced[table] for file in self._files[table].of(bucket)],
            )
            for table in _TIMES
        }


def _distinct(staged: pl.DataFrame | None, table: str) -> pl.DataFrame:
    """Return staged rows, each once."""
    return polars_schema(contract_of(table)).to_frame() if staged is None else staged.unique()


def _of_primaries(steps: pl.DataFrame, primaries: pl.DataFrame) -> int:
    """Count step readings, each of several holders' once."""
    return steps.join(primaries, on=["customer_id", "device_id"], how="semi").height


def _unpaired(steps: pl.DataFrame, readings: pl.DataFrame) -> pl.DataFrame:
    """Return the step readings that have no phone reading of their customer at their time."""
    return steps.join(
        readings,
        left_on=["customer_id", "sensor_reading_time"],
        right_on=["customer_id", "timestamp"],
        how="anti",
    )


def _with_neighbour(steps: pl.DataFrame, readings: pl.DataFrame) -> int:
    """Count the step readings that have a phone reading of their customer nearby."""
    if steps.is_empty() or readings.is_empty():
        return 0
    matches = fetch(nearest_times(nw.from_native(steps.lazy()), nw.from_native(readings.lazy()), NEARBY))
    return steps.join(matches, on=["customer_id", "sensor_reading_time"], how="semi").height
