"""Erasing in a landing root that others write to: what was read is replaced, and nothing else."""

import gzip
import json
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from lakes import lake_at, put, run, sent
from stedi.governance.erase.subject import Subject
from worlds import HOURS, NOW, customer, reading, step

ANN, BOB = "ann@ex.com", "bob@ex.com"
LATER = NOW + timedelta(hours=1)
LOOKING, REWRITING = "looking through landing objects", "rewriting landing objects"


def record(email, serial, **others):
    return json.dumps(sent(customer(email, serial, **{"share": HOURS[0], "customer_name": "N", **others})))


BOTH = [record(ANN, "device-ann"), record(BOB, "device-bob")]


class Place:
    """A tiny lake of Ann and Bob, whose customer records stand in one file."""

    def __init__(self, folder, name="a.json", root="landing"):
        self.landing = folder / root
        self.file = put(self.landing, f"customer/{name}", BOTH)
        readings = [sent(reading(email, HOURS[2])) for email in (ANN, BOB)]
        steps = [sent(step(serial, HOURS[2])) for serial in ("device-ann", "device-bob")]
        put(self.landing, "accelerometer/a.json", readings)
        put(self.landing, "step_trainer/a.json", steps)
        self.lake = lake_at(folder / "lake", buckets=2)

    def run(self, now=NOW):
        return run(self.lake, self.landing, now=now, max_rejected=1)

    def erase(self, at=None, act=None, **options):
        """Erase Ann; do something once when the erasure has come to a point."""
        done = []

        def meanwhile(what, *_):
            if what == at and not done:
                done.append(what)
                act()

        return self.lake.erase(email=ANN, landing=self.landing, progress=meanwhile, **options)

    def texts(self):
        return "".join(file.read_text() for file in self.landing.rglob("customer/*") if file.is_file())

    def is_sound(self):
        return self.lake.verify(older_than=timedelta(0)).findings == ()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.mark.parametrize("at", [LOOKING, REWRITING])
def test_a_withdrawal_that_is_appended_meanwhile_is_kept_and_counts(place, at):
    place.run()
    withdrawn = record(BOB, "device-bob", at=HOURS[5]).replace("shareWithResearchAsOfDate", "x")

    def append():
        with place.file.open("a") as out:
            out.write(f"{withdrawn}\n")

    receipt = place.erase(at, append)
    assert receipt.remains.objects == ()
    assert place.file.read_text() == f"{BOTH[1]}\n{withdrawn}\n"
    # The receipt tells the bytes that are there.
    (told,) = [each for each in receipt.objects if "customer" in each.path]
    place.run(LATER)
    ledger = place.lake.scan("object").collect()
    assert told.digest_after in set(ledger["digest"])
    assert place.lake.scan("customer_trusted").collect().is_empty()
    assert place.is_sound()


def test_nothing_of_a_sender_who_never_stops_is_lost(place):
    place.run()
    stop = threading.Event()
    written = []

    def send():
        while not stop.is_set():
            with place.file.open("a") as out:
                out.write(f"{record(BOB, f'device-{len(written)}-of-bob')}\n")
            written.append(len(written))
            time.sleep(0.002)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        place.erase()
    finally:
        stop.set()
        sender.join()
    assert written
    assert [each for each in written if f"device-{each}-of-bob" not in place.texts()] == []
    place.lake.erase(email=ANN, landing=place.landing)
    assert ANN not in place.texts()


def test_a_sender_that_keeps_its_file_open_loses_nothing_until_the_erasure_ends(place):
    place.run()
    withdrawn = record(BOB, "device-bob", at=HOURS[5]).replace("shareWithResearchAsOfDate", "x")
    with place.file.open("a") as held:

        def go_on():
            held.write(f"{withdrawn}\n{record(ANN, 'device-ann', at=HOURS[4])}\n")
            held.flush()

        receipt = place.erase("deleting files", go_on)
    assert receipt.remains.objects == ()
    assert place.file.read_text() == f"{BOTH[1]}\n{withdrawn}\n"
    place.run(LATER)
    assert place.lake.scan("customer_trusted").collect().is_empty()
    assert place.is_sound()


@pytest.mark.parametrize("at", ["looking through landing objects", "publishing", "deleting files"])
def test_what_came_while_the_erasure_was_at_work_is_named(place, at):
    place.run()
    receipt = place.erase(at, lambda: put(place.landing, "customer/late.json", BOTH))
    (left,) = receipt.remains.objects
    assert left.why.startswith("it came, or was written to, while the erasure was at work")
    assert ANN not in receipt.to_json()
    assert place.erase().remains.objects == ()
    assert ANN not in place.texts()


def test_what_is_written_to_the_old_bytes_while_they_are_replaced_comes_over(place, monkeypatch):
    place.run()
    replace = Path.replace
    written = []
    last = record(BOB, "device-late")
    with place.file.open("a") as held, monkeypatch.context() as patched:

        def write_first(path, new):
            if Path(new) == place.file and not written:
                written.append(held.write(f"{last}\n"))
                held.flush()
            return replace(path, new)

        patched.setattr(Path, "replace", write_first)
        receipt = place.erase()
    assert receipt.remains.objects == ()
    assert place.file.read_text() == f"{BOTH[1]}\n{last}\n"
    assert [file.name for file in place.landing.rglob("customer/*")] == ["a.json"]
    place.run(LATER)
    assert place.is_sound()


@pytest.mark.parametrize("at", [LOOKING, REWRITING])
def test_a_file_that_is_swapped_for_a_link_that_leads_out_is_not_read(place, tmp_path, at):
    place.run()
    outside = tmp_path / "outside.json"
    outside.write_text(text := f"{record(ANN, 'device-x')}\n")

    def swap():
        place.file.unlink()
        place.file.symlink_to(outside)

    receipt = place.erase(at, swap)
    (left,) = receipt.remains.objects
    assert (left.path.partition(" ")[0], "leads out" in left.why) == ("customer/a.json", True)
    assert outside.read_text() == text
    assert place.file.is_symlink()
    # A link that leads out before is no reason to erase nobody.
    assert place.lake.erase(email=BOB, landing=place.landing).outcome == "erased"


@pytest.mark.parametrize("at", [LOOKING, REWRITING])
def test_a_file_that_is_gone_is_named_without_what_names_anybody(tmp_path, at):
    place = Place(tmp_path, name=f"form of {ANN}.json")
    place.run()
    receipt = place.erase(at, place.file.unlink)
    (left,) = receipt.remains.objects
    assert "is gone" in left.why
    assert left.path.partition(" ")[0] == "customer/<redacted>.json"
    assert place.is_sound()


def test_a_landing_root_that_is_named_after_the_person_stays_where_it_is(tmp_path):
    place = Place(tmp_path, root=f"drive of {ANN}/landing")
    place.run()
    receipt = place.erase()
    assert place.file.read_text() == f"{BOTH[1]}\n"
    (left,) = receipt.remains.objects
    assert "the path of the landing root itself names them" in left.why
    assert ANN not in receipt.to_json()
    assert not any(ANN in path for path in place.lake.scan("object").collect()["path"])
    assert place.run(LATER).objects == 0
    assert place.is_sound()


FORMS = {
    "an address": f"GET https://app.example/leave?user={ANN} HTTP/1.1\n".encode(),
    "percent-encoded": f"GET /leave?email={ANN.replace('@', '%40')} HTTP/1.1\n".encode(),
    "html": f"<p>{ANN.replace('@', '&#64;')}</p>\n".encode(),
    "utf-16": f"{record(ANN, 'device-ann', share=None)}\n".encode("utf-16-le"),
    "csv": b'"{""email"": ""ann@ex.com"", ""serialNumber"": ""device-ann""}"\n',
}
"""A broken line of Ann, and of nobody else."""


@pytest.mark.parametrize("form", FORMS)
def test_a_broken_line_of_a_person_goes_in_whatever_form_it_names_them(place, form):
    file = place.landing / "customer/broken.json"
    bob = f"{record(BOB, 'device-bob', at=HOURS[4])}\n".encode()
    file.write_bytes(bob + FORMS[form])
    place.run()
    assert place.lake.scan("customer_trusted").collect()["email"].to_list() == [BOB]
    receipt = place.erase()
    assert receipt.remains.objects == ()
    # Of UTF-16 the second half of the last line break is left.
    assert file.read_bytes().rstrip(b"\0") == bob
    held = place.lake.scan("quarantine").collect()
    assert not any(ANN in name for names in held["emails"] for name in names)
    assert place.is_sound()
    put(place.landing, "customer/again.json", []).write_bytes(FORMS[form] * 2)
    place.run(LATER)
    held = place.lake.scan("quarantine").collect()
    assert not any(ANN in name for names in held["emails"] for name in names)
    assert place.lake.scan("customer_trusted").collect()["email"].to_list() == [BOB]
    assert place.is_sound()


def test_an_audit_finds_a_name_that_runs_into_something_else(place, monkeypatch):
    (place.landing / "customer/broken.json").write_bytes(FORMS["an address"])
    place.run()
    # As an erasure did that took such a reading for somebody else's name.
    monkeypatch.setattr(Subject, "reads", lambda self, name: self.has_email(name))
    place.erase()
    found = place.lake.verify(older_than=timedelta(0)).findings
    assert "quarantine, main" in {each.place for each in found if str(each.code) == "erased_person"}


def test_an_object_whose_end_is_damaged_is_named_whether_the_person_was_found_in_it_or_not(place):
    packed = [gzip.compress(f"{line}\n".encode()) for line in BOTH]
    for name, text in zip(("of-ann", "of-bob"), packed, strict=True):
        (place.landing / f"customer/{name}.json.gz").write_bytes(text[:-8] + bytes(4) + text[-4:])
    place.run()
    receipt = place.erase()
    left = {each.why for each in receipt.remains.objects}
    assert (len(receipt.remains.objects), left) == (2, {"its end can't be read"})


def test_files_beside_the_objects_are_named_if_they_hold_the_person(place):
    place.run()
    for name in ("customer/_old/a.json", "customer/.hidden.json", "other/a.json", "notes.txt"):
        put(place.landing, name, [BOTH[0]])
    put(place.landing, f"x/{ANN}.txt", ["nothing"])
    put(place.landing, "of-bob.json", [BOTH[1]])
    receipt = place.erase()
    whys = [each.why.partition(", and ")[2].partition(":")[0] for each in receipt.remains.objects]
    assert sorted(whys) == ["it holds the person"] * 4 + ["its name holds the person"]
    assert all(each.why.startswith("no run reads it") for each in receipt.remains.objects)
    assert not any(ANN in each.path for each in receipt.remains.objects)
    assert (place.landing / "other/a.json").exists()


@pytest.mark.parametrize(
    "serial",
    [
        "417",
        "step_trainer",
        *(
            pytest.param(each, marks=pytest.mark.campaign)
            for each in ("2022", "unknown", "customer_id", "a1b2c3")
        ),
    ],
)
def test_a_device_that_is_called_like_a_word_or_a_number_goes_and_no_word_with_it(tmp_path, serial):
    place = Place(tmp_path)
    note = json.dumps({"email": BOB, "phone": {}, "note": f"the {serial} of 2022"})
    put(place.landing, "customer/2022/b.json", [record(ANN, serial, customer_name="Step Trainer"), note])
    put(place.landing, "step_trainer/b.json", [sent(step(serial, HOURS[3])), '{"serialNumber": 2022.5, "x'])
    place.run()
    files = sorted(place.landing.rglob("*.json"))
    receipt = place.erase()
    assert sorted(place.landing.rglob("*.json")) == files
    assert receipt.devices == 2
    left = (place.landing / "step_trainer/b.json").read_text()
    assert left == '{"serialNumber": 2022.5, "x\n'
    assert (place.landing / "customer/2022/b.json").read_text() == f"{note}\n"
    if serial != "a1b2c3":
        assert note in place.lake.scan("quarantine").collect()["raw"].to_list()
    assert place.run(LATER).objects == 0
    assert place.is_sound()


def test_twins_and_objects_that_become_equal_are_entered_as_a_fresh_load_would(place):
    put(place.landing, "customer/twin.json", BOTH)
    for name, at in (("b", HOURS[2]), ("c", HOURS[3])):
        put(place.landing, f"customer/{name}.json", [record(ANN, "device-ann", at=at)])
    place.run()
    place.erase()
    assert place.run(LATER).objects == 0
    assert place.is_sound()
    fresh = lake_at(place.landing.with_name("fresh"), buckets=2)
    run(fresh, place.landing)
    told = []
    for lake in (place.lake, fresh):
        ledger = lake.scan("object").collect().filter(table_name="customer_landing")
        entries = {}
        for file in sorted(place.landing.glob("customer/*")):
            # The entry by which the next run knows it.
            mine = ledger.filter(path=str(file), version=str(file.stat().st_mtime_ns))
            (entries[file.name],) = mine.select("size", "digest", "duplicate").rows()
        told.append(entries)
    assert len(told[0]) == 4
    assert told[0] == told[1]


def test_links_inside_the_root_lead_to_the_renamed_file(tmp_path):
    place = Place(tmp_path, name=f"of {ANN}.json")
    for name in ("link.json", f"{ANN} link.json"):
        (place.landing / "customer" / name).symlink_to(place.file.name)
    place.run()
    assert place.erase().remains.objects == ()
    files = sorted(place.landing.glob("customer/*"))
    assert len(files) == 3
    assert all(file.read_text() == f"{BOTH[1]}\n" and ANN not in str(file) for file in files)
    assert sum(ANN in str(file.readlink()) for file in files if file.is_symlink()) == 0
    assert place.run(LATER).objects == 0
    assert place.is_sound()


def test_two_objects_whose_new_names_are_the_same_both_stay(tmp_path):
    place = Place(tmp_path, name=f"{ANN}.json")
    put(place.landing, f"customer/{ANN.upper()}.json", [record(BOB, "device-bob", at=HOURS[4])])
    place.run()
    assert place.erase().remains.objects == ()
    assert len(list(place.landing.glob("customer/*"))) == 2
    assert ANN not in place.texts().lower()
    assert place.run(LATER).objects == 0


def test_a_device_that_somebody_else_has_by_now_is_theirs(place):
    place.run()
    at = place.lake.erase(email=ANN).erased_at
    later = at + timedelta(minutes=1)
    new = record(BOB, "device-ann", at=later, share=later, registration_date=later)
    put(place.landing, "customer/new.json", [new])
    put(place.landing, "step_trainer/new.json", [sent(step("device-ann", later))])
    place.run(at + timedelta(hours=1))
    receipt = place.lake.erase(email=ANN, landing=place.landing)
    assert receipt.outcome == "erased"
    assert "device-ann" not in (place.landing / "step_trainer/a.json").read_text()
    assert "device-ann" in (place.landing / "step_trainer/new.json").read_text()
    assert "device-ann" in set(place.lake.scan("step_trainer_landing").collect()["serial_number"])
    assert place.is_sound()


def test_a_torn_line_that_names_two_people_stays_and_is_named(place):
    torn = f'"{ANN}","{BOB}", cut o'
    with place.file.open("a") as out:
        out.write(f"[{BOTH[1]}, {BOTH[0]}]\n{torn}\n")
    place.run()
    # Each of the two claims the other's device by it.
    receipt = place.erase(device="keep")
    assert place.file.read_text() == f"{BOTH[1]}\n[{BOTH[1]}]\n{torn}\n"
    (left,) = receipt.remains.objects
    assert left.why == "1 record of others names them too"


@pytest.mark.parametrize("called", ["by a link", "through a linked folder", "from where one is"])
def test_a_root_may_be_called_by_another_path(tmp_path, monkeypatch, called):
    """What a run reads is told from what lies beside it, whatever the root is called."""
    place = Place(tmp_path / "real")
    place.run()
    put(place.landing, "notes.txt", [f"call {ANN}"])
    (tmp_path / "link").symlink_to(place.landing)
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    roots = {
        "by a link": tmp_path / "link",
        "through a linked folder": tmp_path / "linked" / "landing",
        "from where one is": Path("real/landing"),
    }
    place.landing = roots[called]
    receipt = place.erase()
    assert {each.path for each in receipt.objects} == {
        f"{kind}/a.json" for kind in ("customer", "accelerometer", "step_trainer")
    }
    assert [each.why.partition(":")[0] for each in receipt.remains.objects] == [
        "no run reads it, and it holds the person"
    ]
    assert ANN not in place.texts()


def test_a_pipe_beside_the_objects_is_not_waited_for(place):
    place.run()
    os.mkfifo(place.landing / "pipe")
    receipt = place.erase()
    (left,) = receipt.remains.objects
    assert left.why.startswith("no run reads it")
    assert len(receipt.objects) == 3
