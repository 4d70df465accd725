"""Erasures among names that stand in each other: the person goes, and not a byte of anybody else's.

The campaign tries STEDI_CAMPAIGN_ERASURES erasures: ``pytest -m campaign tests/integration``.
"""

import json
import os
import random
from datetime import timedelta
from pathlib import Path

import pytest

from lakes import files_of, lake_at, run
from overlapping import Person, Sender, owner, people
from traces import decoded
from worlds import NOW

PEOPLE = 7
HOUR = timedelta(hours=1)


class Trial:
    """A tiny lake, and a sender who goes on while people are erased."""

    def __init__(self, place: Path, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a test's dice
        self.place = place
        self.everybody = people(self.dice, PEOPLE)
        self.sender = Sender(place / "landing", self.dice)
        self.sender.deliver(self.everybody, "first")
        self.lake = lake_at(place / "lake", buckets=2)
        self.later = NOW
        self.run()
        self.gone: set[int] = set()
        self.moved: set[str] = set()

    def run(self) -> None:
        self.later += HOUR
        run(self.lake, self.place / "landing", now=self.later, max_rejected=1.0)

    def erase(self, person: Person, *, again: bool, busy: bool) -> None:
        whom = {"email": person.email, "device": "keep"}
        if again:
            # Without the landing root first: the repetition must still know the devices, names and numbers.
            assert self.lake.erase(email=person.email, device="keep").outcome == "erased"
        told: list[str] = []

        def meanwhile(what: str, *_: int) -> None:
            if busy and what == "rewriting landing objects" and not told:
                told.append(what)
                self.send(person)

        receipt = self.lake.erase(
            email=person.email, device="keep", landing=self.place / "landing", progress=meanwhile
        )
        self.gone.add(person.number)
        assert receipt.outcome == "erased"
        assert self.lake.last_run().kind == "erasure"
        swapped = {each.path for each in receipt.remains.objects if "leads out" in each.why}
        assert len(swapped) == len(receipt.remains.objects) <= 1, receipt.remains.objects
        for link in [each for each in (self.place / "landing").rglob("*") if each.is_symlink()]:
            link.unlink()
        self.check()
        assert self.lake.erase(**whom, landing=self.place / "landing").outcome == "nothing_left"

    def send(self, erased: Person) -> None:
        """Append to a file that was read and is not replaced yet, send another, and swap one for a link."""
        left = [each for each in self.everybody if each.number not in {*self.gone, erased.number}]
        if left:
            self.sender.put("customer/first.json", self.sender.customers(self.dice.choice(left)))
            self.sender.put("accelerometer/new.json", self.sender.readings(left[0])["accelerometer"])
        file = self.dice.choice(sorted((self.place / "landing/customer").glob("*-row.json")))
        outside = self.place / f"outside-{len(files_of(self.place))}"
        self.moved |= {mark for mark in self.sender.left() if mark in file.read_text("utf-8")}
        file.rename(outside)
        file.symlink_to(outside)

    def check(self) -> None:
        """What is left is what those sent who are left, byte for byte; and nothing else is in the lake."""
        wanted = {
            mark: count
            for mark, count in self.sender.sent.items()
            if owner(mark) not in self.gone and mark not in self.moved
        }
        left = self.sender.left()
        assert {mark for mark in left if owner(mark) in self.gone} == set()
        assert dict(left) == wanted
        texts = [text for file in files_of(self.place / "lake/warehouse") for text in decoded(file)]
        for number in self.gone:
            assert not any(f"mark-{number}-".encode() in text for text in texts)
        erased = [each for each in self.everybody if each.number in self.gone]
        self.run()
        found = self.lake.verify(older_than=timedelta(0))
        assert found.findings == ()
        for table, column, names in (
            ("customer_landing", "email", {each.email for each in erased}),
            ("accelerometer_landing", "user", {each.email for each in erased}),
            ("step_trainer_landing", "serial_number", {each.serial for each in erased}),
        ):
            assert names.isdisjoint(self.lake.scan(table).collect()[column])
        paths = [str(file.relative_to(self.place)) for file in files_of(self.place / "landing")]
        paths += self.lake.scan("object").collect()["path"].to_list()
        whole = {f"{each.email}.json" for each in erased if "@" in each.email}
        whole |= {f"form of {each.name}.json" for each in erased if len(each.name.split()) > 1}
        assert not [path for path in paths if whole & set(path.split("/"))]

    def replay(self) -> None:
        """Old files of everybody, as other bytes under other names, bring nobody back."""
        again = Sender(self.place / "again", random.Random(0))  # noqa: S311
        again.deliver(self.everybody, "old")
        run(self.lake, self.place / "again", now=self.later, max_rejected=1.0)
        rows = self.lake.scan("customer_landing").collect()
        gone = {each.email for each in self.everybody if each.number in self.gone}
        assert gone.isdisjoint(rows["email"])
        assert gone.isdisjoint(self.lake.scan("accelerometer_landing").collect()["user"])
        assert self.lake.verify(older_than=timedelta(0)).findings == ()


def erase_everybody_but_one(place: Path, seed: int, most: int) -> int:
    trial = Trial(place, seed)
    chosen = trial.dice.sample(trial.everybody, min(most, PEOPLE - 1))
    for count, person in enumerate(chosen):
        try:
            trial.erase(person, again=count % 3 == 1, busy=count % 3 == 2)
        except BaseException as error:
            error.add_note(f"seed {seed}: {json.dumps(person)} after {sorted(trial.gone)}")
            raise
    trial.replay()
    return len(chosen)


def test_an_erasure_takes_the_person_and_nobody_elses_byte(tmp_path):
    # One at once, one who is erased again, and one while the sender goes on.
    assert erase_everybody_but_one(tmp_path, seed=1, most=3) == 3


@pytest.mark.campaign
def test_campaign_of_erasures(tmp_path):
    left, seed = int(os.environ.get("STEDI_CAMPAIGN_ERASURES", "60")), 100
    while left > 0:
        left -= erase_everybody_but_one(tmp_path / str(seed), seed, left)
        seed += 1
