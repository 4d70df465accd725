"""Datasets of a simulated lake: one clock and two, cards, exports, the same bytes again."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import stedi
from stedi.errors import DatasetError, ExportError
from stedi.ml import StepDataset
from stedi.simulate import simulate, truth

KEY = stedi.Pseudonyms(bytes(range(32)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("one-clock")


def lake_of(folder, clocks):
    made = simulate(folder / "landing", customers=16, seed=11, clocks=clocks)
    lake = stedi.Lake.open(folder / "lake", pseudonyms=KEY, buckets=2)
    lake.run(folder / "landing", now=made.as_of)
    return lake, truth(folder / "landing", KEY)


@pytest.fixture(scope="module")
def one_clock(folder):
    return lake_of(folder, "one")


@pytest.fixture(scope="module")
def two_clocks(tmp_path_factory):
    return lake_of(tmp_path_factory.mktemp("two"), "two")


@pytest.fixture(scope="module")
def dataset(one_clock):
    lake, known = one_clock
    return StepDataset.from_lake(lake, labels=known.step_events)


def test_every_true_step_of_every_paired_session_is_there(one_clock, dataset):
    lake, known = one_clock
    pairs = lake.scan("machine_learning_curated").collect()
    assert set(dataset.customers) == set(pairs["customer_id"])
    assert len(dataset.sessions) > 5
    steps = known.step_events.group_by("session").len()
    for session in dataset.sessions:
        (number,) = (
            known.sessions.filter(
                (pl.col("customer_id") == session.customer_id)
                & (pl.col("started_at") <= session.started_at)
                & (pl.col("ended_at") >= session.started_at)
            )
            .get_column("session")
            .to_list()
        )
        assert len(session.steps_s) == steps.filter(session=number)["len"].item()
    assert dataset.windows(2, 2).y.sum() > 0.8 * sum(len(one.steps_s) for one in dataset.sessions)


def test_two_clocks_are_refused_as_pairs_and_set_right_by_the_estimate(two_clocks):
    lake, known = two_clocks
    with pytest.raises(
        DatasetError, match=r"can't hold steps.*have a phone reading at the same time.*estimate"
    ):
        StepDataset.from_lake(lake)
    dataset = StepDataset.from_lake(lake, clock="estimate", labels=known.step_events)
    offsets = pl.DataFrame(
        {
            "customer_id": [one.customer_id for one in dataset.sessions],
            "at": [one.started_at for one in dataset.sessions],
            "found": [one.clock_offset_s for one in dataset.sessions],
        }
    ).sort("at")
    true = known.sessions.select("customer_id", "phone_offset_s", at="started_at").sort("at")
    both = offsets.join_asof(true, on="at", by="customer_id", strategy="nearest", check_sortedness=False)
    assert (both["found"] - both["phone_offset_s"]).abs().max() < 0.05
    card = dataset.card()
    assert card.clock_offset_s[0] < 0 < card.clock_offset_s[2]
    assert card.sensors["accelerometer"].rate_hz[1] == pytest.approx(50, rel=0.002)
    assert len(dataset.sessions) + len(dataset.left_out) == dataset.sampling["session_id"].n_unique()


def test_a_clock_that_cannot_be_told_leaves_the_session_out(one_clock):
    """Of a person who only stands, nothing says how the clocks differ."""
    lake, _ = one_clock
    frames = {
        "steps": lake.scan("step_trainer_trusted")
        .collect()
        .with_columns(distance_from_object=pl.lit(300, pl.Int64)),
        "accelerometer": lake.scan("accelerometer_trusted").collect(),
    }
    with pytest.raises(DatasetError, match=r"none of the .* sessions.*clock can't be told"):
        StepDataset.from_frames(**frames, clock="estimate")


def test_the_baseline_labels(one_clock, dataset):
    lake, _ = one_clock
    found = StepDataset.from_lake(lake, labels="baseline")
    assert found.labelled_by == "baseline"
    counts = [[len(one.steps_s) for one in each.sessions] for each in (found, dataset)]
    assert sum(counts[0]) == pytest.approx(sum(counts[1]), rel=0.1)
    assert "no truth" in found.card().to_markdown()


def test_the_card_says_what_it_rests_on(one_clock, dataset):
    lake, _ = one_clock
    run = lake.find_run()
    windows, split = dataset.windows(2, 1), dataset.split(n=2, seed=3)
    told = json.loads(dataset.card(windows=windows, split=split).to_json())
    assert told["run"]["run_id"] == run.run_id
    assert told["run"]["snapshots"] == run.snapshots
    assert told["run"]["consent"] == "as_of"
    assert told["run"]["match_rate"] == run.match.exact_rate
    assert (
        told["run"]["rows"]["accelerometer_trusted"]["dropped"]
        == run.accounts["accelerometer_trusted"].dropped
    )
    assert told["recipe"]["include_withdrawn"] is False
    assert told["customers"] == list(dataset.customers)
    assert sorted(name for test in told["split"]["tests"] for name in test) == told["customers"]
    assert set(told["digests"]) == {
        "sessions",
        *(f"windows.{name}" for name in ("X", "y", "groups", "starts_s")),
    }
    text = dataset.card(windows=windows, split=split).to_markdown()
    assert run.run_id in text
    assert not any(customer in text for customer in dataset.customers)


def test_who_withdrew_is_left_out_of_an_old_run_unless_asked(tmp_path):
    made = simulate(tmp_path / "landing", customers=6, seed=3)
    lake = stedi.Lake.open(tmp_path / "lake", pseudonyms=KEY, buckets=1)
    first = lake.run(tmp_path / "landing", now=made.as_of).run_id
    before = StepDataset.from_lake(lake)
    record = {"lastUpdateDate": 1_717_200_000_001, "registrationDate": 1_600_000_000_000}
    people = (tmp_path / "landing" / "customer").rglob("*.json")
    sent = {}
    for file in people:
        for line in file.read_text().splitlines():
            one = json.loads(line)
            sent[KEY.customer_id(one["email"])] = one
    gone = before.customers[0]
    withdrawal = {name: value for name, value in sent[gone].items() if not name.startswith("share")} | record
    more = tmp_path / "more" / "customer" / "withdrawn.json"
    more.parent.mkdir(parents=True)
    more.write_text(json.dumps(withdrawal) + "\n")
    lake.run(tmp_path / "more", now=made.as_of + timedelta(days=2))
    left, kept = (StepDataset.from_lake(lake, at=first, include_withdrawn=asked) for asked in (False, True))
    assert gone not in left.customers
    assert kept.customers == before.customers
    assert kept.card().digests == before.card().digests
    assert kept.run.run_id == left.run.run_id == first
    assert "may hold people who withdrew" in kept.card().to_markdown()
    assert "may hold people who withdrew" not in left.card().to_markdown()


SCRIPT = """
import sys, stedi
from stedi.ml import StepDataset
from stedi.simulate import truth
lake, landing = sys.argv[1:]
steps = truth(landing, stedi.Pseudonyms(bytes(range(32)))).step_events
dataset = StepDataset.from_lake(stedi.Lake.open(lake), labels=steps)
print(dataset.card(windows=dataset.windows(2, 1), split=dataset.split(n=3, seed=5)).to_json(), end="")
"""


def test_another_process_makes_the_same_bytes(folder, dataset):
    elsewhere = subprocess.run(
        [sys.executable, "-c", SCRIPT, folder / "lake", folder / "landing"],
        env=os.environ | {"PYTHONHASHSEED": "77", "POLARS_MAX_THREADS": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = dataset.card(windows=dataset.windows(2, 1), split=dataset.split(n=3, seed=5)).to_json()
    assert elsewhere.stdout == here


def test_parquet_holds_the_sessions(dataset, tmp_path):
    files = dataset.export(tmp_path / "out")
    assert [file.name for file in files] == [
        "sessions.parquet",
        "samples.parquet",
        "steps.parquet",
        "card.md",
        "card.json",
    ]
    samples = pl.read_parquet(tmp_path / "out" / "samples.parquet")
    for session in dataset.sessions[:3]:
        mine = samples.filter(session_id=session.session_id)
        np.testing.assert_array_equal(
            mine.select("x", "y", "z", "distance_from_object").to_numpy(), session.samples
        )
        assert mine["accelerometer_observed"].to_list() == session.observed[:, 0].tolist()
    steps = pl.read_parquet(tmp_path / "out" / "steps.parquet")
    assert steps.height == sum(len(one.steps_s) for one in dataset.sessions)
    assert (tmp_path / "out" / "card.json").read_text() == dataset.card().to_json()


def test_npz_holds_sessions_and_windows_and_comes_out_the_same(dataset, tmp_path):
    windows = dataset.windows(2, 2)
    for place in ("a", "b", "a"):
        dataset.export(tmp_path / place, format="npz", windows=windows)
    for name in ("sessions.npz", "windows.npz", "card.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    with np.load(tmp_path / "a" / "windows.npz") as saved:
        np.testing.assert_array_equal(saved["X"], windows.X)
        np.testing.assert_array_equal(saved["y"], windows.y)
    with np.load(tmp_path / "a" / "sessions.npz") as saved:
        first, session = saved["first"], dataset.sessions[2]
        np.testing.assert_array_equal(saved["samples"][first[2] : first[3]], session.samples)
        steps = saved["first_step"]
        np.testing.assert_array_equal(saved["steps_s"][steps[2] : steps[3]], session.steps_s)


def test_exports_keep_off_other_files(dataset, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ExportError, match="1 files that no export wrote"):
        dataset.export(tmp_path)
    with pytest.raises(ExportError, match="is a file"):
        dataset.export(tmp_path / "thesis.txt")
    with pytest.raises(ExportError, match="is no folder of this machine"):
        dataset.export("s3://bucket/out")
    assert (tmp_path / "thesis.txt").read_text() == "mine"


@pytest.mark.sample
def test_the_public_sample_is_refused(public_sample, tmp_path):
    lake = stedi.Lake.open(tmp_path / "lake", pseudonyms=KEY, buckets=1)
    lake.run(public_sample)
    with pytest.raises(DatasetError, match=r"machine_learning_curated can't hold steps.*at least 12"):
        StepDataset.from_lake(lake)
