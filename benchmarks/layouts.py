"""What it costs to read the same readings, however they lie in a file, to plain lines.

    uv run python benchmarks/layouts.py [--records 200000] [--rounds 3]

Each layout is read in turn with plain lines, in this process; the ratio of their CPU time is the median's.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

import stedi

Row = dict[str, object]

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


def cost(file: Path) -> float:
    """Return the CPU seconds of reading a file."""
    began = time.process_time()
    stedi.read_landing(file, "accelerometer_landing")
    return time.process_time() - began


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    rows = readings(asked.records)
    print("| Layout | CPU µs a record | to plain lines |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.json"
        plain.write_text(LAYOUTS[_PLAIN](rows), "utf-8")
        cost(plain)
        for name, written in LAYOUTS.items():
            file = Path(folder) / "other.json"
            file.write_text(written(rows), "utf-16" if name == "UTF-16" else "utf-8")
            pairs = [(cost(plain), cost(file)) for _ in range(asked.rounds)]
            each = median(other for _, other in pairs) / asked.records * 1e6
            print(f"| {name} | {each:.2f} | {median(other / base for base, other in pairs):.2f} |")


if __name__ == "__main__":
    main()
