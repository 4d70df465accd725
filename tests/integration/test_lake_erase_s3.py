"""Erasing in a landing root on S3 that others write to: an object is replaced by its ETag, or not at all."""

import json

import pytest

from lakes import lake_at, sent
from stedi.landing import s3
from worlds import HOURS, NOW, customer, reading, step

ANN, BOB = "ann@ex.com", "bob@ex.com"
ROOT = "s3://stedi/root"


def lines(*rows):
    return "".join(f"{json.dumps(sent(row))}\n" for row in rows).encode()


ANNS = lines(customer(ANN, "device-ann", share=HOURS[0]))
BOBS = lines(customer(BOB, "device-bob", share=HOURS[0]))


@pytest.fixture
def lake(s3_bucket, tmp_path):
    put = {
        "customer/a.json": ANNS + BOBS,
        f"customer/of {ANN}.json": BOBS,
        "accelerometer/a.json": lines(reading(ANN, HOURS[2]), reading(BOB, HOURS[2])),
        "step_trainer/a.json": lines(step("device-ann", HOURS[2]), step("device-bob", HOURS[2])),
    }
    for name, text in put.items():
        s3_bucket.put_object(Key=f"root/{name}", Body=text)
    lake = lake_at(tmp_path / "lake", buckets=2)
    lake.run(ROOT, now=NOW)
    return lake


def texts(bucket):
    return {item.key.removeprefix("root/"): item.get()["Body"].read() for item in bucket.objects.all()}


def test_an_object_is_replaced_only_if_it_still_is_the_one_of_its_etag(s3_bucket, tmp_path):
    etag = s3_bucket.put_object(Key="a.json", Body=b"one").e_tag.strip('"')
    (tmp_path / "new").write_bytes(b"new")
    s3_bucket.put_object(Key="a.json", Body=b"two")
    assert not s3.replace_object(str(tmp_path / "new"), "s3://stedi/a.json", None, etag=etag)
    assert texts(s3_bucket) == {"a.json": b"two"}
    found = s3.head_object("s3://stedi/a.json", None)
    assert s3.replace_object(str(tmp_path / "new"), "s3://stedi/a.json", None, etag=found.etag)
    assert texts(s3_bucket) == {"a.json": b"new"}
    assert s3.head_object("s3://stedi/none", None) is None
    assert not s3.replace_object(str(tmp_path / "new"), "s3://stedi/none", None, etag=etag)


def test_what_a_sender_puts_in_the_place_meanwhile_is_kept(s3_bucket, lake):
    more = lines(customer(BOB, "device-bob", at=HOURS[5]))
    done = []

    def meanwhile(what, *_):
        if what == "rewriting landing objects" and not done:
            done.append(what)
            s3_bucket.put_object(Key="root/customer/a.json", Body=ANNS + BOBS + more)
            s3_bucket.put_object(Key=f"root/customer/of {ANN}.json", Body=BOBS + ANNS + more)

    receipt = lake.erase(email=ANN, landing=ROOT, progress=meanwhile)
    assert receipt.remains.objects == ()
    left = texts(s3_bucket)
    assert not any(ANN in name or ANN.encode() in text for name, text in left.items())
    named = next(name for name in left if name.startswith("customer/of erased-"))
    assert left["customer/a.json"] == left[named] == BOBS + more
    # The withdrawal that came in between counts.
    lake.run(ROOT, now=NOW)
    assert lake.scan("customer_trusted").collect().is_empty()
    assert lake.verify().sound


def test_an_object_that_is_gone_is_named_without_what_names_anybody(s3_bucket, lake):
    def meanwhile(what, *_):
        if what == "looking through landing objects":
            s3_bucket.Object(f"root/customer/of {ANN}.json").delete()

    receipt = lake.erase(email=ANN, landing=ROOT, progress=meanwhile)
    (left,) = receipt.remains.objects
    assert left.path.partition(" ")[0] == "customer/<redacted>.json"
    assert "is gone" in left.why
