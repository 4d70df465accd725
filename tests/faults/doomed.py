"""Run a lake in a process of its own, which kills itself by SIGKILL at a given step.

A step is a moment just before or just after something is written: a statement or a commit of the catalog, a
file of the warehouse, a file of the scratch folder, a removal. Started with
``doomed.py LAKE LANDING NOW STEP``: STEP 0 lets the run live; the steps are then printed, one a line.

It imports nothing of the tests but how to die, to start fast; the lake's key is in the environment.
"""

import sys
from datetime import datetime

from dying import Steps
from pyiceberg.io.pyarrow import PyArrowFileIO

from stedi.lake.lake import Lake
from stedi.pipeline import site
from stedi.pipeline.derive import staging
from stedi.pipeline.derive.staging import BucketStage
from stedi.warehouse.sqlite_catalog import SqliteCatalog
from stedi.warehouse.writer import TableWriter


def main() -> None:
    """Run the lake."""
    steps = Steps(int(sys.argv[4]))
    staging._ROWS_HELD = 1  # else so few rows are written to no file on their way
    for owner, names in (
        (SqliteCatalog, ("commit_table", "create_namespace")),
        (PyArrowFileIO, ("new_output", "delete")),
        (TableWriter, ("close",)),
        (BucketStage, ("add", "read")),
        (site, ("_remove",)),
    ):
        steps.around(owner, *names)
    steps.in_catalog("CREATE", "SELECT", "INSERT", "UPDATE", "COMMIT")
    _, lake, landing, now, _ = sys.argv
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    Lake.open(lake, buckets=3).run(landing, now=datetime.fromisoformat(now), max_rejected=1.0)
    sys.stdout.write("\n".join(steps.names))


if __name__ == "__main__":
    main()
