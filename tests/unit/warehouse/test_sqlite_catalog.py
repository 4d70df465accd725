"""The catalog of a local lake does what pyiceberg's SqlCatalog does to the same file."""

import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.schema import Schema
from pyiceberg.table import CreateTableTransaction, Table
from pyiceberg.types import LongType, NestedField

from stedi.warehouse.sqlite_catalog import SqliteCatalog

SCHEMA = Schema(NestedField(1, "n", LongType(), required=True))
TABLE = ("stedi", "walk")


def ours(folder: Path, *, create: bool = True) -> SqliteCatalog:
    folder.mkdir(exist_ok=True)
    return SqliteCatalog("stedi", folder / "catalog.db", folder / "warehouse", create=create)


def theirs(folder: Path) -> SqlCatalog:
    folder.mkdir(exist_ok=True)
    return SqlCatalog("stedi", uri=f"sqlite:///{folder}/catalog.db", warehouse=str(folder / "warehouse"))


def begin(catalog: Catalog) -> CreateTableTransaction:
    return catalog.create_table_transaction(TABLE, SCHEMA)


def make(catalog: Catalog) -> Table:
    begin(catalog).commit_transaction()
    return catalog.load_table(TABLE)


def note(table: Table, value: str) -> None:
    with table.transaction() as transaction:
        transaction.set_properties(note=value)


def rows(folder: Path, table: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "catalog.db")) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - names of ours


@pytest.fixture
def catalog(tmp_path: Path) -> SqliteCatalog:
    made = ours(tmp_path)
    made.create_namespace("stedi")
    return made


def test_the_file_has_the_tables_that_pyiceberg_makes(tmp_path):
    ours(tmp_path / "ours")
    theirs(tmp_path / "theirs").close()
    shapes = []
    for folder in ("ours", "theirs"):
        with closing(sqlite3.connect(tmp_path / folder / "catalog.db")) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
            shapes.append(
                {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in names}
            )
    assert shapes[0] == shapes[1]
    assert len(shapes[0]) == 4  # two tables and the indexes of their keys


def test_each_sees_what_the_other_did(catalog, tmp_path):
    other = theirs(tmp_path)
    assert other.list_namespaces() == [("stedi",)]
    mine = make(catalog)
    assert other.list_tables("stedi") == [TABLE]
    foreign = other.load_table(TABLE)
    assert foreign.metadata == mine.metadata
    note(foreign, "theirs")
    again = catalog.load_table(TABLE)
    assert again.properties["note"] == "theirs"
    note(again, "ours")
    assert other.load_table(TABLE).metadata == again.metadata
    assert len(again.metadata.metadata_log) == 2
    other.close()


def test_rows_are_those_that_pyiceberg_writes(tmp_path):
    found = []
    for folder, catalog in ((tmp_path / "a", ours(tmp_path / "a")), (tmp_path / "b", theirs(tmp_path / "b"))):
        catalog.create_namespace("stedi")
        note(make(catalog), "once")
        (table,) = rows(folder, "iceberg_tables")
        versions = [str(place).rpartition("/")[2].partition("-")[0] for place in table[3:5]]
        found.append((table[:3], versions, table[5], rows(folder, "iceberg_namespace_properties")))
    assert found[0] == found[1]
    assert found[0][1] == ["00001", "00000"]


ACTS = ("namespace", "make", "begin", "finish", "load", "note", "stale")


def outcomes(catalog: Catalog, acts: Sequence[str]) -> list[object]:
    """Do some things to a catalog, and return what came of each."""
    begun: CreateTableTransaction | None = None
    first: Table | None = None
    told: list[object] = []
    for number, act in enumerate(acts):
        try:
            if act == "namespace":
                catalog.create_namespace("stedi")
            elif act == "make":
                make(catalog)
            elif act == "begin":
                begun = begin(catalog)
            elif act == "finish" and begun is not None:
                begun.commit_transaction()
            elif act == "load":
                found = catalog.load_table(TABLE)
                first = first or found
                told.append(found.properties.get("note"))
            elif act == "note":
                note(catalog.load_table(TABLE), str(number))
            elif act == "stale" and first is not None:
                note(first, "stale")
            told.append(act)
        except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
            told.append(type(error))
    told.append((catalog.namespace_exists("stedi"), catalog.table_exists(TABLE)))
    return told


@given(acts=st.lists(st.sampled_from(ACTS), max_size=12))
def test_whatever_is_done_the_outcome_is_that_of_pyiceberg(tmp_path_factory, acts):
    place = tmp_path_factory.mktemp("catalogs")
    other = theirs(place / "theirs")
    assert outcomes(ours(place / "ours"), acts) == outcomes(other, acts)
    other.close()


def test_what_is_not_there_is_named(tmp_path):
    catalog = ours(tmp_path)
    with pytest.raises(NoSuchNamespaceError, match="stedi"):
        begin(catalog)
    with pytest.raises(NoSuchTableError, match="walk"):
        catalog.load_table(TABLE)
    assert catalog.place(TABLE) is None


def test_a_namespace_is_made_once(catalog, tmp_path):
    with pytest.raises(NamespaceAlreadyExistsError, match="stedi"):
        catalog.create_namespace("stedi")
    catalog.create_namespace("other", {"owner": "research"})
    assert theirs(tmp_path).load_namespace_properties("other") == {"owner": "research"}


def append_nothing(table: Table) -> None:
    with table.transaction() as transaction, transaction.update_snapshot().fast_append():
        pass


def test_who_adds_to_a_table_that_was_changed_meanwhile_is_refused(catalog):
    table = catalog.create_table_transaction(TABLE, SCHEMA, properties={"commit.retry.num-retries": "0"})
    table.commit_transaction()
    stale = catalog.load_table(TABLE)
    append_nothing(catalog.load_table(TABLE))
    with pytest.raises(CommitFailedException, match="created concurrently"):
        append_nothing(stale)
    assert len(catalog.load_table(TABLE).snapshots()) == 1


def test_who_is_overtaken_while_writing_metadata_changes_nothing(catalog, monkeypatch):
    table = make(catalog)
    write = catalog._write_metadata

    def overtaken(*args: Any, **options: Any) -> None:
        monkeypatch.undo()
        note(catalog.load_table(TABLE), "faster")
        write(*args, **options)

    monkeypatch.setattr(catalog, "_write_metadata", overtaken)
    with pytest.raises(CommitFailedException, match="another process wrote to the table walk"):
        note(table, "slower")
    assert catalog.load_table(TABLE).properties["note"] == "faster"


def test_a_table_that_another_process_makes_meanwhile_is_not_made_again(catalog, monkeypatch):
    write = catalog._write_metadata

    def overtaken(*args: Any, **options: Any) -> None:
        monkeypatch.undo()
        make(catalog)
        write(*args, **options)

    monkeypatch.setattr(catalog, "_write_metadata", overtaken)
    with pytest.raises(TableAlreadyExistsError, match="another process made the table walk"):
        make(catalog)
    assert catalog.load_table(TABLE).metadata_location == catalog.place(TABLE)


def test_metadata_that_is_known_is_not_read_again_to_change_it(catalog, monkeypatch):
    table = make(catalog)
    monkeypatch.setattr(catalog, "load_table", lambda _: pytest.fail("the metadata was read again"))
    note(table, "one")
    note(table, "two")
    monkeypatch.undo()
    assert catalog.load_table(TABLE).metadata == table.metadata


def test_who_may_not_make_a_catalog_makes_none(tmp_path):
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        ours(tmp_path, create=False).load_table(TABLE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a b", "50%", "a?mode=memory", "#1", "grün", "C:", "'quoted'"])
def test_any_folder_can_hold_it(tmp_path, name):
    catalog = ours(tmp_path / name)
    catalog.create_namespace("stedi")
    make(catalog)
    assert (tmp_path / name / "catalog.db").is_file()
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_any_thread_may_ask(catalog):
    make(catalog)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: catalog.load_table(TABLE).metadata_location, range(16)))
    assert set(found) == {catalog.place(TABLE)}


def test_scrubbed_it_keeps_nothing_of_what_was_there(catalog, tmp_path):
    make(catalog)
    before = str(catalog.place(TABLE))
    for each in range(3):
        note(catalog.load_table(TABLE), str(each))
    catalog.scrub()
    kept = (tmp_path / "catalog.db").read_bytes()
    assert str(catalog.place(TABLE)).encode() in kept
    assert before.encode() not in kept


def test_what_no_lake_asks_for_is_refused(catalog):
    with pytest.raises(NotImplementedError):
        catalog.drop_table(TABLE)
    with pytest.raises(NotImplementedError):
        catalog.list_tables("stedi")
