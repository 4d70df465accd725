"""Who is compared, and one run of each: in a process of its own, into a fresh folder, measured."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_LAST_LINES: Final = 5


class BenchmarkError(Exception):
    """The comparison can't be made, or would not be fair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one run took.

    Attributes:
        cpu_s: CPU seconds, user and system, of all its processes.
        wall_s: Seconds on the clock.
        peak_bytes: The most memory that it held.
        written_bytes: The size of the files that it left.
    """

    cpu_s: float
    wall_s: float
    peak_bytes: int
    written_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A way from landing files to the five tables.

    Attributes:
        name: Its name in tables and on the command line.
        title: What people call it.
        command: Returns what to run, given the landing root, the folder to write and the time to judge at.
    """

    name: str
    title: str
    command: Callable[[Path, Path, datetime], list[str]]


def _stedi(landing: Path, out: Path, now: datetime) -> list[str]:
    time = f"{now:%Y-%m-%dT%H:%M:%S%z}"
    return [sys.executable, "-m", "stedi", "run", str(landing), "--lake", str(out), "--now", time, "--json"]


def _script(name: str, *options: str) -> Callable[[Path, Path, datetime], list[str]]:
    def command(landing: Path, out: Path, now: datetime) -> list[str]:
        script = str(_HERE / "contestants" / name)
        return [sys.executable, script, str(landing), str(out), "--now", now.isoformat(), *options]

    return command


STEDI: Final = Contestant(name="stedi", title="`stedi run`", command=_stedi)
DUCKDB: Final = Contestant(name="duckdb", title="DuckDB, the same tables", command=_script("with_duckdb.py"))
DERIVED: Final = Contestant(
    name="duckdb-derived",
    title="DuckDB, only the five outputs",
    command=_script("with_duckdb.py", "--only-derived"),
)
SPARK: Final = Contestant(name="spark", title="PySpark, the same tables", command=_script("with_spark.py"))
CONTESTANTS: Final = (STEDI, DUCKDB, DERIVED, SPARK)


def measure(contestant: Contestant, landing: Path, now: datetime, *, place: Path) -> tuple[Usage, Path]:
    """Run a contestant once.

    Args:
        contestant: Who.
        landing: The landing root.
        now: The time at which consent is judged.
        place: A folder for what it writes, which is emptied first.

    Returns:
        What it took, and the folder that it wrote.

    Raises:
        BenchmarkError: It failed.
    """
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    out = place / "out"
    usage = spend(contestant.command(landing, out, now), place=place, name=contestant.name)
    return replace(usage, written_bytes=size_of(out)), out


def spend(command: Sequence[str], *, place: Path, name: str) -> Usage:
    """Run a command in a folder, and return what it took.

    Raises:
        BenchmarkError: It failed.
    """
    usage_file = place / "usage.json"
    # Python keeps the compiled bytecode, as it does for every user, and nobody's own key or lake is touched.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["XDG_CONFIG_HOME"] = str(place / "configuration")
    done = subprocess.run(
        [sys.executable, str(_HERE / "measure.py"), str(usage_file), *command],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
        raise BenchmarkError(f"{name} failed with exit code {done.returncode}:\n{said}")
    return Usage(**json.loads(usage_file.read_text("utf-8")), written_bytes=0)


def size_of(folder: Path) -> int:
    """Return how many bytes the files under a folder have."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
