"""What became of the rows of a few people and devices: counted as they stream by, never all at once.

The transforms' own halves judge them. What is kept in memory is what the people and devices of the question
have in the trusted tables.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

import narwhals as nw
import polars as pl

from stedi.consent.pseudonyms import key
from stedi.contract import contract_of
from stedi.contract.reasons import Drop
from stedi.contract.schemas import polars_schema
from stedi.frame.checked import fetch
from stedi.governance.explain.circle import Circle
from stedi.names import (
    ACCELEROMETER_LANDING,
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    CUSTOMER_TRUSTED,
    MACHINE_LEARNING_CURATED,
    STEP_TRAINER_LANDING,
    STEP_TRAINER_TRUSTED,
)
from stedi.pipeline.history import Run
from stedi.plan.account import Account
from stedi.plan.lineage import LINEAGE
from stedi.transform.curate_customers import curate_customers
from stedi.transform.curate_ml import curate_ml
from stedi.transform.trust_accelerometer import consenting_customers, judge_accelerometer
from stedi.transform.trust_step_trainer import attribute, curated_holders, judge_step_trainer, usable_devices
from stedi.warehouse.read import BATCH_ROWS
from stedi.warehouse.warehouse import Warehouse

_STEPS: Final = {step.table: step for step in LINEAGE}
_NAME_COLUMN: Final = {ACCELEROMETER_LANDING: "user", STEP_TRAINER_LANDING: "serial_number"}


class Tally:
    """The arithmetic of some rows on their way into one derived table."""

    def __init__(self, table: str) -> None:
        """Count nothing yet."""
        self._step = _STEPS[table]
        self.rows_in = 0
        self.reasons: Counter[str] = Counter()

    def judge(self, decided: pl.DataFrame) -> pl.DataFrame:
        """Count judged rows and return those that are admitted."""
        self.rows_in += decided.height
        self.reasons.update(decided["_reason"].drop_nulls().to_list())
        return decided.filter(pl.col("_reason").is_null())

    def account(self, *, used: int, rows_out: int) -> Account:
        """Return the account, once it adds up."""
        account = Account(
            table=self._step.table,
            rows_in=self.rows_in,
            used=used,
            dropped={reason.value: self.reasons[reason] for reason in self._step.drops},
            fan_out=rows_out - used if self._step.fans_out else 0,
            rows_out=rows_out,
        )
        account.check()
        return account


def of_records(records: pl.DataFrame) -> Account:
    """Return what became of judged customer records."""
    tally = Tally(CUSTOMER_TRUSTED)
    admitted = tally.judge(records)
    used = admitted.select("customer_id", "device_id").n_unique()
    tally.reasons[Drop.SUPERSEDED] = admitted.height - used
    return tally.account(used=used, rows_out=used)


def of_curation(customers: pl.DataFrame, curated: pl.DataFrame) -> Account:
    """Return what became of rows of customer_trusted."""
    tally = Tally(CUSTOMER_CURATED)
    tally.rows_in = customers.height
    pair = ["customer_id", "device_id"]
    tally.reasons[Drop.NO_READINGS] = customers.join(curated, on=pair, how="anti").height
    used = customers.join(curated, on=pair, how="semi").height
    return tally.account(used=used, rows_out=used)


def of_pairs(steps: pl.DataFrame, phone: pl.DataFrame) -> Account:
    """Return what became of rows of step_trainer_trusted."""
    tally = Tally(MACHINE_LEARNING_CURATED)
    tally.rows_in = steps.height
    tally.reasons[Drop.UNPAIRED] = steps.join(
        phone,
        left_on=["customer_id", "sensor_reading_time"],
        right_on=["customer_id", "timestamp"],
        how="anti",
    ).height
    pairs = curate_ml(steps, phone)
    used = pairs.select("customer_id", "device_id", "timestamp", "distance_from_object").n_unique()
    return tally.account(used=used, rows_out=pairs.height)


class Readings:
    """The readings of the people and devices of a circle, judged.

    Args:
        warehouse: The lake's tables.
        run: The run that is explained.
        circle: The people and devices.
        people: Of whom phone readings are counted and kept, by id.
    """

    def __init__(self, warehouse: Warehouse, run: Run, circle: Circle, people: Collection[str]) -> None:
        """Read both sensor tables."""
        self._warehouse = warehouse
        self._run = run
        self._circle = circle
        self.phone_account, self.phone, seen = self._phone(people)
        self.curated = curate_customers(circle.customers, seen)
        self.step_accounts, self.steps = self._device_readings()

    def _phone(self, people: Collection[str]) -> tuple[Account, pl.DataFrame, pl.DataFrame]:
        """Return the account and the trusted readings of the people, and one of everybody who has any."""
        circle = self._circle
        counted = {circle.customer_keys[each] for each in people}
        names = contract_of(ACCELEROMETER_TRUSTED).names
        schema = polars_schema(contract_of(ACCELEROMETER_TRUSTED))
        consenting = consenting_customers(circle.customers)
        wanted = counted | set(consenting["_key"])
        tally, kept = Tally(ACCELEROMETER_TRUSTED), [schema.to_frame()]
        seen: set[str] = set()
        for batch, keys in self._sent(ACCELEROMETER_LANDING, wanted):
            mine = [spelling for spelling, each in keys.items() if each in counted]
            decided = fetch(judge_accelerometer(batch, consenting))
            seen.update(decided.filter(pl.col("_reason").is_null())["customer_id"].unique())
            admitted = tally.judge(decided.filter(pl.col("user").is_in(mine)))
            kept.append(admitted.select(names))
        admitted = pl.concat(kept)
        distinct = admitted.unique()
        tally.reasons[Drop.DUPLICATE] = admitted.height - distinct.height
        account = tally.account(used=distinct.height, rows_out=distinct.height)
        anybody = pl.DataFrame({"customer_id": sorted(seen)}, schema={"customer_id": pl.String}).with_columns(
            pl.lit(None, dtype=schema["timestamp"]).alias("timestamp")
        )
        return account, distinct, anybody

    def _device_readings(self) -> tuple[dict[str, Account], pl.DataFrame]:
        """Return the account of each device, and their rows of step_trainer_trusted."""
        circle = self._circle
        holders = curated_holders(circle.customers, self.curated)
        devices = usable_devices(circle.customers, holders)
        names = contract_of(STEP_TRAINER_TRUSTED).names
        ids = {each: device_id for device_id, each in circle.device_keys.items()}
        tallies = {device_id: Tally(STEP_TRAINER_TRUSTED) for device_id in circle.device_keys}
        kept = [polars_schema(contract_of(STEP_TRAINER_TRUSTED)).to_frame().drop("customer_id")]
        for batch, keys in self._sent(STEP_TRAINER_LANDING, ids):
            decided = fetch(judge_step_trainer(batch, devices))
            for spelling, each in keys.items():
                admitted = tallies[ids[each]].judge(decided.filter(pl.col("serial_number") == spelling))
                kept.append(admitted.select(kept[0].columns))
        admitted = pl.concat(kept)
        distinct = admitted.unique()
        rows = fetch(attribute(nw.from_native(distinct.lazy()), holders)).select(names)
        accounts = {}
        for device_id, tally in tallies.items():
            used = distinct.filter(device_id=device_id).height
            tally.reasons[Drop.DUPLICATE] = admitted.filter(device_id=device_id).height - used
            accounts[device_id] = tally.account(used=used, rows_out=rows.filter(device_id=device_id).height)
        return accounts, rows

    def _sent(self, table: str, wanted: Collection[str]) -> Iterator[tuple[pl.DataFrame, dict[str, str]]]:
        """Yield the rows of a sensor table that name one of these keys, and the key of each spelling."""
        column = _NAME_COLUMN[table]
        rows = self._warehouse.scan(table, self._run.snapshots[table])
        spellings = rows.select(column).unique().collect(engine="streaming")[column]
        keys = {spelling: each for spelling in spellings if (each := key(spelling)) in wanted}
        if not keys:
            return
        spelled = pl.LazyFrame({column: list(keys)}, schema={column: pl.String})
        names = [each.name for each in contract_of(table).source_columns]
        # Joined, not compared: what names people must not stand in a query plan.
        batches = (
            rows.select(names)
            .join(spelled, on=column, how="semi")
            .collect_batches(chunk_size=BATCH_ROWS, maintain_order=False)
        )
        for batch in batches:
            yield batch, keys
