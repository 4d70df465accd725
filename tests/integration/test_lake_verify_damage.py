"""stedi verify on damaged lakes: each damaged or lost file is a finding, and the rest is audited."""

import json
from pathlib import Path

import pytest

from lakes import PUBLISHED, IcebergTable, local
from plants import data_files, write
from stedi.governance.verify import verify

OWNER = "w5-fiona.k@example.com"
"""Somebody whom several tables name: planted where nobody may be named."""
RULE = {"ledger", "customers", "readings", "accounts"}


def newest_data_file(folder, table):
    return data_files(folder, table)[0]


def manifest(folder, table):
    return local(IcebergTable.of(folder, table).manifests()[0])


def manifest_list(folder, table):
    found = IcebergTable.of(folder, table)
    (snapshot,) = [each for each in found.metadata["snapshots"] if each["snapshot-id"] == found.main]
    return local(snapshot["manifest-list"])


def metadata(folder, table):
    return IcebergTable.of(folder, table).file


def middle(file):
    """Write over the middle of a file."""
    stored = file.read_bytes()
    half = len(stored) // 2
    file.write_bytes(stored[: half - 40] + b"\xff" * 80 + stored[half + 40 :])


def cut(file):
    """Leave the first half of a file."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def nothing(file):
    file.write_bytes(b"")


DAMAGE = {
    "a page of a landing table": (newest_data_file, "accelerometer_landing", middle, set()),
    "a cut landing file": (newest_data_file, "customer_landing", cut, RULE),
    "an empty landing file": (newest_data_file, "step_trainer_landing", nothing, {"ledger", "readings"}),
    "a cut quarantine": (newest_data_file, "quarantine", cut, RULE),
    "a cut ledger": (newest_data_file, "object", cut, {"ledger"}),
    "a cut file of trusted customers": (newest_data_file, "customer_trusted", cut, {"customers"}),
    "a page of a bucket": (newest_data_file, "accelerometer_trusted", middle, {"readings"}),
    "a cut training table": (newest_data_file, "machine_learning_curated", cut, {"readings"}),
    "a manifest": (manifest, "accelerometer_trusted", middle, {"readings"}),
    "a cut manifest": (manifest, "customer_landing", cut, RULE),
    "a manifest list": (manifest_list, "customer_curated", middle, {"readings"}),
    "metadata": (metadata, "step_trainer_trusted", cut, {"readings"}),
    "empty metadata": (metadata, "tombstone", nothing, RULE),
    "a lost data file": (newest_data_file, "machine_learning_curated", Path.unlink, {"readings"}),
    "a lost manifest": (manifest, "customer_curated", Path.unlink, {"readings"}),
    "lost metadata": (metadata, "object", Path.unlink, {"ledger"}),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_or_lost_file_is_named_and_the_rest_is_audited(filled, damage):
    find, table, harm, kept_from = DAMAGE[damage]
    file = find(filled.folder, table)
    write(filled.folder / "warehouse/stedi/leak.log", f"to {OWNER}".encode())
    harm(file)
    found = filled.lake.verify()
    code = "lost_file" if harm is Path.unlink else "damaged_file"
    (finding,) = [each for each in found.findings if each.code == code]
    assert file.name in f"{finding.place} {finding.problem}"
    # What else is wrong is found, and what is not wrong is not reported: above all, no file as rubbish.
    assert {str(each.code) for each in found.findings} == {code, "foreign_file", "personal_data"}
    checked = {check.name for check in found.checks}
    assert checked >= {"runs", "snapshots", "references", "manifests", "files", "personal data"}
    assert checked.isdisjoint(kept_from)
    missed = " ".join(each for each in found.not_checked if "damaged or gone" in each)
    assert bool(missed) == bool(kept_from)
    assert all(name in missed for name in kept_from)


def test_the_command_ends_with_1_and_names_the_file(filled, stedi):
    file = newest_data_file(filled.folder, "machine_learning_curated")
    cut(file)
    shown = stedi("verify", "--lake", filled.folder, "--json")
    assert shown.code == 1
    assert shown.err == ""
    (finding,) = json.loads(shown.out)["findings"]
    assert finding["code"] == "damaged_file"
    assert finding["place"].endswith(file.name)


def test_every_table_may_be_damaged_at_once(filled):
    for table in PUBLISHED:
        for file in data_files(filled.folder, table):
            cut(file)
    found = filled.lake.verify()
    files = {file.name for table in PUBLISHED for file in data_files(filled.folder, table)}
    assert {each.place.rpartition("/")[2] for each in found.findings} == files


def test_files_that_cannot_be_listed_are_a_finding(filled, monkeypatch):
    """So is each check that needs them: nothing is known of any table's files."""

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(verify, "find_files", refuse)
    outcome = filled.lake.verify()
    assert {str(each.code) for each in outcome.findings} == {"damaged_file"}
    assert {each.place for each in outcome.findings} >= {"files", *RULE}
    assert outcome.not_checked[0].startswith("files, ")
