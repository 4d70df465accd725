"""Maintain a lake in a process of its own, which kills itself by SIGKILL at a given step.

A step is a moment just before or just after something is written, committed or deleted. Started with
``doomed_maintenance.py LAKE STEP``: STEP 0 lets it live; the steps are then printed, one a line.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io.pyarrow import PyArrowFileIO
from sqlalchemy import event
from sqlalchemy.engine import Engine

from stedi.lake.lake import Lake
from stedi.warehouse.writer import TableWriter

STEPS: list[str] = []


def step(name: str) -> None:
    """Die here, if this is the step."""
    STEPS.append(name)
    if len(STEPS) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)


def around(owner: Any, name: str) -> None:
    """Make a step before and a step after every call of a function."""
    function: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(function)
    def wrapped(*args: Any, **options: Any) -> Any:
        step(f"before {name}")
        result = function(*args, **options)
        step(f"after {name}")
        return result

    setattr(owner, name, wrapped)


def main() -> None:
    """Maintain the lake."""
    for owner, names in (
        (SqlCatalog, ("commit_table",)),
        (PyArrowFileIO, ("new_output", "delete")),
        (TableWriter, ("write", "close")),
    ):
        for name in names:
            around(owner, name)
    event.listen(Engine, "commit", lambda _: step("before the catalog commits"))
    Lake.open(sys.argv[1], buckets=3).maintain(keep_days=0, older_than=timedelta(0))
    sys.stdout.write("\n".join(STEPS))


if __name__ == "__main__":
    main()
