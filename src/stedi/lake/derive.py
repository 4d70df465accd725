"""Landing tables → the five derived tables, bucket by bucket.

The transforms' own halves do the work: each landing reading is judged as it streams by, what is admitted
is staged by its customer's bucket, and the rest of the rule runs on one bucket at a time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import narwhals as nw
import polars as pl

from stedi.consent.pseudonyms import Pseudonyms
from stedi.contract import Contract, contract_of
from stedi.contract.reasons import Drop
from stedi.contract.schemas import polars_schema
from stedi.frame.checked import fetch
from stedi.lake.buckets import Places, groups
from stedi.lake.dated import dated
from stedi.lake.staging import BUCKET, BucketStage
from stedi.names import (
    ACCELEROMETER_LANDING,
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    CUSTOMER_LANDING,
    CUSTOMER_TRUSTED,
    MACHINE_LEARNING_CURATED,
    OBJECT,
    QUARANTINE,
    STEP_TRAINER_LANDING,
    STEP_TRAINER_TRUSTED,
    Consent,
)
from stedi.plan.account import Account
from stedi.plan.lineage import LINEAGE
from stedi.plan.match import NEARBY, Match
from stedi.progress import Progress
from stedi.transform.curate_customers import curate_customers
from stedi.transform.curate_ml import curate_ml
from stedi.transform.nearest import nearest_times
from stedi.transform.sanitize_customers import judge_customers, newest, weigh_customers
from stedi.transform.trust_accelerometer import consenting_customers, judge_accelerometer
from stedi.transform.trust_step_trainer import attribute, device_holders, judge_step_trainer, usable_devices
from stedi.warehouse.bucket import buckets_of
from stedi.warehouse.warehouse import Warehouse
from stedi.warehouse.writer import TableWriter

_PRIMARY: Final = "_primary"
_STEPS: Final = {step.table: step for step in LINEAGE}


class Derivation:
    """Derives all five tables in full, and keeps their accounts.

    Args:
        warehouse: The lake's tables.
        sources: The snapshots of the landing tables and the quarantine to derive from.
        run_id: The run that derives.
        scratch: An empty folder for rows on their way to their bucket.
        progress: Is told how far it is.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        sources: Mapping[str, int],
        *,
        run_id: str,
        scratch: Path,
        progress: Progress,
    ) -> None:
        """Write nothing yet."""
        self._warehouse = warehouse
        self._sources = sources
        self._scratch = scratch
        self._progress = progress
        self._buckets = warehouse.buckets
        self._writers = {step.table: warehouse.writer(step.table, run_id) for step in LINEAGE}
        self._reasons: dict[str, Counter[str]] = {step.table: Counter() for step in LINEAGE}
        self._used: Counter[str] = Counter()
        self._rows_in: Counter[str] = Counter()
        self._rows_out: Counter[str] = Counter()
        self._nearby = 0

    def run(self, *, now: datetime, pseudonyms: Pseudonyms, consent: Consent) -> dict[str, Account]:
        """Derive the tables into new data files and return their accounts."""
        customers = self._customers(now, pseudonyms, consent)
        with (
            BucketStage(self._scratch, "accelerometer") as accelerometer,
            BucketStage(self._scratch, "step_trainer") as steps,
        ):
            seen = self._stage_accelerometer(customers, accelerometer)
            self._stage_steps(customers, curate_customers(customers, seen), steps)
        self._derive_buckets(customers, accelerometer, steps)
        return {step.table: self._account(step.table) for step in LINEAGE}

    @property
    def match(self) -> Match:
        """How well the two sensors pair."""
        table = MACHINE_LEARNING_CURATED
        return Match(readings=self._rows_in[table], exact=self._used[table], nearby=self._nearby)

    @property
    def writers(self) -> Mapping[str, TableWriter]:
        """The writers of the derived tables."""
        return self._writers

    def _customers(self, now: datetime, pseudonyms: Pseudonyms, consent: Consent) -> pl.DataFrame:
        landing = self._warehouse.scan(CUSTOMER_LANDING, self._sources[CUSTOMER_LANDING]).collect()
        rejected = dated(self._scan(QUARANTINE), self._scan(OBJECT)).collect()
        weighed = weigh_customers(landing, now=now, pseudonyms=pseudonyms, consent=consent, rejected=rejected)
        decided = fetch(judge_customers(weighed))
        self._count(CUSTOMER_TRUSTED, decided)
        customers = (
            fetch(newest(nw.from_native(decided.lazy())))
            .select(contract_of(CUSTOMER_TRUSTED).names)
            .sort("customer_id", "device_id")
        )
        admitted = decided.filter(pl.col("_reason").is_null()).select("customer_id", "device_id")
        self._reasons[CUSTOMER_TRUSTED][Drop.SUPERSEDED] = admitted.height - admitted.n_unique()
        self._keep(CUSTOMER_TRUSTED, customers, used=customers.height)
        self._writers[CUSTOMER_TRUSTED].write(customers)
        return customers

    def _stage_accelerometer(self, customers: pl.DataFrame, stage: BucketStage) -> pl.DataFrame:
        """Stage the admitted readings; return one reading of each customer who has any."""
        consenting = self._with_bucket(consenting_customers(customers))
        names = contract_of(ACCELEROMETER_TRUSTED).names
        seen: set[str] = set()
        for batch in self._landing(contract_of(ACCELEROMETER_LANDING)):
            decided = fetch(judge_accelerometer(batch, consenting))
            self._count(ACCELEROMETER_TRUSTED, decided)
            admitted = decided.filter(pl.col("_reason").is_null()).select(*names, BUCKET)
            seen.update(admitted["customer_id"].unique())
            stage.add(admitted)
        schema = polars_schema(contract_of(ACCELEROMETER_TRUSTED))
        return pl.DataFrame({"customer_id": sorted(seen)}, schema={"customer_id": pl.String}).with_columns(
            pl.lit(None, dtype=schema["timestamp"]).alias("timestamp")
        )

    def _stage_steps(self, customers: pl.DataFrame, curated: pl.DataFrame, stage: BucketStage) -> None:
        """Stage the admitted readings, once per holder; of several holders one is the primary."""
        pairs = device_holders(customers, curated)
        holders = self._with_bucket(pairs).with_columns(
            (pl.col("customer_id") == pl.col("customer_id").min().over("device_id")).alias(_PRIMARY)
        )
        devices = usable_devices(customers, pairs)
        names = contract_of(STEP_TRAINER_TRUSTED).names
        for batch in self._landing(contract_of(STEP_TRAINER_LANDING)):
            decided = fetch(judge_step_trainer(batch, devices))
            self._count(STEP_TRAINER_TRUSTED, decided)
            admitted = nw.from_native(decided.lazy()).filter(nw.col("_reason").is_null())
            stage.add(fetch(attribute(admitted, holders)).select(*names, BUCKET, _PRIMARY))

    def _derive_buckets(
        self, customers: pl.DataFrame, accelerometer: BucketStage, steps: BucketStage
    ) -> None:
        people = self._with_bucket(customers)
        for group in groups(accelerometer.rows + steps.rows, self._buckets):
            self._progress("deriving", group[0], self._buckets)
            mine = people.filter(pl.col(BUCKET).is_in(group))
            places = Places(group, mine.select("customer_id", BUCKET).unique())
            readings = self._derive_accelerometer(accelerometer.read(group), places)
            self._derive_curated(mine, readings)
            self._derive_pairs(self._derive_steps(steps.read(group), places), readings, places)
        self._progress("deriving", self._buckets, self._buckets)

    def _derive_accelerometer(self, staged: pl.DataFrame | None, places: Places) -> pl.DataFrame:
        contract = contract_of(ACCELEROMETER_TRUSTED)
        if staged is None:
            return polars_schema(contract).to_frame()
        readings = staged.unique().sort(contract.key)
        self._reasons[contract.name][Drop.DUPLICATE] += staged.height - readings.height
        self._keep(contract.name, readings, used=readings.height)
        places.write(readings, self._writers[contract.name])
        return readings

    def _derive_curated(self, customers: pl.DataFrame, readings: pl.DataFrame) -> None:
        curated = curate_customers(customers, readings).sort("customer_id", "device_id")
        unseen = customers.join(readings, on="customer_id", how="anti").height
        self._rows_in[CUSTOMER_CURATED] += customers.height
        self._reasons[CUSTOMER_CURATED][Drop.NO_READINGS] += unseen
        self._keep(CUSTOMER_CURATED, curated, used=curated.height)
        self._writers[CUSTOMER_CURATED].write(curated)

    def _derive_steps(self, staged: pl.DataFrame | None, places: Places) -> pl.DataFrame:
        contract = contract_of(STEP_TRAINER_TRUSTED)
        if staged is None:
            return polars_schema(contract).to_frame()
        distinct = staged.unique().sort(contract.key)
        used = int(distinct[_PRIMARY].sum())
        self._reasons[contract.name][Drop.DUPLICATE] += int(staged[_PRIMARY].sum()) - used
        steps = distinct.select(contract.names)
        self._keep(contract.name, steps, used=used)
        places.write(steps, self._writers[contract.name])
        return steps

    def _derive_pairs(self, steps: pl.DataFrame, readings: pl.DataFrame, places: Places) -> None:
        contract = contract_of(MACHINE_LEARNING_CURATED)
        pairs = curate_ml(steps, readings).sort(contract.key)
        unpaired = steps.join(
            readings,
            left_on=["customer_id", "sensor_reading_time"],
            right_on=["customer_id", "timestamp"],
            how="anti",
        )
        used = pairs.select("customer_id", "device_id", "timestamp", "distance_from_object").n_unique()
        self._rows_in[contract.name] += steps.height
        self._reasons[contract.name][Drop.UNPAIRED] += unpaired.height
        self._nearby += used + _with_neighbour(unpaired, readings)
        self._keep(contract.name, pairs, used=used)
        places.write(pairs, self._writers[contract.name])

    def _landing(self, contract: Contract) -> Iterator[pl.DataFrame]:
        snapshot = self._sources[contract.name]
        total = self._warehouse.count(contract.name, snapshot)
        done = 0
        columns = [column.name for column in contract.source_columns]
        for batch in self._warehouse.batches(contract.name, snapshot, columns):
            self._progress(f"judging {contract.name}", done, total)
            yield batch
            done += batch.height
        self._progress(f"judging {contract.name}", total, total)

    def _scan(self, table: str) -> pl.LazyFrame:
        return self._warehouse.scan(table, self._sources[table])

    def _with_bucket(self, frame: pl.DataFrame) -> pl.DataFrame:
        places = buckets_of(frame["customer_id"], self._buckets)
        return frame.with_columns(pl.Series(BUCKET, places, dtype=pl.Int32))

    def _count(self, table: str, decided: pl.DataFrame) -> None:
        self._rows_in[table] += decided.height
        for reason, rows in decided["_reason"].drop_nulls().value_counts().iter_rows():
            self._reasons[table][reason] += rows

    def _keep(self, table: str, rows: pl.DataFrame, *, used: int) -> None:
        self._used[table] += used
        self._rows_out[table] += rows.height

    def _account(self, table: str) -> Account:
        step = _STEPS[table]
        used, rows_out = self._used[table], self._rows_out[table]
        return Account(
            table=table,
            rows_in=self._rows_in[table],
            used=used,
            dropped={reason.value: self._reasons[table][reason] for reason in step.drops},
            fan_out=rows_out - used if step.fans_out else 0,
            rows_out=rows_out,
        )


def _with_neighbour(steps: pl.DataFrame, readings: pl.DataFrame) -> int:
    """Count the step readings that have a phone reading of the same customer nearby."""
    if steps.is_empty() or readings.is_empty():
        return 0
    matches = fetch(nearest_times(nw.from_native(steps.lazy()), nw.from_native(readings.lazy()), NEARBY))
    return steps.join(matches, on=["customer_id", "sensor_reading_time"], how="semi").height
