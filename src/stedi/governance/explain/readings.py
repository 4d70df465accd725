"""What became of the rows of a few people and devices: counted as they stream by, never all at once.

The transforms' own halves judge them. What is kept in memory is what the people and devices of the question
have in the trusted tables.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

import narwhals as nw
import polars as pl

from stedi.consent.pseudonyms import keys
from stedi.contract import contract_of
from stedi.contract.reasons import Drop, Rejection
from stedi.contract.schemas import polars_schema
from stedi.frame.checked import Rows, fetch
from stedi.governance.explain.closure import DependencyClosure
from stedi.names import (
    ACCELEROMETER_LANDING,
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    CUSTOMER_TRUSTED,
    MACHINE_LEARNING_CURATED,
    QUARANTINE,
    STEP_TRAINER_LANDING,
    STEP_TRAINER_TRUSTED,
)
from stedi.outline import outline
from stedi.plan.account import Account
from stedi.plan.lineage import LINEAGE
from stedi.transform.curate_customers import curate_customers
from stedi.transform.curate_ml import curate_ml
from stedi.transform.trust_accelerometer import consenting_customers, judge_accelerometer
from stedi.transform.trust_step_trainer import attribute, curated_holders, judge_step_trainer, usable_devices
from stedi.warehouse.read import BATCH_ROWS
from stedi.warehouse.run_tables import RunTables, Scan

_STEPS: Final = {step.table: step for step in LINEAGE}
_PAIR: Final = ["customer_id", "device_id"]


@dataclass(slots=True)
class _RowAccount:
    """The arithmetic of some rows on their way into one derived table, so far."""

    table: str
    rows_in: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def admit(self, judged: pl.DataFrame) -> pl.DataFrame:
        """Count judged rows and return those that are admitted."""
        self.rows_in += judged.height
        self.reasons.update(judged["_reason"].drop_nulls().to_list())
        return judged.filter(pl.col("_reason").is_null())

    def account(self, *, used: int, rows_out: int) -> Account:
        """Return the account, once it adds up."""
        step = _STEPS[self.table]
        account = Account(
            table=self.table,
            rows_in=self.rows_in,
            used=used,
            dropped={reason.value: self.reasons[reason] for reason in step.drops},
            fan_out=rows_out - used if step.fans_out else 0,
            rows_out=rows_out,
        )
        account.check()
        return account


def account_of_records(records: pl.DataFrame) -> Account:
    """Return what became of judged customer records."""
    counted = _RowAccount(CUSTOMER_TRUSTED)
    admitted = counted.admit(records)
    used = admitted.select(_PAIR).n_unique()
    counted.reasons[Drop.SUPERSEDED] = admitted.height - used
    return counted.account(used=used, rows_out=used)


def account_of_customers(customers: pl.DataFrame, curated: pl.DataFrame) -> Account:
    """Return what became of rows of customer_trusted."""
    unread = customers.join(curated, on=_PAIR, how="anti").height
    used = customers.join(curated, on=_PAIR, how="semi").height
    counted = _RowAccount(CUSTOMER_CURATED, customers.height, Counter({Drop.NO_READINGS: unread}))
    return counted.account(used=used, rows_out=used)


def account_of_pairs(steps: pl.DataFrame, phone: pl.DataFrame) -> Account:
    """Return what became of rows of step_trainer_trusted."""
    at, same = ["customer_id", "sensor_reading_time"], ["customer_id", "timestamp"]
    unpaired = steps.join(phone, left_on=at, right_on=same, how="anti").height
    pairs = curate_ml(steps, phone)
    used = pairs.select(*_PAIR, "timestamp", "distance_from_object").n_unique()
    counted = _RowAccount(MACHINE_LEARNING_CURATED, steps.height, Counter({Drop.UNPAIRED: unpaired}))
    return counted.account(used=used, rows_out=pairs.height)


def count_rejected(scan: Scan) -> pl.DataFrame:
    """Return how many records of whom are in quarantine, and why."""
    return (
        scan(QUARANTINE)
        .group_by("table_name", "emails", "serial_numbers", "reason")
        .agg(rows=pl.len())
        .collect()
    )


def account_of_sent(
    counts: pl.DataFrame, table: str, column: Literal["emails", "serial_numbers"], wanted: str, *, loaded: int
) -> Account:
    """Return what became of the records that were sent: loaded into a landing table, or rejected.

    Args:
        counts: The rejected records, counted.
        table: The landing table.
        column: What names the person or the device.
        wanted: Its key.
        loaded: How many records of theirs the landing table has.
    """
    sent = counts.filter(table_name=table).with_row_index("_number")
    named = sent.select("_number", column).explode(column).drop_nulls(column)
    named = named.filter(keys(named[column]) == wanted)
    mine = sent.join(named, on="_number", how="semi")
    rows = dict(mine.group_by("reason").agg(pl.col("rows").sum()).iter_rows())
    dropped = {reason.value: rows[reason] for reason in Rejection if reason in rows}
    rows_in = loaded + sum(dropped.values())
    return Account(table=table, rows_in=rows_in, used=loaded, dropped=dropped, rows_out=loaded)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class JudgedReadings:
    """The readings of the people and devices of a question, judged.

    Attributes:
        phone: The trusted phone readings of the people.
        phone_account: What became of all of theirs.
        curated: The rows of customer_curated of everybody whom the answer can depend on.
        steps: The rows of step_trainer_trusted of the devices.
        step_accounts: What became of the readings of each device.
    """

    phone: pl.DataFrame
    phone_account: Account
    curated: pl.DataFrame
    steps: pl.DataFrame
    step_accounts: dict[str, Account]

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)


def judge_readings(tables: RunTables, closure: DependencyClosure, people: Collection[str]) -> JudgedReadings:
    """Read both sensor tables and judge the readings of a question.

    Args:
        tables: The tables of the run that is explained.
        closure: The people and devices.
        people: Of whom phone readings are counted and kept, by id.
    """
    phone_account, phone, seen = _phone(tables, closure, people)
    curated = curate_customers(closure.customers, seen)
    step_accounts, steps = _steps(tables, closure, curated)
    return JudgedReadings(
        phone=phone, phone_account=phone_account, curated=curated, steps=steps, step_accounts=step_accounts
    )


def _phone(
    tables: RunTables, closure: DependencyClosure, people: Collection[str]
) -> tuple[Account, pl.DataFrame, pl.DataFrame]:
    """Return the account and the trusted readings of the people, and one of everybody who has any."""
    mine = [closure.customer_keys[each] for each in people]
    schema = polars_schema(contract_of(ACCELEROMETER_TRUSTED))
    consenting = consenting_customers(closure.customers)
    counted, kept = _RowAccount(ACCELEROMETER_TRUSTED), [schema.to_frame()]
    seen: set[str] = set()
    for judged in _judged(
        tables,
        (ACCELEROMETER_LANDING, "user"),
        {*mine, *consenting["_key"]},
        lambda batch: judge_accelerometer(batch, consenting),
    ):
        seen.update(judged.filter(pl.col("_reason").is_null())["customer_id"].unique())
        kept.append(counted.admit(judged.filter(pl.col("_key").is_in(mine))).select(schema.names()))
    admitted = pl.concat(kept)
    distinct = admitted.unique()
    counted.reasons[Drop.DUPLICATE] = admitted.height - distinct.height
    account = counted.account(used=distinct.height, rows_out=distinct.height)
    anybody = pl.DataFrame({"customer_id": sorted(seen)}, schema={"customer_id": pl.String})
    return account, distinct, anybody.with_columns(timestamp=pl.lit(None, dtype=schema["timestamp"]))


def _steps(
    tables: RunTables, closure: DependencyClosure, curated: pl.DataFrame
) -> tuple[dict[str, Account], pl.DataFrame]:
    """Return the account of each device, and their rows of step_trainer_trusted."""
    holders = curated_holders(closure.customers, curated)
    devices = usable_devices(closure.customers, holders)
    schema = polars_schema(contract_of(STEP_TRAINER_TRUSTED))
    counted = {each: _RowAccount(STEP_TRAINER_TRUSTED) for each in closure.device_keys.values()}
    kept = [schema.to_frame().drop("customer_id")]
    for judged in _judged(
        tables,
        (STEP_TRAINER_LANDING, "serial_number"),
        counted.keys(),
        lambda batch: judge_step_trainer(batch, devices),
    ):
        for (serial,), rows in judged.group_by("_key"):
            kept.append(counted[str(serial)].admit(rows).select(kept[0].columns))
    admitted = pl.concat(kept)
    distinct = admitted.unique()
    attributed = fetch(attribute(nw.from_native(distinct.lazy()), holders)).select(schema.names())
    accounts = {}
    for device_id, serial in closure.device_keys.items():
        used = distinct.filter(device_id=device_id).height
        counted[serial].reasons[Drop.DUPLICATE] = admitted.filter(device_id=device_id).height - used
        rows_out = attributed.filter(device_id=device_id).height
        accounts[device_id] = counted[serial].account(used=used, rows_out=rows_out)
    return accounts, attributed


def _judged(
    tables: RunTables,
    place: tuple[str, str],
    wanted: Collection[str],
    judge: Callable[[pl.DataFrame], Rows],
) -> Iterator[pl.DataFrame]:
    """Yield the judged rows of a sensor table that name one of these keys, with that key in ``_key``.

    Args:
        tables: The tables of the run.
        place: The sensor table, and its column that names the person or the device.
        wanted: The keys.
        judge: Judges some rows.
    """
    table, column = place
    spelled = tables.spelled(table, column, pl.Series(list(wanted), dtype=pl.String))
    if spelled.is_empty():
        return
    named = pl.DataFrame({column: spelled, "_key": keys(spelled)})
    names = [each.name for each in contract_of(table).source_columns]
    # Joined, not compared: what names people must not stand in a query plan.
    batches = (
        tables.scan(table)
        .select(names)
        .join(named.lazy(), on=column, how="semi")
        .collect_batches(chunk_size=BATCH_ROWS, maintain_order=False)
    )
    for batch in batches:
        yield fetch(judge(batch)).join(named, on=column)
