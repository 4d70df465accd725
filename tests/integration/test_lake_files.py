"""The lake's own files and its lock: lost, foreign, held, or of another format."""

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

import stedi
from lakes import PSEUDONYMS, IcebergTable, files_of, lake_at, local, pour, rich_world, run, tables_of
from stedi.errors import CatalogError, LakeError, RunConflictError, TableFormatError
from stedi.lake.health import health_of
from stedi.warehouse.lock import LOCK_FILE, exclusive
from worlds import NOW, PEOPLE

LATER = NOW + timedelta(hours=1)
VERBS = {
    "run": lambda bench: run(bench.lake, bench.landing, now=LATER),
    "plan": lambda bench: run(bench.lake, bench.landing, now=LATER, plan=True),
    "erase": lambda bench: bench.lake.erase(email=PEOPLE[0][0], device="keep"),
    "maintain": lambda bench: bench.lake.maintain(),
    "rotate": lambda bench: bench.lake.rotate_key(stedi.Pseudonyms.generate()),
    "tag": lambda bench: bench.lake.tag("training"),
    "release": lambda bench: bench.lake.release(["000000000000:0"]),
}
TAKE = """
import sys
from pathlib import Path
from stedi.errors import RunConflictError
from stedi.warehouse.lock import exclusive
try:
    with exclusive(Path(sys.argv[1])):
        print("taken")
except RunConflictError:
    print("held")
"""


def taken_by_others(folder: Path) -> str:
    """Say whether another process can take the lock."""
    done = subprocess.run(
        [sys.executable, "-c", TAKE, str(folder)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


# The lock -------------------------------------------------------------------------------------------


def test_a_held_lock_stays_held_whatever_is_read_meanwhile(filled):
    with exclusive(filled.folder):
        assert taken_by_others(filled.folder) == "held"
        # To close a file drops all POSIX locks that the process has on it; SQLite knows of its own.
        with pytest.raises(RunConflictError), exclusive(filled.folder):
            pytest.fail("taken twice")
        assert taken_by_others(filled.folder) == "held"
    assert taken_by_others(filled.folder) == "taken"


def test_an_audit_keeps_the_lock_to_its_end(filled):
    seen = {}

    def meanwhile(what, *_):
        if what not in seen:
            seen[what] = taken_by_others(filled.folder)

    assert filled.lake.verify(progress=meanwhile).sound
    assert len(seen) > 2
    assert set(seen.values()) == {"held"}


def test_a_lock_file_that_holds_something_is_a_finding(filled):
    (filled.folder / LOCK_FILE).write_bytes(b"ann@example.com")
    assert "foreign_file" in {str(finding.code) for finding in filled.lake.verify().findings}


def test_a_folder_in_the_place_of_the_lock_is_a_finding_and_told_by_whoever_needs_it(filled):
    (filled.folder / LOCK_FILE).unlink()
    (filled.folder / LOCK_FILE).mkdir()
    (finding,) = filled.lake.verify().findings
    assert (str(finding.code), finding.place) == ("damaged_file", LOCK_FILE)
    with pytest.raises(CatalogError, match=r"lock\.db can't be opened: it is a folder: remove it"):
        filled.lake.tag("training")


def test_a_lake_that_is_held_is_waited_for_as_long_as_asked(filled):
    waiting = stedi.Lake.open(filled.folder, wait=timedelta(seconds=0.3))
    with exclusive(filled.folder):
        with pytest.raises(RunConflictError, match=r"another run holds the lake .*, and did for 0 s"):
            waiting.maintain()
        process = subprocess.Popen(
            [sys.executable, "-c", PATIENT, str(filled.folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "waiting\n"
    assert process.communicate(timeout=60)[0] == "done\n"
    with pytest.raises(stedi.errors.ConfigurationError, match="a length of time"):
        stedi.Lake.open(filled.folder, wait=timedelta(seconds=-1))


PATIENT = """
import sys
from datetime import timedelta
import stedi
lake = stedi.Lake.open(sys.argv[1], wait=timedelta(minutes=1))
print("waiting", flush=True)
lake.maintain()
print("done")
"""

# The catalog ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_a_lake_that_lost_its_catalog_is_refused_and_no_new_one_begun_over_it(filled, verb):
    (filled.folder / "catalog.db").unlink()
    before = set(files_of(filled.folder))
    with pytest.raises(CatalogError, match=r"has lost its catalog, catalog\.db.*Restore the file"):
        VERBS[verb](filled)
    for look in (filled.lake.tables, filled.lake.verify, filled.lake.runs):
        with pytest.raises(CatalogError, match="has lost its catalog"):
            look()
    assert set(files_of(filled.folder)) == before


def test_a_catalog_that_lost_a_table_is_refused(filled):
    with closing(sqlite3.connect(filled.folder / "catalog.db")) as catalog, catalog:
        catalog.execute("DELETE FROM iceberg_tables WHERE table_name = 'tombstone'")
    with pytest.raises(CatalogError, match="has lost the table tombstone: restore the catalog"):
        run(filled.lake, filled.landing, now=LATER)


def test_a_catalog_of_another_lake_is_refused(filled, tmp_path):
    other = lake_at(tmp_path / "other")
    run(other, pour(tmp_path / "landing", rich_world(1)))
    (tmp_path / "other/catalog.db").replace(filled.folder / "catalog.db")
    with pytest.raises(LakeError, match="was made at"):
        run(filled.lake, filled.landing, now=LATER)


def test_an_empty_catalog_beside_a_warehouse_that_is_not_is_refused(filled):
    with closing(sqlite3.connect(filled.folder / "catalog.db")) as catalog, catalog:
        catalog.execute("DELETE FROM iceberg_tables")
    before = {file for file in files_of(filled.folder) if file.suffix == ".json"}
    with pytest.raises(CatalogError, match="restore the catalog"):
        run(filled.lake, filled.landing, now=LATER)
    assert {file for file in files_of(filled.folder) if file.suffix == ".json"} == before


def test_what_is_left_of_a_lake_in_which_nothing_was_published_is_in_nobodys_way(tmp_path):
    """A first run that was killed while its lake was removed again: its catalog went first."""
    world = rich_world(1)
    folder, root = tmp_path / "lake", pour(tmp_path / "landing", world)
    (folder / "warehouse/stedi/customer_landing/data").mkdir(parents=True)
    (folder / "warehouse/stedi/customer_landing/data/20260101T000000Z-abcdef-00000.parquet").write_bytes(b"")
    lake = lake_at(folder)
    assert run(lake, root).published
    lake.maintain(older_than=timedelta(0))
    assert lake.verify(older_than=timedelta(0)).findings == ()


# Formats --------------------------------------------------------------------------------------------


def change_metadata(folder: Path, table: str, **changes: object) -> None:
    """Change the metadata of a table as another engine does: in a new file, to which the catalog moves."""
    old = IcebergTable.of(folder, table)
    version = int(old.file.name[:5]) + 1
    new = old.file.with_name(f"{version:05d}-00000000-0000-0000-0000-000000000003.metadata.json")
    place = f"{old.file}"
    log = [
        *old.metadata.get("metadata-log", []),
        {"timestamp-ms": old.metadata["last-updated-ms"], "metadata-file": place},
    ]
    new.write_text(json.dumps({**old.metadata, "metadata-log": log, **changes}), "utf-8")
    with closing(sqlite3.connect(folder / "catalog.db")) as catalog, catalog:
        catalog.execute(
            "UPDATE iceberg_tables SET metadata_location = ? WHERE table_name = ?", (str(new), table)
        )


@pytest.mark.parametrize("verb", VERBS)
def test_a_table_of_another_iceberg_format_is_refused_before_anything_is_written(filled, verb):
    change_metadata(filled.folder, "machine_learning_curated", **{"format-version": 3, "next-row-id": 0})
    before = set(files_of(filled.folder))
    with pytest.raises(TableFormatError, match="machine_learning_curated to Iceberg's format 3"):
        VERBS[verb](filled)
    assert set(files_of(filled.folder)) - before <= {filled.folder / LOCK_FILE}


def test_a_table_of_another_iceberg_format_is_read_and_named(filled):
    rows = tables_of(filled.lake)
    change_metadata(filled.folder, "customer_curated", **{"format-version": 3, "next-row-id": 0})
    assert tables_of(filled.lake) == rows
    (finding,) = filled.lake.verify().findings
    assert (str(finding.code), finding.place) == ("other_format", "customer_curated")
    assert "table_format" in {warning.code for warning in health_of(filled.lake).warnings}


def test_a_lake_says_its_format_and_a_newer_one_is_refused(filled):
    assert IcebergTable.of(filled.folder, "run").metadata["properties"]["stedi.format"] == "2"
    properties = IcebergTable.of(filled.folder, "run").metadata["properties"]
    change_metadata(filled.folder, "run", properties={**properties, "stedi.format": "3"})
    for verb in ("run", "tag", "erase"):
        with pytest.raises(LakeError, match="has format 3, and this version of stedi knows formats up to 2"):
            VERBS[verb](filled)
    with pytest.raises(LakeError, match="use a newer one"):
        filled.lake.scan("customer_trusted")


@pytest.mark.parametrize("column", ["catalog_name", "table_namespace"])
def test_a_catalog_that_knows_the_lake_by_another_name_is_refused(filled, column):
    with closing(sqlite3.connect(filled.folder / "catalog.db")) as catalog, catalog:
        catalog.execute(f"UPDATE iceberg_tables SET {column} = 'analytics'")  # noqa: S608 - a test's
    for verb in ("run", "tag", "erase"):
        with pytest.raises(CatalogError, match="knows nothing of the runs"):
            VERBS[verb](filled)


def test_another_namespace_in_the_folder_of_a_lake_is_refused(filled):
    other = stedi.Lake.open(filled.folder, namespace="stedi2", pseudonyms=PSEUDONYMS)
    with pytest.raises(CatalogError, match="name its namespace"):
        run(other, filled.landing)
    assert filled.lake.verify().sound


def test_a_catalog_that_names_the_metadata_of_another_table_is_refused(filled):
    with closing(sqlite3.connect(filled.folder / "catalog.db")) as catalog, catalog:
        places = dict(catalog.execute("SELECT table_name, metadata_location FROM iceberg_tables"))
        catalog.execute(
            "UPDATE iceberg_tables SET metadata_location = ? WHERE table_name = 'customer_trusted'",
            (places["customer_curated"],),
        )
    for verb in ("run", "erase", "maintain"):
        with pytest.raises(CatalogError, match="metadata of another table for customer_trusted"):
            VERBS[verb](filled)


def test_a_catalog_that_is_a_link_is_a_finding(filled, tmp_path):
    catalog = filled.folder / "catalog.db"
    moved = catalog.rename(tmp_path / "elsewhere.db")
    catalog.symlink_to(moved)
    found = {(str(finding.code), finding.place) for finding in filled.lake.verify().findings}
    assert ("damaged_file", "catalog.db") in found


@pytest.mark.parametrize(
    ("seed", "head"),
    [(9, b""), pytest.param(4, b"Obj\x01", marks=pytest.mark.campaign)],
)
def test_a_manifest_list_of_random_bytes_ends_no_process(filled, seed, head):
    """pyiceberg's decoder in C takes them for lengths."""
    table = IcebergTable.of(filled.folder, "accelerometer_trusted")
    (snapshot,) = [each for each in table.metadata["snapshots"] if each["snapshot-id"] == table.main]
    file = local(snapshot["manifest-list"])
    file.write_bytes(head + random.Random(seed).randbytes(file.stat().st_size - len(head)))  # noqa: S311
    code = f"import stedi; stedi.Lake.open({str(filled.folder)!r}).verify()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode >= 0, "the process was ended by a signal"
    codes = {str(finding.code) for finding in filled.lake.verify().findings}
    assert "damaged_file" in codes
    with pytest.raises(CatalogError):
        VERBS["erase"](filled)
