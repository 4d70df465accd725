"""stedi erase and stedi receipt, as a user types them."""

import json

import pytest

from lakes import lake_at, put_rows, run
from worlds import DEVICES, HOURS, PEOPLE, SECRET, customer, reading, step

ANN, BOB = PEOPLE[0][0], PEOPLE[3][0]


@pytest.fixture
def lake(tmp_path, monkeypatch):
    """Ann has a device of her own, and Bob one that both listed."""
    monkeypatch.setenv("STEDI_PSEUDONYM_KEY", SECRET.hex())
    own, shared = DEVICES[0][0], DEVICES[1][0]
    put_rows(
        tmp_path / "landing",
        customer=[
            customer(ANN, own, share=HOURS[0]),
            customer(ANN, shared, share=HOURS[0]),
            customer(BOB, shared, share=HOURS[0]),
        ],
        accelerometer=[reading(ANN, HOURS[2]), reading(BOB, HOURS[3])],
        step_trainer=[step(own, HOURS[2]), step(shared, HOURS[3])],
    )
    run(lake_at(tmp_path / "lake"), tmp_path / "landing")
    return tmp_path / "lake"


def test_a_plan_says_what_would_go_and_what_is_to_be_decided(stedi, lake):
    shown = stedi("erase", ANN, "--lake", lake, "--plan")
    assert shown.code == 0, shown.err
    assert "rows of this person would go." in shown.out
    assert "decide with --device keep or --device erase" in shown.out
    assert "This is a plan: nothing was changed." in shown.out
    assert stedi("erase", ANN, "--lake", lake, "--plan", "--json").json["outcome"] == "planned"
    assert stedi("receipt", "list", "--lake", lake).out == "no receipts yet: stedi erase makes them\n"


def test_it_asks_first_and_refuses_where_nobody_can_answer(stedi, lake):
    refused = stedi("erase", ANN, "--lake", lake, "--device", "keep", "--json")
    assert refused.code == 1
    assert "an erasure can't be undone: look at it with --plan, then pass --yes" in refused.err
    undecided = stedi("erase", ANN, "--lake", lake, "--yes")
    assert undecided.code == 1
    assert undecided.err.count("\n") == 1
    assert "Decide with device= (--device)" in undecided.err
    assert ANN not in undecided.err


def test_nobody_is_told_apart_from_somebody_who_was_erased(stedi, lake):
    mistyped = ANN.replace("@", "x@")
    for asked in ((), ("--yes",), ("--plan",), ("--yes", "--json")):
        refused = stedi("erase", mistyped, "--lake", lake, *asked)
        assert refused.code == 1, asked
        assert refused.err.count("\n") == 1
        if asked:
            assert "nobody of this e-mail is in the lake" in refused.err
        assert mistyped not in refused.out + refused.err
    assert json.loads(refused.out)["outcome"] == "nobody"
    assert stedi("receipt", "list", "--lake", lake).out == "no receipts yet: stedi erase makes them\n"


def test_a_file_that_stedi_did_not_write_is_named_where_it_holds_the_person(stedi, lake):
    (lake / "export.csv.part").write_text(f"email,phone\n{ANN},1\n")
    (lake / "notes.txt").write_text(f"ask jo{ANN} about it\n")
    done = stedi("erase", ANN, "--lake", lake, "--yes", "--device", "keep")
    assert done.code == 0, done.err
    assert "still in the folder of the lake: export.csv.part: stedi did not write it" in done.out
    assert "notes.txt" not in done.out
    assert (
        "file `export.csv.part` in the folder of the lake"
        in stedi("receipt", "show", "1", "--lake", lake).out
    )
    file = next((lake / "warehouse/_receipts").iterdir())
    assert stedi("receipt", "check", file, "--lake", lake).code == 0


def test_a_receipt_is_listed_shown_checked_and_found_out_when_changed(stedi, lake, tmp_path):
    done = stedi(
        "erase", ANN, "--lake", lake, "--yes", "--device", "keep", "--reason", "ticket 9", "--by", "me <b>|"
    )
    assert done.code == 0, done.err
    assert "Erased: " in done.out
    assert "no trace" in done.out
    (listed,) = stedi("receipt", "list", "--lake", lake, "--json").json
    assert (listed["reason"], listed["asked_by"], listed["device_decision"]) == (
        "ticket 9",
        "me <b>|",
        "keep",
    )
    shown = stedi("receipt", "show", "1", "--lake", lake).out
    assert shown.startswith("# Erasure receipt, no. 1\n")
    assert ANN not in shown
    assert "| Asked by | me &lt;b>\\| |\n| Reason | ticket 9 |\n" in shown
    file = next((lake / "warehouse/_receipts").iterdir())
    assert json.loads(file.read_text()) == listed
    assert stedi("receipt", "check", file, "--lake", lake).code == 0
    for name, value in (("rows", 0), ("reason", "another"), ("number", 2), ("previous", "0"), ("more", 1)):
        changed = listed | {name: value} if name != "rows" else json.loads(json.dumps(listed))
        if name == "rows":
            changed["tables"][0]["rows"] += 1
        copy = tmp_path / "copy.json"
        copy.write_text(json.dumps(changed))
        refused = stedi("receipt", "check", copy, "--lake", lake)
        assert refused.code == 1, name
        assert "changed" in refused.err
    # One that is missing, or was changed in the lake, breaks the chain of those after it.
    assert stedi("erase", BOB, "--lake", lake, "--yes").code == 0
    assert stedi("receipt", "check", file, "--lake", lake).code == 0
    text = file.read_text()
    file.write_text(text.replace("ticket 9", "ticket 8"))
    copy.write_text(text)
    assert "the signature does not fit" in stedi("receipt", "check", copy, "--lake", lake).err
    file.unlink()
    assert "receipt no. 1 of the lake is missing" in stedi("receipt", "check", copy, "--lake", lake).err
