"""What it costs to feed a lake again and again, to read it, to audit it, and to erase somebody.

    uv run python benchmarks/feeding.py [--times 100] [--source DIR] [--customers 400] [--rounds 3]

Each in a process of its own. Prints a table, in which "at most" is what is aimed at. Runs are made several
times, on lakes that are alike, and the one of median CPU is shown.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from contest import BenchmarkError, Usage, spend
from landing import Source, replicate
from stedi.simulate import simulate

_FOLDERS: Final = ("customer", "accelerometer", "step_trainer")
_DIRT: Final = 0.01
_TINY: Final = {"customer": 100, "accelerometer": 6_000, "step_trainer": 3_900}
_LINES_OF_A_TINY_ONE: Final = 20
_READ: Final = """
import glob, pathlib, sys, time
import polars as pl
from stedi import Lake
table, (folder, ratio) = "machine_learning_curated", sys.argv[1:]
lake = Lake.open(folder)
files = glob.glob(f"{folder}/warehouse/stedi/{table}/data/**/*.parquet", recursive=True)
lake.scan(table).head(1).collect()
ratios = []
for _ in range(9):
    began = time.process_time()
    rows = lake.scan(table).collect().height
    middle = time.process_time()
    assert pl.read_parquet(files).height == rows
    ratios.append((middle - began) / (time.process_time() - middle))
pathlib.Path(ratio).write_text(str(sorted(ratios)[4]))
"""


class Row(NamedTuple):
    """A line of the table."""

    what: str
    usage: Usage
    target: str = ""

    def __str__(self) -> str:
        """Write it in Markdown."""
        usage = self.usage
        peak = usage.peak_bytes / 1e6
        return f"| {self.what} | {usage.cpu_s:.2f} | {usage.wall_s:.2f} | {peak:,.0f} | {self.target} |"


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--times", type=int, default=100, help="the size of the lake (100)")
    parser.add_argument("--source", type=Path, metavar="DIR", help="a landing root to copy")
    parser.add_argument("--customers", type=int, default=400, help="of the files of other kinds (400)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each run is made (3)")
    given = parser.parse_args()
    if given.rounds < 1:
        parser.error("--rounds: at least 1")
    print("| | CPU s | Wall s | Peak MB | At most |")
    print("|---|--:|--:|--:|---|")
    try:
        with tempfile.TemporaryDirectory(prefix="stedi-benchmark-") as folder:
            place = Path(folder)
            source = Source.choose(given.source, None)
            source.check_room(given.times, place)
            for row in _again(source, given.times, place, given.rounds):
                print(row, flush=True)
            for row in _kinds_of_files(given.customers, place, given.rounds):
                print(row, flush=True)
    except (BenchmarkError, OSError) as error:
        print(f"feeding.py: {error}", file=sys.stderr)
        sys.exit(1)


def _stedi(place: Path, *words: str) -> Usage:
    command = [sys.executable, "-m", "stedi", *words, "--json"]
    return spend(command, place=place, name=f"stedi {words[0]}")


def _median(rounds: int, lake: Path, command: Callable[[], Usage]) -> Usage:
    """Run a command some times, each time on the lake as it is now; leave what the last one made of it."""
    kept = lake.with_name("kept")
    if lake.exists():
        shutil.copytree(lake, kept)
    used = []
    for _ in range(rounds):
        shutil.rmtree(lake, ignore_errors=True)
        if kept.exists():
            shutil.copytree(kept, lake)
        used.append(command())
    shutil.rmtree(kept, ignore_errors=True)
    return sorted(used, key=lambda each: each.cpu_s)[rounds // 2]


def _again(source: Source, times: int, place: Path, rounds: int) -> Iterator[Row | str]:
    landing, lake = place / "landing", str(place / "lake")
    made = source.make(landing, times)

    def run(*options: str) -> Usage:
        return _stedi(place, "run", str(landing), "--lake", lake, *options)

    # Once unmeasured, so that the bytecode is compiled and all programs are in memory.
    run("--plan")
    first = _median(rounds, Path(lake), run)
    yield Row(f"×{times}: a first run, {made.records:,} records", first, "800 MB at ×100")
    yield Row("nothing new", _median(rounds, Path(lake), run), "1.5 s")
    _add(source, landing, place / "more", copies=max(1, times // 100), first=times)
    most = f"{0.05 * first.cpu_s + 1:.2f} s of CPU"
    yield Row("1 % more, of new customers", _median(rounds, Path(lake), run), most)
    yield _reading(place, lake)
    yield Row("`stedi verify`", _stedi(place, "verify", "--lake", lake))
    readings = sorted((landing / "accelerometer").rglob("*.json"))
    for what, file, more in (
        ("`stedi erase`, one customer", readings[0], ()),
        ("`stedi erase --landing`, another one", readings[-1], ("--landing", str(landing))),
    ):
        erase = ("erase", _somebody(file), "--lake", lake, "--yes", "--device", "erase", *more)
        yield Row(what, _stedi(place, *erase), "" if more else "10 s")
    shutil.rmtree(landing)
    shutil.rmtree(lake)


def _add(source: Source, landing: Path, more: Path, *, copies: int, first: int) -> None:
    """Add landing files of people who are in none so far."""
    if source.folder is None:
        simulate(more, customers=source.customers * copies, seed=1)
    else:
        replicate(source.folder, more, times=copies, first=first)
    for folder in _FOLDERS:
        for file in (more / folder).rglob("*.json"):
            shutil.copy(file, landing / folder / f"more-{file.name}")


def _reading(place: Path, lake: str) -> str:
    ratio = place / "ratio"
    spend([sys.executable, "-c", _READ, lake, str(ratio)], place=place, name="reading")
    found = float(ratio.read_text("utf-8"))
    return f"| reading `machine_learning_curated`, CPU ÷ `pl.read_parquet`'s | {found:.2f} | | | 1.30 |"


def _somebody(readings: Path) -> str:
    """Return the e-mail of a customer who has readings."""
    with readings.open("rb") as lines:
        return str(json.loads(next(lines))["user"])


def _kinds_of_files(customers: int, place: Path, rounds: int) -> Iterator[Row]:
    clean, dirty = place / "clean", place / "dirty"
    simulate(clean, customers=customers, seed=3)
    simulate(dirty, customers=customers, seed=3, dirt=_DIRT)
    roots = {
        f"{customers} simulated customers, clean NDJSON": clean,
        "the same, back to back": _back_to_back(clean, place / "joined"),
        f"the same, and {_DIRT:.0%} damaged records": dirty,
        f"{sum(_TINY.values()):,} objects of {_LINES_OF_A_TINY_ONE} of these records": _cut(
            clean, place / "tiny"
        ),
    }
    most = ""
    for what, root in roots.items():
        lake = place / f"lake-{root.name}"
        command = ("run", str(root), "--lake", str(lake), "--max-rejected", "1")
        used = _median(rounds, lake, lambda command=command: _stedi(place, *command))
        yield Row(what, used, "" if root.name == "tiny" else most)
        most = most or f"{1.5 * used.cpu_s:.2f} s of CPU"


def _lines(root: Path, folder: str) -> list[bytes]:
    files = sorted((root / folder).rglob("*.json"))
    return [line for file in files for line in file.read_bytes().splitlines(keepends=True)]


def _back_to_back(root: Path, target: Path) -> Path:
    for folder in _FOLDERS:
        (target / folder).mkdir(parents=True)
        (target / folder / "all.json").write_bytes(b"".join(line.rstrip() for line in _lines(root, folder)))
    return target


def _cut(root: Path, target: Path) -> Path:
    dice = random.Random(0)  # noqa: S311 - nothing secret
    for folder, objects in _TINY.items():
        (target / folder).mkdir(parents=True)
        lines = _lines(root, folder)
        size = max(1, min(_LINES_OF_A_TINY_ONE, len(lines) // objects))
        places = list(range(0, len(lines), size))
        for number, start in enumerate(sorted(dice.sample(places, min(objects, len(places))))):
            (target / folder / f"{number:05d}.json").write_bytes(b"".join(lines[start : start + size]))
    return target


if __name__ == "__main__":
    main()
