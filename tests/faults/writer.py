"""Run a lake over one landing root until it is done; say how often another run held the lake.

Started with ``writer.py LAKE LANDING NOW``.
"""

import sys
import time
from datetime import datetime

from stedi.errors import RunConflictError
from stedi.lake.lake import Lake


def main() -> None:
    """Run, and try again while another run holds the lake."""
    _, folder, landing, now = sys.argv
    refused = 0
    while True:
        lake = Lake.open(folder, buckets=3)
        try:
            report = lake.run(landing, now=datetime.fromisoformat(now), max_rejected=1.0)
        except RunConflictError as error:
            if "another run" not in str(error):
                raise
            refused += 1
            time.sleep(0.1)
            continue
        sys.stdout.write(f"{report.run_id} {refused}")
        return


if __name__ == "__main__":
    main()
