"""What the same records cost, however they lie in files, compared with plain lines.

    uv run python benchmarks/layouts.py [--records 200000] [--customers 100] [--rounds 3]

Readings are only read, in this process; the records of some simulated customers go through a whole run, each
in a process of its own. Each layout takes turns with plain lines; the ratios of CPU time are medians.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

import stedi
from contest import spend
from stedi.simulate import simulate

Row = dict[str, object]
Cost = Callable[[str], float]

_PLAIN: Final = "plain lines"
LAYOUTS: Final[dict[str, Callable[[list[Row]], str]]] = {
    _PLAIN: lambda rows: "".join(f"{json.dumps(row)}\n" for row in rows),
    "lines that end in a comma": lambda rows: "".join(f"{json.dumps(row)},\n" for row in rows),
    "back to back": lambda rows: "".join(map(json.dumps, rows)),
    "blank lines between": lambda rows: "\n\n".join(map(json.dumps, rows)),
    "an array in a line": json.dumps,
    "an array over lines": lambda rows: "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n",
    "an array, printed": lambda rows: json.dumps(rows, indent=2),
    "printed": lambda rows: "".join(f"{json.dumps(row, indent=2)}\n" for row in rows),
    "every third printed": lambda rows: "".join(
        f"{json.dumps(row, indent=2 if number % 3 == 1 else None)}\n" for number, row in enumerate(rows)
    ),
    "UTF-16": lambda rows: "".join(f"{json.dumps(row)}\n" for row in rows),
    "1 % damaged": lambda rows: "".join(
        json.dumps(row)[: 40 if number % 100 == 0 else None] + "\n" for number, row in enumerate(rows)
    ),
}


def readings(count: int) -> list[Row]:
    """Return so many readings of 500 phones."""
    dice = random.Random(1)  # noqa: S311 - made up
    return [
        {
            "user": f"walker{number % 500}@example.com",
            "timestamp": 1655564376361 + number,
            **{axis: round(dice.uniform(-9, 9), 3) for axis in "xyz"},
        }
        for number in range(count)
    ]


def reading(count: int, place: Path) -> Cost:
    """Return what says how many CPU seconds it takes to read so many readings in a layout."""
    rows, file = readings(count), place / "readings.json"

    def cost(layout: str) -> float:
        _write(rows, layout, file)
        began = time.process_time()
        stedi.read_landing(file, "accelerometer_landing")
        return time.process_time() - began

    return cost


def running(customers: int, place: Path) -> Cost:
    """Return what says how many CPU seconds the first run takes over the files of so many customers."""
    simulate(place / "simulated", customers=customers, seed=3)
    root, lake = place / "landing", place / "lake"
    rows = {
        name: [
            json.loads(line)
            for file in (place / "simulated" / name).rglob("*.json")
            for line in file.open("rb")
        ]
        for name in ("customer", "accelerometer", "step_trainer")
    }

    def cost(layout: str) -> float:
        shutil.rmtree(lake, ignore_errors=True)
        for name, some in rows.items():
            (root / name).mkdir(parents=True, exist_ok=True)
            _write(some, layout, root / name / "all.json")
        command = [sys.executable, "-m", "stedi", "run", str(root), "--lake", str(lake)]
        return spend([*command, "--max-rejected", "1"], place=place, name=layout).cpu_s

    return cost


def _write(rows: list[Row], layout: str, file: Path) -> None:
    file.write_text(LAYOUTS[layout](rows), "utf-16" if layout == "UTF-16" else "utf-8")


def compared(cost: Cost, layout: str, rounds: int) -> float:
    """Return what a layout costs, of what plain lines cost."""
    pairs = [(cost(_PLAIN), cost(layout)) for _ in range(rounds)]
    return median(other / plain for plain, other in pairs)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=200_000, help="readings that are read (200,000)")
    parser.add_argument("--customers", type=int, default=100, help="of the whole runs (100)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (3)")
    asked = parser.parse_args()
    print("| Layout | to read, of plain lines | to run, of plain lines |\n|---|--:|--:|")
    with tempfile.TemporaryDirectory(prefix="stedi-benchmark-") as folder:
        costs = reading(asked.records, Path(folder)), running(asked.customers, Path(folder))
        for cost in costs:
            cost(_PLAIN)
        for layout in LAYOUTS:
            read, run = (compared(cost, layout, asked.rounds) for cost in costs)
            print(f"| {layout} | {read:.2f} | {run:.2f} |", flush=True)


if __name__ == "__main__":
    main()
