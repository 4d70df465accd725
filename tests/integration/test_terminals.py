"""Every command in any terminal: its encoding, its width, who listens, who types, what things are called.

Each pair of two of these circumstances is tried with each command; the campaign tries them all.
"""

import errno
import io
import itertools
import json
import os
import pwd
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

import stedi
from lakes import put, sent
from stedi.cli import carry_out
from stedi.cli.escape import escape_line, escape_text
from worlds import HOURS, SECRET, customer, reading, step

ODD: Final = "jezioro-\u0142 [bold]x[/bold] :smile:"
"""What a folder may be called."""
LANDING: Final = "landing \u202e\x1b[31m"
ANN: Final = "ann+\u0142@x.com"
HIDDEN: Final = "A\x1b]0;owned\x07\x9b31m [red]Ann[/red]\u2028\n\r"
"""What a person may be called."""

ENCODINGS: Final = ("utf-8", "cp1252", "ascii", "iso8859-2")
STREAMS: Final = ("pipe", "terminal", "broken", "full", "closed", "none")
WIDTHS: Final = (40, 80, 200)
USERS: Final = ("somebody", "nobody")
PLACES: Final = ("lake", ODD)
FACTORS: Final = (ENCODINGS, STREAMS, WIDTHS, USERS, PLACES)

READING: Final = {
    "help": ["--help"],
    "version": ["--version"],
    "help of a command": ["erase", "--help"],
    "status": ["status"],
    "status as JSON": ["status", "--json"],
    "show": ["show", "customer_landing", "--personal-data"],
    "show as JSON": ["show", "customer_landing", "--personal-data", "--json"],
    "sql": ["sql", "select * from customer_landing", "--personal-data"],
    "quarantine": ["quarantine"],
    "quarantined records": ["quarantine", "--records", "--personal-data"],
    "explain": ["explain", ANN],
    "explain as JSON": ["explain", ANN, "--json"],
    "verify": ["verify"],
    "report": ["report"],
    "report in HTML": ["report", "--format", "html"],
    "tags": ["tag"],
    "receipts": ["receipt", "list"],
    "ddl": ["ddl"],
    "plan of a run": ["run", "{landing}", "--plan"],
    "plan of an erasure": ["erase", ANN, "--plan"],
    "plan of a maintenance": ["maintain", "--plan"],
    "plan of an upgrade": ["upgrade", "--plan"],
}
CHANGING: Final = {
    "run": ["run", "{landing}"],
    "run as JSON": ["run", "{landing}", "--json"],
    "tag": ["tag", "{new}"],
    "export": ["export", "customer_landing", "{place}/{new}.csv"],
    "report into a file": ["report", "--out", "{place}/{new}.html"],
    "maintain": ["maintain"],
    "simulate": ["simulate", "{place}/{new}", "--customers", "1"],
    "erase": ["erase", "gone@x.com", "--yes"],
}
REFUSED: Final = {
    "no such lake": ["status", "--lake", "{place}/no such \u0142 [lake] \x1b[31m"],
    "no such table": ["show", "\u0142 [table] \x1b[31m"],
    "a rotation without a new key": ["rotate-key", "--plan", "--drop-tag", "\u0142 [tag] \x1b[31m"],
    "no landing root": ["run", "{place}/none \u0142 \x1b[31m"],
}
COMMANDS: Final = READING | CHANGING | REFUSED
LAKELESS: Final = ("help", "version", "help of a command", "ddl", "simulate", "no such lake")
ESCAPE: Final = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\")
ACTIVE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

Case = tuple[str, str, int, str, str]


class Stream(io.TextIOWrapper):
    """A standard stream of some kind."""

    def __init__(self, kind: str, encoding: str) -> None:
        self.bytes = io.BytesIO()
        self.kind = kind
        super().__init__(self.bytes, encoding=encoding, errors="strict", write_through=True)
        if kind == "closed":
            self.close()

    def isatty(self) -> bool:
        return self.kind == "terminal"

    def write(self, text: str) -> int:
        if self.kind == "broken":
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        if self.kind == "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(text)

    @property
    def text(self) -> str:
        return "" if self.closed else self.bytes.getvalue().decode(self.encoding)


def pairs() -> list[Case]:
    """Return cases in which every two values of two circumstances meet."""
    dice = random.Random(0)  # noqa: S311
    every = list(itertools.product(*FACTORS))
    missing = {
        (a, x, b, y)
        for a, b in itertools.combinations(range(len(FACTORS)), 2)
        for x in FACTORS[a]
        for y in FACTORS[b]
    }
    chosen: list[Case] = []
    while missing:
        best = max(dice.sample(every, 200), key=lambda case: len(missing & met(case)))
        missing -= met(best)
        chosen.append(best)
    return chosen


def met(case: Case) -> set[tuple[int, object, int, object]]:
    return {(a, case[a], b, case[b]) for a, b in itertools.combinations(range(len(case)), 2)}


class Desk:
    """Where commands are tried: lakes and landing roots in a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.patch = monkeypatch
        self.numbers = itertools.count()
        monkeypatch.setenv("STEDI_PSEUDONYM_KEY", SECRET.hex())
        for place in PLACES:
            landing = folder / place / LANDING
            put(landing, "customer/a.json", [
                sent(customer(ANN, "dev [a]\x1b[31m", at=HOURS[1], share=HOURS[1], customer_name=HIDDEN)),
                sent(customer("gone@x.com", "dev-g", at=HOURS[1], share=HOURS[1])),
                "{torn \u0142 \x1b[31m",
            ])  # fmt: skip
            put(landing, "accelerometer/a.json", [sent(reading(ANN, HOURS[3]))])
            put(landing, "step_trainer/a.json", [sent(step("dev [a]\x1b[31m", HOURS[3]))])
            lake = stedi.Lake.open(folder / place / "lake", buckets=2)
            lake.run(landing, max_rejected=1.0)
            lake.erase(email="gone@x.com", landing=landing)
            lake.tag("final")
        self.kept = folder.with_name(f"{folder.name}-kept")
        shutil.copytree(folder, self.kept)

    def renew(self) -> None:
        """Put everything back: lakes of many runs and tags are slower."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.kept, self.folder)

    def enter(self, command: str, case: Case) -> tuple[int, Stream, Stream]:
        """Carry a command out; return its exit code and its streams."""
        encoding, kind, width, user, place = case
        home = self.folder / place
        words = [
            word.format(place=home, landing=home / LANDING, new=f"new{next(self.numbers)}")
            for word in COMMANDS[command]
        ]
        if command not in LAKELESS:
            words += ["--lake", str(home / "lake")]
        out, err = Stream(kind, encoding), Stream("pipe", encoding)
        with self.patch.context() as patch:
            patch.setattr(sys, "argv", ["stedi", *words])
            patch.setattr(sys, "stdout", None if kind == "none" else out)
            patch.setattr(sys, "stderr", err)
            patch.setenv("COLUMNS", str(width))
            patch.setenv("TERM", "xterm")
            if user == "nobody":
                for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
                    patch.delenv(name, raising=False)
                patch.setattr(pwd, "getpwuid", unknown)
            code = carry_out()
            for stream in (sys.stdout, sys.stderr):
                if getattr(stream, "name", "") == os.devnull:
                    stream.close()
        return code, out, err


def unknown(number: int) -> None:
    raise KeyError(f"getpwuid(): uid not found: {number}")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        made = Desk(folder, patch)
        yield made
    shutil.rmtree(folder)
    shutil.rmtree(made.kept)


def check(desk: Desk, command: str, cases: Sequence[Case]) -> None:
    for case in cases:
        _, kind, width, _, place = case
        code, out, err = desk.enter(command, case)
        said = (command, case, code, out.text[-500:], err.text[-500:])
        assert "Traceback" not in err.text, said
        assert err.text.count("\n") <= 1, said
        assert not ACTIVE.search(err.text), said
        if command in REFUSED:
            assert code == 1, said
            assert err.text.startswith("stedi: "), said
            continue
        # Who can't be told what was asked for must know; what is done is done.
        assert code == (1 if kind == "full" and command in READING else 0), said
        assert bool(err.text) == (kind == "full") or command == "report into a file", said
        if kind not in ("pipe", "terminal"):
            continue
        plain = ESCAPE.sub("", out.text) if kind == "terminal" else out.text
        assert not ACTIVE.search(plain), said
        assert plain.strip() or command == "report into a file", said
        if command.endswith("JSON"):
            json.loads(out.text)
        elif kind == "terminal" and command in ("status", "verify", "tags", "run"):
            assert max(map(len, plain.splitlines())) <= max(width, 150), said
        if command == "run" and kind == "pipe":
            assert place in plain or not place.isascii(), said


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_what_it_says_in_any_terminal(desk, command):
    chosen = pairs()
    place = list(COMMANDS).index(command)
    dice = random.Random(command)  # noqa: S311
    # Each pair with some command, and some pairs with each.
    check(desk, command, [*chosen[place :: len(COMMANDS)], dice.choice(chosen)])


def test_each_pair_is_tried():
    assert len(pairs()) <= len(COMMANDS)
    assert set().union(*map(met, pairs())) == set().union(*map(met, itertools.product(*FACTORS)))


@pytest.mark.campaign
@pytest.mark.parametrize("command", COMMANDS)
def test_campaign_of_terminals(desk, command):
    # All; but of the widths one is enough where there is no terminal that has one.
    every = itertools.product(*FACTORS)
    desk.renew()
    check(desk, command, [case for case in every if case[1] == "terminal" or case[2] == WIDTHS[1]])


@pytest.mark.parametrize(
    "redirected",
    [
        ">/dev/full",
        *(pytest.param(each, marks=pytest.mark.campaign) for each in (">&-", "2>&-", ">&- 2>&-", "<&-")),
    ],
)
def test_a_process_that_published_ends_well_whoever_listens(tmp_path, redirected):
    put(tmp_path / "landing", "customer/a.json", [sent(customer(ANN, "dev-a", at=HOURS[1], share=HOURS[1]))])
    put(tmp_path / "landing", "accelerometer/a.json", [sent(reading(ANN, HOURS[3]))])
    put(tmp_path / "landing", "step_trainer/a.json", [sent(step("dev-a", HOURS[3]))])
    done = subprocess.run(
        ["bash", "-c", f'"$0" -m stedi run landing --lake "lake[\u0142]" {redirected}', sys.executable],
        cwd=tmp_path,
        env=os.environ | {"STEDI_PSEUDONYM_KEY": SECRET.hex(), "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done
    assert "Traceback" not in done.stderr
    assert len(stedi.Lake.open(tmp_path / "lake[\u0142]").runs()) == 1


@pytest.mark.parametrize("name", ["lake\n", "lake\x1b[31m", "lake\u202e", "lake\udcff"])
def test_a_lake_has_a_path_that_can_be_written_down(tmp_path, name):
    with pytest.raises(stedi.errors.ConfigurationError, match="name another folder") as error:
        stedi.Lake.open(tmp_path / name)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "a[b]#c?d",
        *(
            pytest.param(name, marks=pytest.mark.campaign)
            for name in ("a%20b", "a:b", "file:x", "a&;{b}*", "~")
        ),
    ],
)
def test_a_lake_may_lie_wherever_else(tmp_path, name):
    place = tmp_path / name
    put(place / "landing", "customer/a.json", [sent(customer(share=HOURS[1]))])
    put(place / "landing", "accelerometer/a.json", [sent(reading())])
    put(place / "landing", "step_trainer/a.json", [sent(step())])
    lake = stedi.Lake.open(place / "lake", pseudonyms=stedi.Pseudonyms(SECRET), buckets=2)
    lake.run(place / "landing")
    assert lake.scan("machine_learning_curated").collect().height == 1
    lake.erase(email="ann@example.com", landing=place / "landing")
    lake.maintain()
    assert lake.verify().sound


def test_texts_are_inert():
    assert escape_text("plain [bold]\n\t") == "plain [bold]\n\t"
    assert escape_text("\x1b[31m\x9b\r\u202e\ud800") == "\\x1b[31m\\x9b\\x0d\\u202e\\ud800"
    assert escape_text("\u0142\u2026", "cp1252") == "\\u0142\u2026"
    assert escape_text("\u0142\u2026", "ascii") == "\\u0142~"
    assert escape_line("a\nb") == "a\\x0ab"


def test_a_new_lake_of_a_user_without_a_home_needs_a_key(tmp_path, monkeypatch):
    for name in ("HOME", "XDG_CONFIG_HOME", "STEDI_PSEUDONYM_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    put(tmp_path / "landing", "customer/a.json", [sent(customer(share=HOURS[1]))])
    put(tmp_path / "landing", "accelerometer/a.json", [sent(reading())])
    put(tmp_path / "landing", "step_trainer/a.json", [sent(step())])
    with pytest.raises(stedi.errors.ConfigurationError, match="no home folder to keep the pseudonym key in"):
        stedi.Lake.open(tmp_path / "lake").run(tmp_path / "landing")
    lake = stedi.Lake.open(tmp_path / "lake", pseudonyms=stedi.Pseudonyms(SECRET), buckets=2)
    lake.run(tmp_path / "landing")
    receipt = lake.erase(email="ann@example.com")
    assert receipt.asked_by == f"user {os.getuid()}"
