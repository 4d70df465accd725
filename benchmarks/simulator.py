"""Measure how many sensor readings the simulator makes per second of one core, without writing them.

uv run python benchmarks/simulator.py [--customers 2000] [--preset realistic]
"""

import argparse
import resource
import sys
import time

from stedi.simulate import PRESETS
from stedi.simulate.customers import invent_customers
from stedi.simulate.draws import Draws
from stedi.simulate.sessions import plan_sessions
from stedi.simulate.signals import read_sensors

_BATCH = 256
_MB = 1e6
# Linux counts in KiB, macOS in bytes.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    """Read the arguments, make the readings, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="realistic")
    given = parser.parse_args()
    preset = PRESETS[given.preset]
    sessions = plan_sessions(invent_customers(given.customers, seed=0), seed=0)
    # The first batch pays for what is loaded once.
    read_sensors(sessions[:1], Draws(0), preset=preset, clocks="one", order="time")
    rows, started, began = 0, time.process_time(), time.perf_counter()
    for start in range(0, len(sessions), _BATCH):
        batch = sessions[start : start + _BATCH]
        readings = read_sensors(batch, Draws(0, start), preset=preset, clocks="one", order="time")
        rows += readings.accelerometer.height + readings.step_trainer.height
    cpu, wall = time.process_time() - started, time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / _MB
    print("| readings | CPU | wall | readings per CPU second | peak memory |")
    print("|---|---|---|---|---|")
    print(f"| {rows:,} | {cpu:.1f} s | {wall:.1f} s | {rows / cpu:,.0f} | {peak:,.0f} MB |")


if __name__ == "__main__":
    main()
