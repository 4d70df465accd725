"""Lakes that older code made, unpacked: their metadata, which holds absolute paths, is rewritten."""

import random
import sqlite3
import tarfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import fastavro

import stedi

HERE = Path(__file__).parent
NEUTRAL = "/lakes/"
"""Where they were made."""
NAMES = tuple(sorted(file.name.partition(".")[0] for file in HERE.glob("*.tar.xz")))
KEYS = [stedi.Pseudonyms(random.Random(seed).randbytes(32)) for seed in (1, 2)]  # noqa: S311 - of tests


@dataclass(frozen=True)
class OldLake:
    """A lake with its landing root."""

    home: Path

    @property
    def folder(self) -> Path:
        return self.home / "lake"

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    def open(self) -> stedi.Lake:
        return stedi.Lake.open(self.folder, pseudonyms=KEYS[0].followed_by(KEYS[1]))


def unpack(name: str, place: Path, *, later: Path | None = None) -> OldLake:
    """Unpack an archive into an empty folder, and have it speak of that place, or of where it will be."""
    with tarfile.open(HERE / f"{name}.tar.xz") as archive:
        archive.extractall(place, filter="data")
    home = place / name.split("-", 2)[2]
    old, new = f"{NEUTRAL}{home.name}/", f"{later or home}/"
    for file in (home / "lake/warehouse").rglob("*.metadata.json"):
        file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    for file in (home / "lake/warehouse").rglob("*.avro"):
        _rewrite(file, old, new)
    with closing(sqlite3.connect(home / "lake/catalog.db")) as catalog, catalog:
        catalog.execute(
            "UPDATE iceberg_tables SET metadata_location = replace(metadata_location, ?, ?)", (old, new)
        )
    return OldLake(home)


def _rewrite(file: Path, old: str, new: str) -> None:
    with file.open("rb") as source:
        reader = fastavro.reader(source)
        schema, codec = reader.writer_schema, reader.codec
        about = {name: text for name, text in reader.metadata.items() if not name.startswith("avro.")}
        records = [_moved(record, old, new) for record in reader]
    with file.open("wb") as out:
        fastavro.writer(out, schema, records, codec=codec, metadata=about)


def _moved(value: object, old: str, new: str) -> object:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, dict):
        return {name: _moved(each, old, new) for name, each in value.items()}
    return [_moved(each, old, new) for each in value] if isinstance(value, list) else value
