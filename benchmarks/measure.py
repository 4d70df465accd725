"""Run a landing root into a fresh lake, in a process of its own, and print what it took.

    python benchmarks/measure.py LANDING

CPU seconds and peak memory are the operating system's, for the whole process, imports included.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_MB = 1e6
# Linux counts in KiB, macOS in bytes.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("landing", type=Path)
    landing = parser.parse_args().landing
    size = sum(file.stat().st_size for file in landing.rglob("*") if file.is_file())
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "stedi", "run", str(landing), "--lake", f"{scratch}/lake", "--json"]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["XDG_CONFIG_HOME"] = f"{scratch}/configuration"
        started = time.perf_counter()
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        wall = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        written = sum(file.stat().st_size for file in Path(scratch, "lake").rglob("*") if file.is_file())
    report = json.loads(done.stdout)
    print("| landing | records | CPU | wall | peak memory | lake |")
    print("|---|---|---|---|---|---|")
    records = sum(table["rows_in"] for name, table in report["tables"].items() if name.endswith("_landing"))
    print(
        f"| {size / _MB:,.0f} MB | {records:,} | {used.ru_utime + used.ru_stime:.1f} s | {wall:.1f} s "
        f"| {used.ru_maxrss * _RSS_UNIT / _MB:,.0f} MB | {written / _MB:,.0f} MB |"
    )
    print()
    for name, table in report["tables"].items():
        print(f"{name}: {table['rows_out']:,} rows")


if __name__ == "__main__":
    main()
