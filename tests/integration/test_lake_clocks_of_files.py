"""What nothing reaches is deleted, by an erasure and by a maintenance, whatever clock it was written by."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from lakes import files_of, put_rows, run
from worlds import HOURS, customer, reading

ANN, BOB = "ann@example.com", "bob@example.com"
DAY = 86_400


@pytest.fixture
def lake(bench, tmp_path):
    rows = [customer(who, f"device-{who[:3]}", share=HOURS[0]) for who in (ANN, BOB)]
    put_rows(tmp_path, customer=rows, accelerometer=[reading(ANN), reading(BOB)], step_trainer=[])
    lake = bench.empty().lake
    run(lake, tmp_path)
    return lake


def date(folder: Path, ahead: float) -> None:
    """Have all files of a lake be written by a clock that was ahead."""
    for file in files_of(folder):
        written = file.stat().st_mtime + ahead
        os.utime(file, (written, written))


def data(folder: Path) -> set[Path]:
    return {file for file in files_of(folder) if file.suffix == ".parquet"}


@pytest.mark.parametrize("ahead", [3 * DAY, 400 * DAY])
def test_an_erasure_deletes_files_of_the_future(lake, bench, ahead):
    date(bench.folder, ahead)
    before = data(bench.folder)
    assert lake.erase(email=ANN).files_deleted > 0
    date(bench.folder, -2 * ahead)
    assert lake.verify().findings == ()
    assert len(data(bench.folder) & before) < len(before)


def test_a_maintenance_that_asks_for_no_age_deletes_them_too(lake, bench, tmp_path):
    run(lake, tmp_path, full=True)
    date(bench.folder, 3 * DAY)
    lake.maintain(keep_days=0, older_than=timedelta(0))
    assert lake.verify(older_than=timedelta(0)).findings == ()


def test_an_audit_takes_no_file_of_the_future_for_a_young_one(lake, bench):
    home = next(file.parent for file in data(bench.folder))
    stray = home / next(iter(data(home))).name.replace("-00000", "-00077")
    stray.write_bytes(next(iter(data(home))).read_bytes())
    os.utime(stray, (stray.stat().st_mtime + 3 * DAY,) * 2)
    assert "unreachable_file" in {str(finding.code) for finding in lake.verify().findings}
