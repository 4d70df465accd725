"""Erased and back: whatever comes in whatever order, what is left in the end is the same.

A history is a set of files, each of an age: old ones may come at any time, others only after the erasure that
they are newer than. All times but those are of the histories, so that two orders can be compared.
"""

import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import stedi
from bench import Bench
from effort import cases
from lakes import DERIVED, Tables, put, run, sent, tables_of
from worlds import Row, customer, reading, step

HOUR = timedelta(hours=1)
BEGIN = datetime(2023, 1, 1, tzinfo=UTC)
"""An age lasts a hundred hours; each but the first begins with an erasure."""
AGES = 3
LAST = BEGIN + AGES * 100 * HOUR
ANN, BOB = "ann@example.com", "bob@example.com"
OWN, SHARED = "device-ann-1", "device-of-both"


@dataclass(frozen=True)
class File:
    """A landing file.

    Attributes:
        age: How many erasures it is newer than.
        place: Its path.
        rows: Its lines.
    """

    age: int
    place: str
    rows: Sequence[Row | str]


def moment(age: int, dice: random.Random) -> datetime:
    return BEGIN + (100 * age + dice.randint(2, 98)) * HOUR


def said(age: int, dice: random.Random) -> Row | str:
    """Return what somebody says in an age, or what is left of it."""
    at = moment(age, dice)
    who = dice.choice((ANN, ANN, ANN, BOB))
    # Of this registration or of one before: what is older than an erasure stays out.
    registered = moment(dice.randint(0, age), dice)
    share = dice.choice((None, *[max(registered, at - dice.randint(0, 30) * HOUR)] * 3))
    device = dice.choice((OWN, SHARED, f"device-ann-{1 + age}")) if who == ANN else SHARED
    row = sent(customer(who, device, at=at, share=share, registration_date=registered))
    fate = dice.random()
    if fate < 0.8:
        return row
    torn = json.dumps(row)[:-1]
    if fate < 0.95:
        return torn
    # Nothing says when it was written, and it may name two.
    del row["lastUpdateDate"]
    both = [row, {"email": BOB}] if dice.random() < 0.5 else [row]
    return json.dumps(both)


def history(seed: int, ages: int) -> list[File]:
    """Return the files of a history."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    files = []
    for age in range(ages):
        for number in range(dice.randint(1, 3)):
            rows = [said(age, dice) for _ in range(dice.choice((1, 1, 2)))]
            files.append(File(age, f"customer/{age}-{number}.json", rows))
        times = [moment(age, dice) for _ in range(3)]
        phone = [sent(reading(dice.choice((ANN, BOB)), at)) for at in times]
        trainer = [sent(step(dice.choice((OWN, SHARED, f"device-ann-{1 + age}")), at)) for at in times]
        files.append(File(age, f"accelerometer/{age}.json", phone))
        files.append(File(age, f"step_trainer/{age}.json", trainer))
    return files


def live(bench: Bench, place: Path, files: Sequence[File], dice: random.Random, monkeypatch) -> Tables:
    """Deliver the files of a history in some order, with erasures in between; return what is left."""
    lake = bench.empty().lake
    first = sent(customer(ANN, OWN, at=BEGIN, share=BEGIN, registration_date=BEGIN))
    others = sent(customer(BOB, SHARED, at=BEGIN, share=BEGIN, registration_date=BEGIN))
    put(place, "customer/first.json", [first, others])
    put(place, "accelerometer/first.json", [sent(reading(who, BEGIN + HOUR)) for who in (ANN, BOB)])
    put(place, "step_trainer/first.json", [sent(step(each, BEGIN + HOUR)) for each in (OWN, SHARED)])
    waiting, ages = list(files), 1 + max(each.age for each in files)
    run(lake, place, now=LAST)
    for age in range(ages):
        if age:
            with monkeypatch.context() as patch:
                patch.setattr(
                    "stedi.governance.erase.erase.lake_time", lambda _, age=age: BEGIN + 100 * age * HOUR
                )
                lake.erase(email=ANN, device="keep")
        last = age == ages - 1
        now = [each for each in waiting if each.age <= age and (last or dice.random() < 0.6)]
        dice.shuffle(now)
        waiting = [each for each in waiting if each not in now]
        # One by one, or some at once.
        while now:
            some = now[: dice.randint(1, 4)]
            now = now[len(some) :]
            for each in some:
                put(place, each.place, each.rows)
            run(lake, place, now=LAST)
    assert not waiting
    found = lake.verify().findings
    assert not found, found
    tables = tables_of(lake)
    assert not run(lake, place, now=LAST, full=True).differs
    replay(lake, place)
    assert tables_of(lake) == tables
    return tables


def replay(lake: stedi.Lake, place: Path) -> None:
    """Deliver everything once more, as other bytes."""
    for file in sorted(place.rglob("*.json")):
        file.with_name(f"again-{file.name}").write_text(file.read_text("utf-8") + "\n", "utf-8")
    run(lake, place, now=LAST)


def check(bench: Bench, tmp_path: Path, seed: int, monkeypatch, *, ages: int = AGES, orders: int = 2) -> None:
    files = history(seed, ages)
    dice = random.Random(f"order {seed}")  # noqa: S311 - a test's dice
    lives = [live(bench, tmp_path / f"{seed}-{n}", files, dice, monkeypatch) for n in range(orders)]
    for other in lives[1:]:
        assert {table: lives[0][table] for table in DERIVED} == {table: other[table] for table in DERIVED}, (
            seed
        )


@pytest.mark.parametrize("seed", range(cases(4, least=1)))
def test_what_is_left_does_not_depend_on_the_order(bench, tmp_path, monkeypatch, seed):
    check(bench, tmp_path, seed, monkeypatch, ages=2)


@pytest.mark.campaign
@pytest.mark.parametrize("part", range(4))
def test_campaign_of_histories(bench, tmp_path, monkeypatch, part):
    """Live through STEDI_CAMPAIGN_HISTORIES histories (24), each in two orders."""
    histories = int(os.environ.get("STEDI_CAMPAIGN_HISTORIES", "24")) // 4
    for seed in range(100 + part * histories, 100 + (part + 1) * histories):
        check(bench, tmp_path, seed, monkeypatch)


@pytest.mark.campaign
def test_in_some_histories_ann_is_back_and_in_others_not(bench, tmp_path, monkeypatch):
    """The law is about something: people come back, and late denials are obeyed."""
    ends = set()
    for seed in range(6):
        dice = random.Random(seed)  # noqa: S311 - a test's dice
        tables = live(bench, tmp_path / str(seed), history(seed, AGES), dice, monkeypatch)
        ends.add(any(ANN in row for row in tables["customer_trusted"]))
    assert ends == {True, False}
