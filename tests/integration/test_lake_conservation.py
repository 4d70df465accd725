"""Nothing is lost and nothing is made: rejected + kept = written, and every account adds up."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from lakes import (
    ANN,
    DERIVED,
    LANDING,
    PUBLISHED,
    SYSTEM,
    IcebergTable,
    figures,
    judged,
    lake_at,
    pour,
    published,
    put,
    put_world,
    rich_world,
    run,
    sent,
)
from oracle import REASONS
from stedi.errors import ConservationError
from stedi.pipeline.publish import audit
from stedi.plan.lineage import LINEAGE
from stedi.simulate import simulate
from stedi.warehouse.warehouse import Warehouse
from worlds import HOURS, customer


@pytest.fixture(scope="module")
def dirty(tmp_path_factory):
    """A lake after a run over dirty files, and what is true of these."""
    place = tmp_path_factory.mktemp("dirty")
    simulated = simulate(place / "landing", customers=5, seed=11, dirt=0.3)
    lake = lake_at(place / "lake")
    report = lake.run(simulated.landing, now=simulated.as_of + timedelta(days=1))
    return simulated, lake, report


def test_kept_and_rejected_are_what_was_written_per_reason(dirty):
    simulated, lake, report = dirty
    quarantine = lake.scan("quarantine").collect()
    for table in LANDING:
        written = simulated.of(table)
        rejected = quarantine.filter(table_name=table)
        assert lake.scan(table).collect().height == written.kept
        assert Counter(rejected["reason"]) == {reason.value: n for reason, n in written.rejected.items()}
        assert written.kept + rejected.height == written.written == report.accounts[table].rows_in


def test_the_places_of_rejected_records_are_those_of_the_bad_ones(dirty):
    simulated, lake, _ = dirty
    bad = [json.loads(line) for line in (simulated.truth / "rejected.ndjson").read_text().splitlines()]
    found = lake.scan("quarantine").select("table_name", "_object", "_position", "reason").collect()
    assert Counter(found.rows()) == Counter(
        (each["table"], str(simulated.landing / each["object"]), each["position"], each["reason"])
        for each in bad
    )


def test_the_ledger_counts_every_record_of_every_object(dirty):
    simulated, lake, _ = dirty
    ledger = lake.scan("object").collect()
    assert sorted(ledger["path"]) == sorted(map(str, simulated.paths))
    for table in LANDING:
        written = simulated.of(table)
        mine = ledger.filter(table_name=table)
        assert (mine["records"].sum(), mine["rejected"].sum()) == (
            written.kept,
            sum(written.rejected.values()),
        )
        assert mine.filter("duplicate").select("records", "rejected").sum().row(0) == (0, 0)
        held = lake.scan(table).group_by(path="_object").len("records").collect()
        loaded = mine.filter(pl.col("records") > 0).select("path", pl.col("records").cast(pl.UInt32))
        assert sorted(held.rows()) == sorted(loaded.rows())


def test_every_position_of_an_object_is_kept_or_rejected_once(dirty):
    _, lake, _ = dirty
    places = pl.concat(
        lake.scan(table).select(pl.lit(table).alias("table_name"), "_digest", "_position")
        for table in LANDING
    )
    places = pl.concat(
        [places, lake.scan("quarantine").select("table_name", "_digest", "_position")]
    ).collect()
    assert places.is_unique().all()
    spans = places.group_by("table_name", "_digest").agg(pl.len(), pl.col("_position").max())
    assert (spans["len"] == spans["_position"] + 1).all()


def test_quarantine_holds_the_raw_text_the_reason_and_the_place(bench, tmp_path):

    landing = put_world(tmp_path / "landing", ANN)
    good = '{"user": "ann@example.com", "timestamp": 1654081200000, "x": 0, "y": 0, "z": 0}'
    file = put(
        landing,
        "accelerometer/bad.json",
        [
            good,
            '{"user": "ann@example.com", "timestamp": 1654081200000, "x": "0", "y": 0, "z": 0}',
            "",
            good.replace("1654081200000", "1654081200"),
            '{"user": " ", "timestamp": 1654081200000, "x": 0, "y": 0, "z": 0}',
            "[1, 2]",
            good.replace('"z": 0', '"z": 1e999'),
            "{oh}",
        ],
    )
    file.write_text(file.read_text() + good[:40])
    report = run(bench.empty().lake, landing)
    columns = ("_position", "reason", "field", "raw", "emails", "_run")
    rows = bench.lake.scan("quarantine").filter(pl.col("_object") == str(file)).select(columns).collect()
    lines = file.read_text().splitlines()
    ann = "ann@example.com"
    assert sorted(rows.rows()) == [
        (1, "wrong_type", "x", lines[1], [ann], report.run_id),
        (2, "implausible_time", "timestamp", lines[3], [ann], report.run_id),
        (3, "blank", "user", lines[4], [], report.run_id),
        (4, "not_an_object", None, lines[5], [], report.run_id),
        (5, "not_finite", "z", lines[6], [ann], report.run_id),
        (6, "not_json", None, lines[7], [], report.run_id),
        (7, "cut_off", None, lines[8], [ann], report.run_id),
    ]


def test_the_accounts_of_the_run_table_are_the_oracles(filled):
    _, accounts = judged(filled.world)
    run_row = filled.lake.runs().row(0, named=True)
    stored = {table["table_name"]: table for table in run_row["tables"]}
    for name, account in accounts.items():
        row = stored[name]
        dropped = {drop["reason"]: drop["rows"] for drop in row["dropped"] if drop["rows"]}
        assert (row["rows_in"], row["used"], dropped, row["fan_out"], row["rows_out"]) == figures(account)


def test_the_accounts_of_the_run_table_add_up_to_the_tables(filled, tmp_path):

    run(filled.lake, pour(tmp_path / "more", rich_world(1)))
    for row in filled.lake.runs().iter_rows(named=True):
        stored = {table["table_name"]: table for table in row["tables"]}
        for table in stored.values():
            assert table["rows_in"] == table["used"] + sum(drop["rows"] for drop in table["dropped"])
            assert table["rows_out"] == table["used"] + table["fan_out"]
        for step in LINEAGE:
            at = row["run_id"]
            driving = filled.lake.scan(step.driving, at=at, include_withdrawn=True).collect().height
            assert stored[step.table]["rows_in"] == driving
            rows = filled.lake.scan(step.table, at=at, include_withdrawn=True).collect().height
            assert stored[step.table]["rows_out"] == rows
            assert tuple(drop["reason"] for drop in stored[step.table]["dropped"]) == REASONS[step.table]


def off_by_one(account, reason):
    """Return the account with each of its figures one too high, and one that adds up but is too high."""
    yield replace(account, rows_in=account.rows_in + 1)
    yield replace(account, used=account.used + 1)
    yield replace(account, fan_out=account.fan_out + 1)
    yield replace(account, rows_out=account.rows_out + 1)
    yield replace(account, dropped={**account.dropped, reason: account.dropped.get(reason, 0) + 1})
    yield replace(account, rows_in=account.rows_in + 1, used=account.used + 1, rows_out=account.rows_out + 1)


def test_an_account_that_is_off_by_one_is_not_published(filled):
    newest = filled.lake.last_run()
    warehouse = Warehouse.local(filled.folder, "stedi")
    # What the same run would say if it found nothing new.
    true = {
        name: account if name in DERIVED else replace(account, rows_in=0, used=0, dropped={}, rows_out=0)
        for name, account in newest.accounts.items()
    }
    audit(warehouse, newest.snapshots, newest.snapshots, true)
    for table in DERIVED:
        for wrong in off_by_one(true[table], REASONS[table][0]):
            with pytest.raises(ConservationError, match=table):
                audit(warehouse, newest.snapshots, newest.snapshots, true | {table: wrong})


def test_records_that_no_account_knows_are_not_published(filled):
    newest = filled.lake.last_run()
    warehouse = Warehouse.local(filled.folder, "stedi")
    tables = {name: IcebergTable.of(filled.folder, name) for name in PUBLISHED}
    made = {name: table.metadata["snapshots"][0]["snapshot-id"] for name, table in tables.items()}
    audit(warehouse, made, newest.snapshots, newest.accounts)
    for table in (*LANDING, *SYSTEM):
        for wrong in off_by_one(newest.accounts[table], "blank"):
            with pytest.raises(ConservationError, match=table):
                audit(warehouse, made, newest.snapshots, {**newest.accounts, table: wrong})


@pytest.mark.parametrize("lost", ["accelerometer", "step_trainer"])
def test_a_run_that_loses_rows_on_their_way_is_not_published(filled, tmp_path, monkeypatch, lost):
    """A row is taken out of a bucket's file while a run is at work."""
    monkeypatch.setattr("stedi.pipeline.derive.staging._ROWS_HELD", 0)
    before = published(filled.folder)
    landing = put_world(tmp_path / "landing", rich_world(1))
    taken: list[Path] = []

    def thief(what: str, *_) -> None:
        if what == "deriving" and not taken:
            taken.append(min(filled.folder.glob(f"scratch/*/{lost}-*")))
            rows = pl.read_ipc_stream(taken[0])
            rows.head(rows.height - 1).write_ipc_stream(taken[0], compat_level=pl.CompatLevel.oldest())

    with pytest.raises(ConservationError):
        run(filled.lake, landing, progress=thief)
    assert taken
    assert published(filled.folder) == before
    assert not list(filled.folder.glob("scratch*"))
    run(filled.lake, landing)
    assert filled.lake.runs().height == 2


def test_a_rejected_record_never_keeps_a_consent_alive(bench, tmp_path):

    landing = put_world(tmp_path / "landing", ANN)
    lake = bench.empty().lake
    run(lake, landing)
    assert lake.scan("machine_learning_curated").collect().height == 2
    newer = json.dumps(sent(customer(share=HOURS[0], at=HOURS[4])))
    put(landing, "customer/newer.json", [newer.replace("50a1b2c3-d4e5", " ")])
    report = run(lake, landing)
    assert report.accounts["customer_landing"].dropped == {"blank": 1}
    assert lake.scan("customer_trusted").collect().is_empty()
    assert lake.scan("machine_learning_curated").collect().is_empty()
