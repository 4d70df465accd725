"""Rotate the key of a lake in a process of its own, which kills itself by SIGKILL at a given step.

Started with ``doomed_rotation.py LAKE STEP``: STEP 0 lets it live; the steps are then printed, one a line.
The keys are in the environment.
"""

import sys
from pathlib import Path

from dying import Steps
from pyiceberg.io.pyarrow import PyArrowFileIO

from stedi.lake.lake import Lake
from stedi.warehouse.sqlite_catalog import SqliteCatalog
from stedi.warehouse.writer import TableWriter


def main() -> None:
    """Rotate."""
    _, lake, step = sys.argv
    steps = Steps(int(step))
    for owner, names in (
        (SqliteCatalog, ("commit_table",)),
        (PyArrowFileIO, ("new_output", "delete")),
        (TableWriter, ("close",)),
        (Path, ("replace", "unlink")),
    ):
        steps.around(owner, *names)
    steps.in_catalog("COMMIT")
    Lake.open(lake, buckets=3).rotate_key(drop_tags=["before", "study", "training", "withdrawn"])
    sys.stdout.write("\n".join(steps.names))


if __name__ == "__main__":
    main()
