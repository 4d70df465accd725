"""Readers that others wrote count the same rows on main: here DuckDB's Iceberg extension."""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from lakes import ANN, DERIVED, EVERY_TABLE, IcebergTable, lake_at, put_rows, put_world, run
from worlds import HOURS, NOW, customer, reading

pytestmark = pytest.mark.campaign

# The packaged extensions exist for this DuckDB; the tests' own is newer. They come from PyPI when the
# campaign runs, into an environment of their own.
PACKAGES = ("duckdb==1.4.4", "duckdb-extension-avro==1.4.4", "duckdb-extension-iceberg==1.4.4")
SCRIPT = Path(__file__).parent / "duckdb_iceberg.py"


def counted(folder: Path) -> dict[str, int]:
    """Count every table of a lake by way of its current metadata file."""
    uv = shutil.which("uv")
    assert uv is not None, "this campaign needs uv"
    metadata = [IcebergTable.of(folder, table).file for table in EVERY_TABLE]
    packages = [part for package in PACKAGES for part in ("--with", package)]
    done = subprocess.run(
        [uv, "run", "--quiet", "--no-project", "--isolated", *packages, "python", SCRIPT, *metadata],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(EVERY_TABLE, map(int, done.stdout.split()), strict=True))


def test_duckdb_counts_the_rows_of_every_table_after_each_run(tmp_path):
    lake = lake_at(tmp_path / "lake")
    run(lake, put_world(tmp_path / "first", ANN))
    first = counted(tmp_path / "lake")
    withdrawn = customer(share=None, at=HOURS[4])
    later = put_rows(
        tmp_path / "later", customer=[withdrawn], accelerometer=[reading(at=HOURS[4])], step_trainer=[]
    )
    run(lake, later, now=NOW + timedelta(days=1))
    second = counted(tmp_path / "lake")
    assert (first["machine_learning_curated"], second["machine_learning_curated"]) == (2, 0)
    assert (first["accelerometer_landing"], second["accelerometer_landing"]) == (2, 3)
    assert second == {table: lake.scan(table).collect().height for table in EVERY_TABLE}


@pytest.mark.sample
def test_duckdb_counts_the_rows_of_the_public_sample(public_sample, tmp_path):
    lake_at(tmp_path / "lake").run(public_sample)
    counts = counted(tmp_path / "lake")
    assert tuple(counts[table] for table in DERIVED) == (482, 32_025, 464, 11_297, 32_025)
