"""The public sample, through the lake and through the pure functions: the known counts, row by row."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stedi
from lakes import DERIVED, KEYS, LANDING, PSEUDONYMS, IcebergTable, Row, figures, judged, lake_at, tables_of
from stedi.pipeline.run_report import RunReport
from worlds import World

pytestmark = pytest.mark.sample

COUNTS = {
    "as_of": (482, 32_025, 464, 11_297, 32_025),
    "current": (482, 40_981, 482, 14_460, 40_981),
}
NOW = datetime(2024, 1, 1, tzinfo=UTC)
SENT = {"customer_landing": 956, "accelerometer_landing": 81_273, "step_trainer_landing": 28_680}


@dataclass(frozen=True)
class Loaded:
    """A lake that holds the sample."""

    consent: str
    folder: Path
    lake: stedi.Lake
    report: RunReport


@pytest.fixture(scope="module", params=COUNTS)
def loaded(request, public_sample, tmp_path_factory) -> Loaded:
    folder = tmp_path_factory.mktemp("sample") / "lake"
    lake = lake_at(folder, buckets=8)
    report = lake.run(public_sample, consent=request.param, now=NOW)
    return Loaded(request.param, folder, lake, report)


@pytest.fixture(scope="module")
def world(public_sample) -> World:
    """The sample, read by nothing but the json module."""

    def rows(table: str) -> tuple[Row, ...]:
        kind = table.removesuffix("_landing")
        columns = stedi.contract.contract_of(table).names
        names = [name for name in columns if name in KEYS]
        files = sorted((public_sample / kind).rglob("*.json"))
        records = [
            {key.lower(): value for key, value in json.loads(line).items()}
            for file in files
            for line in file.read_text().splitlines()
        ]
        return tuple(
            {"_digest": None} | {name: _value(name, record.get(KEYS[name].lower())) for name in names}
            for record in records
        )

    return World(*map(rows, LANDING), now=NOW)


def _value(name: str, value: object) -> object:
    if value is not None and (name.endswith(("_date", "_time")) or name == "timestamp"):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
    return float(value) if name in ("x", "y", "z") else value


def test_the_lake_has_the_known_counts(loaded):
    counts = tuple(loaded.lake.scan(table).collect().height for table in DERIVED)
    assert counts == COUNTS[loaded.consent]


def test_an_independent_reader_counts_the_same_on_main(loaded):
    files = {table: IcebergTable.of(loaded.folder, table).data_files() for table in (*LANDING, *DERIVED)}
    counts = {
        table: duckdb.execute(
            "SELECT count(*) FROM read_parquet(?)", [[file["file_path"] for file in each]]
        ).fetchall()[0][0]
        for table, each in files.items()
    }
    assert counts == SENT | dict(zip(DERIVED, COUNTS[loaded.consent], strict=True))


def test_nothing_of_the_sample_is_rejected(loaded):
    assert loaded.lake.scan("quarantine").collect().is_empty()
    assert {table: loaded.report.accounts[table].rows_out for table in LANDING} == SENT


def test_the_pure_functions_give_the_tables_of_the_lake(loaded, public_sample):
    split = {
        table: stedi.read_landing(public_sample / table.removesuffix("_landing"), table) for table in LANDING
    }
    customers = stedi.sanitize_customers(
        split["customer_landing"].kept,
        now=NOW,
        pseudonyms=PSEUDONYMS,
        consent=loaded.consent,
        rejected=split["customer_landing"].rejected,
    )
    accelerometer = stedi.trust_accelerometer(split["accelerometer_landing"].kept, customers)
    curated = stedi.curate_customers(customers, accelerometer)
    steps = stedi.trust_step_trainer(split["step_trainer_landing"].kept, customers, curated)
    ml = stedi.curate_ml(steps, accelerometer)
    made = dict(zip(DERIVED, (customers, accelerometer, curated, steps, ml), strict=True))
    assert tuple(frame.height for frame in made.values()) == COUNTS[loaded.consent]
    for table, frame in made.items():
        in_the_lake = loaded.lake.scan(table).collect()
        assert_frame_equal(frame.sort(frame.columns), in_the_lake.sort(in_the_lake.columns))


def test_the_tables_and_accounts_are_the_oracles(loaded, world):
    tables, accounts = judged(world, consent=loaded.consent)
    assert tables_of(loaded.lake) == tables
    assert {table: figures(loaded.report.accounts[table]) for table in DERIVED} == {
        table: figures(account) for table, account in accounts.items()
    }


def test_every_training_row_pairs_readings_of_one_customer_at_one_time(loaded):
    ml, steps, readings = (
        loaded.lake.scan(table).collect()
        for table in ("machine_learning_curated", "step_trainer_trusted", "accelerometer_trusted")
    )
    of_steps = ml.join(
        steps,
        left_on=("customer_id", "device_id", "timestamp", "distance_from_object"),
        right_on=("customer_id", "device_id", "sensor_reading_time", "distance_from_object"),
        how="anti",
    )
    of_readings = ml.join(readings, on=("customer_id", "timestamp", "x", "y", "z"), how="anti")
    assert of_steps.is_empty()
    assert of_readings.is_empty()


def test_a_join_on_time_alone_would_pair_strangers(loaded):
    steps = loaded.lake.scan("step_trainer_trusted")
    readings = loaded.lake.scan("accelerometer_trusted")
    careless = steps.join(
        readings, left_on="sensor_reading_time", right_on="timestamp", how="inner"
    ).collect()
    strangers = careless.filter(pl.col("customer_id") != pl.col("customer_id_right")).height
    assert careless.height - strangers == COUNTS[loaded.consent][-1]
    if loaded.consent == "current":
        assert (careless.height, strangers) == (43_681, 2_700)
