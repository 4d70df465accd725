"""stedi verify: it finds nothing in a sound lake, and every fault that is planted in one."""

import bz2
import gzip
import io
import json
import lzma
import sqlite3
from base64 import b64encode
from contextlib import closing
from datetime import UTC, datetime, timedelta

import fastavro
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import stedi
from lakes import ANN, files_of, lake_at, pour, put_world, rich_world, run
from plants import (
    append,
    bury,
    data_files,
    doctor_run,
    name_snapshot,
    orphan_of,
    percent,
    put_back,
    rows_of,
    shifted,
    table_of,
    write,
)
from stedi.errors import ConfigurationError, LakeError, RunConflictError
from stedi.simulate import simulate
from worlds import NOW, SECRET

KEY = stedi.Pseudonyms(SECRET)
EMAIL = "w5-fiona.k@example.com"
NAME = "Ann M. Lee"
SERIAL = "w6-50a1b2c3-d4e5"
PHONE = "8015551212"


def codes(found):
    return {str(finding.code) for finding in found.findings}


def told(found, code):
    (finding,) = [each for each in found.findings if each.code == code]
    return finding


def assert_names_nobody(found):
    """No finding repeats what it is about, however it is written."""
    text = json.dumps(found.to_dict(), default=str).lower()
    for each in (EMAIL, NAME, SERIAL, PHONE, "fiona", "ann m"):
        assert each.lower() not in text


# Sound lakes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("consent", ["as_of", pytest.param("current", marks=pytest.mark.campaign)])
def test_a_sound_lake_is_sound_after_runs_tags_and_maintenance(tmp_path, consent):
    lake = lake_at(tmp_path / "lake")
    for seed in range(2):
        run(lake, pour(tmp_path / str(seed), rich_world(seed, parts=12)), consent=consent)
        assert lake.verify().findings == ()
        if seed == 0:
            lake.tag("first")
    run(lake, tmp_path / "1", consent=consent, now=NOW + timedelta(hours=2))
    lake.maintain()
    lake.maintain(keep_days=0, older_than=timedelta(0))
    found = lake.verify(older_than=timedelta(0))
    assert found.sound
    assert found.not_checked == ()
    looked_at = {check.name: check.looked_at for check in found.checks}
    assert looked_at["runs"] == lake.runs().height
    assert looked_at["customers"] == lake.scan("customer_trusted").collect().height
    assert all(count for name, count in looked_at.items() if name not in ("erasures", "keys", "receipts"))


def test_dirty_simulated_data_is_sound(tmp_path):
    made = simulate(tmp_path / "landing", customers=12, seed=5, dirt=0.01)
    lake = lake_at(tmp_path / "lake")
    lake.run(tmp_path / "landing", now=made.as_of)
    assert lake.verify().findings == ()


def test_a_release_keeps_a_lake_sound(filled):
    held = filled.lake.scan("quarantine").filter(pl.col("emails").list.len() > 0).collect()
    row = held.row(0, named=True)
    filled.lake.release([f"{row['_digest'][:12]}:{row['_position']}"], now=NOW)
    assert filled.lake.verify().findings == ()


def test_erased_people_who_stayed_out_are_none(tmp_path):
    """Tombstones from the start: what arrives of Ann is kept out, and the audit agrees."""
    lake = lake_at(tmp_path / "lake")
    run(lake, pour(tmp_path / "0", rich_world()))
    erased = datetime(2040, 1, 1, tzinfo=UTC)
    stranger = {KEY.customer_id("nobody@example.com"): erased, KEY.device_id("no device"): erased}
    bury(lake, stranger)
    found = lake.verify()
    assert found.findings == ()
    (check,) = [each for each in found.checks if each.name == "erasures"]
    assert check.looked_at > 10


def test_without_the_key_a_lake_is_audited_and_what_was_not_checked_is_said(filled, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("STEDI_PSEUDONYM_KEY", raising=False)
    found = stedi.Lake.open(filled.folder).verify()
    assert found.findings == ()
    assert not found.key_checked
    assert any("pseudonym key" in each for each in found.not_checked)
    other = stedi.Lake.open(filled.folder, pseudonyms=stedi.Pseudonyms.generate()).verify()
    assert not other.key_checked


def test_an_audit_changes_nothing(filled):
    before = {file: file.read_bytes() for file in files_of(filled.folder)}
    filled.lake.verify()
    assert {file: file.read_bytes() for file in files_of(filled.folder)} == before


# Planted faults ---------------------------------------------------------------------------------------


def copied_row(folder):
    table = table_of(folder, "accelerometer_trusted")
    append(table, rows_of(table)[:1])


def copied_row_that_the_run_names(folder):
    table = table_of(folder, "accelerometer_trusted")
    rows = rows_of(table)
    name_snapshot(folder, "accelerometer_trusted", append(table, rows[:1]), rows.height + 1)


def row_of_a_stranger(folder):
    table = table_of(folder, "machine_learning_curated")
    rows = rows_of(table)
    stranger = rows[:1].with_columns(customer_id=pl.lit("0" * 32))
    name_snapshot(folder, "machine_learning_curated", append(table, stranger))


def removed_row(name):
    def plant(folder):
        table = table_of(folder, name)
        rows = rows_of(table)
        name_snapshot(folder, name, put_back(table, rows[1:]))

    return plant


def earlier_consent(folder):
    table = table_of(folder, "customer_trusted")
    rows = rows_of(table)
    early = rows.with_columns(pl.col("consent_from") - timedelta(days=1))
    name_snapshot(folder, "customer_trusted", put_back(table, early))


def swapped_ids(folder):
    table = table_of(folder, "customer_trusted")
    rows = rows_of(table)
    swapped = rows.with_columns(customer_id=pl.lit("f" * 32))
    name_snapshot(folder, "customer_trusted", put_back(table, swapped))


def file_with_fewer_rows(folder):
    table = table_of(folder, "step_trainer_trusted")
    snapshot = put_back(table, rows_of(table), lambda stored: stored[1:])
    name_snapshot(folder, "step_trainer_trusted", snapshot)


def doctored_reasons(folder):
    """The sum is right; the reasons are not."""

    def change(run_):
        (own,) = [each for each in run_["tables"] if each["table_name"] == "accelerometer_trusted"]
        reasons = {each["reason"]: each for each in own["dropped"]}
        reasons["not_trusted"]["rows"] += 1
        reasons["duplicate"]["rows"] -= 1

    doctor_run(folder, change)


def doctored_matches(folder):
    doctor_run(folder, lambda run_: run_.update(paired_nearby=run_["paired_nearby"] + 1))


def doctored_key(folder):
    def change(rows):
        return rows.with_columns(key_fingerprint=pl.lit("0" * 16), base_run_id=pl.lit("nobody"))

    table = table_of(folder, "run")
    put_back(table, change(rows_of(table)))


def main_moved(folder):
    table = table_of(folder, "customer_curated")
    first = table.metadata.snapshots[0].snapshot_id
    table.manage_snapshots().set_current_snapshot(first).commit()


def tag_moved(folder):
    table = table_of(folder, "quarantine")
    (tag,) = [name for name in table.refs() if name.startswith("run-")]
    first = table.metadata.snapshots[0].snapshot_id
    table.manage_snapshots().remove_tag(tag).commit()
    table.refresh().manage_snapshots().create_tag(first, tag).commit()


def lone_tag(folder):
    table = table_of(folder, "quarantine")
    table.manage_snapshots().create_tag(table.metadata.current_snapshot_id, "mine").commit()


def unfinished_branch(folder):
    table = table_of(folder, "quarantine")
    table.manage_snapshots().create_branch(table.metadata.current_snapshot_id, "run-killed").commit()


def property_with(text):
    def plant(folder):
        with table_of(folder, "customer_curated").transaction() as transaction:
            transaction.set_properties({"owner": text})

    return plant


def snapshot_property(folder):
    table = table_of(folder, "customer_curated")
    rows = rows_of(table).to_arrow().cast(table.schema().as_arrow())
    table.append(rows[:0], snapshot_properties={"asked-by": EMAIL})


def kept_bounds(folder):
    table = table_of(folder, "customer_landing")
    with table.transaction() as transaction:
        transaction.set_properties({"write.metadata.metrics.column.email": "truncate(16)"})
    append(table.refresh(), rows_of(table)[:1])


def orphan(name):
    return lambda folder: orphan_of(folder, name)


def lost_file(folder):
    data_files(folder, "customer_landing")[0].unlink()


def link_in_the_warehouse(folder):
    (folder / "warehouse/stedi/run/data/elsewhere").symlink_to("/etc")


def person_in_a_catalog_page(folder):
    """A value that was deleted: only a free page of the catalog has it."""
    with closing(sqlite3.connect(folder / "catalog.db")) as catalog:
        catalog.execute("PRAGMA secure_delete = OFF")
        catalog.execute("CREATE TABLE note (text TEXT)")
        catalog.execute("INSERT INTO note VALUES (?)", (f"called {EMAIL} today",))
        catalog.commit()
        catalog.execute("DROP TABLE note")
        catalog.commit()


def footer(folder):
    def change(stored):
        return stored.replace_schema_metadata({b"exported-for": NAME.encode()})

    table = table_of(folder, "customer_landing")
    name_snapshot(folder, "customer_landing", put_back(table, rows_of(table), change))


def person_in_another_column(folder):
    table = table_of(folder, "customer_landing")
    rows = rows_of(table).with_columns(_run=pl.lit(PHONE))
    name_snapshot(folder, "customer_landing", put_back(table, rows))


ESCAPED = '{"to": "' + "".join(f"\\u{ord(letter):04x}" for letter in EMAIL) + '"}'
ALONE = {"personal_data", "unreachable_file", "pii_bounds"}
"""Faults of places: nothing else is wrong with the lake."""

FAULTS = {
    "a row copied": (copied_row, {"main_elsewhere"}),
    "a row copied, and named by the run": (copied_row_that_the_run_names, {"surplus_row", "wrong_account"}),
    "a row of a stranger": (row_of_a_stranger, {"surplus_row", "wrong_account"}),
    "a reading removed": (removed_row("accelerometer_trusted"), {"missing_row"}),
    "a pair removed": (removed_row("machine_learning_curated"), {"missing_row"}),
    "a curated customer removed": (removed_row("customer_curated"), {"missing_row"}),
    "a landing record removed": (removed_row("accelerometer_landing"), {"wrong_ledger"}),
    "consent from an earlier time": (earlier_consent, {"surplus_row", "missing_row"}),
    "ids of one for all": (swapped_ids, {"wrong_id"}),
    "a file with fewer rows": (file_with_fewer_rows, {"wrong_count", "missing_row"}),
    "reasons that are wrong": (doctored_reasons, {"wrong_account"}),
    "matches that are wrong": (doctored_matches, {"wrong_account"}),
    "another key and base": (doctored_key, {"broken_history"}),
    "main moved away": (main_moved, {"main_elsewhere"}),
    "a run tag moved": (tag_moved, {"wrong_tag"}),
    "a tag on one table": (lone_tag, {"wrong_tag"}),
    "an unfinished branch": (unfinished_branch, {"unfinished"}),
    "an e-mail in a property": (property_with(f"ask {EMAIL}"), {"personal_data"}),
    "an e-mail in a snapshot property": (snapshot_property, {"personal_data", "main_elsewhere"}),
    "bounds in a manifest": (kept_bounds, {"pii_bounds", "personal_data"}),
    "an orphan": (orphan("machine_learning_curated"), {"unreachable_file"}),
    "an orphan with people": (orphan("customer_landing"), {"unreachable_file", "personal_data"}),
    "a lost file": (lost_file, {"lost_file"}),
    "a link": (link_in_the_warehouse, {"foreign_file"}),
    "a free page of the catalog": (person_in_a_catalog_page, {"personal_data"}),
    "a footer": (footer, {"personal_data"}),
    "a column that names nobody": (person_in_another_column, {"personal_data"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(filled, fault):
    plant, expected = FAULTS[fault]
    plant(filled.folder)
    found = filled.lake.verify()
    assert expected <= codes(found), found.findings
    if expected <= ALONE:
        assert codes(found) - {"main_elsewhere", "wrong_tag"} == expected, found.findings
    assert found.sound == (not expected)
    assert all(finding.remedy and finding.problem and finding.place for finding in found.findings)
    assert_names_nobody(found)


LEAKS = {
    "plain.log": f"looked at {EMAIL}".encode(),
    "phone.log": f"called {PHONE}.".encode(),
    "name.log": f"spoke with {NAME.upper()}, again".encode(),
    "serial.log": f"device={SERIAL}".encode(),
    "utf16le": f"to {EMAIL}".encode("utf-16-le"),
    "utf16be": f"to {EMAIL}".encode("utf-16-be"),
    "percent": percent(f"/to={EMAIL}"),
    "hex": EMAIL.encode().hex().encode(),
    "base64-0": shifted(EMAIL, 0),
    "base64-1": shifted(EMAIL, 1),
    "base64-2": shifted(EMAIL.upper(), 2),
    "cut": EMAIL[:16].encode() + b"\x02\xff",
    "upper-bound": EMAIL[:15].encode() + b"z\x02",
    "case": EMAIL.swapcase().encode(),
    "packed.gz": gzip.compress(EMAIL.encode()),
    "packed-twice.gz": gzip.compress(gzip.compress(EMAIL.encode())),
    "packed.bz2": bz2.compress(EMAIL.encode()),
    "packed.xz": lzma.compress(EMAIL.encode()),
    "packed.zst": pa.compress(EMAIL.encode(), codec="zstd", asbytes=True),
    "escaped.json": ESCAPED.encode(),
    "escaped.ndjson": f"{ESCAPED}\n{ESCAPED}".encode(),
    "far.txt": b"." * 9_000_000 + EMAIL.encode() + b"." * 100,
    "across.txt": b"." * (8 * 1024 * 1024 - 5) + EMAIL.encode() + b"." * 100,
    f"{EMAIL}.txt": b"",
}
KEYS = {"key": b"key" + SECRET, "key.hex": SECRET.hex().upper().encode(), "key.b64": b64encode(SECRET)}
HARMLESS = {
    "harmless.txt": b"The Ann M. Leeds of 18015551212 and 80155512120",
    "words.txt": b"The e-mail of the customer, as sent. A record of the app.",
    "bomb.gz": gzip.compress(bytes(50_000_000)),
    "cut-off.gz": gzip.compress(EMAIL.encode())[:12],
    "deep.json": b"[" * 100_000,
    "no.parquet": b"PAR1 and nothing more",
    "no.avro": b"Obj\x01" + b"\xff" * 400,
}


def avro_of(codec):
    schema = {"type": "record", "name": "r", "fields": [{"name": "note", "type": "string"}]}
    out = io.BytesIO()
    fastavro.writer(out, schema, [{"note": f"to {EMAIL}"}] * 3, codec=codec)
    return out.getvalue()


def test_personal_data_is_found_however_it_is_written_and_packed(filled):
    notes = filled.folder / "notes"
    leaks = LEAKS | {f"{codec}.avro": avro_of(codec) for codec in ("null", "deflate", "bzip2", "xz")}
    for name, content in {**leaks, **KEYS, **HARMLESS}.items():
        write(notes / name, content)
    stored = io.BytesIO()
    pq.write_table(pa.table({"note": [f"to {EMAIL}"] * 10}), stored, compression="zstd")
    write(notes / "a.parquet", stored.getvalue())
    found = filled.lake.verify()
    assert codes(found) == {"foreign_file", "personal_data", "key_in_lake"}

    def places(code):
        return {each.place.partition(":")[0] for each in found.findings if each.code == code}

    named = {f"notes/{name}" for name in leaks if EMAIL not in name} | {"notes/a.parquet"}
    assert places("personal_data") == named | {"the names of files and folders"}
    assert places("key_in_lake") == {f"notes/{name}" for name in KEYS}
    foreign = [each.place for each in found.findings if each.code == "foreign_file"]
    assert len(foreign) == len(leaks) + len(KEYS) + len(HARMLESS) + 1
    assert "notes/<redacted>.txt" in foreign or "notes/<redacted>" in foreign
    assert_names_nobody(found)
    encodings = {each.place: each.problem for each in found.findings if each.code == "personal_data"}
    assert "UTF-16-LE" in encodings["notes/utf16le"]
    assert "base64" in encodings["notes/base64-1"]


def test_the_rubbish_of_a_killed_run_is_named(filled):
    write(filled.folder / "scratch/run-x/0.parquet", b"x")
    assert codes(filled.lake.verify()) == {"unfinished"}


def test_a_young_orphan_waits_for_its_maintenance(filled):
    orphan = orphan_of(filled.folder, "machine_learning_curated")
    orphan.touch()
    assert filled.lake.verify().sound
    assert codes(filled.lake.verify(older_than=timedelta(0))) == {"unreachable_file"}


def test_a_property_with_a_person_is_pinpointed(filled):
    property_with(f"ask {EMAIL}")(filled.folder)
    place = told(filled.lake.verify(), "personal_data").place
    assert place == "customer_curated, metadata: properties.owner"


def test_a_tag_that_holds_an_erased_person_is_found(tmp_path):
    """Ann is in a tag, her tombstone is set, and her rows are left where they are."""
    lake = lake_at(tmp_path / "lake")
    run(lake, put_world(tmp_path / "landing", ANN))
    lake.tag("training")
    # Ann's readings are of 2022, and no record of hers is newer than this.
    bury(lake, {KEY.customer_id("ann@example.com"): datetime(2023, 1, 1, tzinfo=UTC)})
    found = lake.verify()
    # An erasure is a denial, too: the rule gives none of her rows any more.
    assert codes(found) == {"erased_person", "surplus_row", "wrong_account"}
    places = {finding.place for finding in found.findings}
    for table in (
        "customer_landing",
        "accelerometer_landing",
        "customer_trusted",
        "accelerometer_trusted",
        "customer_curated",
        "step_trainer_trusted",
        "machine_learning_curated",
    ):
        assert {f"{table}, main", f"{table}, tag training"} <= places
    # Without the key only ids can be compared.
    bare = stedi.Lake.open(tmp_path / "lake", pseudonyms=stedi.Pseudonyms.generate()).verify()
    assert "accelerometer_trusted, tag training" in {finding.place for finding in bare.findings}
    assert not any("landing" in finding.place for finding in bare.findings)


def test_readings_after_an_erasure_are_no_trace_of_it(tmp_path):
    lake = lake_at(tmp_path / "lake")
    run(lake, put_world(tmp_path / "landing", ANN))
    bury(lake, {KEY.customer_id("ann@example.com"): datetime(2022, 1, 1, tzinfo=UTC)})
    left = {finding.place.partition(",")[0] for finding in lake.verify().findings}
    # Ann's records say nothing of a registration: they are not provably newer.
    assert left == {"customer_landing", "customer_trusted"}


def test_a_person_in_the_path_of_an_object_is_found_when_erased(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    (landing / "customer/customer.json").rename(landing / "customer/export of ann@example.com.json")
    lake = lake_at(tmp_path / "lake")
    run(lake, landing)
    assert lake.verify().sound
    bury(lake, {KEY.customer_id("Ann@Example.com"): datetime(2023, 1, 1, tzinfo=UTC)})
    assert "object, main" in {finding.place for finding in lake.verify().findings}


# The lake itself --------------------------------------------------------------------------------------


def test_an_audit_waits_for_no_run(filled):
    with filled.lake._site.hold(), pytest.raises(RunConflictError, match="another run holds the lake"):
        lake_at(filled.folder).verify()


def test_no_lake_and_no_age_are_errors(tmp_path):
    with pytest.raises(LakeError, match="no published run"):
        lake_at(tmp_path / "none").verify()
    with pytest.raises(ConfigurationError, match="older_than"):
        lake_at(tmp_path / "none").verify(older_than=timedelta(hours=-1))


def test_the_command_says_what_it_looked_at_and_ends_with_0(filled, stedi):
    done = stedi("verify", "--lake", filled.folder)
    assert (done.code, done.err) == (0, "")
    assert "Sound: nothing was found." in done.out
    assert "no manifest keeps bounds of personal data" in done.out


def test_the_command_ends_with_1_and_says_what_to_do(filled, stedi):
    write(filled.folder / "run.log", f"looked at {EMAIL}".encode())
    done = stedi("verify", "--lake", filled.folder)
    assert done.code == 1
    assert "personal_data: run.log" in done.out
    assert "2 findings." in done.out
    assert EMAIL not in done.out
    as_json = stedi("verify", "--json", "--lake", filled.folder)
    assert as_json.code == 1
    told = json.loads(as_json.out)
    assert not told["sound"]
    assert {finding["code"] for finding in told["findings"]} == {"foreign_file", "personal_data"}
    assert all(finding["remedy"] for finding in told["findings"])
