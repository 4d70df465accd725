"""Receipts are signed and chained as bytes: each of these is read and written as it was at first."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

import stedi
from stedi.errors import ReceiptError
from stedi.pipeline.receipts.receipt import (
    LeftObject,
    Receipt,
    Remains,
    RemovedFile,
    RewrittenObject,
    Scanned,
    TableErasure,
)
from worlds import SECRET

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
FILE = RemovedFile(name="00000-0-a.parquet", sha256="ab" * 32, bytes=4096)
GONE = TableErasure(table="customer_landing", rows=2, rewritten=1, removed=(FILE,), snapshots=3)
NOTHING = TableErasure(table="quarantine", rows=0, rewritten=0, removed=(), snapshots=0)
OBJECT = RewrittenObject(
    path="customer/<redacted>.json", digest_before="1" * 16, digest_after="2" * 16, records=2
)
LEFT = LeftObject(path="customer/<redacted>.json.gz", why="its end can't be read")

PLANNED = Receipt(
    number=None,
    previous=None,
    outcome="planned",
    subject="0123456789abcdef0123456789abcdef",
    devices=1,
    shared_devices=0,
    device_decision=None,
    key_fingerprint="f00dcafe",
    code_version="1.2.3",
    asked_at=AT,
    asked_by="privacy office",
    reason=None,
    erased_at=None,
    finished_at=AT + timedelta(microseconds=5),
    resumed=False,
    tables=(GONE, NOTHING),
    objects=(),
    refs_dropped=(),
    refs_moved=(),
    refs_rebuilt=(),
    refs_holding=("training",),
    files_deleted=0,
    bytes_freed=0,
    scanned=Scanned(files=7, bytes=70_000, objects=0, object_bytes=0, decoded_after=0),
    remains=Remains(
        trained_on=("20260101T000000Z-aaaaaa",),
        unknown_runs=("20260101T000000Z-bbbbbb",),
        objects=(),
        shared_devices=0,
        foreign_files=0,
        elsewhere=("backups",),
    ),
)
RECEIPTS = {
    "planned": PLANNED,
    "erased": Receipt(
        number=1,
        previous="0" * 64,
        outcome="erased",
        subject=PLANNED.subject,
        devices=1,
        shared_devices=2,
        device_decision="keep",
        key_fingerprint="f00dcafe",
        code_version="1.2.3",
        asked_at=AT,
        asked_by="Büro für “Datenschutz” \\ <b>",
        reason="Anfrage nº 7\nzweite Zeile",
        erased_at=AT + timedelta(milliseconds=1),
        finished_at=AT + timedelta(seconds=90, microseconds=250),
        resumed=True,
        tables=(GONE, NOTHING),
        objects=(OBJECT,),
        refs_dropped=("a", "b"),
        refs_moved=("c",),
        refs_rebuilt=("d",),
        refs_holding=(),
        files_deleted=12,
        bytes_freed=123_456,
        scanned=Scanned(files=7, bytes=70_000, objects=3, object_bytes=900, decoded_after=41),
        remains=Remains(
            trained_on=(),
            unknown_runs=(),
            objects=(LEFT,),
            shared_devices=2,
            foreign_files=1,
            elsewhere=("backups", "exports"),
            files=(LeftObject(path="notes.txt", why="stedi did not write it"),),
        ),
    ),
    "nothing_left": replace(
        PLANNED,
        number=2,
        previous="ab" * 32,
        outcome="nothing_left",
        erased_at=AT + timedelta(days=1),
        tables=(),
        refs_holding=(),
    ),
    "nobody": replace(PLANNED, outcome="nobody", tables=(), refs_holding=(), reason="a letter"),
}
DIGESTS = {
    "planned": (
        "7506417c32f0086d2ad0ef81450861e053100ee7baa9465098375a117cba0b18",
        "2b3662eb7e8388a1e0b0de99e3a732ea982d8e179dc72f65badc6e0d66764f1e",
    ),
    "erased": (
        "bb95a9154ccd66e043320f61b60acf259142cad0a87bca231ec439885068af39",
        "304d3ea92e5fb1ff152ae34792750e95f06c51358c8d7365c8bff9be49e83caf",
    ),
    "nothing_left": (
        "5d4b0e8f34c382e8a317dc565a6081fae7fef7dc7a19abd063a1c58ce24b3083",
        "373730e7b73e62731a990536ca7fc13a2f5fc6c9e2c93c36708d9fad42f9e0c0",
    ),
    "nobody": (
        "cd294abd5408b8120070472215c2194312e2738a15ae7326107ba2e10681b954",
        "9dab71aa11aee028e1628a57c31e3616ecac380fb0022b3f0aebde14ed508d64",
    ),
}
"""The SHA-256 of what is signed, and the digest by which the next receipt names each."""


def signed(name: str) -> Receipt:
    receipt = RECEIPTS[name]
    if receipt.number is None:
        return receipt
    return replace(receipt, signature=stedi.Pseudonyms(SECRET).sign(receipt.body()))


@pytest.mark.parametrize("name", RECEIPTS)
def test_a_receipt_is_the_same_bytes_as_ever(name):
    receipt = signed(name)
    assert receipt.to_json().encode() == (GOLDEN / f"{name}.json").read_bytes()
    assert receipt.to_markdown().encode() == (GOLDEN / f"{name}.md").read_bytes()
    assert (sha256(receipt.body()).hexdigest(), receipt.digest()) == DIGESTS[name]


@pytest.mark.parametrize("name", RECEIPTS)
def test_what_was_written_is_read_as_it_was(name):
    text = (GOLDEN / f"{name}.json").read_bytes()
    for given in (text, text.decode()):
        receipt = Receipt.from_json(given)
        assert receipt == signed(name)
        assert (receipt.to_json().encode(), receipt.digest()) == (text, DIGESTS[name][1])


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.update(format="stedi-erasure-receipt-0"),
        lambda found: found.pop("format"),
        lambda found: found.update(more=1),
        lambda found: found.pop("reason"),
        lambda found: found["remains"].update(more=1),
        lambda found: found["remains"].update(files=[]),
        lambda found: found["remains"].pop("elsewhere"),
        lambda found: found["tables"][0].pop("rows"),
        lambda found: found["tables"][0]["removed"][0].update(path="x"),
        lambda found: found.update(asked_at="yesterday"),
        lambda found: found.update(tables=1),
    ],
)
def test_what_has_more_or_less_in_it_is_no_receipt(change):
    found = json.loads((GOLDEN / "erased.json").read_bytes())
    change(found)
    with pytest.raises(ReceiptError, match="this is no receipt"):
        Receipt.from_json(json.dumps(found))


@pytest.mark.parametrize("text", ["", "1", "[]", "{", "null", "[" * 100_000, b"\xff"])
def test_what_is_no_json_object_is_no_receipt(text):
    with pytest.raises(ReceiptError, match="this is no receipt"):
        Receipt.from_json(text)
