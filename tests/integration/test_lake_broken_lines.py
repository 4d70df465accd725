"""A broken line that names several people: all of them withdraw, and nobody else does."""

import gzip
import json
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from bench import Bench
from lakes import DERIVED, put, run, sent, tables_of
from stedi import Lake
from worlds import HOURS, MS, NOW, Row, customer, reading, step

PEOPLE = ("ann", "ben", "cleo", "dora")
GONE = PEOPLE[:2]


def email(who: str) -> str:
    return f"{who}@example.com"


def of(who: str, **others: object) -> Row:
    return sent(customer(email(who), f"dev-{who}", **{"share": HOURS[0], **others}))


def withdrawals() -> list[str]:
    return [json.dumps(of(who, at=HOURS[2], share=None)) for who in GONE]


@pytest.fixture
def filled(bench: Bench, tmp_path) -> Lake:
    lake = bench.empty().lake
    put(tmp_path, "customer/a.json", map(of, PEOPLE))
    put(tmp_path, "accelerometer/a.json", [sent(reading(email(who), HOURS[4])) for who in PEOPLE])
    put(tmp_path, "step_trainer/a.json", [sent(step(f"dev-{who}", HOURS[4])) for who in PEOPLE])
    run(lake, tmp_path, now=HOURS[5])
    assert trusted(lake) == {email(who) for who in PEOPLE}
    return lake


def trusted(lake: Lake) -> set[str]:
    return set(lake.scan("customer_trusted").collect()["email"])


JOINS: dict[str, Callable[[Sequence[str]], str]] = {
    "an array": lambda rows: f"[{','.join(rows)}]",
    "an envelope": lambda rows: f'{{"records": [{",".join(rows)}]}}',
    "in a string": lambda rows: json.dumps(f"[{','.join(rows)}]"),
    "in a string in an object": lambda rows: json.dumps({"payload": json.dumps([*map(json.loads, rows)])}),
    "a comma": ",".join,
    "a NUL": "\0".join,
    "behind a torn write": lambda rows: "".join([rows[0][:-20], *rows]),
    "escaped": lambda rows: "\0".join(rows).replace("@", "\\u0040"),
    "too long": lambda rows: f'[{rows[0]}, "{"x" * (5 << 20)}", {rows[1]}]',
}


READ = ("an array", "a comma")
"""What is no broken line: each object in it is a record."""


# Two of them in the test command, all in campaigns.
@pytest.mark.parametrize(
    "join",
    [
        pytest.param(join, id=name, marks=() if name in ("a NUL", "too long") else pytest.mark.campaign)
        for name, join in JOINS.items()
    ],
)
def test_all_whom_it_names_withdraw_and_nobody_else(filled, tmp_path, join):
    put(tmp_path, "customer/b.json", [json.dumps(of("eve")), join(withdrawals()), json.dumps(of("finn"))])
    run(filled, tmp_path)
    assert trusted(filled) == {email(who) for who in ("cleo", "dora", "eve", "finn")}
    assert filled.scan("machine_learning_curated").collect().height == 2
    assert not run(filled, tmp_path, full=True).differs
    assert filled.verify().sound


@pytest.mark.parametrize(
    "spelled", ["ANN@example.com", pytest.param("\uff21nn@example.com", marks=pytest.mark.campaign)]
)
def test_a_line_that_names_no_device_denies_in_any_spelling(filled, tmp_path, spelled):
    row = {
        name: value for name, value in of("ann", at=HOURS[2], share=None).items() if name != "serialNumber"
    }
    put(tmp_path, "customer/b.json", [json.dumps(row | {"email": spelled})])
    run(filled, tmp_path)
    assert email("ann") not in trusted(filled)
    assert filled.explain(email=spelled).consent_from is None
    assert not run(filled, tmp_path, full=True).differs


def test_each_of_them_claims_every_device_that_it_names(filled, tmp_path):
    put(tmp_path, "customer/b.json", ["\0".join(withdrawals())])
    run(filled, tmp_path)
    # One comes back: the other does not, and both claim both devices.
    put(tmp_path, "customer/c.json", [of("ann", at=HOURS[3])])
    run(filled, tmp_path)
    assert trusted(filled) == {email(who) for who in ("ann", "cleo", "dora")}
    devices = filled.scan("customer_trusted").select("email", "device_consent_from").collect()
    assert dict(devices.iter_rows())[email("ann")] is None
    explained = filled.explain(serial_number="dev-ann")
    assert len(explained.people) == 2
    put(tmp_path, "customer/d.json", [of("ben", at=HOURS[3])])
    run(filled, tmp_path)
    # Now both consent, from the last denial on.
    devices = filled.scan("customer_trusted").select("email", "device_consent_from").collect()
    assert dict(devices.iter_rows())[email("ann")] == HOURS[2] + MS
    assert not run(filled, tmp_path, full=True).differs
    assert filled.verify().sound


def test_what_several_took_is_given_back_together(filled, tmp_path):
    before = tables_of(filled)
    put(tmp_path, "customer/b.json", ["\0".join(withdrawals())])
    run(filled, tmp_path)
    assert tables_of(filled) != before
    ((digest, place),) = filled.scan("quarantine").select("_digest", "_position").collect().rows()
    filled.release([f"{digest[:12]}:{place}"], now=NOW)
    assert tables_of(filled) == before
    assert filled.verify().sound


def test_somebody_is_erased_from_a_line_that_names_others_too(filled, tmp_path):
    put(tmp_path, "customer/b.json", ["\0".join(withdrawals())])
    run(filled, tmp_path)
    rest = {table: tables_of(filled)[table] for table in DERIVED}
    filled.erase(email=email("ann"), device="keep")
    (row,) = filled.scan("quarantine").collect().rows(named=True)
    assert (row["emails"], row["serial_numbers"], row["raw"]) == (
        [email("ben")],
        ["dev-ann", "dev-ben"],
        "<erased>",
    )
    assert {table: tables_of(filled)[table] for table in DERIVED} == rest
    assert filled.verify().sound


@pytest.mark.campaign
def test_thousands_in_one_line_cost_no_product_of_people_and_devices(filled, tmp_path):
    many = [customer(f"p{n}@example.com", f"dev-{n}", at=HOURS[2]) for n in range(12_000)]
    put(
        tmp_path,
        "customer/b.json",
        [f"[[{','.join(json.dumps(sent(row)) for row in many)}]]", *withdrawals()],
    )
    run(filled, tmp_path)
    assert trusted(filled) == {email(who) for who in ("cleo", "dora")}
    put(tmp_path, "customer/c.json", [sent(row | {"last_update_date": HOURS[3]}) for row in many[:50]])
    run(filled, tmp_path)
    assert filled.verify().sound


@pytest.mark.campaign
def test_the_tables_do_not_depend_on_how_lines_are_joined(filled, tmp_path):
    """Two broken lines say of each person what one says that joins them."""
    found = []
    for number, join in enumerate(join for name, join in JOINS.items() if name not in READ):
        put(tmp_path, f"customer/b{number}.json", [join(withdrawals())])
        run(filled, tmp_path)
        found.append(tables_of(filled))
    assert all(one == other for one, other in pairwise(found))


def dropped(text: bytes, place: int) -> bytes:
    return text[:place] + text[place + 1 :]


def utf_16(text: str) -> bytes:
    return text.encode("utf-16")


FIRST = json.dumps(of("dora", at=HOURS[2])) + "\n"
WITHDRAWN = "".join(f"{line}\n" for line in withdrawals())
DAMAGED: dict[str, bytes] = {
    "UTF-8 behind UTF-16": utf_16(FIRST) + WITHDRAWN.encode(),
    "UTF-16 with line ends of two bytes": utf_16(WITHDRAWN).replace(b"\n", b"\r\n"),
    "UTF-16 that lacks a byte": dropped(utf_16(FIRST + WITHDRAWN), 101),
    "the mark of UTF-16 before UTF-8": b"\xff\xfe" + WITHDRAWN.encode(),
    "the first bytes of gzip before a text": b"\x1f\x8b" + WITHDRAWN.encode(),
    "the first bytes of zstd before a text": b"\x28\xb5\x2f\xfd" + WITHDRAWN.encode(),
    "a text behind a damaged gzip": gzip.compress(FIRST.encode())[:-12] + b"\n" + WITHDRAWN.encode(),
    "a gzip behind a damaged one": gzip.compress(FIRST.encode())[:-12] + gzip.compress(WITHDRAWN.encode()),
    "a gzip behind a text": FIRST.encode() + gzip.compress(WITHDRAWN.encode()),
    "a gzip in a gzip": gzip.compress(gzip.compress(WITHDRAWN.encode())),
    "a terminal's colours": re.sub("(ann|ben)@", "\x1b[01;31m\x1b[K\\1\x1b[m\x1b[K@", WITHDRAWN).encode(),
}  # fmt: skip


@pytest.mark.parametrize("way", DAMAGED)
def test_whoever_withdraws_in_a_damaged_object_is_out(filled, tmp_path, way):
    (tmp_path / "customer" / "b.json").write_bytes(DAMAGED[way])
    run(filled, tmp_path, now=HOURS[6], max_rejected=1.0)
    assert {email(who) for who in GONE}.isdisjoint(trusted(filled))
    assert email("cleo") in trusted(filled)
