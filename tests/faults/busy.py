"""Work on a lake that many work on: ``busy.py VERB LAKE ARGUMENT``; LAKE is JSON for ``Lake.open``.

deliver ROOT   run over each landing root under ROOT, one after the other
erase EMAIL    erase somebody, again and again, until they were there
maintain N     maintain so many times
verify N       audit so many times
"""

import json
import sys
import time
from datetime import timedelta
from pathlib import Path

from stedi.errors import ConfigurationError, LakeError, RunConflictError
from stedi.lake.lake import Lake


def opened(text: str) -> Lake:
    """Open a lake as it is said in JSON."""
    options = json.loads(text)
    return Lake.open(**options, buckets=2, wait=timedelta(minutes=10))


def deliver(lake: Lake, root: str) -> None:
    """Run over landing roots; nobody tries a second time: a run waits for its turn."""
    for delivery in sorted(Path(root).iterdir()):
        lake.run(delivery, max_rejected=1.0)


def erase(lake: Lake, email: str) -> None:
    """Erase somebody once they are there."""
    while True:
        try:
            if lake.erase(email=email, device="keep", asked_by="test").outcome == "erased":
                return
        except (ConfigurationError, RunConflictError):
            raise
        except LakeError:
            # Nothing was published yet.
            pass
        time.sleep(0.5)


def maintain(lake: Lake, times: str) -> None:
    """Maintain."""
    for _ in range(int(times)):
        try:
            lake.maintain(keep_days=0, older_than=timedelta(0))
        except RunConflictError:
            raise
        except LakeError:
            time.sleep(0.5)


def verify(lake: Lake, times: str) -> None:
    """Audit, and write down what was found that nobody at work explains."""
    for _ in range(int(times)):
        try:
            found = lake.verify()
        except LakeError:
            time.sleep(0.2)
            continue
        sys.stdout.writelines(f"{finding.code}\n" for finding in found.findings)


if __name__ == "__main__":
    _, verb, where, argument = sys.argv
    {"deliver": deliver, "erase": erase, "maintain": maintain, "verify": verify}[verb](
        opened(where), argument
    )
