"""Personal data stands in the data files of a few tables and nowhere else: all is decoded and looked at."""

import hashlib
import json
import logging
import re
import sqlite3
import traceback
from contextlib import closing
from datetime import UTC, datetime

import duckdb
import fastavro
import polars as pl
import pytest

import stedi
from lakes import (
    EVERY_TABLE,
    IcebergTable,
    files_of,
    lake_at,
    local,
    parquet,
    pour,
    put,
    put_rows,
    rich_world,
    run,
    sent,
)
from stedi.contract import CONTRACTS
from stedi.errors import StediError
from stedi.landing.objects import find_objects
from stedi.names import Zone
from worlds import HOURS, customer, reading, step

# Each is so odd that it stands nowhere by accident. The serial number of a real device is hex, too.
CANARIES = {
    "email": "zebulon.canary@quagga-mail.example",
    "customer_name": "Zebulon Quaggafeather",
    "phone": "+1-555-0199-8877665",
    "birth_day": "1951-07-23",
    "serial_number": "c4a7a5e1-90de-4bad-8f00-d15ea5e0ca4a",
}
KEY = hashlib.sha256(b"a key that stands nowhere by accident").digest()
PSEUDONYMS = stedi.Pseudonyms(KEY)
TRACES = re.compile(
    b"|".join([rb"zebulon|quagga|8877665|1951-07-23|c4a7a5e1|d15ea5e0", KEY.hex().encode(), re.escape(KEY)]),
    re.IGNORECASE,
)
MAY_HOLD_PEOPLE = {
    "customer_landing",
    "accelerometer_landing",
    "step_trainer_landing",
    "quarantine",
    "object",
    "customer_trusted",
}


def canary(**others):
    return customer(
        CANARIES["email"],
        CANARIES["serial_number"],
        share=HOURS[0],
        customer_name=CANARIES["customer_name"],
        phone=CANARIES["phone"],
        birth_day=CANARIES["birth_day"],
        **others,
    )


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A lake after four runs over canaries, good, rejected and in file names; and all that was logged."""
    place = tmp_path_factory.mktemp("watched")
    landing = pour(place / "landing", rich_world())
    records: list[logging.LogRecord] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    ear, root = Ear(level=0), logging.getLogger()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        lake = lake_at(place / "lake", pseudonyms=PSEUDONYMS)
        put_rows(
            landing / "x",
            customer=[canary(at=HOURS[1])],
            accelerometer=[reading(CANARIES["email"], HOURS[hour]) for hour in (2, 3)],
            step_trainer=[step(CANARIES["serial_number"], HOURS[hour]) for hour in (2, 3)],
        )
        for kind in ("customer", "accelerometer", "step_trainer"):
            (landing / "x" / kind).rename(landing / kind / CANARIES["email"])
        reports = [run(lake, landing)]
        assert lake.scan("customer_trusted").filter(email=CANARIES["email"]).collect().height == 1
        bad = sent(canary(at=HOURS[2])) | {"registrationDate": "yesterday"}
        put(landing, f"customer/rejected of {CANARIES['email']}.json", [bad, json.dumps(bad)[:-9]])
        reports.append(run(lake, landing))
        assert not lake.scan("customer_trusted").filter(email=CANARIES["email"]).collect().height
        put(landing, "customer/granted.json", [sent(canary(at=HOURS[4]))])
        reports.append(run(lake, landing))
        assert lake.scan("customer_trusted").filter(email=CANARIES["email"]).collect().height == 1
        lake.tag("training")
        reports.append(run(lake, landing))
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
    return place, lake, reports, records


def folder_of(place):
    return place / "lake"


def assert_clean(text, where):
    found = TRACES.search(text if isinstance(text, bytes) else str(text).encode(errors="surrogateescape"))
    assert not found, f"{where}: ...{found.group() if found else ''}..."


def test_the_canaries_are_found_where_they_may_be(watched):
    """The search finds what it looks for: in the landing tables, in quarantine, in the ledger, in trusted."""
    place, lake, _, _ = watched
    for table in MAY_HOLD_PEOPLE:
        text = lake.scan(table).collect().write_ndjson()
        assert TRACES.search(text.encode()), table
    quarantine = lake.scan("quarantine").collect()
    assert quarantine.filter(pl.col("emails").list.contains(CANARIES["email"])).height == 2
    assert place


def test_no_file_or_folder_of_the_lake_is_named_after_a_person(watched):
    place, _, _, _ = watched
    for file in files_of(folder_of(place)):
        assert_clean(str(file.relative_to(place)), "a file's name")


def test_metadata_files_and_snapshot_summaries_hold_no_personal_data(watched):
    place, _, _, _ = watched
    files = [file for file in files_of(folder_of(place)) if file.suffix == ".json"]
    assert len(files) > 40
    for file in files:
        text = file.read_bytes()
        assert_clean(text, file.name)
        # What JSON may have escaped, as well.
        assert_clean(json.dumps(json.loads(text), ensure_ascii=False), file.name)


def test_manifests_and_manifest_lists_hold_no_personal_data(watched):
    place, _, _, _ = watched
    files = [file for file in files_of(folder_of(place)) if file.suffix == ".avro"]
    assert len(files) > 40
    for file in files:
        with file.open("rb") as source:
            reader = fastavro.reader(source)
            assert_clean(repr(reader.metadata), file.name)
            for record in reader:
                for value in leaves(record):
                    assert_clean(value if isinstance(value, bytes) else str(value), file.name)


def leaves(value):
    """Yield every single value of a decoded record."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(name)
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def test_no_statistics_of_personal_columns_stand_in_manifests(watched):
    place, _, _, _ = watched
    kinds = ("lower_bounds", "upper_bounds", "value_counts", "null_value_counts", "nan_value_counts")
    for table in EVERY_TABLE:
        metadata = IcebergTable.of(folder_of(place), table).metadata
        contract = CONTRACTS[table]
        schemas = {field["id"]: field["name"] for schema in metadata["schemas"] for field in schema["fields"]}
        bounded = set()
        for entry in entries_of_all_snapshots(metadata):
            for kind in kinds:
                named = {schemas.get(each["key"]) for each in entry["data_file"][kind] or ()}
                assert not named & set(contract.pii), (table, kind)
                if kind == "lower_bounds":
                    bounded |= named
        # There are statistics: it is not that nobody looks.
        if table not in ("tombstone", "run"):
            assert bounded, table


def entries_of_all_snapshots(metadata):
    for snapshot in metadata["snapshots"]:
        with local(snapshot["manifest-list"]).open("rb") as source:
            manifests = list(fastavro.reader(source))
        for manifest in manifests:
            with local(manifest["manifest_path"]).open("rb") as source:
                yield from fastavro.reader(source)


def test_no_table_is_partitioned_by_personal_data(watched):
    place, _, _, _ = watched
    for table in EVERY_TABLE:
        metadata = IcebergTable.of(folder_of(place), table).metadata
        names = {field["id"]: field["name"] for schema in metadata["schemas"] for field in schema["fields"]}
        for spec in metadata["partition-specs"]:
            assert {names[field["source-id"]] for field in spec["fields"]} <= {"customer_id"}
        assert all(not order["fields"] for order in metadata["sort-orders"])


def test_only_tables_that_may_hold_people_do(watched):
    """All data files that were ever written, those of older runs too: values, footers and raw bytes."""
    place, _, _, _ = watched
    data = [file for file in files_of(folder_of(place)) if file.suffix == ".parquet"]
    tables = {file: file.relative_to(folder_of(place) / "warehouse/stedi").parts[0] for file in data}
    assert set(tables.values()) == set(EVERY_TABLE) - {"tombstone"}
    for file, table in tables.items():
        if table in MAY_HOLD_PEOPLE:
            continue
        assert_clean(file.read_bytes(), file.name)
        frame = parquet([str(file)])
        assert_clean(frame.write_json().encode(), file.name)
        footer = duckdb.execute("SELECT * FROM parquet_metadata(?)", [str(file)]).fetchall()
        assert_clean(repr(footer), file.name)


def test_curated_tables_have_no_column_that_can_name_a_person(watched):
    _, lake, _, _ = watched
    for table, contract in CONTRACTS.items():
        columns = set(lake.scan(table).collect_schema())
        if contract.zone is Zone.CURATED:
            assert not contract.pii
        if table not in MAY_HOLD_PEOPLE:
            assert not columns & set(CANARIES)


def test_the_catalog_and_every_other_file_hold_no_personal_data(watched):
    place, _, _, _ = watched
    others = [f for f in files_of(folder_of(place)) if f.suffix not in (".parquet", ".avro", ".json")]
    assert {file.name for file in others} == {"catalog.db", "lock.db"}
    for file in others:
        assert_clean(file.read_bytes(), file.name)
    with closing(sqlite3.connect(folder_of(place) / "catalog.db")) as catalog:
        assert_clean("\n".join(catalog.iterdump()), "catalog.db")


def test_the_pseudonym_key_is_nowhere_in_the_lake(watched):
    place, _, _, _ = watched
    for file in files_of(folder_of(place)):
        text = file.read_bytes()
        assert KEY not in text
        assert KEY.hex().encode() not in text.lower()


def test_the_run_table_holds_no_personal_data(watched):
    _, lake, _, _ = watched
    assert_clean(lake.runs().write_json().encode(), "run")
    assert_clean(lake.tables().write_json().encode(), "tables")


def test_what_a_run_reports_holds_no_personal_data(watched):
    _, lake, reports, _ = watched
    for report in reports:
        assert_clean(repr(report), "a report")
        assert_clean(repr(report.run), "a run")
        assert_clean(json.dumps(report.to_dict()), "a report as JSON")
        assert_clean(report.funnel().write_json(), "a funnel")
    assert_clean(repr(lake), "a lake")
    assert_clean(repr(PSEUDONYMS), "pseudonyms")


def test_nothing_personal_is_logged(watched):
    _, _, _, records = watched
    for record in records:
        assert_clean(record.getMessage(), record.name)


def test_progress_tells_nothing_personal(tmp_path):
    landing = put_rows(
        tmp_path / "landing", customer=[canary(at=HOURS[1])], accelerometer=[reading()], step_trainer=[step()]
    )
    (landing / "customer/customer.json").rename(landing / f"customer/{CANARIES['email']}.json")
    told = []
    run(lake_at(tmp_path / "lake"), landing, progress=lambda *each: told.append(each))
    assert told
    assert_clean(repr(told), "progress")


def test_nothing_is_printed(tmp_path, capfd):
    landing = put_rows(
        tmp_path / "landing", customer=[canary(at=HOURS[1])], accelerometer=[reading()], step_trainer=[step()]
    )
    run(lake_at(tmp_path / "lake"), landing)
    assert capfd.readouterr() == ("", "")


def test_the_repr_of_a_landing_object_hides_its_name(watched):
    place, _, _, _ = watched
    objects = find_objects(place / "landing", CONTRACTS["customer_landing"])
    assert any(CANARIES["email"] in each.path for each in objects)
    assert_clean(repr(objects), "landing objects")


def test_an_id_says_nothing_without_the_key():
    other = stedi.Pseudonyms(b"\1" * 32)
    assert PSEUDONYMS.customer_id(CANARIES["email"]) != other.customer_id(CANARIES["email"])
    assert PSEUDONYMS.customer_id("same") != PSEUDONYMS.device_id("same")


def failures(place, lake):
    """Yield acts that fail while canaries are at hand."""
    landing = place / f"export of {CANARIES['email']}"
    yield lambda: run(lake, place / f"missing-{CANARIES['email']}")
    put_rows(landing, customer=[canary(at=HOURS[5])], accelerometer=[reading(CANARIES["email"])])
    fresh = lake_at(place / "fresh", pseudonyms=PSEUDONYMS)
    yield lambda: run(fresh, landing)
    put(landing, "customer/bad.json", [sent(canary(at=HOURS[5])) | {"lastUpdateDate": 1}] * 3)
    yield lambda: run(lake, landing, max_rejected=0.1)
    without = sent(canary(at=HOURS[5]))
    del without["shareWithResearchAsOfDate"]
    drifted = put(place / "drift", "customer/a.json", [without]).parents[1]
    put_rows(drifted, accelerometer=[reading(CANARIES["email"])], step_trainer=[step()])
    yield lambda: run(fresh, drifted)
    linked = put(place / "linked", "customer/a.json", [sent(canary(at=HOURS[5]))]).parents[1]
    (linked / f"customer/{CANARIES['email']}.json").symlink_to("/etc/hostname")
    yield lambda: run(lake, linked)
    yield lambda: run(lake, landing, consent="current")
    yield lambda: run(lake, landing, now=datetime(2001, 1, 1, tzinfo=UTC))
    yield lambda: run(lake_at(place / "lake", pseudonyms=stedi.Pseudonyms.generate()), landing)


def test_errors_and_their_tracebacks_hold_no_personal_data(watched):
    place, lake, _, _ = watched
    before = lake.runs().height
    acts = 0
    for act in failures(place, lake):
        with pytest.raises(StediError) as caught:
            act()
        acts += 1
        assert_clean(str(caught.value), "an error")
        # As a person sees it: chained errors too. The lines of this test name no canary.
        assert_clean("".join(traceback.format_exception(caught.value)), "a traceback")
    assert acts == 8
    assert lake.runs().height == before


def test_customers_and_devices_of_curated_tables_are_pseudonyms(watched):
    place, _, _, _ = watched
    for table in ("customer_curated", "machine_learning_curated"):
        frame = IcebergTable.of(folder_of(place), table).frame()
        assert frame["customer_id"].str.contains("^[0-9a-f]{32}$").all()
        assert frame["device_id"].str.contains("^[0-9a-f]{32}$").all()
        assert PSEUDONYMS.customer_id(CANARIES["email"]) in frame["customer_id"].to_list()
