"""Run a command and write down what the operating system says that it took.

python benchmarks/measure.py USAGE.json COMMAND...

A program of its own, and a small one: Linux counts the memory of whoever starts a process as the process's
own peak. CPU seconds are user plus system of the command and all that it started and waited for. The peak is
that of the command's whole tree, sampled through /proc, or that of its largest process, whichever is more.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

_SAMPLE_S = 0.05
_SAMPLES_PER_LOOK = 10
"""Memory is sampled more often than new processes are looked for: the latter reads all of /proc."""
# Linux counts in KiB, macOS in bytes.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Process(NamedTuple):
    """What /proc says of a process."""

    parent: int
    cpu_s: float
    memory: int


def look(pid: int) -> Process | None:
    """Return what /proc says of a process; None if it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in brackets may hold anything; the fields behind it are those of proc(5) from the third on.
    fields = text.rpartition(")")[2].split()
    cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Process(int(fields[1]), cpu_s, int(fields[21]) * os.sysconf("SC_PAGE_SIZE"))


def family(root: int) -> set[int]:
    """Return a process and all its descendants."""
    parents = {
        int(entry.name): process.parent
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (process := look(int(entry.name)))
    }
    members = {root}
    while new := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= new
    return members


class Watch(threading.Thread):
    """Samples the memory and the CPU time of a process tree until it is told to stop."""

    def __init__(self, root: int) -> None:
        """Begin at once."""
        super().__init__(daemon=True)
        self._root = root
        self._ended = threading.Event()
        self._cpu_s: dict[int, float] = {}
        self.peak = 0
        self.start()

    def run(self) -> None:
        """Sample."""
        members: set[int] = set()
        sample = 0
        while not self._ended.wait(_SAMPLE_S):
            if sample % _SAMPLES_PER_LOOK == 0:
                members = family(self._root)
            sample += 1
            seen = {pid: process for pid in members if (process := look(pid))}
            self._cpu_s |= {pid: process.cpu_s for pid, process in seen.items()}
            self.peak = max(self.peak, sum(process.memory for process in seen.values()))

    def stop(self) -> float:
        """End, and return the CPU seconds that were seen."""
        self._ended.set()
        self.join()
        return sum(self._cpu_s.values())


def main() -> None:
    """Run the command."""
    usage_file, *command = sys.argv[1:]
    started = time.perf_counter()
    process = subprocess.Popen(command)
    watch = Watch(process.pid) if Path("/proc/self/stat").exists() else None
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    # What a process did that its parent did not wait for is missing from what the system counts.
    seen = watch.stop() if watch else 0.0
    usage = {
        "cpu_s": max(used.ru_utime + used.ru_stime, seen),
        "wall_s": wall,
        "peak_bytes": max(used.ru_maxrss * _RSS_UNIT, watch.peak if watch else 0),
    }
    Path(usage_file).write_text(json.dumps(usage), "utf-8")
    sys.exit(process.returncode)


if __name__ == "__main__":
    main()
