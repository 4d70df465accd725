"""Every number of ``defects.json``, counted again from the files."""

import json
import re
from collections import Counter

import pytest
from plain_reader import TABLES, judged, read_table, records_of, unpack

from stedi.contract.reasons import Rejection
from stedi.simulate import simulate
from stedi.simulate.damage import damages_of
from stedi.simulate.layout import FileLayout
from stedi.simulate.spelling import spellings_of

# There are many phone readings: those of small simulations are counted in test_generate.py.
NOUNS = [pytest.param(noun, marks=pytest.mark.campaign if noun == "accelerometer" else ()) for noun in TABLES]


@pytest.mark.parametrize("noun", NOUNS)
def test_kept_and_rejected_are_what_a_plain_reader_finds(dirty, noun):
    read, written = read_table(dirty.landing, noun), dirty.of(noun)
    assert read.good.total() == written.kept
    assert read.reasons == written.rejected
    assert written.written == written.kept + sum(written.rejected.values())


@pytest.mark.parametrize("noun", NOUNS)
def test_each_bad_record_stands_where_the_truth_says(dirty, noun):
    places = [json.loads(line) for line in (dirty.truth / "rejected.ndjson").read_text().splitlines()]
    told = {
        (place["object"], place["position"], place["reason"])
        for place in places
        if place["table"] == f"{noun}_landing"
    }
    assert told == set(read_table(dirty.landing, noun).bad)


@pytest.mark.parametrize("noun", TABLES)
def test_each_kind_of_defect_occurs(dirty, noun):
    kinds = {defect.kind for defect in dirty.defects if defect.table == f"{noun}_landing"}
    assert {damage.kind for damage in damages_of(noun)} <= kinds
    assert {spelling.kind for spelling in spellings_of(noun)} <= kinds
    assert set(FileLayout) - {FileLayout.NDJSON} <= kinds


def test_all_reasons_occur_but_the_length(dirty):
    reasons = {reason for written in dirty.written for reason in written.rejected}
    assert set(Rejection) - reasons == {Rejection.TOO_LONG}


@pytest.mark.parametrize("noun", TABLES)
def test_the_layouts_are_counted_from_the_bytes(dirty, noun):
    files = [file for file in (dirty.landing / noun).rglob("*") if file.is_file()]
    texts = {file: unpack(file) for file in files}
    contents = Counter(file.read_bytes() for file in files)
    found = {
        "gzip": sum(file.read_bytes().startswith(b"\x1f\x8b") for file in files),
        "zstd": sum(file.read_bytes().startswith(b"\x28\xb5\x2f\xfd") for file in files),
        "bom": sum(text.startswith(b"\xef\xbb\xbf") for text in texts.values()),
        "crlf": sum(b"\r\n" in text for text in texts.values()),
        "empty_file": contents.pop(b""),
        "back_to_back": sum(b"}{" in text and b"\n" not in text for text in texts.values()),
        "delivered_twice": sum(count - 1 for count in contents.values()),
        "small_file": sum(file.parent.name == "small" for file in files),
        "nested_folder": sum("2024" in file.parts for file in files),
    }
    assert {kind: dirty.count(noun, kind) for kind in found} == found
    assert len(files) == dirty.of(noun).objects
    ((copied, _),) = ((content, count) for content, count in contents.items() if count > 1)
    assert copied.count(b"\n") == dirty.of(noun).redelivered


@pytest.mark.parametrize("noun", NOUNS)
def test_the_other_spellings_are_counted_from_the_text(dirty, noun):
    marks = {
        "extra_key": rb'"appVersion"',
        "extra_nested": rb'"debug"',
        "float_time": rb": \d{13}\.0[,}]",
        "exponent_time": rb": \d\.\d{12}e12[,}]",
        "escaped_text": rb'": "(?:\\u[0-9a-f]{4})+"',
        "spaced_text": rb'^\{"\w+" : ',  # back to back, its last blank stands between records
    }
    if noun == "customer":
        marks |= {"integer_phone": rb'(?i)"phone": \d', "null_optional": rb'(?i)"sharewith\w+": null'}
    if noun == "step_trainer":
        marks["float_integer"] = rb'(?i)"distanceFromObject": \d+\.0\}'
    copies = set((dirty.landing / noun).rglob("*-copy.json"))
    found = Counter()
    for file in set((dirty.landing / noun).rglob("*")) - copies:
        if not file.is_file():
            continue
        for text, (reasons, _) in zip(records_of(file), judged(file, noun), strict=True):
            if not reasons:
                found.update(kind for kind, mark in marks.items() if re.search(mark, text))
    assert {kind: dirty.count(noun, kind) for kind in marks} == found


@pytest.mark.parametrize("noun", TABLES)
def test_repeated_records_are_counted_from_the_records(clean, noun):
    good = read_table(clean.landing, noun).good
    assert clean.count(noun, "delivered_again") == good.total() - len(good) > 0


def test_shared_times_and_strangers_are_counted_from_the_records(clean):
    readings = read_table(clean.landing, "accelerometer").good
    times = {(user, time) for user, time, *_ in readings}
    assert clean.count("accelerometer", "shared_time") == len(readings) - len(times) > 0
    stranger = sum(count for record, count in readings.items() if "@stranger." in record[0])
    assert clean.count("accelerometer", "stranger") == stranger > 0
    known = {record[4].strip().lower() for record in read_table(clean.landing, "customer").good}
    steps = read_table(clean.landing, "step_trainer").good
    plain = re.compile(r"[0-9a-f-]{36}")
    stranger = sum(
        count
        for (_, serial, _), count in steps.items()
        if plain.fullmatch(serial.strip().lower()) and serial.strip().lower() not in known
    )
    assert clean.count("step_trainer", "stranger") == stranger > 0


@pytest.mark.parametrize("seed", [7, 8])
def test_no_two_files_are_equal_but_the_declared_copies(tmp_path, seed, monkeypatch):
    monkeypatch.setattr("stedi.simulate.gait.STANDING_S", 1.0)
    monkeypatch.setattr("stedi.simulate.gait.STEPS", 2)
    simulated = simulate(tmp_path, customers=40, seed=seed, dirt=1.0)
    contents = Counter(path.read_bytes() for path in simulated.paths if path.stat().st_size)
    assert sum(count - 1 for count in contents.values()) == 3
