"""Exactly once: a landing object is loaded entirely or not at all, whatever its name and however often."""

import gzip
import json
import os
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

import stedi
from lakes import (
    ANN,
    DERIVED,
    LANDING,
    PUBLISHED,
    IcebergTable,
    derived_rows,
    expected,
    lake_at,
    put,
    put_rows,
    put_world,
    rich_world,
    run,
    sent,
    tables_of,
)
from stedi.simulate import simulate
from worlds import HOURS, NOW, customer, reading, step


def snapshots(folder):
    return {table: IcebergTable.of(folder, table).main for table in PUBLISHED}


@pytest.fixture
def ann(bench, tmp_path):
    """An empty lake and a small landing root."""
    return bench.empty().lake, put_world(tmp_path / "landing", ANN)


def test_a_run_that_finds_nothing_new_keeps_every_snapshot(filled):
    before = snapshots(filled.folder)
    report = run(filled.lake, filled.landing)
    assert (report.changed, report.objects) == (False, 0)
    assert report.run.snapshots == before
    assert snapshots(filled.folder) == before
    assert filled.lake.runs().height == 2


def test_a_run_that_finds_nothing_new_accounts_for_no_new_record(filled):
    first = filled.lake.last_run()
    second = run(filled.lake, filled.landing).run
    assert all(second.accounts[table].rows_in == 0 for table in (*LANDING, "quarantine", "object"))
    assert {table: second.accounts[table] for table in DERIVED} == {
        table: first.accounts[table] for table in DERIVED
    }


def test_the_same_bytes_under_another_name_load_nothing(filled, tmp_path):
    landing = shutil.copytree(filled.landing, tmp_path / "moved")
    before = snapshots(filled.folder)
    objects = filled.lake.scan("object").collect().height
    report = run(filled.lake, landing)
    ledger = filled.lake.scan("object").collect()
    assert report.objects == objects
    assert ledger.height == 2 * objects
    assert ledger["duplicate"].sum() == objects
    assert ledger.filter("duplicate").select("records", "rejected", "erased").sum().row(0) == (0, 0, 0)
    after = snapshots(filled.folder)
    assert {table for table in PUBLISHED if after[table] != before[table]} == {"object"}


def test_the_same_bytes_written_again_load_nothing(filled, tmp_path):
    landing = shutil.copytree(filled.landing, tmp_path / "landing")
    run(filled.lake, landing)
    before = snapshots(filled.folder)
    for file in landing.rglob("*.json"):
        os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    run(filled.lake, landing)
    after = snapshots(filled.folder)
    assert {table for table in PUBLISHED if after[table] != before[table]} == {"object"}


def test_copies_in_one_run_are_loaded_once_for_each_table(ann):
    lake, landing = ann
    shutil.copy(landing / "accelerometer/accelerometer.json", landing / "accelerometer/again.json")
    text = '{"serialNumber": "50a1b2c3-d4e5"}'
    put(landing, "step_trainer/odd.json", [text])
    put(landing, "accelerometer/odd.json", [text])
    run(lake, landing)
    quarantine = lake.scan("quarantine").collect()
    assert sorted(quarantine["table_name"]) == ["accelerometer_landing", "step_trainer_landing"]
    assert quarantine["_digest"].n_unique() == 1
    assert lake.scan("accelerometer_landing").collect().height == 2
    assert lake.scan("object").collect()["duplicate"].sum() == 1


def test_a_file_overwritten_in_place_is_a_new_object(ann):
    lake, landing = ann
    run(lake, landing)
    put(landing, "accelerometer/accelerometer.json", [sent(reading(at=HOURS[4]))])
    put(landing, "step_trainer/step_trainer.json", [sent(step(at=HOURS[4]))])
    report = run(lake, landing)
    assert report.objects == 2
    assert lake.scan("accelerometer_landing").collect().height == 3
    world = ANN.plus(accelerometer=[reading(at=HOURS[4])], steps=[step(at=HOURS[4])])
    assert tables_of(lake) == expected(world)


def test_a_known_object_is_not_read_again(ann):
    lake, landing = ann
    run(lake, landing)
    file = landing / "accelerometer/accelerometer.json"
    status = file.stat()
    file.write_bytes(b"x" * status.st_size)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    put(landing, "accelerometer/new.json", [sent(reading(at=HOURS[4]))])
    report = run(lake, landing)
    assert report.objects == 1
    assert report.accounts["accelerometer_landing"].rows_in == 1
    assert lake.scan("quarantine").collect().is_empty()


def test_a_new_file_costs_a_file_of_its_own_and_leaves_the_old_ones(ann, bench):
    lake, landing = ann
    run(lake, landing)
    before = {
        file["file_path"] for file in IcebergTable.of(bench.folder, "accelerometer_landing").data_files()
    }
    put(landing, "accelerometer/new.json", [sent(reading(at=HOURS[4]))])
    run(lake, landing)
    after = IcebergTable.of(bench.folder, "accelerometer_landing").data_files()
    assert before < {file["file_path"] for file in after}
    assert sorted(file["record_count"] for file in after) == [1, 2]


def test_what_was_loaded_stays_when_its_file_is_gone(ann):
    lake, landing = ann
    run(lake, landing)
    before = tables_of(lake, PUBLISHED)
    shutil.rmtree(landing)
    for kind in ("customer", "accelerometer", "step_trainer"):
        (landing / kind).mkdir(parents=True)
    report = run(lake, landing)
    assert not report.changed
    assert tables_of(lake, PUBLISHED) == before


def test_an_object_that_loses_its_name_and_comes_back_loads_nothing(ann):
    lake, landing = ann
    run(lake, landing)
    file = landing / "accelerometer/accelerometer.json"
    for place in ("accelerometer/deep/er/c.json", "accelerometer/accelerometer.json"):
        (landing / place).parent.mkdir(parents=True, exist_ok=True)
        file = file.rename(landing / place)
        run(lake, landing)
    assert lake.scan("accelerometer_landing").collect().height == 2
    assert tables_of(lake) == expected(ANN)


def test_incremental_runs_give_what_one_run_gives(filled, tmp_path):
    more = rich_world(1)
    put_world(tmp_path / "more", more)
    report = run(filled.lake, tmp_path / "more", now=NOW)
    assert report.changed
    whole = filled.world.plus(
        customers=({**row, "_digest": "customer"} for row in more.customers),
        accelerometer=more.accelerometer,
        steps=more.steps,
    )
    assert derived_rows(filled.folder) == expected(whole)


def test_a_table_keeps_its_rows_when_another_gets_new_ones(filled, tmp_path):
    before = tables_of(filled.lake)
    nobody = customer("nobody-yet@example.com", "device-nobody", share=None)
    run(filled.lake, put_rows(tmp_path / "more", customer=[nobody]))
    assert tables_of(filled.lake) == before


def test_a_withdrawal_takes_effect_with_the_next_run(ann):
    lake, landing = ann
    run(lake, landing)
    assert lake.scan("machine_learning_curated").collect().height == 2
    put(landing, "customer/withdrawal.json", [sent(customer(at=HOURS[5]))])
    run(lake, landing, now=NOW + timedelta(seconds=1))
    assert all(lake.scan(table).collect().is_empty() for table in DERIVED)
    assert lake.scan("accelerometer_landing").collect().height == 2


def test_dirty_files_give_the_tables_of_clean_ones(tmp_path):
    simulated = {
        name: simulate(tmp_path / name, customers=4, seed=3, dirt=dirt)
        for name, dirt in (("clean", 0.0), ("dirty", 0.2))
    }
    lakes = {name: lake_at(tmp_path / f"{name}-lake") for name in simulated}
    for name, lake in lakes.items():
        lake.run(simulated[name].landing, now=simulated[name].as_of + timedelta(days=1))
    assert lakes["clean"].scan("machine_learning_curated").collect().height > 100
    assert lakes["dirty"].scan("quarantine").collect().height > 100
    assert tables_of(lakes["dirty"]) == tables_of(lakes["clean"])


FORMATS = {
    "back_to_back": lambda rows: lines(rows, end="").encode(),
    "crlf": lambda rows: lines(rows, end="\r\n").encode(),
    "bom": lambda rows: b"\xef\xbb\xbf" + lines(rows).encode(),
    "gzip": lambda rows: gzip.compress(lines(rows).encode()),
    "zstd": lambda rows: pa.compress(lines(rows).encode(), codec="zstd", asbytes=True),
    "lower_case": lambda rows: lines(rows, spell=str.lower).encode(),
    "upper_case": lambda rows: lines(rows, spell=str.upper).encode(),
    "floats": lambda rows: lines([{key: as_float(row[key]) for key in row} for row in rows]).encode(),
}


def lines(rows, end="\n", spell=str):
    return "".join(json.dumps({spell(key): row[key] for key in row}) + end for row in rows)


def as_float(value):
    return float(value) if type(value) is int else value


def test_every_format_of_a_file_gives_the_same_records(ann, tmp_path):
    lake, _ = ann
    sources = {"customer": ANN.customers, "accelerometer": ANN.accelerometer, "step_trainer": ANN.steps}
    for kind, rows in sources.items():
        (tmp_path / "formats" / kind).mkdir(parents=True)
        for name, written in FORMATS.items():
            (tmp_path / "formats" / kind / name).write_bytes(written([sent(row) for row in rows]))
    run(lake, tmp_path / "formats")
    assert lake.scan("quarantine").collect().is_empty()
    for table in LANDING:
        records = lake.scan(table).drop("_digest", "_run").collect()
        kept = {
            Path(place).name: Counter(part.drop("_object").rows())
            for (place,), part in records.partition_by("_object", as_dict=True).items()
        }
        assert kept.keys() == FORMATS.keys()
        assert all(rows == kept["crlf"] for rows in kept.values()), table
    # They are deliveries of the same readings: they count once.
    assert tables_of(lake) == expected(ANN)


def test_a_lake_starts_from_the_pure_functions_key(tmp_path):
    """One key, one id: what a notebook makes joins with the lake's tables."""
    lake = lake_at(tmp_path / "lake", pseudonyms=stedi.Pseudonyms(b"k" * 32))
    run(lake, put_world(tmp_path / "landing", ANN))
    ids = lake.scan("customer_trusted").collect()["customer_id"].to_list()
    assert ids == [stedi.Pseudonyms(b"k" * 32).customer_id("ann@example.com")]
