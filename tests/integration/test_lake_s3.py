"""A lake whose landing root and warehouse are both on S3, on a server of our own."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

import stedi
from lakes import expected, pour, put_rows, rich_world, tables_of
from stedi.errors import ConfigurationError, LakeError
from worlds import HOURS, NOW, SECRET, customer, reading, step

WORLD = rich_world(parts=6)


def open_lake(s3_server: str, folder: Path) -> stedi.Lake:
    """Open a lake with its catalog in a local file and its warehouse on S3."""
    return stedi.Lake.open(
        catalog={
            "type": "sql",
            "uri": f"sqlite:///{folder}/catalog.db",
            "s3.endpoint": s3_server,
            "s3.access-key-id": "test",
            "s3.secret-access-key": "test",
            "s3.region": "us-east-1",
        },
        warehouse="s3://stedi/warehouse",
        pseudonyms=stedi.Pseudonyms(SECRET),
        buckets=3,
    )


@pytest.mark.campaign
def test_a_lake_on_s3_is_the_oracle(s3_bucket, s3_server, tmp_path):
    pour(tmp_path / "landing", WORLD)
    for file in sorted((tmp_path / "landing").rglob("*")):
        if file.is_dir():
            continue
        name = file.relative_to(tmp_path / "landing").as_posix()
        s3_bucket.put_object(Key=f"landing/{name}", Body=file.read_bytes())
    lake = open_lake(s3_server, tmp_path)
    with pytest.raises(LakeError, match="no published run"):
        lake.scan("customer_trusted")

    first = lake.run("s3://stedi/landing", now=NOW, max_rejected=1)
    assert first.changed
    assert tables_of(lake) == expected(WORLD)
    assert lake.scan("object").select(pl.col("path").str.starts_with("s3://").all()).collect().item()

    again = open_lake(s3_server, tmp_path)
    second = again.run("s3://stedi/landing", now=NOW, max_rejected=1)
    assert (second.objects, second.changed) == (0, False)
    again.tag("first-training")
    assert tables_of(open_lake(s3_server, tmp_path), at="first-training") == expected(WORLD)
    keys = [item.key for item in s3_bucket.objects.all()]
    assert not any("scratch" in key or "catalog.db" in key for key in keys)


def test_an_unknown_catalog_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="'glu' is not known"):
        stedi.Lake.open(catalog={"type": "glu"}, warehouse="s3://bucket/lake").run(pour(tmp_path, WORLD))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"path": "x", "catalog": {"type": "sql"}},
        {"catalog": {"type": "sql"}},
        {"path": "x", "buckets": 0},
    ],
    ids=str,
)
def test_arguments_that_contradict_each_other_are_refused(arguments):
    with pytest.raises(ConfigurationError):
        stedi.Lake.open(**arguments)


@pytest.mark.campaign
def test_a_lake_on_s3_is_maintained(s3_bucket, s3_server, tmp_path):
    lake = open_lake(s3_server, tmp_path)
    for number in range(2):
        lake.run(pour(tmp_path / str(number), rich_world(number)), now=NOW, max_rejected=1)
    before = tables_of(lake)
    home = "warehouse/stedi/accelerometer_landing"
    orphan = f"{home}/data/20260101T000000Z-abcdef-00000.parquet"
    foreign = f"{home}/data/00000-1-spark.parquet"
    for key in (orphan, foreign, "beside/20260101T000000Z-abcdef-00000.parquet"):
        s3_bucket.put_object(Key=key, Body=b"left behind")
    planned = lake.maintain(plan=True, keep_days=0, older_than=timedelta(0))
    assert orphan in {item.key for item in s3_bucket.objects.all()}
    report = lake.maintain(keep_days=0, older_than=timedelta(0))
    assert planned.merged == report.merged > 0
    assert report.foreign == ("stedi/accelerometer_landing/data/00000-1-spark.parquet",)
    keys = {item.key for item in s3_bucket.objects.all()}
    assert orphan not in keys
    assert {foreign, "beside/20260101T000000Z-abcdef-00000.parquet"} <= keys
    assert tables_of(open_lake(s3_server, tmp_path)) == before
    again = lake.maintain(keep_days=0, older_than=timedelta(0))
    # What the last holder of a shared lake left on the run table is all that there is to do.
    assert {each.table for each in again.tables if each.rewritten or each.expired or each.deleted} <= {"run"}
    assert again.merged == 0


@pytest.mark.campaign
def test_a_lake_on_s3_is_verified(s3_bucket, s3_server, tmp_path):
    lake = open_lake(s3_server, tmp_path)
    lake.run(pour(tmp_path / "landing", WORLD), now=NOW, max_rejected=1)
    sound = lake.verify()
    assert sound.findings == ()
    assert any("nobody wrote meanwhile" in each for each in sound.not_checked)
    email = lake.scan("customer_landing").collect()["email"][0]
    s3_bucket.put_object(Key="warehouse/stedi/run/notes.txt", Body=f"ask {email}".encode())
    victim = next(
        item.key for item in s3_bucket.objects.all() if "/machine_learning_curated/data/" in item.key
    )
    body = s3_bucket.Object(victim).get()["Body"].read()
    s3_bucket.put_object(Key="warehouse/stedi/machine_learning_curated/copy.parquet", Body=body)
    found = lake.verify()
    assert {(str(each.code), each.place) for each in found.findings} == {
        ("foreign_file", "stedi/run/notes.txt"),
        ("personal_data", "stedi/run/notes.txt"),
        ("foreign_file", "stedi/machine_learning_curated/copy.parquet"),
    }
    s3_bucket.Object(victim).delete()
    assert "lost_file" in {str(each.code) for each in lake.verify().findings}


@pytest.mark.campaign
def test_somebody_is_erased_from_a_lake_and_a_landing_root_on_s3(s3_bucket, s3_server, tmp_path):
    put_rows(
        tmp_path,
        customer=[customer(share=HOURS[0]), customer("bob@example.com", "device-b", share=HOURS[0])],
        accelerometer=[reading(at=HOURS[2]), reading("bob@example.com", HOURS[2])],
        step_trainer=[step(at=HOURS[2]), step("device-b", HOURS[2])],
    )
    for kind in ("customer", "accelerometer", "step_trainer"):
        text = (tmp_path / kind / f"{kind}.json").read_bytes()
        s3_bucket.put_object(Key=f"landing/{kind}/of ann@example.com.json", Body=text)
    lake = open_lake(s3_server, tmp_path)
    lake.run("s3://stedi/landing", now=NOW)
    receipt = lake.erase(email="ANN@example.com", landing="s3://stedi/landing")
    assert receipt.rows == 8
    assert [each.records for each in receipt.objects] == [1, 1, 1]
    assert any("object lock" in each for each in receipt.remains.elsewhere)
    for item in s3_bucket.objects.all():
        assert "ann@example.com" not in item.key
        text = item.get()["Body"].read()
        assert b"ann@example.com" not in text.lower()
        assert b"50a1b2c3-d4e5" not in text.lower()
    # Arrow leaves a mark of the folder, which is no file.
    kept = [item.key for item in s3_bucket.objects.filter(Prefix="warehouse/_receipts/") if item.size]
    assert kept == [f"warehouse/_receipts/{receipt.name}"]
    again = open_lake(s3_server, tmp_path)
    report = again.run("s3://stedi/landing", now=NOW)
    assert (report.objects, report.changed) == (0, False)
    assert again.scan("customer_trusted").collect()["email"].to_list() == ["bob@example.com"]
    again.check_receipt(receipt)
    assert again.maintain(keep_days=0, older_than=timedelta(0)).foreign == ()
