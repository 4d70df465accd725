"""The verbs of a lake as they are disturbed: each a command over a folder with a lake and a landing root.

It imports nothing of the tests, so that the process that is killed starts fast.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import stedi

SECRET: Final = bytes(range(32))
OLD: Final = stedi.Pseudonyms(SECRET)
OLDEST: Final = stedi.Pseudonyms(random.Random(1).randbytes(32))  # noqa: S311 - of tests
"""The key of the lakes that older code made."""
RING: Final = OLD.followed_by(stedi.Pseudonyms(b"n" * 32))
NOW: Final = datetime(2022, 6, 1, 14, tzinfo=UTC)
AFTERWARDS: Final = datetime(2022, 7, 1, tzinfo=UTC)
"""Later than any run of a lake that older code made."""
LATER: Final = NOW + timedelta(hours=2)
GONE, NEXT_GONE = "eve@example.com", "zoe@example.com"
GONE_DEVICE: Final = "dev-eve"
TAGS: Final = ("dropped", "moved", "rebuilt")


def told(_what: str, _done: int, _total: int) -> None:
    """Hear how far a command is."""


def _hear(*progress: Any) -> None:
    """Hear it by whoever listens at that time."""
    told(*progress)


def open_lake(root: Path, key: stedi.Pseudonyms | None = OLD) -> stedi.Lake:
    """Open the lake of a folder, with few buckets."""
    return stedi.Lake.open(root / "lake", pseudonyms=key, buckets=2)


def run(root: Path, key: stedi.Pseudonyms | None = OLD, **options: Any) -> Any:
    """Run the lake over its landing root."""
    return open_lake(root, key).run(
        root / "landing", **{"now": LATER, "max_rejected": 1.0, "progress": _hear, **options}
    )


def erase(root: Path, **whom: Any) -> Any:
    """Erase somebody, with a decision about each tag."""
    return open_lake(root).erase(
        **{"email": GONE, "asked_by": "a test", "landing": root / "landing", **whom},
        progress=_hear,
        drop_tags=["dropped"],
        move_tags=["moved"],
        rebuild_tags=["rebuilt"],
    )


def _release(root: Path) -> Any:
    lake = open_lake(root)
    held = lake.scan("quarantine").select("_digest", "_position").sort("_digest").collect().rows()
    return lake.release([f"{digest[:12]}:{position}" for digest, position in held], now=LATER, progress=_hear)


def _maintain(root: Path) -> Any:
    return open_lake(root).maintain(keep_days=0, older_than=timedelta(0), progress=_hear)


def _rotate(root: Path, key: stedi.Pseudonyms | None = RING, **options: Any) -> Any:
    return open_lake(root, key).rotate_key(drop_tags=TAGS, progress=_hear, **options)


@dataclass(frozen=True)
class Command:
    """A verb with its arguments.

    Attributes:
        state: The state of the lake that it starts from.
        execute: What is done.
        done: What it says, of its class and its words, to whoever asks again for what is done.
        key: The key that the lake has afterwards; None for the one in the user's file.
    """

    state: str
    execute: Callable[[Path], Any]
    done: tuple[str, str] | None = None
    key: stedi.Pseudonyms | None = OLD

    def __call__(self, root: Path) -> Any:
        """Carry it out, with the user's configuration beside the lake."""
        with patch.dict(os.environ, {"XDG_CONFIG_HOME": str(root / "config")}):
            return self.execute(root)


COMMANDS: Final = {
    "first run": Command("bare", run),
    "first run, new key": Command("bare", lambda root: run(root, None), key=None),
    "first run, plan": Command("bare", lambda root: run(root, plan=True)),
    "run": Command("delivered", run),
    "run, plan": Command("delivered", lambda root: run(root, plan=True)),
    "run, full": Command("used", lambda root: run(root, full=True)),
    "release": Command("used", _release, done=("UnknownNameError", "held record in quarantine")),
    "tag": Command("used", lambda root: open_lake(root).tag("new"), done=("LakeError", "exists: it is run")),
    "maintain": Command("used", _maintain),
    "erase": Command("used", erase),
    "erase by serial number": Command(
        "used", lambda root: erase(root, email=None, serial_number=GONE_DEVICE)
    ),
    "erase, plan": Command("used", lambda root: erase(root, plan=True)),
    "rotate": Command("used", _rotate, key=RING),
    "rotate, key file": Command("keyed", lambda root: _rotate(root, None), key=None),
    "rotate, plan": Command("used", lambda root: _rotate(root, plan=True)),
    "run after a run killed before its publication": Command("staged", run),
    "run after a run killed after its publication": Command("unshown", run),
    "upgrade": Command("old", lambda root: open_lake(root, OLDEST).upgrade(progress=_hear), key=OLDEST),
    "maintain after a killed tag": Command("half tagged", _maintain),
}
