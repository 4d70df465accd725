"""The commands for people who work with a lake, as the harshest user types them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from bench import Bench
from lakes import lake_at
from stedi.contract import CONTRACTS, contract_of

EMAIL = "ann@example.com"


@pytest.fixture(scope="module")
def lake(bench: Bench) -> Path:
    return bench.filled().folder


def in_a_shell(arguments):
    return subprocess.run(
        ["sh", "-c", f"{sys.executable} -m stedi {arguments}"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_sql_prints_rows_for_people_and_for_programs(stedi, lake):
    ask = "SELECT customer_id, readings FROM customer_curated ORDER BY readings DESC, customer_id"
    expected = lake_at(lake).scan("customer_curated").select("customer_id", "readings").collect()
    expected = expected.sort("readings", "customer_id", descending=[True, False]).to_dicts()
    assert stedi("sql", ask, "--lake", lake, "--json").json == expected
    assert stedi("sql", ask, "--lake", lake, "--json", "-n", "2").json == expected[:2]
    printed = stedi("sql", ask, "--lake", lake, "--limit", "1").out
    assert expected[0]["customer_id"] in printed
    assert expected[1]["customer_id"] not in printed
    assert "the first 1 rows; there are more" in printed
    assert f"\n{len(expected)} rows\n" in stedi("sql", ask, "--lake", lake).out
    assert "\n0 rows\n" in stedi("sql", f"{ask} LIMIT 0", "--lake", lake).out
    assert "\n1 row\n" in stedi("sql", "SELECT 1", "--lake", lake).out


def test_sql_prints_any_type_as_json(stedi, lake):
    ask = "SELECT 1.0::DOUBLE / 0 AS a, x'00ff' AS b, 1.5::DECIMAL(10, 2) AS c, INTERVAL '1 hour' AS d"
    given = stedi("sql", ask, "--lake", lake, "--json").json
    assert given == [{"a": None, "b": "00ff", "c": 1.5, "d": 3600.0}]
    assert stedi("sql", ask, "--lake", lake).code == 0
    runs = stedi("sql", "SELECT * FROM run", "--lake", lake, "--json").json
    assert {table["table_name"] for table in runs[0]["tables"]} == set(CONTRACTS) - {"run"}


def test_sql_over_an_older_run(stedi, withdrawn):
    ask = "SELECT COUNT(*) AS n FROM customer_landing"
    assert stedi("sql", ask, "--lake", withdrawn, "--at", "both", "--json").json == [{"n": 2}]
    assert stedi("sql", ask, "--lake", withdrawn, "--at", "2100-01-01", "--json").json == [{"n": 3}]
    assert stedi("sql", ask, "--lake", withdrawn, "--at", "1999-01-01").code == 1


def test_sql_hides_people(stedi, lake):
    everything = "SELECT * FROM customer_landing"
    (row, *_) = stedi("sql", everything, "--lake", lake, "--json").json
    assert not set(contract_of("customer_landing").pii) & set(row)
    (row, *_) = stedi("sql", everything, "--lake", lake, "--personal-data", "--json").json
    assert "@" in row["email"]


def test_export_says_what_it_wrote_and_from_which_run(stedi, lake, tmp_path):
    out = tmp_path / "it's [bold] a file.parquet"
    printed = stedi("export", "customer_trusted", out, "--lake", lake)
    run_id = lake_at(lake).last_run().run_id
    rows = lake_at(lake).scan("customer_trusted").collect().height
    assert printed.out.startswith(f"{rows} rows of customer_trusted, run {run_id}, written to {out} (")
    assert "left out as personal data: customer_name, email" in printed.out
    assert stedi("export", "customer_trusted", out, "--lake", lake).code == 1
    again = stedi(
        "export", "customer_trusted", out, "--lake", lake, "--overwrite", "--personal-data", "--json"
    ).json
    assert again == {
        "table": "customer_trusted",
        "path": str(out),
        "format": "parquet",
        "run_id": run_id,
        "rows": rows,
        "size": out.stat().st_size,
        "hidden": [],
    }
    assert pl.read_parquet(out, glob=False).columns == list(contract_of("customer_trusted").names)


def test_export_help_says_what_personal_data_means(stedi):
    said = " ".join(stedi("export", "--help").out.split())
    assert "whoever gets the file then has personal data, and no withdrawal or erasure reaches it" in said


def test_ddl_needs_no_lake(stedi, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = stedi("ddl", "--location", "s3://my-bucket/landing", "--database", "raw")
    assert printed.out.count("CREATE EXTERNAL TABLE IF NOT EXISTS `raw`.") == 3
    assert printed.out.count(";\n") == 3
    given = stedi("ddl", "--location", "s3://my-bucket/landing/", "--database", "raw", "--json").json
    assert (given["database"], given["location"]) == ("raw", "s3://my-bucket/landing")
    assert printed.out == "\n".join(f"{statement};\n" for statement in given["statements"].values())
    assert stedi("ddl").out.startswith("-- s3://my-bucket/landing is an example")
    assert list(tmp_path.iterdir()) == []


def test_status_tells_people_what_it_tells_programs(stedi, withdrawn):
    given = stedi("status", "--lake", withdrawn, "--json").json
    printed = stedi("status", "--lake", withdrawn).out
    assert [warning["code"] for warning in given["warnings"]] == ["tags_hold_withdrawn"]
    assert f"warning: {given['warnings'][0]['message'][:60]}" in printed
    for name in CONTRACTS:
        assert f"\n{name} " in printed
    for each in (*given["runs"], *given["tags"]):
        assert each["run_id"] in printed
    assert given["sensors"][0]["newest"][:10] in printed
    assert "accelerometer     2022-06-01" in printed
    assert "rejected for" not in printed


ERRORS = {
    "no lake, sql": lambda tmp: ("sql", "SELECT 1", "--lake", tmp / "lake"),
    "no lake, export": lambda tmp: ("export", "run", tmp / "r.parquet", "--lake", tmp / "lake"),
    "a lake that is a file, sql": lambda _: ("sql", "SELECT 1", "--lake", __file__),
    "a lake that is a file, export": lambda tmp: ("export", "run", tmp / "r.parquet", "--lake", __file__),
    "a table in quotes": lambda tmp: ("export", "'run'; --", tmp / "r.parquet", "--lake", tmp / "lake"),
    "no suffix": lambda tmp: ("export", "run", tmp / "r", "--lake", tmp / "lake"),
    "a lake with a quote": lambda tmp: ("sql", "SELECT 1", "--lake", tmp / "it's"),
    "no location": lambda _: ("ddl", "--location", ""),
    "a location with a quote": lambda _: ("ddl", "--location", "s3://bucket/it's"),
    "a database with a quote": lambda _: ("ddl", "--database", "a`b"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_one_clear_line(stedi, tmp_path, name):
    given = stedi(*ERRORS[name](tmp_path))
    assert given.code == 1
    assert given.out == ""
    assert given.err.startswith("stedi: ")
    assert given.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("sql",),
        ("export", "run"),
        ("sql", "SELECT 1", "--limit", "-1"),
        ("ddl", "s3://bucket"),
        ("export",),
        ("export", "run", "r.csv", "--format", "xml"),
        ("sql", "SELECT 1", "--at", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_wrong_usage_is_exit_2(stedi, arguments):
    assert stedi(*arguments).code == 2


@pytest.mark.parametrize(
    "command",
    [
        "sql 'SELECT * FROM machine_learning_curated' --lake {lake} --json",
        "sql 'SELECT * FROM machine_learning_curated' --lake {lake} -n 5000",
        "status --lake {lake}",
        "status --lake {lake} --json",
        "ddl",
    ],
)
def test_a_closed_pipe_is_no_error(lake, command):
    done = in_a_shell(f"{command.format(lake=lake)} | head -n 1")
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "known"),
    [
        ("status", "customer_curated"),
        ("sql 'SELECT * FROM customer_curated'", "device_consent_from"),
        ("show customer_curated", "device_consent_from"),
    ],
)
def test_a_narrow_terminal_without_colour_is_served(lake, command, known):
    # pty gives the command a terminal of its own.
    code = f"{sys.executable} -m stedi {command} --lake {lake}"
    done = subprocess.run(
        [sys.executable, "-c", f"import pty, sys; sys.exit(pty.spawn(['sh', '-c', {code!r}]) >> 8)"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "60", "NO_COLOR": "1", "TERM": "xterm"},
    )
    assert done.returncode == 0, done.stdout
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", done.stdout)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout).replace("\r", "").splitlines()
    assert max(map(len, lines)) <= 60
    assert any(re.search(rf"\b{known}\b", line) for line in lines)
    assert "Traceback" not in done.stdout


def test_no_command_tells_of_people(stedi, withdrawn, tmp_path):
    for arguments in (
        ("status",),
        ("status", "--json"),
        ("sql", "SELECT * FROM customer_landing"),
        ("sql", "SELECT email FROM customer_landing WHERE email = 'ann@example.com'"),
        ("sql", "SELECT email::INT FROM customer_landing WHERE email = 'ann@example.com'", "--personal-data"),
        ("export", "customer_landing", tmp_path / "a.ndjson"),
    ):
        given = stedi(*arguments, "--lake", withdrawn)
        assert EMAIL not in given.out + given.err, arguments
    assert EMAIL not in (tmp_path / "a.ndjson").read_text()
    assert len(list(map(json.loads, (tmp_path / "a.ndjson").read_text().splitlines()))) == 3


def test_no_command_takes_an_address_for_a_folder(tmp_path, monkeypatch, filled, stedi):
    monkeypatch.chdir(tmp_path)
    for line in (
        ("run", filled.landing, "--lake", "s3://bucket/lake"),
        ("status", "--lake", "s3://bucket/lake"),
        ("export", "customer_curated", "s3://bucket/x.parquet", "--lake", filled.folder),
        ("report", "--lake", filled.folder, "--out", "s3://bucket/x.html"),
        ("report", "--lake", filled.folder, "--out", "s3://bucket"),
        ("simulate", "s3://bucket/landing"),
        ("demo", "--dir", "s3://bucket/demo"),
    ):
        done = stedi(*line)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1), line
        assert done.err.startswith("stedi: "), line
    assert list(tmp_path.iterdir()) == []
