"""Erasure: whoever is erased is nowhere any more, everybody else stays, and old files bring nobody back."""

import errno
import hashlib
import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from pyiceberg.catalog.sql import SqlCatalog

import stedi
from canary import DEVICE_ID, EMAIL, ID, OTHER, SERIAL, TEXTS, VALUES, Cage, canary, everybody_else
from effort import cases
from lakes import (
    DERIVED,
    PUBLISHED,
    IcebergTable,
    expected,
    figures,
    files_of,
    judged,
    lake_at,
    pour,
    put,
    put_rows,
    rich_world,
    run,
    sent,
    tables_of,
)
from stedi.consent.pseudonyms import key
from stedi.errors import (
    CatalogError,
    ConfigurationError,
    ErasureUnfinishedError,
    KeyMismatchError,
    LakeError,
    RunConflictError,
    UnknownNameError,
)
from stedi.warehouse.lock import exclusive
from traces import found_in
from worlds import DEVICES, HOURS, NOW, PEOPLE, customer, reading, step

ANN, BOB = PEOPLE[0][0], PEOPLE[3][0]
TAGS = {"drop_tags": ["training"], "move_tags": ["withdrawn"], "rebuild_tags": ["study"]}
HOUR = timedelta(hours=1)


@pytest.fixture
def cage(cages) -> Cage:
    """A lake that the canary went all through, as it was."""
    return cages.back_to("built")


@pytest.fixture(scope="module")
def receipt(cages):
    """Keep the cage after the canary was erased, and return the receipt."""
    receipt = cages.back_to("built").lake.erase(email=EMAIL, **TAGS)
    cages.keep("erased")
    return receipt


@pytest.fixture
def after(cages, receipt) -> Cage:
    """That lake after the canary was erased."""
    assert receipt.outcome == "erased"
    return cages.back_to("erased")


def snapshot_of(cage):
    return {str(file): file.read_bytes() for file in files_of(cage.folder) if file.name != "lock.db"}


def test_the_search_finds_the_canary_all_over_the_lake(cage):
    """Parquet of landing, quarantine, ledger and trusted tables, of several runs; and landing files."""
    found = found_in(cage.folder, TEXTS)
    tables = {place.split("/")[2] for place in found}
    assert tables == {
        "customer_landing",
        "accelerometer_landing",
        "step_trainer_landing",
        "quarantine",
        "object",
        "customer_trusted",
    }
    assert len(found) > 10
    assert any("/metadata/" in place for place in found_in(cage.folder, [ID]))
    assert len(found_in(cage.landing, TEXTS)) > 8


@pytest.mark.parametrize("value", VALUES[:4])
def test_every_value_of_theirs_is_found_by_itself(cage, value):
    assert found_in(cage.folder, [value])
    assert found_in(cage.landing, [value])


def test_every_table_holds_values_that_are_theirs(cage):
    tables = {place.split("/")[2] for place in found_in(cage.folder, VALUES)}
    assert tables == set(PUBLISHED) - {"tombstone"}


def test_no_number_and_no_time_of_theirs_is_left(cage):
    everywhere = {"drop_tags": ["study", "training", "withdrawn"], "landing": cage.landing}
    cage.lake.erase(email=EMAIL, **everywhere)
    assert found_in(cage.folder, VALUES) == []
    # What somebody else's damaged record says of them is named in the receipt.
    assert [place for place in found_in(cage.landing, VALUES) if "rejected-erased-" not in place] == []


def test_in_a_rebuilt_tag_only_the_date_of_an_object_is_left(after):
    assert {place.split("/")[2] for place in found_in(after.folder, VALUES)} <= {"object"}


def test_nothing_that_decodes_the_lake_finds_an_erased_person(cage):
    before, counts = (
        everybody_else(cage.lake),
        {name: cage.lake.scan(name).collect().height for name in PUBLISHED},
    )
    planned = cage.lake.erase(email=EMAIL, plan=True)
    receipt = cage.lake.erase(email=EMAIL.upper(), **TAGS, reason="ticket 7", asked_by="the privacy office")
    assert found_in(cage.folder, TEXTS) == []
    # Their keyed digests stand in the tombstones and in receipts, and nowhere else.
    for digest in (ID, DEVICE_ID):
        assert all(
            ("/tombstone/" in place or "/_receipts/" in place) for place in found_in(cage.folder, [digest])
        )
    after = everybody_else(cage.lake)
    assert after == before
    left = {name: cage.lake.scan(name).collect().height for name in PUBLISHED}
    went = {table.table: table.rows for table in receipt.tables}
    assert {name: counts[name] - left[name] for name in went} == went
    assert went["customer_landing"] == 5
    assert went["accelerometer_landing"] == 10
    assert went["step_trainer_landing"] == 5
    assert went["quarantine"] == 6
    assert {table.table: table.rows for table in planned.tables} == went
    assert receipt.outcome == "erased"
    assert planned.outcome == "planned"
    assert planned.refs_holding == ("study", "training", "withdrawn")
    assert receipt.remains.trained_on
    assert receipt.devices == 1


def test_afterwards_the_lake_is_what_a_full_run_makes_and_goes_on(after):
    newest = after.lake.last_run()
    full = run(after.lake, after.landing, now=NOW + 4 * HOUR, full=True)
    # The raw files still hold the canary; none is read again, and none was renamed.
    assert full.objects == 0
    assert not full.differs
    assert {name: figures(full.accounts[name]) for name in DERIVED} == {
        name: figures(newest.accounts[name]) for name in DERIVED
    }
    put_rows(after.landing / "more", accelerometer=[reading(OTHER, HOURS[4])], customer=[], step_trainer=[])
    shutil.move(
        after.landing / "more/accelerometer/accelerometer.json", after.landing / "accelerometer/more.json"
    )
    shutil.rmtree(after.landing / "more")
    assert run(after.lake, after.landing, now=NOW + 5 * HOUR).accounts["accelerometer_landing"].rows_out == 1
    assert not after.lake.maintain(keep_days=0, older_than=timedelta(0)).young
    assert found_in(after.folder, TEXTS) == []


def test_the_ledger_still_adds_up(after):
    ledger = after.lake.scan("object").collect()
    for table in ("customer_landing", "accelerometer_landing", "step_trainer_landing"):
        here = after.lake.scan(table).collect().group_by("_digest").len()
        rows = ledger.filter(table_name=table, duplicate=False)
        assert dict(rows.filter(rows["records"] > 0).select("digest", "records").rows()) == dict(here.rows())
    assert ledger["rejected"].sum() == after.lake.scan("quarantine").collect().height
    assert ledger["erased"].sum() == 5 + 10 + 5 + 6
    assert not ledger["path"].str.to_lowercase().str.contains("zebulon|c4a7a5e1").any()


def test_a_denial_of_somebody_else_stays_without_the_text_that_names_the_person(after):
    named = pl.col("emails").list.contains(OTHER)
    (row,) = after.lake.scan("quarantine").filter(named).collect().rows(named=True)
    assert (row["raw"], row["emails"], row["serial_numbers"]) == ("<erased>", [OTHER], [])


def test_runs_that_held_the_person_are_gone_and_those_before_stay(after):
    first, _, _, fourth = after.lake.runs()["run_id"][:4]
    assert after.lake.scan("customer_trusted", at="before").collect().height == 8
    assert after.lake.find_run("before").run_id == first
    with pytest.raises(CatalogError, match="can no longer be read"):
        after.lake.scan("customer_landing", at=fourth)
    assert set(after.lake.tags()) == {"before", "study", "withdrawn"}
    moved = after.lake.scan("machine_learning_curated", at="withdrawn").collect()
    assert moved.equals(after.lake.scan("machine_learning_curated").collect())
    kinds = after.lake.runs()["kind"].to_list()
    assert kinds == ["run"] * 5 + ["erasing", "erasing", "erasure"]
    table = IcebergTable.of(after.folder, "machine_learning_curated")
    assert {name for name in table.refs("tag") if not name.startswith("run-")} == {
        "before",
        "study",
        "withdrawn",
    }


def test_a_landing_root_that_is_given_after_an_interruption_is_searched_for_names_too(cage, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    named = json.dumps({"customerName": " zebulon  quaggafeather", "serialNumber": [2]})
    put(cage.landing, "customer/nameless.json", [named, json.dumps({"customerName": "Zebulon Else"})])
    with monkeypatch.context() as patched:
        patched.setattr("stedi.governance.erase.erase._drop_refs", stop)
        with pytest.raises(KeyboardInterrupt):
            cage.lake.erase(email=EMAIL, **TAGS)
    # The tables name them no more; the tombstones still tell their name and phone number.
    assert cage.lake.scan("customer_landing").collect().filter(email=EMAIL).is_empty()
    receipt = cage.lake.erase(email=EMAIL, **TAGS, landing=cage.landing)
    assert receipt.resumed
    assert [place for place in found_in(cage.landing, TEXTS) if "rejected-erased-" not in place] == []
    left = (cage.landing / "customer/nameless.json").read_text()
    assert left == json.dumps({"customerName": "Zebulon Else"}) + "\n"
    texts = b"".join(file.read_bytes() for file in files_of(cage.landing))
    assert b"8877665" not in texts


@pytest.mark.campaign
def test_a_rebuilt_tag_is_the_same_run_without_the_person(cage):
    run_id = cage.lake.tags()["study"]
    before = everybody_else(cage.lake, at="study", include_withdrawn=True)
    frames = {name: cage.lake.scan(name, at="study", include_withdrawn=True).collect() for name in PUBLISHED}
    assert frames["machine_learning_curated"].filter(customer_id=ID).height > 0
    planned = cage.lake.erase(email=EMAIL, **TAGS, plan=True)
    receipt = cage.lake.erase(email=EMAIL, **TAGS)
    assert planned.refs_rebuilt == receipt.refs_rebuilt == ("study",)
    assert planned.refs_holding == ()
    assert "Rebuilt at their own run, without the person: study" in receipt.to_markdown()
    assert run_id in receipt.remains.trained_on
    assert cage.lake.tags()["study"] == cage.lake.find_run("study").run_id == run_id
    # Whoever goes by the id of the run, as exports and training sets do, sees the same.
    for at in ("study", run_id):
        assert everybody_else(cage.lake, at=at, include_withdrawn=True) == before
        after = cage.lake.scan("machine_learning_curated", at=at, include_withdrawn=True).collect()
        mine = frames["machine_learning_curated"].filter(customer_id=ID).height
        assert after.height == frames["machine_learning_curated"].height - mine
    # Any other reader sees it too: it goes by the tag of each table.
    for name in DERIVED:
        table = IcebergTable.of(cage.folder, name)
        shown = table.frame(table.refs("tag")["study"])
        assert shown.height == frames[name].height - frames[name].filter(customer_id=ID).height
    assert cage.lake.verify(older_than=timedelta(0)).findings == ()
    # And it stays, whatever is maintained or run.
    cage.lake.maintain(keep_days=0, older_than=timedelta(0))
    run(cage.lake, cage.landing, now=NOW + 4 * HOUR)
    assert everybody_else(cage.lake, at="study", include_withdrawn=True) == before


def test_a_rebuilt_tag_is_rebuilt_once_more_for_somebody_else(after):
    run_id = after.lake.tags()["study"]

    def study(table):
        return after.lake.scan(table, at="study", include_withdrawn=True).collect()

    before = study("customer_trusted")
    trained = set(study("machine_learning_curated")["customer_id"])
    person = before.filter(pl.col("customer_id").is_in(list(trained))).sort("email").row(0, named=True)
    again = after.lake.erase(
        email=person["email"], device="keep", rebuild_tags=["study"], drop_tags=["before", "withdrawn"]
    )
    assert again.refs_rebuilt == ("study",)
    assert run_id in again.remains.trained_on
    left = before.filter(pl.col("customer_id") != person["customer_id"])
    assert sorted(map(repr, study("customer_trusted").rows())) == sorted(map(repr, left.rows()))
    assert set(study("machine_learning_curated")["customer_id"]) == trained - {person["customer_id"]}
    assert found_in(after.folder, [key(person["email"])]) == []
    assert after.lake.verify(older_than=timedelta(0)).findings == ()


def test_a_tag_is_told_to_do_one_thing_only(cage):
    with pytest.raises(ConfigurationError, match="'training' was named twice"):
        cage.lake.erase(email=EMAIL, **TAGS | {"rebuild_tags": ["study", "training"]})


def test_no_manifest_of_what_is_left_names_a_file_that_was_taken_out(after):
    from lakes import avro, local

    deleted = 2
    for name in PUBLISHED:
        table = IcebergTable.of(after.folder, name)
        entries = [entry for place in table.manifests() for entry in avro(local(place))]
        assert all(entry["status"] != deleted for entry in entries), name


def test_replaying_old_files_admits_nothing(after):
    # Other bytes, so that no digest is known: the good lines once more, under names with and without theirs.
    for file in [each for each in files_of(after.landing) if each.suffix == ".json"]:
        copy = file.with_name(f"again-{file.name}")
        copy.write_bytes(file.read_bytes() + b"\n \n")
    before = tables_of(after.lake)
    tombstones = after.lake.scan("tombstone").collect()
    report = run(after.lake, after.landing, now=NOW + 6 * HOUR)
    assert report.objects > 10
    assert found_in(after.folder, TEXTS) == []
    # A damaged record with a phone number and nothing else may be somebody else's: only its text goes.
    quarantined = after.lake.scan("quarantine").filter(pl.col("_run") == report.run_id).collect()
    nobody = (pl.col("emails").list.len() == 0) & pl.col("_object").str.contains("rejected")
    assert quarantined.filter(nobody)["raw"].to_list() == ["<erased>"]
    assert tables_of(after.lake) == before
    assert report.accounts["accelerometer_landing"].dropped["erased"] == 10
    assert report.accounts["customer_landing"].dropped["erased"] == 7
    assert after.lake.scan("tombstone").collect().equals(tombstones)
    assert run(after.lake, after.landing, now=NOW + 6 * HOUR).objects == 0


def test_of_somebody_with_the_same_name_nothing_goes(after):
    records = [
        {"email": "namesake@example.com", "customerName": "Zebulon Quaggafeather", "lastUpdateDate": 1},
        {"customerName": "Zebulon Quaggafeathers"},
        {"customerName": "ZEBULON Quaggafeather", "phone": 5550100},
    ]
    put(after.landing / "more", "customer/a.json", map(json.dumps, records))
    report = run(after.lake, after.landing / "more", now=NOW + 6 * HOUR, max_rejected=1)
    rows = after.lake.scan("quarantine").filter(pl.col("_run") == report.run_id).sort("_position").collect()
    assert rows["raw"].to_list() == [json.dumps(records[0]), json.dumps(records[1]), "<erased>"]
    assert report.accounts["quarantine"].dropped.get("erased", 0) == 0


def test_landing_objects_are_rewritten_and_not_read_again(cage):
    kept = {
        file: [line for line in file.read_bytes().split(b"\n") if OTHER.encode() in line]
        for file in files_of(cage.landing)
        if file.suffix == ".json"
    }
    receipt = cage.lake.erase(email=EMAIL, **TAGS, landing=cage.landing)
    # A damaged record of a neighbour names them too: it is theirs, stays, and the receipt says so.
    (left,) = receipt.remains.objects
    assert left.why == "1 record of others names them too"
    (file,) = cage.landing.glob("customer/rejected-erased-*.json")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert left.path == f"customer/<redacted>.json (object {digest[:12]})"
    assert [place for place in found_in(cage.landing, TEXTS) if "rejected-erased-" not in place] == []
    texts = b"\n".join(file.read_bytes() for file in files_of(cage.landing))
    assert all(line in texts for lines in kept.values() for line in lines)
    assert len(receipt.objects) >= 10
    report = run(cage.lake, cage.landing, now=NOW + 4 * HOUR)
    assert (report.objects, report.changed) == (0, False)
    # A new lake of these files knows nothing of them.
    fresh = lake_at(cage.folder.with_name("fresh"))
    run(fresh, cage.landing, now=NOW + 4 * HOUR)
    assert tables_of(fresh) == tables_of(cage.lake)
    shutil.rmtree(cage.folder.with_name("fresh"))


def test_an_object_whose_new_name_is_taken_gets_another(cage):
    named = put(cage.landing, f"step_trainer/of-{SERIAL}.json", [sent(step("device-z"))])
    text = named.read_bytes()
    other = put(
        cage.landing, f"step_trainer/of-erased-{DEVICE_ID[:8]}.json", [sent(step("device-z", HOURS[4]))]
    )
    theirs = other.read_bytes()
    cage.lake.erase(email=EMAIL, **TAGS, landing=cage.landing)
    assert not named.exists()
    assert other.read_bytes() == theirs
    assert other.with_name(f"of-erased-{DEVICE_ID[:8]}-2.json").read_bytes() == text


def test_an_object_that_cannot_be_written_is_named(cage, monkeypatch):
    target = put(cage.landing, f"step_trainer/of-{SERIAL}.json", [sent(step("device-z"))])
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    replace = Path.replace

    def refuse(path, new):
        if Path(new).parent.name == "step_trainer":
            raise PermissionError(errno.EACCES, "Permission denied", str(new))
        return replace(path, new)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        receipt = cage.lake.erase(email=EMAIL, **TAGS, landing=cage.landing)
    assert target.exists()
    left = [each for each in receipt.remains.objects if "can't be written: Permission denied" in each.why]
    assert f"step_trainer/<redacted>.json (object {digest[:12]})" in {each.path for each in left}
    # Asked for once more, the device is still known: it stands in the tombstones.
    again = cage.lake.erase(email=EMAIL, landing=cage.landing)
    assert again.outcome == "erased"
    assert not target.exists()
    assert [place for place in found_in(cage.landing, TEXTS) if "rejected-erased-" not in place] == []


def test_a_registration_newer_than_the_erasure_comes_in_again(after, receipt):
    at = receipt.erased_at
    back = canary(registration_date=at + HOUR, at=at + HOUR, share=HOURS[0])
    put_rows(
        after.landing / "new",
        customer=[back],
        accelerometer=[reading(EMAIL, at + hours * HOUR) for hours in (-1, 2)],
        step_trainer=[step(SERIAL, at + hours * HOUR) for hours in (-1, 2)],
    )
    report = run(after.lake, after.landing / "new", now=at + 24 * HOUR)
    assert report.people.joined == 1
    (row,) = after.lake.scan("customer_trusted").collect().filter(customer_id=ID).rows(named=True)
    # They share since long ago, and nothing from before the erasure comes back by it.
    assert row["consent_from"] == row["device_consent_from"] == at + timedelta(milliseconds=1)
    pairs = after.lake.scan("machine_learning_curated").collect().filter(customer_id=ID)
    assert pairs["timestamp"].to_list() == [at + 2 * HOUR]
    assert not run(after.lake, after.landing / "new", now=at + 24 * HOUR, full=True).differs
    told = after.lake.explain(email=EMAIL)
    assert (told.consent_from, told.rows) == (row["consent_from"], 1)
    assert any("was erased on" in reason.words for reason in told.reasons)
    # And can be erased once more.
    again = after.lake.erase(email=EMAIL)
    assert again.outcome == "erased"
    assert again.erased_at > at
    assert found_in(after.folder, TEXTS) == []


@pytest.mark.parametrize("denied_first", [False, True])
def test_a_denial_that_is_kept_out_counts_whatever_comes_first(after, receipt, denied_first):
    at = receipt.erased_at
    back = canary(registration_date=at + HOUR, at=at + HOUR, share=at + HOUR)
    # Of the old registration: kept out, but it denies, later than they came back.
    denial = canary(at=at + 2 * HOUR, share=None)
    for name in ("a", "b") if denied_first else ("b", "a"):
        put_rows(
            after.landing / name,
            customer=[denial if name == "a" else back],
            accelerometer=[],
            step_trainer=[],
        )
        run(after.lake, after.landing / name, now=at + 24 * HOUR)
    assert after.lake.scan("customer_trusted").collect().filter(customer_id=ID).height == 0
    assert not run(after.lake, after.landing / "a", now=at + 24 * HOUR, full=True).differs


def test_a_second_erasure_has_nothing_to_do_but_keep_them_out_until_now(after, receipt):
    def data_files():
        return {
            name: text
            for name, text in snapshot_of(after).items()
            if name.endswith(".parquet") and not {"run", "tombstone"} & set(name.split("/"))
        }

    before, newest, graves = data_files(), after.lake.last_run(), after.lake.scan("tombstone").collect()
    again = after.lake.erase(email=EMAIL)
    assert (again.number, again.outcome, again.rows) == (2, "nothing_left", 0)
    assert again.erased_at > receipt.erased_at
    assert data_files() == before
    now = after.lake.last_run().snapshots
    assert {table for table in now if now[table] != newest.snapshots[table]} == {"tombstone"}
    gone = after.lake.scan("tombstone").collect().filter(kind="person")["erased_at"].sort().to_list()
    assert gone == [*graves.filter(kind="person")["erased_at"], again.erased_at]
    assert after.lake.verify().findings == ()
    # What was sent between the two came too late, too.
    late = canary(registration_date=again.erased_at - timedelta(milliseconds=1), at=again.erased_at)
    put_rows(after.landing / "late", customer=[late], accelerometer=[], step_trainer=[])
    report = run(after.lake, after.landing / "late", now=again.erased_at + 24 * HOUR)
    assert report.accounts["customer_landing"].dropped == {"erased": 1}


def test_whoever_never_was_there_is_nobody_and_nothing_is_changed(cage):
    before = snapshot_of(cage)
    for plan in (True, False):
        receipt = cage.lake.erase(email=EMAIL.replace("z", "s"), landing=cage.landing, plan=plan)
        assert (receipt.outcome, receipt.rows, receipt.number, receipt.signature) == ("nobody", 0, None, None)
        assert "nobody was erased, and nothing was changed" in receipt.to_markdown()
    assert snapshot_of(cage) == before
    assert cage.lake.receipts() == []


def test_whoever_only_a_landing_file_or_a_torn_record_names_is_somebody(cage):
    row = customer("Nobody@Example.com", "device-n", share=HOURS[0], registration_date=HOURS[0])
    place = cage.landing / "n"
    put_rows(place, customer=[row], accelerometer=[reading("nobody@example.com")], step_trainer=[])
    assert cage.lake.erase(email="nobody@example.com").outcome == "nobody"
    receipt = cage.lake.erase(email="nobody@example.com", landing=place)
    assert (receipt.outcome, receipt.rows, len(receipt.objects)) == ("erased", 0, 2)
    # From then on they are kept out.
    put_rows(place, customer=[row], accelerometer=[reading("nobody@example.com")], step_trainer=[])
    report = run(cage.lake, place, now=NOW + 4 * HOUR)
    assert report.accounts["customer_landing"].dropped == {"erased": 1}
    put(place, "customer/torn.json", ['torn "mail":"torn@example.com", "x'])
    run(cage.lake, place, now=NOW + 4 * HOUR, max_rejected=1)
    assert cage.lake.erase(email="torn@example.com").outcome == "erased"
    assert found_in(cage.folder, ["nobody@example.com", "torn@example.com"]) == []


# Shared devices -------------------------------------------------------------------------------------


@pytest.fixture
def shared(tmp_path):
    """Ann and Bob both list a device, and both consent; Ann has one of her own, too."""
    device, own = DEVICES[0][0], DEVICES[1][0]
    put_rows(
        tmp_path / "landing",
        customer=[
            customer(ANN, device, share=HOURS[0]),
            customer(ANN, own, share=HOURS[0]),
            customer(BOB, device, share=HOURS[1]),
        ],
        accelerometer=[reading(who, hour) for who in (ANN, BOB) for hour in HOURS[2:5]],
        step_trainer=[step(each, hour) for each in (device, own) for hour in HOURS[2:5]],
    )
    lake = lake_at(tmp_path / "lake")
    run(lake, tmp_path / "landing")
    return lake, tmp_path / "landing", device


def test_a_shared_device_asks_for_a_decision(shared):
    lake, _, _ = shared
    before = lake.last_run()
    with pytest.raises(
        ConfigurationError, match=r'1 device of this person was also listed by another customer.*"keep"'
    ):
        lake.erase(email=ANN)
    assert lake.last_run() == before
    planned = lake.erase(email=ANN, plan=True)
    assert (planned.shared_devices, planned.devices, planned.device_decision) == (1, 1, None)


@pytest.mark.parametrize(("device", "raw"), [("keep", 3), ("erase", 0)])
def test_readings_of_a_shared_device_are_never_trusted_after_one_of_two_is_erased(shared, device, raw):
    lake, landing, serial = shared
    assert Counter(lake.scan("step_trainer_trusted").collect()["customer_id"]).total() == 9
    receipt = lake.erase(email=ANN, device=device)
    steps = lake.scan("step_trainer_landing").collect()
    assert steps.height == raw
    assert set(steps["serial_number"]) <= {serial}
    # Bob keeps his records and his phone readings; what the device recorded may be Ann's.
    assert lake.scan("customer_landing").collect()["email"].to_list() == [BOB]
    assert lake.scan("accelerometer_trusted").collect().height == 3
    assert lake.scan("step_trainer_trusted").collect().is_empty()
    (row,) = lake.scan("customer_trusted").collect().rows(named=True)
    (told,) = lake.explain(email=BOB).devices
    assert told.consent_from == row["device_consent_from"] == receipt.erased_at + timedelta(milliseconds=1)
    assert receipt.remains.shared_devices == (1 if device == "keep" else 0)
    # From then on it is Bob's: Ann is no claimant any more.
    later = receipt.erased_at + HOUR
    put_rows(
        landing / "b", customer=[], accelerometer=[reading(BOB, later)], step_trainer=[step(serial, later)]
    )
    run(lake, landing / "b", now=later + HOUR)
    assert lake.scan("machine_learning_curated").collect()["timestamp"].to_list() == [later]
    assert not run(lake, landing / "b", now=later + HOUR, full=True).differs


def test_who_denied_and_is_erased_admits_nothing_of_a_shared_device(shared):
    """Deny wins: their claim is gone with their records, and must not let in what it kept out."""
    lake, landing, _ = shared
    put_rows(landing / "a", customer=[customer(ANN, at=HOURS[5])], accelerometer=[], step_trainer=[])
    run(lake, landing / "a", now=NOW + HOUR)
    assert lake.scan("step_trainer_trusted").collect().is_empty()
    lake.erase(email=ANN, device="keep")
    assert lake.scan("step_trainer_trusted").collect().is_empty()
    assert not run(lake, landing, now=NOW + 2 * HOUR, full=True).differs


def test_a_record_of_somebody_else_that_lists_an_erased_device_still_denies(shared):
    """A device is no person: only the e-mail keeps customer records out."""
    lake, landing, _ = shared
    lake.erase(email=ANN, device="keep")
    withdrawn = customer(BOB, DEVICES[1][0], at=HOURS[6])
    put_rows(landing / "b", customer=[withdrawn], accelerometer=[], step_trainer=[])
    run(lake, landing / "b", now=NOW + HOUR)
    assert lake.scan("customer_trusted").collect().is_empty()


def test_by_serial_number_its_only_customer_is_erased(shared):
    lake, _, device = shared
    with pytest.raises(ConfigurationError, match="2 customers ever listed the device"):
        lake.erase(serial_number=device)
    with pytest.raises(ConfigurationError, match="nobody ever listed the device"):
        lake.erase(serial_number="device-x")
    receipt = lake.erase(serial_number=DEVICES[1][0].upper(), device="keep")
    assert receipt.outcome == "erased"
    assert lake.scan("customer_landing").collect()["email"].to_list() == [BOB]


# Worlds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.campaign) for seed in (1, 2))])
def test_what_is_left_is_what_would_be_there_without_the_person(tmp_path, seed):
    """By the oracle, of those who share no device; tables and accounts."""
    world = rich_world(40 + seed, parts=5)
    lake = lake_at(tmp_path / "lake")
    run(lake, pour(tmp_path / "landing", world))
    claims = {(key(row["email"]), key(row["serial_number"])) for row in world.customers}
    claims |= {
        (key(email), key(serial))
        for row in world.rejected
        for email in row["emails"]
        for serial in row["serial_numbers"]
    }
    people = {key(row["email"]) for row in world.customers}
    people |= {key(email) for row in world.rejected for email in row["emails"]}
    claimants = Counter(device for _, device in claims)
    alone = sorted(p for p in people if all(claimants[d] == 1 for who, d in claims if who == p))[:2]
    assert alone
    gone = world
    for person in alone:
        own = {device for who, device in claims if who == person}
        gone = replace(
            gone,
            customers=tuple(row for row in gone.customers if key(row["email"]) != person),
            rejected=tuple(
                {**row, "emails": [email for email in row["emails"] if key(email) != person]}
                for row in gone.rejected
            ),
            accelerometer=tuple(row for row in gone.accelerometer if key(row["user"]) != person),
            steps=tuple(row for row in gone.steps if key(row["serial_number"]) not in own),
        )
        lake.erase(email=person)
    tables, accounts = judged(gone)
    newest = lake.last_run()
    assert tables_of(lake) == tables == expected(gone)
    assert {name: figures(newest.accounts[name]) for name in DERIVED} == {
        name: figures(account) for name, account in accounts.items()
    }


@pytest.mark.law
def test_everybody_can_be_erased(tmp_path):
    world = rich_world(50, parts=cases(2))
    lake = lake_at(tmp_path / "lake")
    landing = pour(tmp_path / "landing", world)
    run(lake, landing)
    for person in {key(row["email"]) for row in world.customers}:
        lake.erase(email=person, device="erase")
        assert not run(lake, landing, full=True).differs
    assert lake.scan("customer_landing").collect().is_empty()
    assert all(lake.scan(name).collect().is_empty() for name in DERIVED)
    lake.check_receipt()


# Who may, and when ----------------------------------------------------------------------------------


def test_it_is_refused_while_a_run_holds_the_lake(cage):
    with exclusive(cage.folder), pytest.raises(RunConflictError, match="another run holds the lake"):
        cage.lake.erase(email=EMAIL, **TAGS)
    assert cage.lake.receipts() == []


def test_tags_that_hold_the_person_are_refused_by_name(cage):
    before = snapshot_of(cage)
    with pytest.raises(LakeError, match="hold this person: study, training, withdrawn"):
        cage.lake.erase(email=EMAIL)
    with pytest.raises(LakeError, match="hold this person: study, withdrawn"):
        cage.lake.erase(email=EMAIL, drop_tags=["training"])
    with pytest.raises(UnknownNameError, match="no tag is named 'trainin'"):
        cage.lake.erase(email=EMAIL, **TAGS | {"drop_tags": ["training", "trainin"]})
    assert snapshot_of(cage) == before


def test_branches_of_other_tools_that_hold_the_person_are_refused_by_name(cage):
    catalog = SqlCatalog(
        "stedi", uri=f"sqlite:///{cage.folder}/catalog.db", warehouse=str(cage.folder / "warehouse")
    )
    table = catalog.load_table(("stedi", "customer_trusted"))
    table.manage_snapshots().create_branch(table.current_snapshot().snapshot_id, "mine").commit()
    with pytest.raises(LakeError, match="hold this person: mine"):
        cage.lake.erase(email=EMAIL, **TAGS)
    with pytest.raises(ConfigurationError, match="'mine' is a branch"):
        cage.lake.erase(email=EMAIL, **TAGS | {"move_tags": ["withdrawn", "mine"]})
    cage.lake.erase(email=EMAIL, **TAGS | {"drop_tags": ["training", "mine"]})
    assert found_in(cage.folder, TEXTS) == []


@pytest.mark.parametrize(
    "reason",
    [
        f"asked by {EMAIL.title()}",
        f"their {SERIAL}",
        "zebulon.canary%40quagga-mail.example",
        "for Zebulon Quaggafeather, by phone",
        "called from +1 555 0199 8877665",
    ],
)
def test_a_reason_that_names_the_person_is_refused(cage, reason):
    for options in ({"reason": reason}, {"asked_by": reason}):
        with pytest.raises(ConfigurationError, match="names the person") as caught:
            cage.lake.erase(email=EMAIL, **TAGS, **options)
        assert "zebulon" not in str(caught.value).lower()
    assert cage.lake.receipts() == []


def test_another_key_is_refused(cage):
    other = lake_at(cage.folder, pseudonyms=stedi.Pseudonyms.generate())
    with pytest.raises(KeyMismatchError):
        other.erase(email=EMAIL, **TAGS)


@pytest.mark.parametrize("asked", [{}, {"email": " "}, {"email": "a@b.c", "serial_number": "x"}])
def test_it_must_be_clear_who_is_meant(cage, asked):
    with pytest.raises(ConfigurationError):
        cage.lake.erase(**asked)


def test_while_an_erasure_is_unfinished_nothing_else_may_write(cage, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("stedi.governance.erase.erase.stage_tables", stop)
        with pytest.raises(KeyboardInterrupt):
            cage.lake.erase(email=EMAIL, **TAGS)
    lake = cage.lake
    for act in (
        lambda: run(lake, cage.landing, now=NOW + 4 * HOUR),
        lake.maintain,
        lambda: lake.tag("x"),
        lambda: lake.run(cage.landing, plan=True),
    ):
        with pytest.raises(ErasureUnfinishedError, match="run stedi erase again for the same person"):
            act()
    with pytest.raises(LakeError, match="the erasure of somebody else is not finished"):
        lake.erase(email=OTHER)
    receipt = lake.erase(email=EMAIL, **TAGS)
    assert receipt.resumed
    assert receipt.number == 1
    assert found_in(cage.folder, TEXTS) == []
    assert not run(lake, cage.landing, now=NOW + 4 * HOUR).changed
    assert json.loads(receipt.to_json())["tables"][0]["rows"] == 5
