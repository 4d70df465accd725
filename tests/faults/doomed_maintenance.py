"""Maintain a lake in a process of its own, which kills itself by SIGKILL at a given step.

A step is a moment just before or just after something is written, committed or deleted. Started with
``doomed_maintenance.py LAKE STEP``: STEP 0 lets it live; the steps are then printed, one a line.
"""

import sys
from datetime import timedelta

from dying import Steps
from pyiceberg.io.pyarrow import PyArrowFileIO

from stedi.lake.lake import Lake
from stedi.warehouse.sqlite_catalog import SqliteCatalog
from stedi.warehouse.writer import TableWriter


def main() -> None:
    """Maintain the lake."""
    steps = Steps(int(sys.argv[2]))
    for owner, names in (
        (SqliteCatalog, ("commit_table",)),
        (PyArrowFileIO, ("new_output", "delete")),
        (TableWriter, ("write", "close")),
    ):
        steps.around(owner, *names)
    steps.in_catalog("COMMIT")
    Lake.open(sys.argv[1], buckets=3).maintain(keep_days=0, older_than=timedelta(0))
    sys.stdout.write("\n".join(steps.names))


if __name__ == "__main__":
    main()
