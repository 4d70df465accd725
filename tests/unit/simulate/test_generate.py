"""The laws of a simulation: same arguments, same bytes; dirt or not, the same good records."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from plain_reader import TABLES, digest_of, read_table

import stedi
from stedi.errors import ConfigurationError, UnknownNameError
from stedi.simulate import simulate, truth


def test_the_same_arguments_give_the_same_bytes(dirty, tmp_path):
    simulate(tmp_path / "deep" / "er", customers=60, seed=7, dirt=0.01)
    assert digest_of(tmp_path / "deep" / "er") == digest_of(dirty.landing)


def test_another_process_and_hash_seed_give_the_same_bytes(tmp_path):
    code = "import sys, stedi.simulate as s; s.simulate(sys.argv[1], customers=9, seed=3, dirt=0.1)"
    for name, hashes in (("one", "1"), ("two", "2")):
        environment = {"PYTHONHASHSEED": hashes, "POLARS_MAX_THREADS": hashes}
        subprocess.run([sys.executable, "-c", code, tmp_path / name], check=True, env=environment)
    assert digest_of(tmp_path / "one") == digest_of(tmp_path / "two")


def test_another_seed_gives_other_data(tmp_path):
    one, two = (simulate(tmp_path / str(seed), customers=3, seed=seed) for seed in (1, 2))
    for noun in TABLES:
        assert not read_table(one.landing, noun).good & read_table(two.landing, noun).good


@pytest.mark.parametrize("preset", ["easy", "hard"])
def test_another_preset_gives_other_signals_of_the_same_people(tmp_path, preset):
    one, two = (simulate(tmp_path / name, customers=4, preset=name) for name in ("realistic", preset))
    assert read_table(one.landing, "customer").good.keys() == read_table(two.landing, "customer").good.keys()
    assert not read_table(one.landing, "accelerometer").good & read_table(two.landing, "accelerometer").good


@pytest.mark.parametrize(
    "noun", ["customer", "step_trainer", pytest.param("accelerometer", marks=pytest.mark.campaign)]
)
def test_dirt_changes_no_good_record(clean, dirty, noun):
    assert read_table(dirty.landing, noun).good == read_table(clean.landing, noun).good


@pytest.mark.parametrize(
    ("customers", "dirt"),
    [
        *((1, 0.001), (2, 1.0), (5, 0.2)),
        *(
            pytest.param(customers, dirt, marks=pytest.mark.campaign)
            for customers, dirt in ((1, 0.2), (1, 1.0), (2, 0.001), (2, 0.2), (5, 0.001), (5, 1.0))
        ),
    ],
)
def test_dirt_changes_no_good_record_however_much_of_it(tmp_path, customers, dirt):
    clean = simulate(tmp_path / "clean", customers=customers, seed=11)
    dirty = simulate(tmp_path / "dirty", customers=customers, seed=11, dirt=dirt)
    for noun in TABLES:
        read = read_table(dirty.landing, noun)
        assert read.good == read_table(clean.landing, noun).good
        assert read.reasons == dirty.of(noun).rejected
        assert len(read.bad) <= max(read.good.total() * dirt + 0.5, read.good.total() / 4)


def test_rejected_customer_records_know_nobody_of_the_good_ones(dirty):
    good = read_table(dirty.landing, "customer").good
    known = " ".join(f"{record[1]} {record[4]}" for record in good).lower()
    places = [json.loads(line) for line in (dirty.truth / "rejected.ndjson").read_text().splitlines()]
    assert any(place["table"] == "customer_landing" for place in places)
    assert "example.net" not in known
    text = b"\n".join(path.read_bytes() for path in (dirty.landing / "customer").rglob("*.json"))
    assert b"example.net" in text


def test_one_customer_gives_readings_that_pair(tmp_path):
    simulated = simulate(tmp_path, customers=1)
    readings = {record[1] for record in read_table(simulated.landing, "accelerometer").good}
    steps = {record[0] for record in read_table(simulated.landing, "step_trainer").good}
    assert len(steps) >= 600
    assert len(steps & readings) / len(steps) > 0.9


def test_on_two_clocks_few_readings_pair(tmp_path):
    simulated = simulate(tmp_path, customers=3, clocks="two")
    readings = {record[1] for record in read_table(simulated.landing, "accelerometer").good}
    steps = {record[0] for record in read_table(simulated.landing, "step_trainer").good}
    assert len(steps & readings) / len(steps) < 0.1


def test_one_customer_is_asked_for_consent(tmp_path):
    simulated = simulate(tmp_path, customers=1)
    ((record, _),) = read_table(simulated.landing, "customer").good.items()
    assert record[7] is not None


def test_a_hundred_customers_are_a_fair_sample(tmp_path):
    simulated = simulate(tmp_path)
    assert 350_000 < simulated.records < 600_000
    assert 3e7 < sum(path.stat().st_size for path in simulated.paths) < 7e7
    for noun in TABLES:
        assert len(list((tmp_path / noun / "landing").glob("*.json"))) > 3


def test_without_dirt_all_files_are_clean_ndjson(clean):
    assert {path.suffix for path in clean.paths} == {".json"}
    for noun in TABLES:
        assert read_table(clean.landing, noun).bad == []
        assert clean.of(noun).redelivered == 0
    for path in clean.paths:
        text = path.read_bytes()
        assert text.startswith(b"{")
        assert text.endswith(b"}\n")
        assert b"\r" not in text


def test_the_result_and_the_truth_files_say_the_same(dirty):
    truth = json.loads((dirty.truth / "defects.json").read_text())
    assert [(one["table"], one["kind"], one["count"], one["outcome"]) for one in truth["defects"]] == [
        (one.table, one.kind, one.count, one.outcome.value) for one in dirty.defects
    ]
    for table in truth["tables"]:
        written = dirty.of(table["table"])
        assert (table["written"], table["kept"], table["rejected"]) == (
            written.written,
            written.kept,
            {reason.value: count for reason, count in written.rejected.items()},
        )
    assert json.loads((dirty.truth / "simulated.json").read_text()) == {
        "simulated_by": "stedi",
        "customers": 60,
        "seed": 7,
        "dirt": 0.01,
        "preset": "realistic",
        "clocks": "one",
        "order": "time",
        "files": 12,
        "as_of": "2024-06-01T00:00:00+00:00",
    }
    names = (dirty.truth / "files.txt").read_text().splitlines()
    assert [dirty.landing / name for name in names] == list(dirty.paths)


def test_batches_add_up(monkeypatch, tmp_path):
    monkeypatch.setattr("stedi.simulate.generate._SESSIONS_A_BATCH", 3)
    monkeypatch.setattr("stedi.simulate.generate._CUSTOMERS_A_BATCH", 4)
    simulated = simulate(tmp_path, customers=10, seed=5, dirt=0.05, files=60)
    for noun in TABLES:
        read = read_table(simulated.landing, noun)
        assert read.good.total() == simulated.of(noun).kept
        assert read.reasons == simulated.of(noun).rejected
        assert simulated.count(noun, "empty_file") == 1


@pytest.mark.parametrize("files", [1, 5, 40])
def test_readings_go_into_as_many_files_as_asked_for(tmp_path, monkeypatch, files):
    monkeypatch.setattr("stedi.simulate.generate._SESSIONS_A_BATCH", 4)
    simulated = simulate(tmp_path, customers=10, seed=5, files=files)
    for noun in ("accelerometer", "step_trainer"):
        assert files <= simulated.of(noun).objects <= files + 8


def test_time_order_goes_across_the_files(tmp_path):
    spans = {}
    for order in ("time", "shuffled"):
        made = simulate(tmp_path / order, customers=20, seed=5, order=order)
        texts = [path.read_text().splitlines() for path in made.paths if "accelerometer" in path.name]
        spans[order] = [[json.loads(line)["timestamp"] for line in text] for text in texts]
    firsts = [times[0] for times in spans["time"]]
    assert firsts == sorted(firsts)
    # What is delivered twice comes after all others.
    assert all(times == sorted(times) for times in spans["time"][:-1])
    assert all(max(times) - min(times) > 300 * 86_400_000 for times in spans["shuffled"])


def test_shuffled_or_not_it_is_the_same_sessions(tmp_path):
    pseudonyms = stedi.Pseudonyms(bytes(32))
    of_time, of_chance = (
        truth(simulate(tmp_path / order, customers=20, seed=5, order=order).landing, pseudonyms).sessions
        for order in ("time", "shuffled")
    )
    who = ["customer_id", "device_id", "started_at"]
    assert of_time.select(who).equals(of_chance.select(who).sort("started_at"))
    assert not of_chance["started_at"].is_sorted()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"customers": 0}, ConfigurationError),
        ({"files": 0}, ConfigurationError),
        ({"dirt": -0.1}, ConfigurationError),
        ({"dirt": 1.5}, ConfigurationError),
        ({"dirt": float("nan")}, ConfigurationError),
        ({"preset": "medium"}, UnknownNameError),
        ({"clocks": "three"}, UnknownNameError),
        ({"order": "random"}, UnknownNameError),
    ],
)
def test_arguments_out_of_range_are_refused_before_anything_is_written(tmp_path, arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        simulate(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()


def test_an_unknown_table_or_defect_is_named(dirty):
    assert dirty.count("customer", "cut_off") == 1
    with pytest.raises(UnknownNameError, match="cut_off"):
        dirty.count("customer", "cutoff")
    with pytest.raises(UnknownNameError):
        dirty.of("nothing")


def test_importing_the_simulator_loads_nothing_heavy():
    code = "import sys, stedi.simulate; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    roots = Counter(name.split(".")[0] for name in loaded.split())
    assert not {"pyiceberg", "pyspark", "matplotlib", "sklearn", "boto3"} & set(roots)
