"""What status says of a lake: each figure against the lake's own tables, each warning true or absent."""

import json
from datetime import datetime, timedelta

import polars as pl
import pytest

from bench import Bench
from lakes import PSEUDONYMS, lake_at, put, put_rows, run, sent
from stedi.errors import LakeError
from stedi.lake.health import health_of
from stedi.names import LATEST, MACHINE_LEARNING_CURATED
from worlds import DEVICES, HOURS, MS, NOW, PEOPLE, customer, reading, step

BOB, BOBS = PEOPLE[3][0], DEVICES[1][0]


@pytest.fixture(scope="module")
def lake(bench: Bench):
    return bench.filled().lake


def landed(place, *, customers=(), **others):
    """Write a landing root with Ann, who consents, and one pair of hers."""
    return put_rows(
        place,
        customer=[customer(share=HOURS[0], at=HOURS[1]), *customers],
        **{"accelerometer": [reading(at=HOURS[2])], "step_trainer": [step(at=HOURS[2])], **others},
    )


def warned(lake):
    return {concern.code: (concern.count, concern.message) for concern in health_of(lake).warnings}


def test_the_figures_are_those_of_the_tables(lake):
    health = health_of(lake)
    newest = lake.last_run()
    assert (health.consent, health.key_fingerprint) == ("as_of", PSEUDONYMS.fingerprint)
    assert (health.last_run, health.run_count) == (newest.run_id, 1)
    tables = lake.tables().select("table", "zone", "rows", "bytes", "snapshot_id").rows()
    assert [(t.table, t.zone, t.rows, t.bytes, t.snapshot_id) for t in health.tables] == tables
    rejected = lake.scan("quarantine").collect()
    assert {(each.table, each.reason): each.records for each in health.rejects} == {
        (table, reason): rows
        for table, reason, rows in rejected.group_by("table_name", "reason").len().iter_rows()
    }
    assert health.held_in_quarantine == rejected.height > 0
    (facts,) = health.runs
    assert facts.rejected == rejected.height
    assert facts.training_rows == lake.scan(MACHINE_LEARNING_CURATED).collect().height > 0
    landing = ("customer_landing", "accelerometer_landing", "step_trainer_landing")
    assert facts.records == sum(lake.scan(table).collect().height for table in landing) + rejected.height
    derived = [
        account for name, account in newest.accounts.items() if name.endswith(("_trusted", "_curated"))
    ]
    assert facts.dropped == sum(account.rows_in - account.used for account in derived) > 0
    assert facts.seconds == (facts.published_at - facts.started_at).total_seconds() > 0


def test_sensors_span_the_trusted_readings(lake):
    spans = {each.table: (each.oldest, each.newest) for each in health_of(lake).sensors}
    for table, column in (
        ("accelerometer_trusted", "timestamp"),
        ("step_trainer_trusted", "sensor_reading_time"),
    ):
        times = lake.scan(table).collect()[column]
        assert spans[table] == (times.min(), times.max())


def test_everything_fits_into_json(lake):
    health = health_of(lake)
    given = json.loads(json.dumps(health.to_dict(), default=str))
    assert given["last_run"] == health.last_run
    assert [warning["code"] for warning in given["warnings"]] == [each.code for each in health.warnings]
    assert given["sensors"][0]["oldest"].startswith("2022-06-01")


def test_a_healthy_lake_has_no_warning(tmp_path):
    lake = lake_at(tmp_path / "lake")
    run(lake, landed(tmp_path / "landing"))
    lake.tag("first")
    health = health_of(lake)
    assert health.warnings == ()
    assert health.rejects == ()
    assert health.upcoming is None
    assert [(tag.tag, tag.run_id, tag.withdrawn) for tag in health.tags] == [("first", health.last_run, 0)]


def test_only_the_last_ten_runs_are_listed(tmp_path):
    lake = lake_at(tmp_path / "lake")
    root = landed(tmp_path / "landing")
    for number in range(11):
        run(lake, root, now=NOW + number * MS)
    health = health_of(lake)
    assert health.run_count == 11
    assert [each.run_id for each in health.runs] == lake.runs()["run_id"].to_list()[1:]
    assert [each.records for each in health.runs] == [0] * 10


def test_rejects_over_one_percent_are_warned_of_by_table_and_only_for_the_last_run(tmp_path):
    lake = lake_at(tmp_path / "lake")
    readings = [reading(at=HOURS[2] + n * MS) for n in range(197)]
    steps = [step(at=HOURS[2] + n * MS) for n in range(99)]
    root = landed(tmp_path / "landing", accelerometer=readings, step_trainer=steps)
    # 3 of 200 are more than a hundredth, and 1 of 100 is not.
    put(root, "accelerometer/bad.json", ["junk 1", "junk 2", "junk 3"])
    put(root, "step_trainer/bad.json", ["junk"])
    run(lake, root)
    found = warned(lake)
    assert found["rejected_share"][0] == 3
    assert "3 of 200 new records for accelerometer_landing (1.5%)" in found["rejected_share"][1]
    assert found["held_in_quarantine"] == (
        4,
        "4 records are held in quarantine: stedi quarantine lists and releases them",
    )
    run(lake, root)
    assert set(warned(lake)) == {"held_in_quarantine"}


def test_released_records_are_not_held(tmp_path):
    lake = lake_at(tmp_path / "lake")
    root = landed(tmp_path / "landing")
    put(root, "accelerometer/bad.json", ["junk"])
    run(lake, root)
    assert warned(lake)["held_in_quarantine"][1].startswith("1 record is held")
    row = lake.scan("quarantine").collect().row(0, named=True)
    lake.release([f"{row['_digest'][:12]}:{row['_position']}"], now=NOW)
    assert "held_in_quarantine" not in warned(lake)
    assert [(each.records, each.held) for each in health_of(lake).rejects] == [(1, 0)]


def test_a_lake_without_training_rows_is_warned_of(tmp_path):
    lake = lake_at(tmp_path / "lake")
    run(lake, landed(tmp_path / "landing", step_trainer=[step(at=HOURS[3])]))
    assert set(warned(lake)) == {"no_training_rows", "low_match_rate"}
    lake = lake_at(tmp_path / "nobody")
    put_rows(
        tmp_path / "empty", customer=[customer(at=HOURS[1])], accelerometer=[reading()], step_trainer=[step()]
    )
    put(tmp_path / "empty", "customer/null.json", [{"shareWithResearchAsOfDate": None} | sent(customer())])
    run(lake, tmp_path / "empty")
    health = health_of(lake)
    assert [concern.code for concern in health.warnings] == ["no_training_rows"]
    assert [(each.oldest, each.newest) for each in health.sensors] == [(None, None)] * 2


def test_objects_delivered_twice_are_counted(tmp_path):
    lake = lake_at(tmp_path / "lake")
    root = landed(tmp_path / "landing")
    for name in ("again", "and-again"):
        (root / f"customer/{name}.json").write_bytes((root / "customer/customer.json").read_bytes())
    run(lake, root)
    assert warned(lake)["delivered_twice"][0] == 2
    assert lake.scan("object").select(pl.col("duplicate").sum()).collect().item() == 2


def test_a_consent_that_begins_later_is_told_with_its_date(tmp_path):
    lake = lake_at(tmp_path / "lake")
    later, latest = NOW + timedelta(days=3), NOW + timedelta(days=30)
    people = (
        # In two spellings one person, whose newest records share from the later of two days on.
        customer("Cat@example.com", "c", share=later, at=HOURS[2]),
        customer(" cat@EXAMPLE.com", "c", share=latest, at=HOURS[2]),
        customer("dan@example.com", "d", share=later + MS, at=HOURS[2]),
        # These will not: a newer denial, a rejected newest record, and a past grant renewed.
        customer("eve@example.com", "e", share=later, at=HOURS[2]),
        customer("eve@example.com", "e", at=HOURS[3]),
        customer("fay@example.com", "f", share=later, at=HOURS[2]),
    )
    root = landed(tmp_path / "landing", customers=people)
    junk = sent(customer("fay@example.com", "f", share=HOURS[1], at=HOURS[3])) | {"phone": {"no": "phone"}}
    put(root, "customer/junk.json", [json.dumps(junk)])
    run(lake, root)
    begins = health_of(lake).upcoming
    assert (begins.customers, begins.next_at) == (2, later + MS)
    assert (
        f"2 customers begins after the last run, the next at {later:%Y-%m-%d %H:%M:%S}Z"
        in (warned(lake)["upcoming_consents"][1])
    )
    # The rule itself agrees: a day later there is Dan, and in the end there are both.
    who = set(lake.scan("customer_trusted").collect()["customer_id"])
    run(lake, root, now=later + MS)
    assert set(lake.scan("customer_trusted").collect()["customer_id"]) - who == {
        PSEUDONYMS.customer_id("dan@example.com")
    }
    begins = health_of(lake).upcoming
    assert (begins.customers, begins.next_at) == (1, latest)
    run(lake, root, now=latest)
    assert health_of(lake).upcoming is None


def test_a_share_date_beyond_all_plausible_time_never_begins(tmp_path):
    lake = lake_at(tmp_path / "lake")
    people = (customer("cat@example.com", "c", share=LATEST - MS, at=HOURS[2]),)
    run(lake, landed(tmp_path / "landing", customers=people), now=NOW)
    assert health_of(lake).upcoming.next_at == LATEST - MS


def test_tags_that_hold_withdrawn_customers_are_counted(withdrawn):
    lake = lake_at(withdrawn)
    (tag,) = health_of(lake).tags
    assert (tag.tag, tag.withdrawn) == ("both", 1)
    assert tag.run_id == lake.runs()["run_id"][0]
    count, message = warned(lake)["tags_hold_withdrawn"]
    assert count == 1
    assert message.startswith("the tag both holds 1 customer whom the newest run does not trust")
    assert PSEUDONYMS.customer_id("ann@example.com") not in str(health_of(lake))


def test_a_lake_without_a_run_says_so(tmp_path):
    with pytest.raises(LakeError, match="no published run"):
        health_of(lake_at(tmp_path / "lake"))


def test_status_tells_who_withdrew_and_is_still_held_and_until_when(stedi, withdrawn):
    lake = lake_at(withdrawn)
    first = lake.find_run("both")
    told = stedi("status", "--lake", withdrawn, "--json").json["withdrawn"]
    assert (told["customers"], told["runs"]) == (1, 1)
    assert datetime.fromisoformat(told["until"]) == first.published_at + timedelta(days=30)
    assert "withdrawn, still held by 1 older run: 1 customer;" in stedi("status", "--lake", withdrawn).out
