"""Landing files to compare with: copies of a source, each with people of its own, or made-up data."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from contest import BenchmarkError
from stedi.simulate import simulate

SAMPLE: Final = (Path(__file__).parents[2] / "shared" / "data" / "public-sample").resolve()
"""The public sample stands beside the checkout, if at all; it is no part of it."""
_SAMPLE_ROWS: Final = {
    "customer_trusted": 482,
    "accelerometer_trusted": 32_025,
    "customer_curated": 464,
    "step_trainer_trusted": 11_297,
    "machine_learning_curated": 32_025,
}
CUSTOMERS: Final = 69
"""So many simulated customers make about as many records as the public sample has."""

_NAMES: Final = re.compile(rb'("(?:email|user|serialNumber)":\s*")')
_FOLDERS: Final = ("customer", "accelerometer", "step_trainer")
_SIMULATED_BYTES_PER_CUSTOMER: Final = 180_000
# The files, and beside them what one contestant at a time makes of them.
_ROOM: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """A landing root.

    Attributes:
        root: Where it is.
        times: How many times the size of ×1 it has.
        records: How many records it holds.
        size: How many bytes.
        now: The time at which consent is to be judged.
        rows: How many rows each derived table must get, where that is known.
    """

    root: Path
    times: int
    records: int
    size: int
    now: datetime
    rows: Mapping[str, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What landing roots of every size are made of.

    Attributes:
        folder: A landing root of NDJSON files to copy; without one, data is made up.
        customers: How many customers are made up for ×1.
    """

    folder: Path | None
    customers: int = CUSTOMERS

    @classmethod
    def choose(cls, folder: Path | None, customers: int | None) -> "Source":
        """Take what was asked for, else the public sample, else made-up data."""
        if folder is not None:
            for name in _FOLDERS:
                if not (folder / name).is_dir():
                    raise BenchmarkError(f"{folder} is no landing root: it has no folder {name}/")
            return cls(folder=folder.resolve())
        if customers is not None:
            return cls(folder=None, customers=customers)
        return cls(folder=SAMPLE if SAMPLE.is_dir() else None)

    @property
    def words(self) -> str:
        """What the data is, for people."""
        if self.folder is None:
            return f"simulated data, {self.customers} customers at ×1 (`stedi.simulate`, seed 0)"
        if self.folder == SAMPLE:
            return "the public sample, copied with people and devices of its own per copy"
        return "a landing folder, copied with people and devices of its own per copy"

    def check_room(self, times: int, place: Path) -> None:
        """Refuse a size that does not fit on the disk.

        Raises:
            BenchmarkError: It does not fit.
        """
        size = _size(self.folder) if self.folder else self.customers * _SIMULATED_BYTES_PER_CUSTOMER
        needed, free = _ROOM * size * times, shutil.disk_usage(place).free
        if needed > free:
            raise BenchmarkError(
                f"×{times} needs about {needed / 1e9:.1f} GB for temporary files, and "
                f"{free / 1e9:.1f} GB are free: point TMPDIR to a larger disk, or name smaller --times"
            )

    def make(self, target: Path, times: int) -> Landing:
        """Write a landing root."""
        if self.folder is None:
            made = simulate(target, customers=self.customers * times)
            records, now, rows = made.records, made.as_of, None
        else:
            records = replicate(self.folder, target, times=times)
            now, rows = datetime.now(UTC).replace(microsecond=0), None
            if self.folder == SAMPLE:
                rows = {table: count * times for table, count in _SAMPLE_ROWS.items()}
        return Landing(root=target, times=times, records=records, size=_size(target), now=now, rows=rows)


def replicate(source: Path, target: Path, *, times: int, first: int = 0) -> int:
    """Copy a landing root many times, each copy with people and devices of its own.

    The files of the copies are joined, so that 100 copies of 13 files make 13 files, each 100 times as large.
    Every count of the tables made of them is so many times that of the source, unless names in it are spelled
    with blanks before them.

    Args:
        source: The landing root.
        target: A new folder.
        times: How many copies.
        first: The number of the first copy: others have other people.

    Returns:
        How many lines were written.
    """
    lines = 0
    for folder in _FOLDERS:
        (target / folder).mkdir(parents=True)
        for file in sorted((source / folder).rglob("*.json")):
            text = file.read_bytes()
            text = text if text.endswith(b"\n") else text + b"\n"
            lines += text.count(b"\n") * times
            with (target / folder / file.name).open("ab") as out:
                for copy in range(first, first + times):
                    out.write(_NAMES.sub(rb"\g<1>" + f"c{copy}.".encode(), text))
    return lines


def _size(root: Path) -> int:
    return sum(
        file.stat().st_size for folder in _FOLDERS for file in (root / folder).rglob("*") if file.is_file()
    )
