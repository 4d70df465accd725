"""Rotation of the key: the same rows under other ids, nothing of the old ones, and erased people stay out."""

import re
import stat
from collections import Counter
from datetime import timedelta

import polars as pl
import pytest

from canary import EMAIL, SERIAL, Cage
from lakes import DERIVED, PUBLISHED, IcebergTable, figures, files_of, lake_at, run, tables_of
from plants import append, rows_of, table_of
from stedi import Lake, Pseudonyms
from stedi.consent.tombstones import TombstoneIndex
from stedi.errors import (
    CatalogError,
    ConfigurationError,
    KeyMismatchError,
    LakeError,
    RotationUnfinishedError,
)
from stedi.lake.export import export
from stedi.lake.health import health_of
from stedi.pipeline.keys import key_file
from traces import found_in
from worlds import NOW, SECRET

HOUR = timedelta(hours=1)
OLD = Pseudonyms(SECRET)
NEW = Pseudonyms(b"n" * 32)
NEWER = Pseudonyms(b"m" * 32)
ASIDES = ("zebulon quaggafeather", "155501998877665")
TAGS = ["before", "study", "training", "withdrawn"]
IDS = ("customer_id", "device_id")


@pytest.fixture
def cage(cages) -> Cage:
    return cages.back_to("built")


def old_ids(lake, pseudonyms):
    landing = lake.scan("customer_landing").collect()
    people = {pseudonyms.customer_id(each) for each in landing["email"]}
    return people | {pseudonyms.device_id(each) for each in landing["serial_number"]}


def without_ids(lake):
    frames = {table: lake.scan(table).collect().drop(IDS, strict=False) for table in DERIVED}
    return {table: Counter(frame.rows()) for table, frame in frames.items()}


def replay(cage):
    """Send all the old files again, in other bytes."""
    for file in [each for each in files_of(cage.landing) if each.suffix == ".json"]:
        file.with_name(f"again-{file.name}").write_bytes(file.read_bytes() + b"\n \n")


def test_rows_are_the_same_but_for_their_ids_and_nothing_holds_an_old_one(cage):
    lake = cage.lake
    before, accounts, old = without_ids(lake), lake.last_run().accounts, old_ids(lake, OLD)
    assert found_in(cage.folder, list(old)[:3])
    report = lake.rotate_key(NEW, drop_tags=TAGS)
    assert (report.outcome, report.old, report.new) == ("rotated", OLD.fingerprint, NEW.fingerprint)
    assert report.keys_needed == report.receipt_keys == ()
    assert without_ids(lake) == before
    newest = lake.last_run()
    assert newest.key_fingerprint == NEW.fingerprint
    assert {name: figures(newest.accounts[name]) for name in DERIVED} == {
        name: figures(accounts[name]) for name in DERIVED
    }
    customers = lake.scan("customer_trusted").collect()
    assert customers["customer_id"].to_list() == [NEW.customer_id(each) for each in customers["email"]]
    assert found_in(cage.folder, old) == []
    for table in ("tombstone", *DERIVED):
        assert len(IcebergTable.of(cage.folder, table).metadata["snapshots"]) == 1
    assert lake.tags() == {}
    # The old key alone opens it no more; the new one alone does.
    with pytest.raises(KeyMismatchError, match=f"the lake was made with {NEW.fingerprint}"):
        run(lake_at(cage.folder, pseudonyms=OLD), cage.landing, now=NOW + 5 * HOUR)
    alone = lake_at(cage.folder, pseudonyms=NEW)
    assert run(alone, cage.landing, now=NOW + 5 * HOUR).objects == 0
    assert not run(alone, cage.landing, now=NOW + 5 * HOUR, full=True).differs
    assert alone.verify(older_than=timedelta(0)).findings == ()


def test_a_fresh_lake_under_the_new_key_has_the_same_tables(cage, tmp_path):
    cage.lake.rotate_key(NEW, drop_tags=TAGS)
    fresh = lake_at(tmp_path / "fresh", pseudonyms=NEW)
    run(fresh, cage.landing, now=NOW + 3 * HOUR)
    assert tables_of(fresh) == tables_of(cage.lake)


def test_older_runs_can_not_be_read_any_more(cage):
    first = cage.lake.runs()["run_id"][0]
    cage.lake.rotate_key(NEW, drop_tags=TAGS)
    with pytest.raises(CatalogError, match=r"the key was rotated since, and its customer_trusted went"):
        cage.lake.scan("customer_trusted", at=first)


def test_tags_must_be_named_and_a_plan_says_so(cage):
    planned = cage.lake.rotate_key(NEW, plan=True)
    assert (planned.outcome, planned.refs_holding) == ("planned", tuple(TAGS))
    before = {file: file.read_bytes() for file in files_of(cage.folder) if file.name != "lock.db"}
    with pytest.raises(LakeError, match=r"hold ids of the old key: before, withdrawn\."):
        cage.lake.rotate_key(NEW, drop_tags=["training", "study"])
    assert {file: file.read_bytes() for file in files_of(cage.folder) if file.name != "lock.db"} == before


def test_a_wrong_key_is_an_error_before_anything_is_written(cage):
    before = {file: file.read_bytes() for file in files_of(cage.folder) if file.name != "lock.db"}
    with pytest.raises(KeyMismatchError, match="the lake was made with"):
        lake_at(cage.folder, pseudonyms=NEWER).rotate_key(NEW, drop_tags=TAGS)
    with pytest.raises(ConfigurationError, match="there is no new key"):
        cage.lake.rotate_key(drop_tags=TAGS)
    assert cage.lake.rotate_key(OLD).outcome == "nothing_to_do"
    assert {file: file.read_bytes() for file in files_of(cage.folder) if file.name != "lock.db"} == before


@pytest.mark.campaign
def test_rotate_erase_rotate_replay(cage, stedi):
    lake = cage.lake
    lake.rotate_key(NEW, drop_tags=TAGS)
    lake.erase(email=EMAIL)
    born = NEW.customer_id(EMAIL)
    report = lake.rotate_key(NEWER)
    assert report.keys_needed == report.receipt_keys == (NEW.fingerprint,)
    tombstones = lake.scan("tombstone").collect()
    ring = NEW.followed_by(NEWER)
    ids = (born, NEW.device_id(SERIAL), *map(NEW.aside_id, ASIDES))
    assert set(tombstones["digest"]) == set(map(ring.wrap, ids))
    assert all(
        TombstoneIndex(tombstones, ring).find("aside", each).original_id == NEW.aside_id(each)
        for each in ASIDES
    )
    assert [each for each in found_in(cage.folder, [born]) if "/_receipts/" not in each] == []
    lake.check_receipt()
    assert lake.verify(older_than=timedelta(0)).findings == ()
    assert health_of(lake).retired_keys == (NEW.fingerprint,)
    assert f"recognise erased people: {NEW.fingerprint}" in stedi("status", "--lake", cage.folder).out
    # Without the key of their time nobody tells who was erased: nothing is written.
    with pytest.raises(KeyMismatchError, match=f"retired pseudonym key of fingerprint {NEW.fingerprint}"):
        run(lake_at(cage.folder, pseudonyms=NEWER), cage.landing, now=NOW + 5 * HOUR)
    before = tables_of(lake)
    replay(cage)
    replayed = run(lake, cage.landing, now=NOW + 6 * HOUR)
    assert replayed.objects > 10
    assert tables_of(lake) == before
    assert replayed.accounts["customer_landing"].dropped["erased"] == 7
    assert found_in(cage.folder, [EMAIL, SERIAL]) == []


@pytest.mark.campaign
def test_whoever_comes_back_gets_a_tombstone_of_the_new_key(cage):
    from canary import canary
    from lakes import put_rows
    from worlds import HOURS, reading

    lake = cage.lake
    at = lake.erase(email=EMAIL, drop_tags=["training", "study"], move_tags=["withdrawn"]).erased_at
    lake.rotate_key(NEW, drop_tags=["before", "withdrawn"])
    back = canary(registration_date=at + HOUR, at=at + HOUR, share=HOURS[0])
    put_rows(
        cage.landing / "new",
        customer=[back],
        accelerometer=[reading(EMAIL, at + hours * HOUR) for hours in (-1, 2)],
        step_trainer=[],
    )
    run(lake, cage.landing / "new", now=at + 24 * HOUR)
    (row,) = (
        lake.scan("customer_trusted").collect().filter(customer_id=NEW.customer_id(EMAIL)).rows(named=True)
    )
    assert row["consent_from"] == row["device_consent_from"] == at + timedelta(milliseconds=1)
    tombstones = lake.scan("tombstone").collect().filter(pl.col("kind") != "aside")
    assert set(tombstones["digest"]) == {NEW.customer_id(EMAIL), NEW.device_id(SERIAL)}
    assert set(tombstones["made_with"]) == {NEW.fingerprint}
    assert not run(lake, cage.landing / "new", now=at + 24 * HOUR, full=True).differs
    assert lake.verify(older_than=timedelta(0)).findings == ()
    assert set(PUBLISHED) == set(lake.last_run().snapshots)


def test_what_people_do_with_a_lake_goes_on(cage, tmp_path):
    lake = cage.lake
    before = {table: lake.scan(table).collect().height for table in DERIVED}
    lake.rotate_key(NEW, drop_tags=TAGS)
    assert lake.last_run().key_fingerprint == NEW.fingerprint
    assert lake.maintain().run is not None
    lake.tag("after")
    file = export(lake, "machine_learning_curated", tmp_path / "ml.parquet", at="after")
    assert file.rows == before["machine_learning_curated"]
    assert lake.report().key_fingerprint == NEW.fingerprint
    assert lake.explain(email=EMAIL).included
    assert not run(lake, cage.landing, now=NOW + 5 * HOUR).changed
    assert {table: lake.scan(table).collect().height for table in DERIVED} == before
    assert lake.verify(older_than=timedelta(0)).findings == ()


# The audit ------------------------------------------------------------------------------------------


def faults(lake):
    return {str(each.code) for each in lake.verify(older_than=timedelta(0)).findings}


def test_the_audit_finds_a_row_with_an_id_of_the_old_key(cage):
    lake = cage.lake
    lake.rotate_key(NEW, drop_tags=TAGS)
    table = table_of(cage.folder, "customer_curated")
    rows = rows_of(table)
    assert faults(lake) == set()
    stray = rows.head(1).with_columns(customer_id=pl.lit(OLD.customer_id(EMAIL)))
    append(table, stray)
    assert "old_key" in faults(lake)


def test_the_audit_names_an_unfinished_rotation_and_counts_what_is_left_of_it(cage, monkeypatch):
    lake = cage.lake
    monkeypatch.setattr("stedi.governance.rotate.rotate.expire_but", dies)
    with pytest.raises(ZeroDivisionError):
        lake.rotate_key(NEW, drop_tags=TAGS)
    ring = lake_at(cage.folder, pseudonyms=OLD.followed_by(NEW))
    (found,) = ring.verify().findings
    assert (str(found.code), found.place) == ("unfinished", "run")
    assert re.match(r"a rotation of the key, begun at .*, is not finished: [1-9]\d* findings", found.problem)
    assert found.remedy == "run stedi rotate-key again"
    with pytest.raises(RotationUnfinishedError, match="run stedi rotate-key again"):
        run(ring, cage.landing, now=NOW + 5 * HOUR)
    with pytest.raises(RotationUnfinishedError):
        ring.erase(email=EMAIL)
    monkeypatch.undo()
    assert ring.rotate_key().resumed
    assert faults(ring) == set()


def dies(*_):
    raise ZeroDivisionError


@pytest.mark.campaign
def test_the_audit_says_which_retired_key_it_lacks(cage):
    cage.lake.erase(email=EMAIL, drop_tags=["training", "study"], move_tags=["withdrawn"])
    cage.lake.rotate_key(NEW, drop_tags=["before", "withdrawn"])
    told = lake_at(cage.folder, pseudonyms=NEW).verify(older_than=timedelta(0))
    assert told.sound
    assert any(f"retired keys of fingerprint {OLD.fingerprint}" in each for each in told.not_checked)
    with_both = lake_at(cage.folder, pseudonyms=OLD.followed_by(NEW)).verify(older_than=timedelta(0))
    assert with_both.sound
    assert not with_both.not_checked


# The key file and the command line ------------------------------------------------------------------


def test_a_key_is_made_and_put_first_in_the_users_file(cage, tmp_path, monkeypatch, stedi):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("STEDI_PSEUDONYM_KEY", raising=False)
    OLD.save(key_file())
    dropped = [f"--drop-tag={name}" for name in TAGS]
    planned = stedi("rotate-key", "--lake", cage.folder, "--plan", "--json").json
    assert (planned["outcome"], planned["new"], planned["refs_holding"]) == ("planned", None, TAGS)
    assert Pseudonyms.from_file(key_file()).fingerprints == OLD.fingerprints
    refused = stedi("rotate-key", "--lake", cage.folder, *dropped)
    assert (refused.code, "--yes" in refused.err) == (1, True)
    typed = stedi("rotate-key", "--lake", cage.folder, "--yes", *dropped)
    assert typed.code == 0, typed.err
    held = Pseudonyms.from_file(key_file())
    assert held.fingerprints[1:] == OLD.fingerprints
    assert held.fingerprint == Lake.open(cage.folder).last_run().key_fingerprint
    assert stat.S_IMODE(key_file().stat().st_mode) == 0o600
    assert [each.name for each in key_file().parent.iterdir()] == ["pseudonym.key"]
    for secret in held.reveal_all():
        assert secret.hex() not in typed.out
        assert found_in(cage.folder, [secret.hex()]) == []
    assert run(Lake.open(cage.folder), cage.landing, now=NOW + 5 * HOUR).objects == 0


def test_keys_that_are_ahead_of_a_lake_open_it_with_its_own_and_are_taken_by_a_rotation(cage, monkeypatch):
    ahead = OLD.followed_by(NEW)
    monkeypatch.setenv("STEDI_PSEUDONYM_KEY", ",".join(each.hex() for each in ahead.reveal_all()))
    lake = Lake.open(cage.folder)
    assert run(lake, cage.landing, now=NOW + 5 * HOUR).run.key_fingerprint == OLD.fingerprint
    assert lake.rotate_key(drop_tags=TAGS).new == NEW.fingerprint
    # Who asks again when nothing has happened since was interrupted, and asks for the same.
    assert lake.rotate_key(drop_tags=TAGS).outcome == "nothing_to_do"
    run(lake, cage.landing, now=NOW + 6 * HOUR)
    with pytest.raises(ConfigurationError, match="begins with the one that the lake has"):
        lake.rotate_key()
