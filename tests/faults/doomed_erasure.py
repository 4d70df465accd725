"""Erase somebody in a process of its own, which kills itself by SIGKILL at a given step.

A step is a moment just before or just after something is written, committed, replaced or deleted. Started
with ``doomed_erasure.py LAKE EMAIL LANDING STEP``: STEP 0 lets it live; the steps are then printed, one a
line.
"""

import sys
from pathlib import Path

from dying import Steps
from pyiceberg.io.pyarrow import PyArrowFileIO

from stedi.governance.erase import prepare, replace
from stedi.lake.lake import Lake
from stedi.warehouse.notes import Notes
from stedi.warehouse.sqlite_catalog import SqliteCatalog
from stedi.warehouse.warehouse import Warehouse
from stedi.warehouse.writer import TableWriter


def main() -> None:
    """Erase the person."""
    _, lake, email, landing, step = sys.argv
    steps = Steps(int(step))
    for owner, names in (
        (SqliteCatalog, ("commit_table",)),
        (PyArrowFileIO, ("new_output", "delete")),
        (TableWriter, ("close", "copy")),
        (replace, ("_replace",)),
        (prepare, ("_verify",)),
        (Path, ("replace", "unlink")),
        (Notes, ("write", "delete")),
        (Warehouse, ("scrub_catalog",)),
    ):
        steps.around(owner, *names)
    steps.in_catalog("COMMIT")
    Lake.open(lake, buckets=3).erase(
        email=email,
        drop_tags=["training"],
        move_tags=["withdrawn"],
        rebuild_tags=["study"],
        landing=landing,
        reason="a test",
    )
    sys.stdout.write("\n".join(steps.names))


if __name__ == "__main__":
    main()
