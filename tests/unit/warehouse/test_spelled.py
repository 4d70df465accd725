"""The texts of a column that have some keys, read from dictionaries: all of them, whoever wrote the file."""

import hypothesis.strategies as st
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from stedi.consent.pseudonyms import key
from stedi.warehouse.read import _CLOSED_BYTES, _candidates, spelled
from stedi.warehouse.rewrite import append_to_main, main_snapshot
from stedi.warehouse.writer import TableWriter
from tables import make, readings

FEW = ["b", "a", "", "b", "\u00fc"]
MANY = [f"{number:06d}-{'x' * 60}@example.com" for number in range(20_000)]
"""More than a dictionary may hold before pyarrow closes it."""


def texts(table: Table, users: list[str]) -> list[str]:
    """Return the texts that have the keys of some, in order."""
    wanted = pl.Series([*{key(user) for user in users}], dtype=pl.String)
    return sorted(spelled(table, main_snapshot(table), "user", wanted))


def rows_of(users: list[str]) -> pl.DataFrame:
    return readings(users[:1], "one").drop("user").join(pl.DataFrame({"user": users}), how="cross")


def arrow(table: Table, users: list[str]) -> pa.Table:
    return rows_of(users).to_arrow().select(table.schema().column_names).cast(table.schema().as_arrow())


SPELLINGS = st.text("aAbB \x1c\x1f\n\x00\u00a0\uff21\u00c4\u017f\u212a", max_size=4)
"""Some have the same key: letters of several widths and cases, blanks that are and that are not ASCII."""


def by_stedi(table: Table, users: list[str], run: str = "run-1") -> None:
    writer = TableWriter(table, run)
    writer.write(rows_of(users).select(table.schema().column_names))
    append_to_main(table, writer.close())


def by_pyiceberg(table: Table, users: list[str]) -> None:
    table.append(arrow(table, users))


def by_pyarrow(table: Table, users: list[str]) -> None:
    add(table, "arrow.parquet", lambda path: pq.write_table(arrow(table, users), path))


def by_polars(table: Table, users: list[str]) -> None:
    add(table, "polars.parquet", lambda path: write_by_polars(arrow(table, users), path))


def write_by_polars(rows: pa.Table, path: str) -> None:
    pl.DataFrame(rows).write_parquet(path, arrow_schema=rows.schema)


def add(table: Table, name: str, write) -> None:
    path = f"{table.location()}/{name}"
    write(path.removeprefix("file://"))
    table.add_files([path])


@pytest.mark.parametrize("users", [FEW, MANY, FEW * 1000 + MANY], ids=["few", "many", "few, then many"])
@pytest.mark.parametrize("write", [by_stedi, by_pyiceberg, by_pyarrow, by_polars])
def test_each_text_is_found_once(catalog: SqlCatalog, write, users):
    assert sum(map(len, MANY)) > _CLOSED_BYTES
    table = make(catalog, "accelerometer_landing")
    write(table, users)
    assert texts(table, users) == sorted(set(users))
    some = sorted(set(users))[::3]
    assert texts(table, [*some, "nobody"]) == some


def test_each_row_group_of_each_file_is_looked_at(catalog: SqlCatalog, monkeypatch):
    monkeypatch.setattr("stedi.warehouse.writer._ROWS_PER_GROUP", 2)
    table = make(catalog, "accelerometer_landing")
    by_stedi(table, FEW)
    by_stedi(table, ["c", "d", "a"], "run-2")
    assert texts(table, [*FEW, "c", "d", "e"]) == sorted({*FEW, "c", "d"})


def test_a_table_without_rows_has_no_texts(catalog: SqlCatalog):
    table = make(catalog, "accelerometer_landing")
    append_to_main(table, [])
    assert texts(table, FEW) == []


@given(spellings=st.lists(SPELLINGS), wanted=st.lists(SPELLINGS))
def test_candidates_are_all_that_have_a_key_and_of_plain_texts_no_others(spellings, wanted):
    known = {key(each) for each in wanted}
    found = _candidates(
        pa.array(spellings, pa.large_string()), pl.Series([*known], dtype=pl.String)
    ).to_pylist()
    assert found == [each for each in spellings if key(each) in known or not each.isascii()]


def test_a_name_is_found_in_every_spelling(catalog: SqlCatalog):
    table = make(catalog, "accelerometer_landing")
    spellings = ["Ann@Test.com", " ann@test.com\x1f", "\uff21nn@test.com", "\u00a0ann@test.com"]
    by_stedi(table, [*spellings, "ann@test.co", "ann @test.com"])
    assert texts(table, ["ann@test.com"]) == sorted(spellings)
