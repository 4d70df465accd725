"""A release gives back what a rejected record took, at once and to everybody concerned."""

import json

import pytest

from lakes import put, run, sent, tables_of
from worlds import HOURS, NOW, customer, reading, step


@pytest.mark.parametrize("serial", ["device-b", "DEVICE-B", " device-\uff42"], ids=["same", "case", "wide"])
@pytest.mark.parametrize("email", ["EVE@example.com "])
def test_a_released_record_gives_the_device_back_to_the_other_claimant(bench, tmp_path, serial, email):
    lake = bench.empty().lake
    put(tmp_path, "customer/a.json", [sent(customer(serial="device-b", share=HOURS[0]))])
    put(tmp_path, "accelerometer/a.json", [sent(reading(at=HOURS[4]))])
    put(tmp_path, "step_trainer/a.json", [sent(step("device-b", at=HOURS[4]))])
    run(lake, tmp_path)
    before = tables_of(lake)
    assert before["machine_learning_curated"].total() == 1
    damaged = sent(customer(email, serial, at=HOURS[2])) | {"phone": {"not": "a phone"}}
    put(tmp_path, "customer/b.json", [json.dumps(damaged)])
    run(lake, tmp_path)
    assert tables_of(lake)["machine_learning_curated"].total() == 0
    (digest, place), *_ = lake.scan("quarantine").select("_digest", "_position").collect().rows()
    lake.release([f"{digest[:12]}:{place}"], now=NOW)
    assert tables_of(lake) == before
    assert not run(lake, tmp_path, full=True).differs
