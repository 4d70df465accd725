"""What can't be done is refused in one clear line, and leaves the lake as it was."""

import inspect
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import stedi
from lakes import (
    ANN,
    EVERY_TABLE,
    PSEUDONYMS,
    IcebergTable,
    files_of,
    lake_at,
    local,
    published,
    put,
    put_world,
    run,
    sent,
    tables_of,
)
from stedi.errors import (
    CatalogError,
    ConfigurationError,
    ConsentModeError,
    KeyMismatchError,
    LakeError,
    LandingError,
    RejectedError,
    StediError,
    UnknownNameError,
)
from stedi.lake.arguments import CHECKS
from worlds import NOW, customer

PERSONAL = re.compile(r"[\w.+-]+@[\w.-]+|50a1b2c3", re.IGNORECASE)


@contextmanager
def refused(kind, *needles):
    """Expect an error of exactly this kind, in one line, without personal data, with these words."""
    with pytest.raises(StediError) as caught:
        yield
    message = str(caught.value)
    assert type(caught.value) is kind, f"{type(caught.value).__name__}: {message}"
    assert "\n" not in message
    assert not PERSONAL.search(message)
    assert 20 < len(message) < 500
    for needle in needles:
        assert str(needle) in message, message


@contextmanager
def unchanged(bench):
    """Expect that everything that the lake shows is as it was."""
    before = published(bench.folder)
    yield
    assert published(bench.folder) == before
    assert not list(bench.folder.glob("scratch*"))


def nothing_left(folder):
    return not folder.exists() or not list(folder.iterdir())


# The landing root -----------------------------------------------------------------------------------


def wrong_landings(place):
    """Yield landing roots that can't be used, each with what the message must say."""
    yield place / "nowhere", "landing root"
    file = place / "file"
    file.write_text("{}")
    yield file, "landing root"
    empty = place / "empty"
    empty.mkdir()
    yield empty, "customer/"
    folders = place / "folders"
    for kind in ("customer", "accelerometer", "step_trainer"):
        (folders / kind).mkdir(parents=True)
    yield folders, "customer/"
    without_steps = put_world(place / "without-steps", ANN)
    shutil.rmtree(without_steps / "step_trainer")
    yield without_steps, "step_trainer/"
    hidden = put_world(place / "hidden", ANN)
    (hidden / "accelerometer/accelerometer.json").rename(hidden / "accelerometer/_accelerometer.json")
    yield hidden, "accelerometer/"
    outside = put_world(place / "outside", ANN)
    (outside / "customer/jane@example.com.json").symlink_to("/etc/hostname")
    yield outside, "link"


def test_a_new_lake_is_not_made_from_a_landing_root_that_cannot_be_used(tmp_path):
    for number, (landing, needle) in enumerate(wrong_landings(tmp_path)):
        folder = tmp_path / f"lake{number}"
        with refused(LandingError, needle):
            run(lake_at(folder), landing)
        assert nothing_left(folder), landing
        assert not lake_at(folder).exists


def test_a_missing_landing_root_leaves_a_lake_as_it_was(filled, tmp_path):
    with unchanged(filled), refused(LandingError, "landing root"):
        run(filled.lake, tmp_path / "nowhere")


def test_an_empty_landing_root_is_nothing_new_to_a_lake_that_has_rows(filled, tmp_path):
    tables = tables_of(filled.lake)
    for folder in ("customer", "accelerometer", "step_trainer"):
        (tmp_path / "new" / folder).mkdir(parents=True)
    report = run(filled.lake, tmp_path / "new")
    assert not report.changed
    assert len(report.notes) == 3
    assert tables_of(filled.lake) == tables


def test_no_consent_field_anywhere_is_schema_drift(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    record = sent(ANN.customers[0])
    record["shareWithResearch"] = record.pop("shareWithResearchAsOfDate")
    put(landing, "customer/customer.json", [record])
    with refused(LandingError, "shareWithResearchAsOfDate"):
        run(lake_at(tmp_path / "lake"), landing)
    assert nothing_left(tmp_path / "lake")


def test_rejected_records_alone_without_the_consent_field_are_schema_drift(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    put(landing, "customer/customer.json", [{"email": "jane@example.com"}])
    with refused(LandingError, "shareWithResearchAsOfDate"):
        run(lake_at(tmp_path / "lake"), landing)
    assert nothing_left(tmp_path / "lake")


def test_one_file_without_the_consent_field_is_a_withdrawal(filled, tmp_path):
    record = sent(customer(at=NOW))
    assert "shareWithResearchAsOfDate" not in record
    put(tmp_path, "customer/withdrawal.json", [record])
    assert run(filled.lake, tmp_path).accounts["customer_landing"].used == 1


def test_too_many_rejected_records_stop_a_run(filled, tmp_path):
    bad = '{"user": "jane@example.com"}'
    good = [sent(reading) for reading in ANN.accelerometer]
    put(tmp_path, "accelerometer/new.json", [*good, bad, bad])
    with unchanged(filled), refused(RejectedError, "2 of 4", "accelerometer_landing", "missing", "0.4"):
        run(filled.lake, tmp_path, max_rejected=0.4)
    report = run(filled.lake, tmp_path, max_rejected=0.5)
    assert report.accounts["accelerometer_landing"].dropped == {"missing": 2}


def test_too_many_rejected_records_leave_no_new_lake(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    put(landing, "step_trainer/bad.json", ["{}"])
    with refused(RejectedError, "1 of 3"):
        run(lake_at(tmp_path / "lake"), landing, max_rejected=0.0)
    assert nothing_left(tmp_path / "lake")


# What is asked for ----------------------------------------------------------------------------------


def test_options_that_mean_nothing_are_refused_before_anything_is_made(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    folder = tmp_path / "lake"
    with refused(UnknownNameError, "as-of", "as_of"):
        lake_at(folder).run(landing, consent="as-of")
    with refused(ConfigurationError, "max_rejected"):
        run(lake_at(folder), landing, max_rejected=1.5)
    with refused(ConfigurationError, "time zone"):
        run(lake_at(folder), landing, now=NOW.replace(tzinfo=None))
    with refused(ConfigurationError, "buckets"):
        lake_at(folder, buckets=0)
    with refused(ConfigurationError):
        stedi.Lake.open()
    with refused(ConfigurationError):
        stedi.Lake.open(catalog={"type": "sql"})
    assert not folder.exists()


WRONG_TO_OPEN = {
    "path": [b"lake", 5],
    "pseudonyms": ["ab" * 32, b"x" * 32],
    "catalog": ["glue"],
    "namespace": [5],
    "buckets": ["3", 0, 10**9],
    "wait": [5, timedelta(seconds=-1), timedelta.max],
}
WRONG_TO_RUN = {
    "landing": [None, 5, b"landing"],
    "max_rejected": [None, "0.5", float("nan"), -0.1],
    "now": [5, "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1999-12-31", date(2100, 1, 1)],
    "progress": [None],
}
WRONG = {
    "release": {"record_ids": ["ab", [None], None]},
    "maintain": {"keep_days": ["30", -1, 10**10], "older_than": [5, timedelta(-1), timedelta.max]},
    "verify": {"older_than": [None], "receipts": [["receipt.json"]]},
    "erase": {"email": [5], "reason": [b"why"], "drop_tags": ["before"], "landing": [5]},
    "rotate_key": {"new": ["ab" * 32], "drop_tags": [["a", 1]]},
    "explain": {"serial_number": [5]},
    "scan": {"table": [None, ["run"]]},
    "check_receipt": {"receipt": ["receipt.json"]},
}


def test_a_wrong_argument_is_named_whether_or_not_there_is_a_lake(filled, tmp_path):
    landing, new = filled.landing, tmp_path / "lake"
    for name, values in WRONG_TO_OPEN.items():
        for value in values:
            with refused(ConfigurationError, name):
                stedi.Lake.open(**{"path": new, name: value} | ({"path": None} if name == "catalog" else {}))
    with unchanged(filled):
        for folder in (new, filled.folder):
            for name, values in WRONG_TO_RUN.items():
                for value in values:
                    with refused(ConfigurationError, name):
                        lake_at(folder).run(**{"landing": landing, name: value})
            for method, arguments in WRONG.items():
                for name, values in arguments.items():
                    for value in values:
                        with refused(ConfigurationError, name):
                            getattr(lake_at(folder), method)(**{name: value})
            with refused(UnknownNameError, "no consent mode is named None. There is: as_of, current"):
                lake_at(folder).run(landing, consent=None)
            with refused(UnknownNameError, "Did you mean 'erase'?"):
                lake_at(folder).erase(email="somebody", device="erased")
    assert not new.exists()


def test_each_argument_of_a_lake_is_checked():
    read_elsewhere = {"self", "at", "now", "plan", "full", "include_withdrawn"}
    for name, member in vars(stedi.Lake).items():
        if not name.startswith("_") and callable(member):
            assert set(inspect.signature(member).parameters) <= {*CHECKS, *read_elsewhere}, name
    assert set(inspect.signature(stedi.Lake.open).parameters) <= set(CHECKS)


def test_a_fault_of_the_code_is_no_damage_of_a_lake_that_was_not_made(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)

    def wrong(*_):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        run(lake_at(tmp_path / "lake"), landing, progress=wrong)
    assert nothing_left(tmp_path / "lake")


def test_a_landing_root_with_too_long_a_name_is_no_fault_of_the_lake(filled):
    with unchanged(filled), refused(LandingError, "the landing root xxx", "File name too long"):
        run(filled.lake, "x" * 300)
    with refused(ConfigurationError, "the path of the lake", "File name too long"):
        lake_at("x" * 300)
    with refused(ConfigurationError, "the path of the lake", "control characters"):
        lake_at("a\0b")


def test_a_catalog_whose_library_is_missing_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "pyiceberg.catalog.sql", raising=False)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    settings = {"type": "sql", "uri": f"sqlite:///{tmp_path}/catalog.db"}
    with refused(ConfigurationError, "the sql catalog needs a library", "pip install"):
        stedi.Lake.open(catalog=settings, warehouse="s3://bucket/lake", pseudonyms=PSEUDONYMS).runs()


def test_a_namespace_that_is_no_plain_name_is_refused(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    for name in ("../../etc", "a b", "Stedi", "x;drop", ""):
        with refused(ConfigurationError, "namespace"):
            stedi.Lake.open(tmp_path / "lake", pseudonyms=PSEUDONYMS, namespace=name).run(landing)
    assert nothing_left(tmp_path / "lake")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "lake") == ["landing"]


def test_a_lake_keeps_its_consent_mode(filled):
    with unchanged(filled), refused(ConsentModeError, "'as_of'", "'current'"):
        run(filled.lake, filled.landing, consent="current")


def test_time_does_not_run_backwards(filled):
    with unchanged(filled), refused(LakeError, "now"):
        run(filled.lake, filled.landing, now=NOW - timedelta(microseconds=1))


def test_a_naive_now_leaves_a_lake_as_it_was(filled):
    with unchanged(filled), refused(ConfigurationError, "time zone"):
        run(filled.lake, filled.landing, now=NOW.replace(tzinfo=None))


@pytest.mark.parametrize("now", ["yesterday", "2026-13-01", 1767225600, [NOW]])
def test_a_now_that_is_no_time_leaves_a_lake_as_it_was(filled, now):
    with (
        unchanged(filled),
        refused(ConfigurationError, "no time: pass one, such as '2026-01-01T12:00:00+00:00'"),
    ):
        filled.lake.run(filled.landing, now=now)


@pytest.mark.parametrize("now", ["2026-01-01", "2026-01-01T00:00:00Z", date(2026, 1, 1)])
def test_a_date_or_a_text_is_a_time_of_utc(filled, now):
    filled.lake.run(filled.landing, now=now, max_rejected=1)
    assert filled.lake.last_run().now == datetime(2026, 1, 1, tzinfo=UTC)


def test_now_in_another_time_zone_is_the_same_time(filled):
    run(filled.lake, filled.landing, now=NOW.astimezone(ZoneInfo("Asia/Kathmandu")))
    assert filled.lake.last_run().now == NOW


# The pseudonym key ----------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user without a key."""
    monkeypatch.delenv("STEDI_PSEUDONYM_KEY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def test_another_key_is_refused(filled):
    other = stedi.Pseudonyms.generate()
    with unchanged(filled), refused(KeyMismatchError, other.fingerprint, PSEUDONYMS.fingerprint):
        run(lake_at(filled.folder, pseudonyms=other), filled.landing)


def test_another_key_in_the_environment_is_refused(filled, home, monkeypatch):
    monkeypatch.setenv("STEDI_PSEUDONYM_KEY", "ab" * 32)
    with unchanged(filled), refused(KeyMismatchError, "STEDI_PSEUDONYM_KEY", PSEUDONYMS.fingerprint):
        stedi.Lake.open(filled.folder).run(filled.landing, now=NOW)
    assert not home.exists()


def test_a_key_that_is_no_key_is_refused(filled, home, monkeypatch):
    for text in ("not hex", "abcd"):
        monkeypatch.setenv("STEDI_PSEUDONYM_KEY", text)
        with unchanged(filled), refused(ConfigurationError, "hex" if text == "not hex" else "bytes"):
            stedi.Lake.open(filled.folder).run(filled.landing, now=NOW)
    assert not home.exists()


def test_a_missing_key_is_refused_and_none_is_made(filled, home):
    with unchanged(filled), refused(KeyMismatchError, PSEUDONYMS.fingerprint, "STEDI_PSEUDONYM_KEY"):
        stedi.Lake.open(filled.folder).run(filled.landing, now=NOW)
    assert not home.exists()


def test_reading_needs_no_key(filled, home):
    expected = tables_of(filled.lake)
    assert tables_of(stedi.Lake.open(filled.folder)) == expected
    assert not home.exists()


def test_a_key_is_made_with_a_new_lake_for_its_owner_alone(home, tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    stedi.Lake.open(tmp_path / "lake", buckets=3).run(landing, now=NOW)
    (file,) = files_of(home)
    assert file.stat().st_mode & 0o777 == 0o600
    made = stedi.Pseudonyms.from_file(file)
    lake = stedi.Lake.open(tmp_path / "lake")
    assert lake.last_run().key_fingerprint == made.fingerprint
    stedi.Lake.open(tmp_path / "lake").run(landing, now=NOW)
    file.chmod(0o644)
    with refused(ConfigurationError, "chmod 600"):
        stedi.Lake.open(tmp_path / "lake").run(landing, now=NOW)


def test_a_first_run_that_fails_makes_no_key(home, tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    put(landing, "accelerometer/bad.json", ["{}"])
    with refused(RejectedError):
        stedi.Lake.open(tmp_path / "lake").run(landing, now=NOW, max_rejected=0.0)
    assert not files_of(home)


# The folder -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["s3://bucket/lake", Path("s3://bucket/lake"), "file:///lake", "gs:/b"])
def test_an_address_is_no_folder_of_a_lake(tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    with refused(ConfigurationError, "is no folder of this machine"):
        stedi.Lake.open(address)
    assert list(tmp_path.iterdir()) == []


def test_a_lake_path_that_is_a_file_is_refused(tmp_path):
    file = tmp_path / "lake"
    file.write_text("mine")
    with refused(LakeError, file, "file"):
        stedi.Lake.open(file)
    assert file.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file" / "lake", "/proc/stedi-lake", "/dev/null/lake"):
        with refused(LakeError, folder):
            run(lake_at(folder), landing)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_with_other_files_is_refused_and_keeps_them(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    with refused(LakeError, folder, "not empty"):
        run(lake_at(folder), landing)
    assert [file.name for file in files_of(folder)] == ["letter.txt"]


def test_files_beside_a_lake_are_left_alone(filled):
    (filled.folder / "notes.txt").write_text("mine")
    run(filled.lake, filled.landing)
    assert (filled.folder / "notes.txt").read_text() == "mine"


def mount(*arguments):
    """Mount something, if this user may."""
    if shutil.which("mount") is None or _fails("mount", *arguments):
        pytest.skip("this user may not mount a file system")


def _fails(*command):
    return subprocess.run(command, capture_output=True, check=False).returncode != 0


@contextmanager
def small_disk(place, *, size):
    """Mount a small file system of its own."""
    place.mkdir()
    mount("-t", "tmpfs", "-o", f"size={size}", "none", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def read_only(folder):
    """Let nobody write to a folder: for root, permissions are no obstacle."""
    mount("--bind", str(folder), str(folder))
    try:
        mount("-o", "remount,ro,bind", str(folder))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    folder = tmp_path / "folder"
    folder.mkdir()
    with read_only(folder):
        with refused(CatalogError, folder):
            run(lake_at(folder), landing)
        with refused(LakeError, folder):
            run(lake_at(folder / "lake"), landing)
    assert nothing_left(folder)


def test_a_lake_that_cannot_be_written_is_refused_and_can_be_read(filled, tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    before = tables_of(filled.lake)
    with read_only(filled.folder):
        with refused(CatalogError, filled.folder):
            run(filled.lake, landing)
        assert tables_of(filled.lake) == before
    assert not list(filled.folder.glob("scratch*"))


@pytest.mark.parametrize("room", ["96k", "200k", "320k"])
def test_a_new_lake_on_a_disk_without_room_is_refused_and_leaves_nothing(tmp_path, room):
    landing = put_world(tmp_path / "landing", ANN)
    with small_disk(tmp_path / "disk", size=room) as disk:
        with refused(CatalogError, "room"):
            run(lake_at(disk / "lake"), landing)
        assert nothing_left(disk / "lake")


def test_a_run_without_room_leaves_the_lake_as_it_was(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    with small_disk(tmp_path / "disk", size="8m") as disk:
        folder = disk / "lake"
        run(lake_at(folder), landing)
        before = tables_of(lake_at(folder), EVERY_TABLE)
        more = [sent(reading) | {"x": 3} for reading in ANN.accelerometer]
        put(landing, "accelerometer/more.json", more)
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        for room in (8 * 1024, 80 * 1024, 160 * 1024):
            (disk / "filler").write_bytes(b"\0" * (free - room))
            with refused(CatalogError, "room"):
                run(lake_at(folder), landing)
            assert tables_of(lake_at(folder), EVERY_TABLE) == before
            (disk / "filler").unlink()
        run(lake_at(folder), landing)
        assert lake_at(folder).scan("accelerometer_landing").collect().height == 4


# The lake's own files -------------------------------------------------------------------------------


def test_a_moved_lake_is_refused_with_a_remedy(filled, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(filled.folder, moved)
    files = {file: file.read_bytes() for file in files_of(moved)}
    filled.gone()
    for act in (lambda: run(lake_at(moved), filled.landing), lambda: lake_at(moved).scan("run")):
        with refused(LakeError, moved, filled.folder, "move it back"):
            act()
    after = {file: file.read_bytes() for file in files_of(moved) if file.name != "lock.db"}
    assert after == {file: text for file, text in files.items() if file.name != "lock.db"}
    shutil.copytree(moved, filled.folder)
    assert tables_of(filled.lake)


def test_a_copied_lake_does_not_touch_the_original(filled, tmp_path):
    copy = shutil.copytree(filled.folder, tmp_path / "copy")
    with unchanged(filled), refused(LakeError, copy, filled.folder):
        run(lake_at(copy), filled.landing)


def test_a_lake_whose_folder_begins_like_the_original_is_a_copy_too(filled):
    copy = filled.folder.with_name(filled.folder.name + "2")
    shutil.copytree(filled.folder, copy)
    try:
        with unchanged(filled), refused(LakeError, copy):
            run(lake_at(copy), filled.landing)
    finally:
        shutil.rmtree(copy)


def test_a_lake_behind_a_link_is_the_lake(filled, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(filled.folder)
    assert not run(lake_at(link), filled.landing).changed


def test_a_catalog_that_is_no_database_is_refused(filled):
    warehouse = published(filled.folder)
    catalog = filled.folder / "catalog.db"
    sound = catalog.read_bytes()
    for damaged in (
        b"not a database, not at all" * 100,
        sound[:100] + b"\0" * 5000,
        sound[: len(sound) // 2],
    ):
        catalog.write_bytes(damaged)
        for act in (lambda: run(filled.lake, filled.landing), lambda: filled.lake.scan("run")):
            with refused(CatalogError, "catalog"):
                act()
        assert catalog.read_bytes() == damaged
    catalog.write_bytes(sound)
    assert published(filled.folder) == warehouse


def test_an_empty_catalog_beside_a_warehouse_hides_no_lake(filled):
    """A catalog file of no bytes is a valid SQLite database: what is in the warehouse must survive."""
    (filled.folder / "catalog.db").write_bytes(b"")
    files = files_of(filled.folder / "warehouse")
    with refused(CatalogError, "backup"):
        filled.lake.scan("run")
    with refused(CatalogError, "backup"):
        run(filled.lake, filled.landing)
    assert files_of(filled.folder / "warehouse") == files


@pytest.mark.parametrize("table", ["run", "customer_landing", "machine_learning_curated"])
def test_a_damaged_metadata_file_is_refused(filled, table):
    with closing(sqlite3.connect(filled.folder / "catalog.db")) as catalog:
        query = "SELECT metadata_location FROM iceberg_tables WHERE table_name = ?"
        file = local(catalog.execute(query, (table,)).fetchone()[0])
    sound = file.read_bytes()
    for damaged in (sound[:300], b"{oh}", b"", b'{"a": 1}', b"\xff" * 40, None):
        file.unlink()
        if damaged is not None:
            file.write_bytes(damaged)
        with refused(CatalogError, table):
            run(filled.lake, filled.landing)
        with refused(CatalogError, table):
            filled.lake.scan(table).collect()
    file.write_bytes(sound)
    assert run(filled.lake, filled.landing).changed is False


@pytest.mark.parametrize("layer", ["manifest_list", "data"])
def test_a_run_refuses_a_table_that_has_lost_a_file(filled, tmp_path, layer):
    table = IcebergTable.of(filled.folder, "customer_landing")
    (snapshot,) = [each for each in table.metadata["snapshots"] if each["snapshot-id"] == table.main]
    files = {"manifest_list": snapshot["manifest-list"], "data": table.data_files()[0]["file_path"]}
    local(files[layer]).unlink()
    put(tmp_path, "customer/new.json", [sent(ANN.customers[0])])
    with refused(CatalogError, "customer_landing"):
        run(filled.lake, tmp_path)
    assert filled.lake.runs().height == 1


def test_a_lock_file_that_is_no_database_is_refused(filled):
    (filled.folder / "lock.db").write_text("not a database, not at all" * 100)
    with refused(CatalogError, "lock.db"):
        run(filled.lake, filled.landing)
    assert filled.lake.runs().height == 1


def test_a_lake_without_a_run_says_how_to_fill_it(bench, tmp_path):
    for lake in (bench.empty().lake, lake_at(tmp_path / "nowhere")):
        for act in (lake.tables, lake.runs, lake.tags, lake.last_run, lambda: lake.scan("run")):  # noqa: B023
            with refused(LakeError, "stedi run"):
                act()
    assert not (tmp_path / "nowhere").exists()


def test_a_first_run_that_fails_leaves_an_empty_lake_empty(bench, tmp_path):
    """A first run was killed before; the next one fails."""
    bench.empty()
    landing = put_world(tmp_path / "landing", ANN)
    put(landing, "accelerometer/bad.json", [json.dumps({"user": "jane@example.com"})])
    with refused(RejectedError):
        run(bench.lake, landing, max_rejected=0.0)
    assert run(bench.lake, landing).changed


def test_the_clock_is_now_by_default(filled):
    before = datetime.now(UTC)
    filled.lake.run(filled.landing)
    assert before <= filled.lake.last_run().now <= datetime.now(UTC)


@pytest.mark.parametrize("table", ["accelerometer_trusted", "machine_learning_curated"])
def test_a_damaged_data_file_is_named(filled, table):
    file = local(IcebergTable.of(filled.folder, table).data_files()[0]["file_path"])
    whole = bytearray(file.read_bytes())
    whole[8 : len(whole) // 2] = b"\xff" * (len(whole) // 2 - 8)
    file.write_bytes(whole)
    with pytest.raises(CatalogError, match=re.escape(str(file))), filled.lake.reading():
        filled.lake.scan(table).collect()
    with pytest.raises(CatalogError, match=re.escape(str(file))):
        run(filled.lake, filled.landing, full=True)
    assert filled.lake.runs().height == 1
