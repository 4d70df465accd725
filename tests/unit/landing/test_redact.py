"""What messages call landing objects, and places that users name."""

from pathlib import Path

import pytest

from stedi.landing.redact import as_typed, is_under_table, safe_path

DIGEST = "3f2a9c41d0e2ab0712345678deadbeef"


@pytest.mark.parametrize(
    "shown",
    [
        "customer/landing/export.json",
        "customer/part-00000.json.gz",
        "accelerometer/part_3.zst",
        "step_trainer/year=2026/month=11/day=3/hour=07/part-1.json",
        "step_trainer/2026/11/23/07/data.json",
        "step_trainer/2026/11/23.json",
        "customer/date=2026-11-23/dt=2026-11/full.NDJSON",
        "customer/export-2026-11-23.json",
        "customer/customer_records 2026-11-23T07.part-00012.jsonl",
    ],
)
def test_what_can_name_nobody_is_shown(shown: str) -> None:
    assert safe_path(f"/home/somebody/data/{shown}") == shown
    assert safe_path(f"s3://bucket/landing/{shown}", digest=DIGEST) == shown


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("customer/form of Quintessa Zorbleak.json", "customer/<redacted>.json"),
        ("customer/ann.example@test.com.json.gz", "customer/<redacted>.json.gz"),
        ("customer/jane%40test.com/export.json", "customer/<redacted>/export.json"),
        ("customer/%63ustomer.json", "customer/<redacted>.json"),
        ("step_trainer/dev-12/part-0.json", "step_trainer/<redacted>/part-0.json"),
        ("step_trainer/12/data.json", "step_trainer/<redacted>/data.json"),
        ("step_trainer/50a1b2c3-d4e5.json", "step_trainer/<redacted>.json"),
        ("step_trainer/device-12.json", "step_trainer/<redacted>.json"),
        ("step_trainer/part-123456.json", "step_trainer/<redacted>.json"),
        ("step_trainer/2026/device.json", "step_trainer/<redacted>/device.json"),
        ("step_trainer/2026/11/23/07/12.json", "step_trainer/2026/11/23/07/<redacted>.json"),
        ("customer/801-555-1212.json", "customer/<redacted>.json"),
        ("customer/20261123.json", "customer/<redacted>.json"),
        ("customer/1951-07-23.json", "customer/<redacted>.json"),
        ("customer/year=1951/month=13/x=1.json", "customer/<redacted>/<redacted>/<redacted>.json"),
        ("customer/export Zorbleak 2026-11-23.json", "customer/<redacted>.json"),
        ("customer/\uff43\uff55\uff53\uff54\uff4f\uff4d\uff45\uff52.json", "customer/<redacted>.json"),
        ("customer/\u017feries", "customer/<redacted>"),
        ("customer/\x1b[31m\n.json", "customer/<redacted>.json"),
        ("customer/\udcff", "customer/<redacted>"),
        ("customer\\zorbleak.json", "customer/<redacted>.json"),
        ("export.json\n", "<redacted>"),
    ],
)
def test_anything_else_is_replaced_as_a_whole(path: str, expected: str) -> None:
    assert safe_path(path) == expected
    assert safe_path(Path(path)) == expected
    assert safe_path(f"/srv/Zorbleak/landing/{path}") == expected
    assert safe_path(path, digest=DIGEST) == f"{expected} (object 3f2a9c41d0e2)"
    assert safe_path(expected) == expected


def test_a_path_without_a_table_is_called_by_its_last_part() -> None:
    assert safe_path("/home/zorbleak/forms/zorbleak.json") == "<redacted>.json"
    assert safe_path("/home/zorbleak/export.json") == "export.json"
    assert safe_path("/") == "/"


def test_only_a_folder_of_a_table_is_the_folder_of_a_table() -> None:
    assert is_under_table("/data/step_trainer/a.json")
    assert not is_under_table("/lake/warehouse/stedi/customer_landing/data/a.parquet")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("landing/ann.example@test.com/a.json", "landing/<redacted>/a.json"),
        ("s3://bucket/customer/jane%40test.com.json.gz", "s3://bucket/customer/<redacted>"),
        ("landing/a b=jane@test.com,d@e.f.json", "landing/a b=<redacted>,<redacted>"),
        ("landing/part-0.json", "landing/part-0.json"),
        ("landing/\x1b[31m\n", "landing/?[31m?"),
        ("landing/\udcff", "landing/\\udcff"),
        ("@", "@"),
    ],
)
def test_a_place_that_a_user_named_is_shown_as_it_is_but_for_emails(path: str, expected: str) -> None:
    assert as_typed(path) == expected
    assert as_typed(Path(path)) == expected.removesuffix("/") or "//" in path
