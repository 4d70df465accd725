"""A lake that has been through everything, put back before each verb that is tried on a damaged one."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import stedi
from canary import EMAIL, canary
from lakes import (
    ANN,
    PUBLISHED,
    IcebergTable,
    Tables,
    files_of,
    lake_at,
    local,
    pour,
    put,
    put_world,
    rich_world,
    run,
    sent,
    tables_of,
)
from worlds import NOW

LATER = NOW + timedelta(hours=2)
TAG = "kept"


@dataclass(frozen=True)
class Patient:
    """A lake with three runs, an erasure, a receipt and a tag; and landing files that it has not seen.

    Attributes:
        folder: Where it is.
        landing: Its landing root, with one object more than it has loaded.
        rows: The rows of all tables.
        contents: The bytes of each file, by its place in the folder.
        newest: The id of its newest run.
    """

    folder: Path
    landing: Path
    rows: Tables
    contents: dict[str, bytes]
    newest: str

    @classmethod
    def build(cls, place: Path) -> "Patient":
        """Make the lake."""
        folder, landing = place / "lake", place / "landing"
        pour(landing, rich_world(parts=6))
        lake = lake_at(folder)
        run(lake, landing)
        put(landing, "customer/canary.json", [sent(canary())])
        run(lake, landing)
        lake.erase(email=EMAIL)
        put_world(landing, ANN)
        run(lake, landing, now=NOW + timedelta(hours=1))
        lake.tag(TAG)
        put(landing, "customer/new.json", [sent(canary("somebody@new.example"))])
        return cls(folder, landing, tables_of(lake, PUBLISHED), contents_of(folder), lake.last_run().run_id)

    @property
    def lake(self) -> stedi.Lake:
        """Open the lake as it is."""
        return lake_at(self.folder)

    def restore(self) -> None:
        """Put the lake back as it was, byte by byte."""
        there = contents_of(self.folder)
        for name in there.keys() - self.contents.keys():
            (self.folder / name).unlink()
        for name, content in self.contents.items():
            if there.get(name) != content:
                self.put_back(name)
        shutil.rmtree(self.folder / "scratch", ignore_errors=True)

    def put_back(self, name: str) -> None:
        """Put one file back."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.contents[name])

    def changed(self, damaged: str) -> set[str]:
        """Return the files that are not as they were, but for the damaged one."""
        there = contents_of(self.folder)
        names = there.keys() | self.contents.keys()
        return {name for name in names if there.get(name) != self.contents.get(name)} - {damaged}

    def name_of(self, file: Path) -> str:
        """Return the place of a file in the folder."""
        return str(file.relative_to(self.folder))


def contents_of(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files in a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in files_of(folder)}


def _metadata(folder: Path, table: str) -> Path:
    return IcebergTable.of(folder, table).file


def _manifest_list(folder: Path, table: str) -> Path:
    found = IcebergTable.of(folder, table)
    (snapshot,) = [each for each in found.metadata["snapshots"] if each["snapshot-id"] == found.main]
    return local(snapshot["manifest-list"])


def _manifest(folder: Path, table: str) -> Path:
    return local(IcebergTable.of(folder, table).manifests()[0])


def _data_file(folder: Path, table: str) -> Path:
    return local(IcebergTable.of(folder, table).data_files()[0]["file_path"])


KINDS: dict[str, Callable[[Path, str], Path]] = {
    "metadata": _metadata,
    "manifest list": _manifest_list,
    "manifest": _manifest,
    "data file": _data_file,
}
"""The kinds of file that a table has."""


def file_of(folder: Path, which: str) -> Path:
    """Return the file of a lake that is called ``catalog``, ``lock``, ``receipt`` or ``KIND of TABLE``."""
    if which == "catalog":
        return folder / "catalog.db"
    if which == "lock":
        return folder / "lock.db"
    if which == "receipt":
        return next((folder / "warehouse/_receipts").iterdir())
    kind, _, table = which.partition(" of ")
    return KINDS[kind](folder, table)


def _garbled(file: Path) -> None:
    stored = file.read_bytes()
    half, span = len(stored) // 2, min(40, len(stored) // 4)
    file.write_bytes(stored[: half - span] + b"\xff" * 2 * span + stored[half + span :])


def _footless(file: Path) -> None:
    """Cut off what comes last: of a Parquet file the footer."""
    stored = file.read_bytes()
    file.write_bytes(stored[: max(len(stored) - 300, len(stored) // 4)])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "emptied": lambda file: file.write_bytes(b""),
    "cut in half": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "cut at its end": _footless,
    "garbled": _garbled,
    "replaced": lambda file: file.write_text("These are the words of another file, and of no lake.\n" * 40),
}
