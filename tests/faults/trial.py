"""A small lake on trial: put back, disturbed, and compared with one on which nothing was disturbed."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from commands import AFTERWARDS, COMMANDS, GONE, NEXT_GONE, NOW, OLD, open_lake, run
from interrupting import DEADLY, Fault, Visit, Visits
from unpacked import unpack

import stedi
from lakes import PUBLISHED, contents, files_of, put, sent
from stedi.errors import LakeError, LakeFormatError
from worlds import HOURS, customer, reading, step

NEWEST = stedi.Pseudonyms(b"z" * 32)
_FOLDERS = ("lake", "landing", "config")
_KILLED = {
    "staged": ("run", "before", "append_to_main", 1),
    "unshown": ("run", "after", "append_to_main", 1),
    "half tagged": ("tag", "after", "tags.set_tag", 4),
}
"""States that a kill leaves: of which command, before or after which commit, and at which visit."""
_PEOPLE = ("ann", "bob", "eve", "zoe")
_IDS = ("customer_id", "device_id", "digest", "made_with")
_TAGGED = ("customer_trusted", "machine_learning_curated")
State = dict[str, Any]


@dataclass
class Trial:
    """A folder with a lake and a landing root, the states that they can be in, and what they lead to.

    Attributes:
        root: Where they are.
        stored: Where the states are kept.
    """

    root: Path
    stored: Path
    _references: dict[str, "Reference"] = field(default_factory=dict)
    _followed: dict[str, State] = field(default_factory=dict)
    _doomed: "Doomed | None" = None

    @classmethod
    def build(cls, place: Path) -> "Trial":
        """Make the lake in all its states."""
        trial = cls(place / "root", place / "stored")
        root, landing = trial.root, trial.root / "landing"
        for folder in _FOLDERS:
            (root / folder).mkdir(parents=True)
        (root / "lake").rmdir()
        _deliver_first(landing)
        trial._store("bare")
        run(root, now=NOW)
        open_lake(root).tag("dropped")
        _deliver_second(landing)
        trial._store("delivered")
        run(root)
        for tag in ("moved", "rebuilt"):
            open_lake(root).tag(tag)
        trial._store("used")
        OLD.save(root / "config" / "stedi" / "pseudonym.key")
        trial._store("keyed")
        old = unpack("format-1-planned", place / "unpacked", later=root)
        for folder in (old.folder, old.landing):
            shutil.copytree(folder, trial.stored / "old" / folder.name)
        return trial

    def _store(self, state: str) -> None:
        for name in _FOLDERS:
            if (self.root / name).exists():
                shutil.copytree(self.root / name, self.stored / state / name)

    def _store_killed(self, state: str, command: str, moment: str, by: str, visit: int) -> None:
        start = COMMANDS[command].state
        places = [
            place
            for found, place in self.visited(command)
            if (found, place.operation) == (moment, "commit") and by in place.by
        ]
        self.begin(start)
        assert self.disturb(command, Fault("sigkill", moment, places[0], visit)).struck
        self._store(state)

    def begin(self, state: str) -> None:
        """Put everything back into a state."""
        if state in _KILLED and not (self.stored / state).exists():
            self._store_killed(state, *_KILLED[state])
        for name in _FOLDERS:
            shutil.rmtree(self.root / name, ignore_errors=True)
            if (self.stored / state / name).exists():
                shutil.copytree(self.stored / state / name, self.root / name)

    def visited(self, command: str) -> Counter[Visit]:
        """Carry out a command that is not disturbed; return where it was, and how often."""
        self.begin(COMMANDS[command].state)
        visits = Visits(self.root)
        with visits.watching():
            COMMANDS[command](self.root)
        return visits.counted

    def reference(self, command: str) -> "Reference":
        """Return what a command leads to that is not disturbed."""
        if command not in self._references:
            visited = self.visited(command)
            self._references[command] = Reference(visited, self.state(COMMANDS[command].key))
        return self._references[command]

    def followed(self, command: str) -> State:
        """Return what a command that is not disturbed leads to when everything else follows."""
        if command not in self._followed:
            key = COMMANDS[command].key
            self.visited(command)
            self.go_on(key)
            self._followed[command] = self.state(_followed(key))
        return self._followed[command]

    def disturb(self, command: str, fault: Fault) -> "Outcome":
        """Carry out a command, and let a fault strike."""
        if fault.kind in DEADLY:
            if self._doomed is None:
                self._doomed = Doomed(self.root)
            return self._doomed.carry_out(command, fault)
        visits = Visits(self.root, fault)
        try:
            with visits.watching():
                COMMANDS[command](self.root)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever the fault became
            return Outcome(visits.struck, error)
        return Outcome(visits.struck, None)

    def check_sound(self, key: stedi.Pseudonyms | None, *, killed: bool, left: bool = False) -> None:
        """An audit finds nothing; after a kill, at most what is not finished.

        Args:
            key: The key of the lake.
            killed: A process was killed, and nobody came to an end since.
            left: A lake that was removed could not be removed as a whole.
        """
        with self._configured():
            lake = open_lake(self.root, key)
            try:
                lake.last_run()
            except LakeFormatError:
                # Until it is upgraded, nothing else can be said of it.
                assert COMMANDS["upgrade"].key is key
                return
            except LakeError:
                assert killed or left or not files_of(self.root / "lake")
                with pytest.raises(LakeError, match="no published run"):
                    lake.verify()
                return
            found = lake.verify().findings
        wanted = {"unfinished"} if killed else set()
        assert {finding.code.value for finding in found} <= wanted, found
        if not killed:
            assert [file for file in files_of(self.root / "landing") if file.name.startswith(".")] == []

    def go_on(self, key: stedi.Pseudonyms | None) -> None:
        """Run with more files, maintain, erase somebody and rotate the key: all must work."""
        _deliver_third(self.root / "landing")
        with self._configured():
            run(self.root, key, now=AFTERWARDS)
            lake = open_lake(self.root, key)
            lake.maintain(keep_days=0, older_than=timedelta(0))
            lake.erase(
                email=NEXT_GONE, asked_by="a test", drop_tags=list(lake.tags()), landing=self.root / "landing"
            )
            open_lake(self.root, _followed(key)).rotate_key(drop_tags=list(lake.tags()))
        self.check_sound(_followed(key), killed=False)

    def state(self, key: stedi.Pseudonyms | None) -> State:
        """Return what must not depend on whether anything was disturbed."""
        landing = self.root / "landing"
        shown: State = {
            "landing": {str(file.relative_to(landing)): file.read_bytes() for file in files_of(landing)},
            # A lock, or the draft of a key file, may be left by whoever was killed.
            "keys": [file.name for file in files_of(self.root / "config") if file.suffix == ".key"],
            "folders": sorted(str(path.relative_to(landing)) for path in landing.rglob("*") if path.is_dir()),
        }
        if not files_of(self.root / "lake"):
            return shown
        with self._configured():
            lake = open_lake(self.root, key)
            try:
                lake.last_run()
            except LakeError as error:
                if "no published run" not in str(error):
                    raise
                # What a fault in its own removal left of a lake without a run is the next command's.
                return shown
            return shown | self._lake_state(lake, masked=key is None)

    def _lake_state(self, lake: stedi.Lake, *, masked: bool) -> State:
        ids = _IDS if masked else ()
        newest = lake.last_run()
        lake.check_receipt()
        ledger = lake.scan("object").select(
            "table_name", "path", "records", "rejected", "erased", "duplicate"
        )

        def rows(tables: Sequence[str], **options: Any) -> Any:
            found = {
                name: lake.scan(name, **options).drop("erased_at", *ids, strict=False) for name in tables
            }
            if "tombstone" in found:
                # Whoever asks again for an erasure that had come to its end asks for one more.
                found["tombstone"] = found["tombstone"].unique()
            return contents(found)

        return {
            # An empty folder that could not be removed is none.
            "folder": sorted(
                {file.relative_to(self.root / "lake").parts[0] for file in files_of(self.root / "lake")}
            ),
            "kind": newest.kind if newest.kind in ("erasing", "rotating") else "finished",
            "rows": rows(PUBLISHED),
            "ledger": sorted(ledger.collect().rows()),
            "tags": {
                tag: rows(
                    _TAGGED if masked else (*_TAGGED, "customer_landing"), at=tag, include_withdrawn=True
                )
                for tag in lake.tags()
            },
            "receipts": [
                {
                    "subject": None if masked else receipt.subject,
                    # Of a key that was made by chance, it is chance who shares a bucket's files with whom.
                    "went": [
                        (table.table, table.rows, bool(table.removed) if masked else len(table.removed))
                        for table in receipt.tables
                    ],
                    "objects": sorted((each.path, each.records) for each in receipt.objects),
                    "left": receipt.remains.objects,
                    "refs": (receipt.refs_dropped, receipt.refs_moved, receipt.refs_rebuilt),
                }
                for receipt in lake.receipts()
                if receipt.outcome == "erased"
            ],
        }

    @contextmanager
    def _configured(self) -> Iterator[None]:
        with patch.dict(os.environ, {"XDG_CONFIG_HOME": str(self.root / "config")}):
            yield

    def close(self) -> None:
        """End the process that others die in."""
        if self._doomed is not None:
            self._doomed.close()


@dataclass(frozen=True)
class Reference:
    """A command that was not disturbed.

    Attributes:
        visited: Where it writes, and how often.
        after: What it leads to.
    """

    visited: Counter[Visit]
    after: State


@dataclass(frozen=True)
class Outcome:
    """How a disturbed command ended.

    Attributes:
        struck: The fault did strike.
        error: What was raised; None where the command came to its end all the same.
    """

    struck: bool
    error: BaseException | None


class DiedError(Exception):
    """A process was ended by a signal, or says how a command ended in it."""


class Doomed:
    """A process whose children carry out commands and die."""

    def __init__(self, root: Path) -> None:
        """Start it."""
        script = Path(__file__).with_name("doomed_commands.py")
        self._process = subprocess.Popen(
            [sys.executable, script, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def carry_out(self, command: str, fault: Fault) -> Outcome:
        """Carry out a command in a child."""
        asked = {
            "command": command,
            "kind": fault.kind,
            "moment": fault.moment,
            "operation": fault.place.operation,
            "by": fault.place.by,
            "visit": fault.visit,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if answer["struck"]:
            assert answer["code"] == {"sigterm": -15, "sigkill": -9}[fault.kind], (str(fault), answer)
            return Outcome(struck=True, error=DiedError(fault.kind))
        return Outcome(struck=False, error=DiedError(answer["error"]) if answer["code"] else None)

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def follow(trial: Trial, command: str, faults: Sequence[Fault], *, on: bool) -> None:
    """Let faults strike one after the other, and end what they left by the same command.

    Where a command came to its end in spite of a fault, or because of the one before never comes to the place
    of the next, everything begins anew.

    Args:
        trial: The lake.
        command: The command.
        faults: The faults.
        on: Go on with all that follows, too.
    """
    asked = COMMANDS[command]
    trial.begin(asked.state)
    killed = asked.state in _KILLED
    fresh = True
    for fault in faults:
        outcome = trial.disturb(command, fault)
        if not outcome.struck and not fresh:
            _check_ended(trial, command, outcome.error)
            trial.begin(asked.state)
            killed = asked.state in _KILLED
            outcome = trial.disturb(command, fault)
        if not outcome.struck:
            # How often it comes there is chance: bounds of run ids end with the second, so that rows of a run
            # are looked for in files of another run of that second, too.
            trial.begin(asked.state)
            outcome = trial.disturb(command, replace(fault, visit=1))
        assert outcome.struck, f"{fault}: never came there"
        assert GONE not in str(outcome.error), "a message names somebody"
        killed = fault.kind == "sigkill" or (killed and outcome.error is not None)
        trial.check_sound(asked.key, killed=killed, left="hold > site._remove" in fault.place.by)
        fresh = outcome.error is None
        if fresh:
            _check_same(trial.state(asked.key), trial.reference(command).after)
            trial.begin(asked.state)
            killed = asked.state in _KILLED
    error: BaseException | None = None
    try:
        asked(trial.root)
    except Exception as raised:  # noqa: BLE001 - judged below
        error = raised
    _check_ended(trial, command, error)
    if on:
        trial.go_on(asked.key)
        found = trial.state(_followed(asked.key))
        _check_same(found, trial.followed(command))


def _check_ended(trial: Trial, command: str, error: BaseException | None) -> None:
    asked = COMMANDS[command]
    if error is not None:
        if asked.done is None:
            raise error
        said = str(error) if isinstance(error, DiedError) else f"{type(error).__name__}: {error}"
        assert said.startswith(asked.done[0]), said
        assert asked.done[1] in said, said
    trial.check_sound(asked.key, killed=False)
    _check_same(trial.state(asked.key), trial.reference(command).after)


def _check_same(found: State, wanted: State) -> None:
    assert found.keys() == wanted.keys()
    for what in wanted:
        if found[what] != wanted[what]:
            raise AssertionError(f"{what}: {_unlike(found[what], wanted[what])}")


def _unlike(found: Any, wanted: Any) -> str:
    """Return the parts in which two states differ."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        names = [name for name in {**found, **wanted} if found.get(name) != wanted.get(name)]
        return "; ".join(f"{name}: {_unlike(found.get(name), wanted.get(name))}" for name in names)
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        return ", ".join(_unlike(*both) for both in zip(found, wanted, strict=True) if both[0] != both[1])
    return f"{found!r}, and undisturbed {wanted!r}"


def _followed(key: stedi.Pseudonyms | None) -> stedi.Pseudonyms | None:
    return None if key is None else key.followed_by(NEWEST)


def _deliver(
    landing: Path, name: str, customers: Sequence[dict[str, Any]], readings: Sequence[tuple[str, int]]
) -> None:
    put(landing, f"customer/{name}.json", map(json.dumps, customers))
    put(
        landing,
        f"accelerometer/{name}.json",
        [json.dumps(sent(reading(f"{who}@example.com", HOURS[at]))) for who, at in readings],
    )
    put(
        landing,
        f"step_trainer/{name}.json",
        [json.dumps(sent(step(f"dev-{who}", HOURS[at]))) for who, at in readings],
    )


def _somebody(who: str, **others: Any) -> dict[str, Any]:
    named = {"customer_name": f"{who.title()} Long-Name", "share": HOURS[0]}
    return sent(customer(f"{who}@example.com", f"dev-{who}", **{**named, **others}))


def _deliver_first(landing: Path) -> None:
    damaged = _somebody("bob", at=HOURS[2]) | {"phone": {"not": "a phone"}}
    readings = [(who, at) for who in _PEOPLE for at in (3, 4)]
    _deliver(landing, "a", [*map(_somebody, _PEOPLE), damaged], readings)


def _deliver_second(landing: Path) -> None:
    """Bob withdraws, Eve registers again, in a folder that is named after her."""
    withdrawn = _somebody("bob", at=HOURS[4], share=None)
    _deliver(landing, f"{GONE}/b", [withdrawn], [("ann", 5), ("zoe", 5)])
    put(landing, f"customer/{GONE}/c.json", [json.dumps(_somebody("eve", at=HOURS[4]))])


def _deliver_third(landing: Path) -> None:
    _deliver(landing, "d", [_somebody("gil"), _somebody("zoe", at=HOURS[4])], [("gil", 5), ("ann", 2)])
