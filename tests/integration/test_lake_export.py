"""An exported file is what a scan finds, whole or not there at all, and without people unless asked."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from bench import Bench
from lakes import PSEUDONYMS, lake_at
from stedi.contract import CONTRACTS, contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import ExportError, LakeError, UnknownNameError
from stedi.lake.export import EXPORT_FORMATS, export
from stedi.names import RUN
from worlds import PEOPLE

BOB_ID = PSEUDONYMS.customer_id(PEOPLE[3][0])


@pytest.fixture(scope="module")
def lake(bench: Bench):
    return bench.filled().lake


def read_back(path, table):
    """Read a file with the types of its contract; in text, times are ISO 8601 and truths words."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    lines = path.read_text("utf-8").splitlines()
    if not lines:
        return polars_schema(contract_of(table)).to_frame()
    names = lines[0].split(",") if path.suffix == ".csv" else list(json.loads(lines[0]))
    types = {name: polars_schema(contract_of(table))[name] for name in names}
    read = pl.read_csv if path.suffix == ".csv" else pl.read_ndjson
    times = [name for name, dtype in types.items() if isinstance(dtype, pl.Datetime)]
    if path.suffix == ".csv":
        lists = [name for name, dtype in types.items() if isinstance(dtype, pl.List)]
        frame = read(path, schema=types | dict.fromkeys([*times, *lists], pl.String()))
        frame = frame.with_columns(pl.col(name).str.json_decode(types[name]) for name in lists)
    else:
        frame = read(path, schema=types | dict.fromkeys(times, pl.String()))
    return frame.with_columns(pl.col(times).str.to_datetime(time_unit="us", time_zone="UTC"))


def sorted_rows(frame):
    return frame.sort(pl.all())


@pytest.mark.parametrize("suffix", ["parquet", "csv", "ndjson"])
@pytest.mark.parametrize("table", [name for name in CONTRACTS if name != RUN])
@pytest.mark.parametrize("personal_data", [False, True])
def test_every_table_comes_back_as_it_was(lake, tmp_path, table, suffix, personal_data):
    hidden = () if personal_data else contract_of(table).pii
    expected = lake.scan(table).drop(hidden).collect()
    path = tmp_path / f"{table}.{suffix}"
    done = export(lake, table, path, personal_data=personal_data)
    assert (done.rows, done.size, done.hidden) == (expected.height, path.stat().st_size, hidden)
    assert done.run_id == lake.last_run().run_id
    # A blank text and an absent one are told apart.
    found = read_back(path, table)
    assert found.columns == expected.columns or not expected.height
    if expected.height:
        assert_frame_equal(sorted_rows(found), sorted_rows(expected))
    assert list(tmp_path.iterdir()) == [path]


def test_times_in_text_are_iso_8601_in_utc(lake, tmp_path):
    export(lake, "accelerometer_trusted", tmp_path / "a.csv")
    export(lake, "accelerometer_trusted", tmp_path / "a.jsonl")
    expected = set(lake.scan("accelerometer_trusted").collect()["timestamp"])
    header, *lines = (tmp_path / "a.csv").read_text().splitlines()
    column = header.split(",").index("timestamp")
    stated = [line.split(",")[column] for line in lines]
    assert all(text.endswith("Z") for text in stated)
    assert {datetime.fromisoformat(text).astimezone(UTC) for text in stated} == expected
    records = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert {datetime.fromisoformat(record["timestamp"]) for record in records} == expected


def test_lists_of_the_run_table_need_parquet_or_json(lake, tmp_path):
    with pytest.raises(ExportError, match="'tables' of run holds lists, and CSV can't"):
        export(lake, RUN, tmp_path / "run.csv")
    expected = lake.runs()
    export(lake, RUN, tmp_path / "run.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "run.parquet"), expected)
    export(lake, RUN, tmp_path / "run.ndjson")
    (record,) = map(json.loads, (tmp_path / "run.ndjson").read_text().splitlines())
    assert record["tables"] == expected["tables"].to_list()[0]
    assert record["run_id"] == lake.last_run().run_id
    with pytest.raises(ExportError, match="all runs at once"):
        export(lake, RUN, tmp_path / "old.parquet", at=lake.last_run().run_id)


@pytest.mark.parametrize("suffix", EXPORT_FORMATS)
def test_a_withdrawn_customer_is_left_out_of_an_older_run(withdrawn, tmp_path, suffix):
    lake = lake_at(withdrawn)
    path = tmp_path / f"ml.{suffix}"
    done = export(lake, "machine_learning_curated", path, at="both")
    assert done.run_id == lake.tags()["both"] != lake.last_run().run_id
    assert done.rows == 1
    found = read_back(path, "machine_learning_curated")
    assert found["customer_id"].to_list() == [BOB_ID]
    assert_frame_equal(found, lake.scan("machine_learning_curated", at="both").collect())
    # What was landed by then, and not what came after it.
    landed = export(lake, "customer_landing", tmp_path / "landing.parquet", at="both")
    assert landed.rows == 2


def test_a_file_is_replaced_only_when_asked_for(lake, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("mine")
    with pytest.raises(ExportError, match=r"a\.csv is there already"):
        export(lake, "customer_curated", path)
    assert path.read_text() == "mine"
    export(lake, "customer_curated", path, overwrite=True)
    assert path.read_text().startswith("customer_id,")
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_comes_meanwhile_is_not_replaced(lake, tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    sink = pl.LazyFrame.sink_csv

    def and_another(self, *arguments, **options):
        sink(self, *arguments, **options)
        path.write_text("mine")

    monkeypatch.setattr(pl.LazyFrame, "sink_csv", and_another)
    with pytest.raises(ExportError, match="is there already"):
        export(lake, "customer_curated", path)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("before", [None, "mine"])
@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        pl.exceptions.ComputeError("ann@example.com"),
        KeyboardInterrupt(),
    ],
)
def test_a_sink_that_fails_half_way_leaves_nothing(lake, tmp_path, monkeypatch, before, error):
    path = tmp_path / "a.csv"
    if before is not None:
        path.write_text(before)

    def fails(_self, target, **_options):
        target.write_text("half a fi")
        raise error

    monkeypatch.setattr(pl.LazyFrame, "sink_csv", fails)
    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else ExportError
    with pytest.raises(expected) as caught:
        export(lake, "customer_curated", path, overwrite=True)
    assert "@" not in str(caught.value)
    assert [file.read_text() for file in tmp_path.iterdir()] == ([] if before is None else [before])


def test_a_killed_export_leaves_no_file_under_its_name(bench, lake, tmp_path):
    code = """
import os, signal, sys
from pathlib import Path
import polars as pl
from stedi.lake.export import export
from stedi.lake.lake import Lake

def die(_self, target, **_options):
    target.write_text("half a fi")
    os.kill(os.getpid(), signal.SIGKILL)

pl.LazyFrame.sink_csv = die
export(Lake.open(sys.argv[1]), "customer_curated", Path(sys.argv[2]))
"""
    path = tmp_path / "a.csv"
    killed = subprocess.run([sys.executable, "-c", code, str(bench.folder), str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".a.csv.")
    assert left.suffix == ".part"
    assert export(lake, "customer_curated", path).rows


def test_a_long_name_is_no_trouble_and_a_longer_one_leaves_nothing(lake, tmp_path):
    longest = tmp_path / f"{'n' * 251}.csv"
    assert export(lake, "customer_curated", longest).rows
    longest.unlink()
    with pytest.raises(ExportError, match="File name too long"):
        export(lake, "customer_curated", tmp_path / f"n{longest.name}")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_refused_before_any_work(lake, bench, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.csv").mkdir()
    for path, says in (
        (tmp_path / "no" / "a.csv", r"the folder \S+no does not exist"),
        (tmp_path / "file" / "a.csv", r"the folder \S+file does not exist|Not a directory"),
        (tmp_path / "folder.csv", "is a folder"),
        (tmp_path / "a.xlsx", "does not say the format"),
        (tmp_path / "a", "does not say the format"),
        (bench.folder / "a.csv", "lies in a lake"),
        (bench.folder / "warehouse" / "a.csv", "lies in a lake"),
    ):
        with pytest.raises(ExportError, match=says) as caught:
            export(lake, "customer_curated", path)
        assert "\n" not in str(caught.value)
    with pytest.raises(ExportError, match="no ordinary file"):
        export(lake, "customer_curated", type(tmp_path)("/dev/null"), format="csv", overwrite=True)
    with pytest.raises(ExportError, match="<redacted>") as caught:
        export(lake, "customer_curated", tmp_path / "ann@example.com" / "a.csv")
    assert "ann@" not in str(caught.value)


def test_unknown_names_are_met_with_a_hint(lake, tmp_path):
    with pytest.raises(UnknownNameError, match="'customer_curated'"):
        export(lake, "customer_curatd", tmp_path / "a.csv")
    with pytest.raises(UnknownNameError, match="'parquet'"):
        export(lake, "customer_curated", tmp_path / "a.csv", format="parket")
    with pytest.raises(UnknownNameError, match="no run or tag"):
        export(lake, "customer_curated", tmp_path / "a.csv", at="nope")
    assert list(tmp_path.iterdir()) == []


def test_the_format_that_was_asked_for_wins(lake, tmp_path):
    export(lake, "customer_curated", tmp_path / "a.csv", format="parquet")
    assert pl.read_parquet(tmp_path / "a.csv").height == lake.scan("customer_curated").collect().height


def test_a_lake_without_a_run_says_so(tmp_path):
    with pytest.raises(LakeError, match="no published run"):
        export(lake_at(tmp_path / "lake"), "customer_curated", tmp_path / "a.csv")
