"""A backup that is restored after an erasure has the person back: a receipt that was kept elsewhere tells."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import stedi as stedi_
from lakes import PSEUDONYMS, lake_at
from stedi.errors import ReceiptError
from stedi.lake.health import health_of
from stedi.pipeline.receipts.receipt import Receipt
from worlds import SECRET

WHO, OTHER = "w5-fiona.k@example.com", "w2-ann@example.com"


@dataclass(frozen=True)
class Restored:
    """A lake as it was before an erasure, and the receipt of that erasure."""

    folder: Path
    receipt: Receipt
    file: Path

    @property
    def lake(self):
        return lake_at(self.folder)


@pytest.fixture(scope="module")
def receipt(bench):
    """Return the receipt of an erasure that the lake forgets whenever it is put back."""
    erased = bench.filled().lake
    receipt = erased.erase(email=WHO, device="erase")
    assert erased.verify(receipts=[receipt]).sound
    return receipt


@pytest.fixture
def restored(receipt, filled, tmp_path):
    file = tmp_path / "receipt.json"
    file.write_text(receipt.to_json())
    return Restored(filled.folder, receipt, file)


def found_by(lake, *receipts):
    return [(str(each.code), each.problem) for each in lake.verify(receipts=receipts).findings]


def test_without_its_receipt_a_restored_lake_looks_sound(restored):
    assert restored.lake.verify().sound


def test_with_it_the_audit_tells_that_the_lake_is_older(restored):
    ((code, problem),) = found_by(restored.lake, restored.receipt)
    assert code == "receipt_gone"
    assert "the lake is older than this erasure" in problem
    assert "has to be done again" in problem


def test_the_erasure_done_again_is_another_receipt_and_the_old_one_is_still_told(restored):
    again = restored.lake.erase(email=WHO, device="erase")
    assert found_by(restored.lake, again) == []
    ((code, problem),) = found_by(restored.lake, restored.receipt, again)
    assert code == "receipt_gone"
    assert "says something else" in problem


def test_one_after_the_erasure_of_somebody_else_is_told_too(restored):
    restored.lake.erase(email=OTHER, device="erase")
    ((code, problem),) = found_by(restored.lake, restored.receipt)
    assert code == "receipt_gone"
    assert "says something else" in problem


def test_a_changed_receipt_is_told_by_its_signature(restored):
    changed = replace(restored.receipt, reason="another")
    ((code, problem),) = found_by(restored.lake, changed)
    assert code == "wrong_receipt"
    assert "signature" in problem


def test_without_the_key_the_chain_is_compared_and_the_signature_said_to_be_unchecked(restored, monkeypatch):
    monkeypatch.delenv("STEDI_PSEUDONYM_KEY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(restored.folder.parent / "none"))
    outcome = stedi_.Lake.open(restored.folder).verify(receipts=[restored.receipt])
    assert [str(each.code) for each in outcome.findings] == ["receipt_gone"]
    assert any(PSEUDONYMS.fingerprint in each and "signature" in each for each in outcome.not_checked)


def test_a_plan_is_no_receipt(restored):
    plan = restored.lake.erase(email=WHO, device="erase", plan=True)
    with pytest.raises(ReceiptError, match="plan"):
        restored.lake.verify(receipts=[plan])


def test_status_warns(restored):
    (told,) = [
        each
        for each in health_of(restored.lake, receipts=[restored.receipt]).warnings
        if each.code == "receipt_gone"
    ]
    assert "receipt no. 1" in told.message
    assert "older than this erasure" in told.message
    restored.lake.erase(email=WHO, device="erase")
    codes = {each.code for each in health_of(restored.lake, receipts=restored.lake.receipts()).warnings}
    assert "receipt_gone" not in codes


def test_the_commands_take_receipts(restored, stedi, monkeypatch):
    monkeypatch.setenv("STEDI_PSEUDONYM_KEY", SECRET.hex())
    options = ("--lake", restored.folder, "--receipt", restored.file, "--json")
    shown = stedi("verify", *options)
    assert shown.code == 1
    assert [each["code"] for each in json.loads(shown.out)["findings"]] == ["receipt_gone"]
    assert "receipt_gone" in {each["code"] for each in stedi("status", *options).json["warnings"]}
    twice = stedi("verify", *options, "--receipt", restored.file)
    assert len(json.loads(twice.out)["findings"]) == 2
    restored.file.write_text("{}")
    refused = stedi("status", *options)
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "receipt" in refused.err


@pytest.mark.campaign
def test_the_lakes_own_receipts_are_audited(restored):
    restored.lake.erase(email=WHO, device="erase")
    restored.lake.erase(email=OTHER, device="erase")
    first, second = sorted((restored.folder / "warehouse/_receipts").iterdir())
    sound = {file: file.read_text() for file in (first, second)}
    assert restored.lake.verify().sound
    for file, change, code in (
        (first, Path.unlink, "lost_file"),
        (second, Path.unlink, "lost_file"),
        (second, lambda each: each.write_text("{}"), "damaged_file"),
        (
            first,
            lambda each: each.write_text(sound[each].replace('"files": ', '"files": 1')),
            "wrong_receipt",
        ),
    ):
        change(file)
        codes = {str(each.code) for each in restored.lake.verify().findings}
        assert codes == {code}, file.name
        if code != "wrong_receipt":
            with pytest.raises(ReceiptError):
                restored.lake.receipts()
        with pytest.raises(ReceiptError):
            restored.lake.check_receipt()
        file.write_text(sound[file])
    assert restored.lake.verify().sound
