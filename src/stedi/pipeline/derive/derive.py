"""Landing tables → the five derived tables: what is new, and all that is touched by it.

The consent rule is asked about every customer. Whoever moved (came, left, or consents from another time on)
and every device that moved with them is derived again from all their readings; of everybody else only what
was just loaded is judged, and added. A first run is the same: everybody came, and everything is new. A full
run takes everything for new.

The transforms' own halves do the work: each landing reading is judged as it streams by, what is admitted
is staged by its customer's bucket, and the rest of the rule runs on a few buckets at a time.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, Self, TypeAlias

import narwhals as nw
import polars as pl

from stedi.consent.pseudonyms import Pseudonyms
from stedi.contract import Contract, contract_of
from stedi.contract.reasons import Drop
from stedi.frame.checked import Rows, fetch
from stedi.names import (
    ACCELEROMETER_LANDING,
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    CUSTOMER_TRUSTED,
    STEP_TRAINER_LANDING,
    STEP_TRAINER_TRUSTED,
    Consent,
)
from stedi.pipeline.derive.bucketed_tables import BucketedTables, Touched
from stedi.pipeline.derive.buckets import Buckets
from stedi.pipeline.derive.consent_diff import Changed, ConsentDiff, DeviceDiff, UsableDevices
from stedi.pipeline.derive.customers import Customers
from stedi.pipeline.derive.erased_rows import ErasedRows
from stedi.pipeline.derive.prefetch import prefetched
from stedi.pipeline.derive.previous_run import PreviousRun
from stedi.pipeline.derive.rewrites import TableRewrite
from stedi.pipeline.derive.running_account import RunningAccount
from stedi.pipeline.derive.staging import BucketStage
from stedi.pipeline.history import Run
from stedi.plan.account import Account
from stedi.plan.change import Change, People
from stedi.plan.lineage import LINEAGE
from stedi.plan.match import Match
from stedi.progress import Progress
from stedi.transform.curate_customers import curate
from stedi.transform.trust_accelerometer import judge_accelerometer
from stedi.transform.trust_step_trainer import attribute, judge_step_trainer
from stedi.warehouse.warehouse import Warehouse

_DRIVING: Final = {step.table: step.driving for step in LINEAGE}

Judge: TypeAlias = Callable[[pl.DataFrame], Rows]
"""Says of landing rows why they are kept out, in their column ``_reason``."""


class Derived(NamedTuple):
    """What a derivation made.

    Attributes:
        snapshots: The staged snapshot of each derived table.
        accounts: The row arithmetic of each of them.
        match: How well the two sensors pair.
        changes: How many rows each of them gained and lost.
        people: How many customers came, left and moved.
    """

    snapshots: Mapping[str, int]
    accounts: Mapping[str, Account]
    match: Match
    changes: Mapping[str, Change]
    people: People

    @classmethod
    def unchanged(cls, base: Run) -> Self:
        """Return what stands where nothing could differ from the run before."""
        tables = [step.table for step in LINEAGE]
        return cls(
            snapshots={table: at for table, at in base.snapshots.items() if table in tables},
            accounts={table: base.accounts[table] for table in tables},
            match=base.match,
            changes=dict.fromkeys(tables, Change()),
            people=People(),
        )


class Derivation:
    """Derives what is new, and what is touched by it, and keeps the accounts of all.

    Args:
        warehouse: The lake's tables.
        sources: The snapshots of the landing tables, the quarantine and the ledger to derive from.
        previous: What the run before left.
        run_id: The run that derives.
        scratch: An empty folder for rows on their way to their bucket.
        progress: Is told how far it is.
        erased: Landing rows that are there no more.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        sources: Mapping[str, int],
        previous: PreviousRun,
        *,
        run_id: str,
        scratch: Path,
        progress: Progress,
        erased: ErasedRows | None = None,
    ) -> None:
        self._erased = erased
        self._warehouse = warehouse
        self._sources = sources
        self._previous = previous
        self._run_id = run_id
        self._scratch = scratch
        self._progress = progress
        self._buckets = Buckets(warehouse.buckets)
        self._accounts = {step.table: RunningAccount(step, previous.account(step.table)) for step in LINEAGE}

    def run(self, *, branch: str, now: datetime, pseudonyms: Pseudonyms, consent: Consent) -> Derived:
        """Derive the tables into new data files on a branch."""
        previous = self._previous
        customers = Customers(
            previous,
            self._scan,
            run_id=self._run_id,
            pseudonyms=pseudonyms,
            consent=consent,
            erased=self._erased,
        ).derive(now, self._accounts[CUSTOMER_TRUSTED])
        people = ConsentDiff.of(previous.customers, customers)
        with (
            BucketStage(self._scratch, "accelerometer") as phone,
            BucketStage(self._scratch, "step_trainer") as steps,
        ):
            seen = self._stage_accelerometer(people, phone)
            read = pl.concat([people.moved.ids, seen])
            trainers = self._devices(customers, people.moved, seen, read)
            self._stage_steps(trainers, steps)
        buckets = BucketedTables(
            self._warehouse,
            previous,
            self._accounts,
            self._buckets,
            run_id=self._run_id,
            progress=self._progress,
        )
        buckets.rewrite(Touched.of(previous, people.moved, trainers), phone, steps)
        snapshots = buckets.stage(branch)
        curated = self._curated(customers, read, buckets.readings(people.moved))
        for table, remade in ((CUSTOMER_TRUSTED, customers), (CUSTOMER_CURATED, curated)):
            self._accounts[table].changed(gained=remade.gained.height, lost=remade.lost.height)
            snapshots[table] = self._write_small(table, branch, remade)
        return Derived(
            snapshots=snapshots,
            accounts={step.table: self._accounts[step.table].account() for step in LINEAGE},
            match=buckets.match,
            changes={
                table: Change(gained=running.gained, lost=running.lost)
                for table, running in self._accounts.items()
            },
            people=people.count(),
        )

    def _stage_accelerometer(self, people: ConsentDiff, stage: BucketStage) -> pl.DataFrame:
        """Stage the admitted readings; return the ids of the customers who have some."""
        names = contract_of(ACCELEROMETER_TRUSTED).names
        seen = [people.moved.ids.clear()]
        landing = self._landing(contract_of(ACCELEROMETER_LANDING), "user", people.moved)
        judged = self._admitted(
            self._accounts[ACCELEROMETER_TRUSTED],
            landing,
            judge=lambda batch: judge_accelerometer(batch, people.now),
            judged_before=lambda batch: judge_accelerometer(batch, people.before),
        )
        with prefetched(judged) as admissions:
            for admitted in admissions:
                rows = admitted.select(names)
                seen.append(rows.select(pl.col("customer_id").unique()))
                stage.add(self._buckets.place(rows))
        self._forget(ACCELEROMETER_TRUSTED, lambda batch: judge_accelerometer(batch, people.now))
        return pl.concat(seen).unique()

    def _devices(
        self, customers: TableRewrite, moved: Changed, seen: pl.DataFrame, read: pl.DataFrame
    ) -> DeviceDiff:
        """Return which devices may be used: their holders must have readings."""
        previous, rows = self._previous, customers.rows
        readers = pl.concat([previous.kept_curated(moved).select("customer_id"), seen])
        asked = customers.changed.clear()
        if not previous.anew:  # else all devices are derived anew, moved or not
            held = rows.join(read, on="customer_id", how="semi").select("customer_id", "device_id")
            asked = pl.concat([customers.changed, held])
        return DeviceDiff.of(
            (previous.customers, previous.curated),
            UsableDevices.of(rows, rows.join(readers, on="customer_id", how="semi")),
            asked,
        )

    def _stage_steps(self, trainers: DeviceDiff, stage: BucketStage) -> None:
        """Stage the admitted readings, once per holder."""
        names = contract_of(STEP_TRAINER_TRUSTED).names
        landing = self._landing(contract_of(STEP_TRAINER_LANDING), "serial_number", trainers.moved)
        judged = self._admitted(
            self._accounts[STEP_TRAINER_TRUSTED],
            landing,
            judge=lambda batch: judge_step_trainer(batch, trainers.now.usable),
            judged_before=lambda batch: judge_step_trainer(batch, trainers.before.usable),
        )
        with prefetched(judged) as admissions:
            for admitted in admissions:
                rows = fetch(attribute(nw.from_native(admitted.lazy()), trainers.now.holders))
                stage.add(self._buckets.place(rows.select(names)))
        self._forget(STEP_TRAINER_TRUSTED, lambda batch: judge_step_trainer(batch, trainers.now.usable))

    def _forget(self, table: str, judge: Judge) -> None:
        """Count erased landing rows no more: as they would be judged now, which is out."""
        if self._erased is None:
            return
        running = self._accounts[table]
        gone = self._erased.rows(_DRIVING[table])
        running.rows_in -= gone.height
        running.judged(fetch(judge(gone)), sign=-1)

    def _admitted(
        self,
        running: RunningAccount,
        landing: Iterator[tuple[pl.DataFrame, bool]],
        *,
        judge: Judge,
        judged_before: Judge,
    ) -> Iterator[pl.DataFrame]:
        """Judge landing rows, count them, and yield those that are admitted.

        Old rows were counted as the run before judged them: that is taken back.
        """
        admitted = 0
        for batch, old in landing:
            decided = fetch(judge(batch))
            admitted += running.judged(decided)
            if old:
                admitted += running.judged(fetch(judged_before(batch)), sign=-1)
            else:
                running.rows_in += batch.height
            yield decided.filter(pl.col("_reason").is_null())
        # Whatever is admitted and not used was there before: the buckets take off what is used.
        running.dropped(Drop.DUPLICATE, admitted)

    def _curated(self, customers: TableRewrite, read: pl.DataFrame, readings: pl.DataFrame) -> TableRewrite:
        """Make the rows of those customers again whose rows, or readings, changed."""
        people, before = customers.rows, self._previous.curated
        others = before.clear()
        if not self._previous.anew:
            ids = pl.concat([customers.changed.select("customer_id"), read]).unique()
            others = before.join(ids, on="customer_id", how="anti")
            people, before, readings = (
                rows.join(ids, on="customer_id", how="semi") for rows in (people, before, readings)
            )
        after = fetch(curate(nw.from_native(people.lazy()), nw.from_native(readings.lazy())))
        curated = TableRewrite.of(before, after, others)
        running, rows_in, rows_out = (
            self._accounts[CUSTOMER_CURATED],
            customers.rows.height,
            curated.rows.height,
        )
        running.rows_in, running.used, running.rows_out = rows_in, rows_out, rows_out
        running.reasons[Drop.NO_READINGS.value] = rows_in - rows_out
        return curated

    def _write_small(self, table: str, branch: str, remade: TableRewrite) -> int:
        """Add to a small table what is new; where rows are lost, write it again."""
        base, key = self._previous.snapshots[table], contract_of(table).key
        writer = self._warehouse.table(table).writer(self._run_id)
        if remade.lost.height:
            writer.write(remade.rows.sort(key))
            return self._warehouse.table(table).replace(branch, base, writer.close())
        writer.write(remade.gained.sort(key))
        return self._warehouse.table(table).stage(branch, base, added=writer.close())

    def _landing(
        self, contract: Contract, subject: str, moved: Changed
    ) -> Iterator[tuple[pl.DataFrame, bool]]:
        """Yield the new rows of a landing table, and the old ones of those who moved."""
        name, columns = contract.name, [column.name for column in contract.source_columns]
        snapshot = self._sources[name]
        total = self._warehouse.table(name).count(snapshot)
        new = None if self._previous.anew else self._run_id
        parts = [(self._warehouse.table(name).rows(snapshot, columns, run=new), False)]
        if not self._previous.anew and not moved.keys.is_empty():
            spelled = self._previous.tables.spelled(name, subject, moved.keys).to_frame()
            if spelled.height:
                old = (
                    rows.join(spelled, on=subject, how="semi")
                    for rows in self._previous.tables.rows(name, columns)
                )
                parts.append((old, True))
        done = 0
        for rows, is_old in parts:
            for batch in rows:
                self._progress(f"judging {name}", done, total)
                yield batch, is_old
                done += batch.height
        self._progress(f"judging {contract.name}", total, total)

    def _scan(self, table: str) -> pl.LazyFrame:
        return self._warehouse.table(table).scan(self._sources[table])
