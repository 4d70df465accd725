"""The public sample, where it stands beside the checkout, and all the ways in which it can be delivered."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from stedi.contract import landing_contract
from stedi.landing.fetch import fetch_object
from stedi.landing.limits import KIB, MIB, Limits
from stedi.landing.objects import find_objects, local_object
from stedi.landing.read_landing import read_landing
from stedi.landing.split import Split

pytestmark = pytest.mark.sample
COUNTS = {"customer": 956, "accelerometer": 81_273, "step_trainer": 28_680}


@pytest.mark.parametrize("table", COUNTS)
def test_every_record_of_the_sample_is_good(public_sample: Path, table: str) -> None:
    split = read_landing(public_sample / table, table)
    assert (len(split.kept), len(split.rejected)) == (COUNTS[table], 0)
    contract = landing_contract(table)
    records = 0
    for obj in find_objects(public_sample, contract):
        with fetch_object(obj) as fetched:
            assert (
                sum(len(part.kept) for part in fetched.splits(contract, run=None)) == fetched.summary.records
            )
            records += fetched.summary.records
            assert fetched.summary.consent_field is (table == "customer")
    assert records == COUNTS[table]


def test_the_sample_says_what_is_known_of_it(public_sample: Path) -> None:
    customers = read_landing(public_sample / "customer", "customer_landing").kept
    assert customers["share_with_research_as_of_date"].null_count() == 474
    assert (customers["birth_day"] < "1900-01-01").sum() + (
        customers["birth_day"].str.len_chars() < 10
    ).sum() >= 906


DELIVERIES = {
    "crlf": lambda text: text.replace(b"\n", b"\r\n"),
    "back to back": lambda text: text.replace(b"\n", b""),
    "back to back with spaces": lambda text: text.replace(b"\n", b" "),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "blank lines": lambda text: text.replace(b"\n", b"\n \n\n"),
    "gzip": gzip.compress,
    "gzip members": lambda text: b"".join(gzip.compress(part) for part in (text[:1000], text[1000:])),
    "zstd": lambda text: pa.Codec("zstd").compress(text).to_pybytes(),
    "lower-case keys": lambda text: text.replace(b"timestamp", b"TIMESTAMP").replace(
        b"serialNumber", b"serialnumber"
    ),
    "mixed keys": lambda text: b"".join(
        line.replace(b"serialNumber", b"SerialNumber").replace(b'"user"', b'"User"') if number % 3 else line
        for number, line in enumerate(text.splitlines(keepends=True))
    ),
}


def read(content: bytes, table: str, folder: Path, limits: Limits) -> Split:
    file = folder / "object"
    file.write_bytes(content)
    contract = landing_contract(table)
    with fetch_object(local_object(str(file), contract), limits=limits) as fetched:
        split = Split.concat(fetched.splits(contract, run=None), contract)
    return Split(split.kept.drop("_digest"), split.rejected)


@pytest.mark.parametrize("table", COUNTS)
@pytest.mark.parametrize("delivery", DELIVERIES)
def test_the_sample_reads_the_same_however_it_is_delivered(
    public_sample: Path, tmp_path: Path, table: str, delivery: str
) -> None:
    text = max((public_sample / table).rglob("*.json")).read_bytes()
    plain = read(text, table, tmp_path, Limits())
    same = read(DELIVERIES[delivery](text), table, tmp_path, Limits())
    assert len(plain.kept) == text.count(b"}")
    assert_frame_equal(plain.kept, same.kept, check_exact=True)
    assert same.rejected.is_empty()


@pytest.mark.parametrize("chunk", [KIB, 10_000, 64 * KIB, MIB, 16 * MIB])
@pytest.mark.parametrize("end", [b"\n", b""])
def test_the_sample_reads_the_same_in_chunks_of_any_size(
    public_sample: Path, tmp_path: Path, chunk: int, end: bytes
) -> None:
    text = max((public_sample / "accelerometer").rglob("*.json")).read_bytes().replace(b"\n", end)
    plain = read(text, "accelerometer", tmp_path, Limits(fast=False))
    same = read(text, "accelerometer", tmp_path, Limits(chunk=chunk, few=5, short=0))
    assert_frame_equal(plain.kept, same.kept, check_exact=True)
    assert (len(plain.kept), len(same.rejected)) == (text.count(b"}"), 0)
