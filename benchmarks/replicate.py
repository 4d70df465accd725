"""Copy a landing root N times, each copy with people and devices of its own.

    python benchmarks/replicate.py SOURCE TARGET --times 100

The files of the copies are joined, so that 100 copies of 13 files make 13 files, each 100 times as large;
``--files`` keeps them apart. Every count of the tables made of them is N times that of the source.
"""

import argparse
import re
import shutil
from pathlib import Path

_NAMES = re.compile(rb'("(?:email|user|serialNumber)":\s*")')
_FOLDERS = ("customer", "accelerometer", "step_trainer")


def replicate(source: Path, target: Path, *, times: int, files: bool) -> None:
    """Write the copies."""
    if target.exists():
        shutil.rmtree(target)
    for folder in _FOLDERS:
        (target / folder / "landing").mkdir(parents=True)
        for file in sorted((source / folder).rglob("*.json")):
            text = file.read_bytes()
            text = text if text.endswith(b"\n") else text + b"\n"
            place = target / folder / "landing"
            for copy in range(times):
                name = f"{copy:04d}-{file.name}" if files else file.name
                with (place / name).open("ab") as out:
                    out.write(_NAMES.sub(rb"\g<1>" + f"c{copy}.".encode(), text))


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--files", action="store_true", help="one file per copy and source file")
    arguments = parser.parse_args()
    replicate(arguments.source, arguments.target, times=arguments.times, files=arguments.files)


if __name__ == "__main__":
    main()
