"""The comparison with other ways: at a tiny size, without Spark, and what makes it refuse."""

import json
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import stedi
from agree import TABLES, Content, check
from contest import BenchmarkError
from landing import Source, replicate
from report import BEGIN, END, check_page, fill_page
from stedi.simulate import simulate

COMPARE = Path(__file__).parents[2] / "benchmarks" / "compare.py"
NAMES = ("`stedi run`", "DuckDB, the same tables", "DuckDB, only the five outputs")


def compare(*arguments):
    return subprocess.run(
        [sys.executable, COMPARE, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def cells(text: str) -> list[list[str]]:
    """Return the cells of all rows of a page's tables."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line[:1] == "|"]


@pytest.mark.campaign
def test_a_tiny_comparison_agrees_and_fills_its_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")
    done = compare("--simulate", 3, "--times", 1, "--rounds", 1, "--without", "spark", "--out", page)
    assert done.returncode == 0, done.stderr
    text = page.read_text("utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert done.stdout.strip() in text
    figures = [row for row in cells(text) if row[0] == "×1"]
    assert [row[:2] for row in figures] == [["×1", name] for name in NAMES]
    for _, name, middle, span, wall, peak, written, cpu_ratio, wall_ratio in figures:
        least, most = map(float, span.split("–"))
        assert 0 < least <= float(middle) <= most
        assert float(wall) > 0
        assert float(written) > 0
        # An interpreter with a database in it holds more than 40 MB, and nobody needs a gigabyte for this.
        assert 40 < int(peak.replace(",", "")) < 1000
        assert (cpu_ratio == wall_ratio == "") == (name == "`stedi run`")
    assert [row[2:] for row in cells(text) if "at ×100" in row[0]] == [["–", "not measured"]] * 4
    assert 0 < (tmp_path / "assets" / "benchmarks.svg").stat().st_size < 100_000
    assert str(tmp_path) not in text
    assert str(COMPARE.parent) not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--times", 10_000_000), "for temporary files"),
        pytest.param(
            ("--source", "nowhere"),
            "nowhere is no landing root: it has no folder customer/",
            marks=pytest.mark.campaign,
        ),
        pytest.param(("--out", "nowhere.md"), "nowhere.md", marks=pytest.mark.campaign),
    ],
)
def test_what_can_not_be_compared_is_said_in_one_line(tmp_path, arguments, said):
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN}{END}", "utf-8")
    done = compare(
        "--without",
        "spark",
        "--simulate" if "--source" not in arguments else "--rounds",
        3,
        "--out",
        page,
        *arguments,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("compare.py: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert page.read_text("utf-8") == f"{BEGIN}{END}"


@pytest.mark.campaign
def test_what_feeding_a_lake_costs_is_measured_to_the_end():
    done = subprocess.run(
        [
            sys.executable,
            COMPARE.with_name("feeding.py"),
            "--times",
            "1",
            "--customers",
            "4",
            "--rounds",
            "1",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = cells(done.stdout)[2:]
    assert len(rows) == 11
    assert all(float(row[1]) > 0 for row in rows)


@pytest.mark.campaign
def test_what_each_layout_costs_is_measured_to_the_end():
    small = ("--records", "2000", "--customers", "3", "--rounds", "1")
    command = [sys.executable, COMPARE.with_name("layouts.py"), *small]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = cells(done.stdout)[2:]
    assert len(rows) == 11
    assert all(float(cost) > 0 for row in rows for cost in row[1:])


def test_a_page_without_a_place_for_the_results_is_refused():
    for text in ("", BEGIN, f"{END}{BEGIN}"):
        with pytest.raises(BenchmarkError, match="no place for the results"):
            check_page(text)
    assert fill_page(f"a\n{BEGIN}\nold\n{END}\nb\n", "new") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb\n"


SAME = {table: Content(rows=number, checksum=7) for number, table in enumerate(TABLES)}


def test_contestants_that_agree_pass():
    check({"stedi": SAME, "duckdb": dict(SAME)}, None)
    check({"stedi": SAME, "duckdb": dict(SAME)}, {table: content.rows for table, content in SAME.items()})


@pytest.mark.parametrize("table", TABLES)
def test_contestants_that_differ_are_refused(table):
    rows, checksum = SAME[table]
    with pytest.raises(BenchmarkError, match=rf"{table}: .* stedi {rows}, duckdb {rows + 1}$"):
        check({"stedi": SAME, "duckdb": SAME | {table: Content(rows + 1, checksum)}}, None)
    with pytest.raises(BenchmarkError, match=rf"{table}: stedi, duckdb .* not the same ones"):
        check({"stedi": SAME, "duckdb": SAME | {table: Content(rows, checksum + 1)}}, None)
    known = {name: content.rows for name, content in SAME.items()} | {table: rows + 1}
    with pytest.raises(BenchmarkError, match=rf"{table}: .*; {rows + 1} would be right$"):
        check({"stedi": SAME, "duckdb": SAME}, known)


def test_copies_have_people_and_devices_of_their_own(tmp_path):
    made = simulate(tmp_path / "source", customers=2)
    assert replicate(tmp_path / "source", tmp_path / "copies", times=3) == 3 * made.records
    for folder, columns in (
        ("customer", ("email", "serial_number")),
        ("accelerometer", ("user",)),
        ("step_trainer", ("serial_number",)),
    ):
        once = stedi.read_landing(tmp_path / "source" / folder, f"{folder}_landing").kept
        copied = stedi.read_landing(tmp_path / "copies" / folder, f"{folder}_landing").kept
        assert copied.height == 3 * once.height
        assert all(copied[column].n_unique() == 3 * once[column].n_unique() for column in columns)
        same = [name for name in once.columns if name not in columns and not name.startswith("_")]
        assert copied.select(same).equals(pl.concat([once.select(same)] * 3)) or (
            copied.select(same).sort(same).equals(pl.concat([once.select(same)] * 3).sort(same))
        )


@pytest.mark.sample
def test_the_public_sample_is_known(public_sample, tmp_path):
    source = Source.choose(public_sample, None)
    landing = source.make(tmp_path / "landing", 2)
    assert landing.rows is not None
    assert list(landing.rows.values()) == [964, 64_050, 928, 22_594, 64_050]
    assert landing.records == 2 * 110_909


def test_memory_and_time_of_children_count(tmp_path):
    grandchild = "x = bytearray(150_000_000); import time; time.sleep(0.8); sum(range(10_000_000))"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    usage = tmp_path / "usage.json"
    measured = [sys.executable, COMPARE.parent / "measure.py", usage, sys.executable, "-c", child]
    subprocess.run(measured, check=True)
    took = json.loads(usage.read_text("utf-8"))
    assert took["cpu_s"] > 0.1
    assert took["wall_s"] > 0.8
    assert 150_000_000 < took["peak_bytes"] < 400_000_000


def test_the_page_of_the_site_has_a_place_for_the_results():
    text = (COMPARE.parents[1] / "docs" / "benchmarks.md").read_text("utf-8")
    check_page(text)
    assert re.search(r"^\| ×1 \| `stedi run` \|", text, re.MULTILINE)
