"""Objects that are named after people and devices: no command shows their names unless it is asked to."""

import gzip
import json
import os
import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from effort import cases
from lakes import put, sent
from stedi.pipeline.load import find_sources
from worlds import HOURS, customer, reading, step

ANN, DEVICE = "ann@example.com", "50a1b2c3-d4e5"
KINDS = ("customer", "accelerometer", "step_trainer")
NOW = "2022-06-01T14:00:00"
BETWEEN = re.compile(r"[\s│┃]+")


@dataclass(frozen=True)
class Named:
    """A landing root whose objects and folders are named after somebody."""

    root: Path
    lake: Path
    texts: tuple[str, ...]

    @property
    def paths(self) -> list[str]:
        return [str(path) for kind in KINDS for path in (self.root / kind).rglob("*") if path.is_file()]

    def assert_unsaid(self, *streams: str) -> None:
        for said in streams:
            # A table folds what is long into lines of a cell.
            whole = BETWEEN.sub("", said.lower())
            for text in self.texts:
                assert text.lower() not in said.lower(), (text, said)
                assert BETWEEN.sub("", text.lower()) not in whole, (text, said)


def texts(draw: random.Random) -> dict[str, str]:
    """Return what objects may be named after: each is odd enough to stand nowhere by accident."""
    odd = "".join(draw.choices("bcdfghjklmnpqrstvwxz", k=6))
    return {
        "name": f"Quint{odd} Zorb{odd[::-1]}",
        "email": f"q.{odd}@zorb-{odd}.example",
        "quoted": quote(f"r.{odd}@zorb-{odd}.example", safe=""),
        "serial": f"dev-{draw.randrange(10**4, 10**5)}",
        "uuid": f"{draw.getrandbits(32):08x}-{draw.getrandbits(16):04x}-{draw.getrandbits(16):04x}",
        "number": str(draw.randrange(10**11, 10**12)),
        "phone": f"+1-{draw.randrange(200, 999)}-555-{draw.randrange(1000, 9999)}",
        "birthday": f"19{draw.randrange(20, 99)}-0{draw.randrange(1, 9)}-{draw.randrange(10, 28)}",
    }


@pytest.fixture
def named(tmp_path, monkeypatch):
    """Return a root with objects and folders for each kind of name; each object has a damaged record."""
    monkeypatch.setenv("STEDI_PSEUDONYM_KEY", bytes(range(32)).hex())
    draw = random.Random(0)  # noqa: S311 - no secret
    found: list[str] = []
    root = tmp_path / "landing"
    good = {
        "customer": sent(customer(ANN, DEVICE, share=HOURS[0], at=HOURS[1])),
        "accelerometer": sent(reading(ANN, HOURS[2])),
        "step_trainer": sent(step(DEVICE, HOURS[2])),
    }
    for place in range(cases(4)):
        for text in texts(draw).values():
            found.append(text)
            for kind in KINDS:
                note = {"note": f"{place} {text[:1]} {len(found)} {kind}"}
                lines = [good[kind] | note, json.dumps({"damaged": len(found)} | note)]
                put(root, f"{kind}/form of {text}.json", lines)
                put(root, f"{kind}/{text}/2026/11/part-00000.json", [good[kind] | note | {"again": True}])
    whole = root / "customer" / f"form of {found[0]}.json"
    whole.with_name(f"{found[0]}.json.gz").write_bytes(gzip.compress(whole.read_bytes() * 50)[:-30])
    shutil.copyfile(whole, root / "customer" / f"copy for {found[1]}.json")
    return Named(root, tmp_path / "lake", tuple(found))


@pytest.fixture
def told(stedi, named):
    """Return a function that runs a command, holds it to its silence, and gives back what it said."""

    def tell(*arguments, code=0):
        shown = stedi(*arguments, "--lake", named.lake)
        assert shown.code == code, shown.err
        named.assert_unsaid(shown.out, shown.err)
        return shown

    return tell


def test_no_command_names_what_objects_are_named_after(named, told) -> None:
    run = ("run", named.root, "--now", NOW, "--max-rejected", "1")
    plans = told(*run, "--plan"), told(*run, "--plan", "--json")
    assert "customer/<redacted>/2026/11/part-00000.json (object " in plans[0].out
    assert len(plans[1].json["read"]) == len(named.paths)
    assert sorted(told(*run, "--json").json["read"]) == sorted(plans[1].json["read"])
    told(*run)
    for shown in ((), ("--json",)):
        told("quarantine", "--records", *shown)
        told("show", "object", *shown)
    for command in ("quarantine", "status", "verify"):
        told(command)
    told("explain", ANN, "--json")


@pytest.mark.campaign
def test_no_other_command_does_so_either(named, told) -> None:
    told("run", named.root, "--now", NOW, "--max-rejected", "1")
    for shown in ((), ("--json",)):
        for command in ("quarantine", "status", "verify", "report", "tag", "maintain"):
            told(command, *shown)
        told("show", "quarantine", *shown)
        told("sql", "SELECT * FROM object o JOIN customer_landing c ON c._digest = o.digest", *shown)
        told("explain", ANN, *shown)
        told("explain", DEVICE, *shown)
        told("erase", ANN, "--plan", "--landing", named.root, "--device", "erase", *shown)
    told("erase", ANN, "--yes", "--landing", named.root, "--device", "erase", "--json")
    told("receipt", "show", "1")
    told("receipt", "show", "1", "--json")


def test_whole_paths_are_shown_to_whoever_asks(stedi, named) -> None:
    run = ("run", named.root, "--now", NOW, "--max-rejected", "1", "--lake", named.lake)
    asked = stedi(*run, "--plan", "--json", "--personal-data").json["read"]
    assert sorted(asked) == sorted(named.paths)
    assert asked[0] in stedi(*run, "--plan", "--personal-data").out
    assert stedi(*run, "--json", "--personal-data").json["read"] == asked
    rejected = ("quarantine", "--records", "--lake", named.lake, "--json")
    whole = {row["object"] for row in stedi(*rejected, "--personal-data").json}
    assert whole <= set(named.paths)
    assert len(whole) > len(named.texts)


def test_the_ledger_tells_which_object_is_meant(stedi, named) -> None:
    stedi("run", named.root, "--now", NOW, "--max-rejected", "1", "--lake", named.lake)
    for record in stedi("quarantine", "--records", "--json", "--lake", named.lake).json[::9]:
        digits = record["object"].partition("(object ")[2].rstrip(")")
        assert record["id"].startswith(f"{digits}:")
        query = f"SELECT path FROM object WHERE digest LIKE '{digits}%'"  # noqa: S608 - hex digits
        found = stedi("sql", query, "--personal-data", "--json", "--lake", named.lake).json
        assert {row["path"] for row in found} <= set(named.paths)
        assert found


def test_no_error_names_what_an_object_is_named_after(named, told, monkeypatch) -> None:
    run = ("run", named.root, "--now", NOW)
    told(*run, "--max-rejected", "0", code=1)
    folder = named.root / "customer" / named.texts[0]
    link = folder / f"{named.texts[1]}.json"
    for target in (Path("nowhere", named.texts[2]), Path("/"), link):
        link.symlink_to(target)
        said = told(*run, code=1).err
        assert f"customer/<redacted>/<redacted>.json (inode {link.lstat().st_ino}) is a link" in said
        link.unlink()
    nowhere = Path(os.fsdecode(os.fsencode(folder) + b"/\xff.json"))
    nowhere.touch()
    assert "is not Unicode: rename it" in told(*run, code=1).err
    nowhere.unlink()

    def found_and_gone(root):
        sources = find_sources(root)
        shutil.rmtree(folder)
        return sources

    monkeypatch.setattr("stedi.lake.lake.find_sources", found_and_gone)
    assert "can't be read: No such file or directory" in told(*run, "--max-rejected", "1", code=1).err


@pytest.mark.parametrize("inside", ["customer", "accelerometer/2026/11", "step_trainer"])
def test_what_the_system_refuses_is_not_named_either(stedi, tmp_path, monkeypatch, inside) -> None:
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(tmp_path / inside / "Quintessa Zorbleak.json"))

    why = "(Permission denied)"
    for place, said in {
        "find_sources": f"the lake {tmp_path}/lake can't be read or written {why}",
        "Lake.open": f"the operating system refused {why}: {inside}/<redacted>.json",
    }.items():
        monkeypatch.setattr(f"stedi.lake.lake.{place}", refuse)
        shown = stedi("run", tmp_path, "--lake", tmp_path / "lake")
        assert (shown.code, shown.out, shown.err) == (1, "", f"stedi: {said}\n")
