"""Runs in processes of their own: started, waited for, killed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from worlds import NOW, SECRET

_SCRIPTS = Path(__file__).parent / "faults"


def start(script: str, *arguments: str | Path, keys: str = SECRET.hex()) -> subprocess.Popen[str]:
    """Start a script of faults/; its bytecode is cached, so that imports take little of the time."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {
        "STEDI_PSEUDONYM_KEY": keys,
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "stedi-tests-bytecode"),
    }
    return subprocess.Popen(
        [sys.executable, _SCRIPTS / script, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def steps_of_a_run(lake: Path, landing: Path, now: datetime = NOW) -> list[str]:
    """Let a run live, and return its steps."""
    with start("doomed.py", lake, landing, now.isoformat(), "0") as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    return out.splitlines()[1:]


def die_at(lake: Path, landing: Path, step: int, now: datetime = NOW) -> bool:
    """Run a lake until a step; return whether it came that far."""
    with start("doomed.py", lake, landing, now.isoformat(), str(step)) as process:
        _, err = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), err
    return process.returncode != 0


def die_after(lake: Path, landing: Path, seconds: float, now: datetime = NOW) -> bool:
    """Run a lake and kill it so long after it began; return whether it was still at work."""
    with start("doomed.py", lake, landing, now.isoformat(), "0") as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        process.kill()
        _, err = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), err
    return process.returncode != 0
