"""The machine that the figures come from: no host name and no path of it."""

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_PACKAGES: Final = ("stedi", "polars", "pyiceberg", "pyarrow", "duckdb", "pyspark")


def describe() -> list[str]:
    """Return lines about the processor, the memory, the system and the versions."""
    cores = os.cpu_count() or 1
    return [
        f"{_processor()}, {cores} {'core' if cores == 1 else 'cores'}, {_memory()} of memory",
        f"{_system()}, Python {platform.python_version()}{_java()}",
        ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name))),
        f"Other work on the machine just before: {_load()}",
    ]


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _memory() -> str:
    found = re.search(r"^MemTotal:\s*(\d+) kB$", _read("/proc/meminfo"), re.MULTILINE)
    return f"{int(found[1]) * 1024 / 1e9:.0f} GB" if found else "an unknown amount"


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"
    return f"{name}, {platform.system()} {platform.release().partition('-')[0]}"


def _java() -> str:
    if shutil.which("java") is None:
        return ""
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "([^"]+)"', said)
    return f", Java {found[1]}" if found else ""


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _load() -> str:
    if not hasattr(os, "getloadavg"):
        return "unknown"
    return f"load average {os.getloadavg()[0]:.1f} over a minute"


def _read(file: str) -> str:
    try:
        return Path(file).read_text("utf-8")
    except OSError:
        return ""
