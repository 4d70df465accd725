"""Places at which a verb writes, and faults that strike at one of them.

A place is a commit of the catalog, a file that is written, renamed or deleted, or where a verb says how far
it is. It is told by what is done there and by the functions of stedi at work: the same step for twelve
tables is one place, at which a fault may strike at the first visit or at any later one, before it is done,
within it, or after it.

It imports nothing of the tests, so that the process that is killed starts fast.
"""

import errno
import io
import os
import random
import shutil
import signal
import sqlite3
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from unittest.mock import patch

import commands
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO

from stedi.errors import LakeError
from stedi.warehouse.parquet import ParquetFile

SOURCES: Final = f"{os.sep}src{os.sep}stedi{os.sep}"
DEADLY: Final = ("sigterm", "sigkill")
"""What only a process of its own can suffer."""
SIGNALS: Final = ("interrupt", "sigint", *DEADLY)
_EVERYWHERE: Final = ("error", *SIGNALS)
_DISK: Final = {"enospc": errno.ENOSPC, "eio": errno.EIO, "eacces": errno.EACCES}
_CATALOG: Final = {
    "busy": "database is locked",
    "full": "database or disk is full",
    "lost": "disk I/O error",
}
KINDS: Final = (*_EVERYWHERE, "refusal", *_DISK, *_CATALOG, "conflict")
_BEFORE: Final = (*_EVERYWHERE, "refusal", *_DISK)
_AFTER: Final = _EVERYWHERE
_MOMENTS: Final = {
    "write": {
        "before": _BEFORE,
        # Some bytes of the file are there.
        "within": ("error", "sigkill", "enospc", "eio"),
        "after": _AFTER,
    },
    "commit": {
        "before": (*_EVERYWHERE, "refusal", "busy", "full", "conflict"),
        # All but the statement that makes it last was done.
        "within": ("error", "interrupt", "sigkill", "full"),
        "after": (*_AFTER, "lost"),
    },
    # It says how far it is: between what it writes.
    "progress": {"before": (*_EVERYWHERE, "refusal")},
    "vacuum": {"before": (*_EVERYWHERE, "busy", "full"), "after": (*_AFTER, "lost")},
}
_OTHERS: Final = {"before": _BEFORE, "after": _AFTER}
_STATEMENTS: Final = {
    "BEGIN": (("before", "commit"), None),
    "COMMIT": (("within", "commit"), ("after", "commit")),
    "VACUUM": (("before", "vacuum"), ("after", "vacuum")),
}


@dataclass(frozen=True, order=True)
class Place:
    """Where something is written: what is done, and who is at work."""

    operation: str
    by: str

    def __str__(self) -> str:
        return f"{self.operation} in {self.by}"


Visit = tuple[str, Place]
"""A moment, and the place where it is."""


def faults_at(visited: Mapping[Visit, int], dice: random.Random) -> dict[Place, list["Fault"]]:
    """Return all faults that can strike, by place; at which visit each does is up to the dice."""
    faults: dict[Place, list[Fault]] = {}
    for (moment, place), times in sorted(visited.items()):
        kinds = _MOMENTS.get(place.operation, _OTHERS)[moment]
        found = [Fault(kind, moment, place, dice.randint(1, times)) for kind in kinds]
        faults.setdefault(place, []).extend(found)
    return faults


@dataclass(frozen=True)
class Fault:
    """One fault: what strikes, at which moment, where, and at the how-manieth visit to that place."""

    kind: str
    moment: str
    place: Place
    visit: int = 1

    def __str__(self) -> str:
        return f"{self.kind} {self.moment} {self.place}, visit {self.visit}"


class Visits:
    """Counts the visits to places, and lets a fault strike at one of them.

    Args:
        root: Only files under it count.
        fault: The fault; None to count only.
    """

    def __init__(self, root: Path, fault: Fault | None = None) -> None:
        """Begin before the first."""
        self.counted: Counter[Visit] = Counter()
        self.struck = False
        self._root = f"{root}{os.sep}"
        self._fault = fault

    def visit(self, moment: str, operation: str) -> bool:
        """Be at a place; say whether a torn write is wanted here, and strike whatever else is."""
        place = Place(operation, _by())
        self.counted[moment, place] += 1
        fault = self._fault
        if self.struck or fault is None or (moment, place) != (fault.moment, fault.place):
            return False
        if self.counted[moment, place] != fault.visit:
            return False
        self.struck = True
        if (operation, moment) == ("write", "within"):
            return True
        strike(fault.kind)
        return False

    def tear(self) -> None:
        """Strike in the middle of a write."""
        assert self._fault is not None
        strike(self._fault.kind)

    def counts(self, path: object) -> bool:
        """Say whether a file is one of ours."""
        return str(path).removeprefix("file://").startswith(self._root)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch whatever is written for the length of a block."""
        with ExitStack() as stack:
            # pyiceberg warns where it goes on in spite of a fault: that is no error outside of tests.
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            for owner, name, operation in (
                (PyArrowFileIO, "delete", "delete"),
                (os, "replace", "rename"),
                (os, "rename", "rename"),
                (os, "link", "link"),
                (os, "unlink", "unlink"),
                (os, "rmdir", "rmdir"),
                (os, "mkdir", "mkdir"),
                (os, "utime", "utime"),
                (shutil, "copymode", "copymode"),
            ):
                whole = getattr(owner, name)
                stack.enter_context(patch.object(owner, name, self._around(whole, operation)))
            for owner, name in ((PyArrowFile, "create"), (shutil, "copyfile"), (io, "open")):
                stack.enter_context(patch.object(owner, name, self._writing(owner, name)))
            stack.enter_context(patch.object(ParquetFile, "close", self._closing()))
            stack.enter_context(patch.object(sqlite3, "connect", self._connecting()))
            stack.enter_context(patch.object(commands, "told", lambda *_: self.visit("before", "progress")))
            yield

    def _around(self, function: Callable[..., Any], operation: str) -> Callable[..., Any]:
        def watched(*args: Any, **options: Any) -> Any:
            mine = any(self.counts(each) for each in args[:2]) and _by()
            if mine:
                self.visit("before", operation)
            result = function(*args, **options)
            if mine:
                self.visit("after", operation)
            return result

        return watched

    def _writing(self, owner: Any, name: str) -> Callable[..., Any]:
        function = getattr(owner, name)

        def place_of(args: Any) -> str | None:
            if owner is io:
                mode = args[1] if len(args) > 1 else "r"
                return os.fspath(args[0]) if isinstance(args[0], str | Path) and "w" in mode else None
            return args[0].location if owner is PyArrowFile else os.fspath(args[1])

        def watched(*args: Any, **options: Any) -> Any:
            place = place_of(args)
            if place is None or not self.counts(place) or not _by():
                return function(*args, **options)
            self.visit("before", "write")
            if self.visit("within", "write"):
                file = Path(place.removeprefix("file://"))
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(b"torn")
                self.tear()
            result = function(*args, **options)
            if owner is shutil:
                self.visit("after", "write")
            elif owner is PyArrowFile and not place.endswith(".parquet"):
                return _Closing(result, self)
            return result

        return watched

    def _closing(self) -> Callable[..., Any]:
        function = ParquetFile.close

        def watched(file: ParquetFile) -> Any:
            result = function(file)
            self.visit("after", "write")
            return result

        return watched

    def _connecting(self) -> Callable[..., Any]:
        connect = sqlite3.connect
        visits = self

        class Watched(sqlite3.Connection):
            def execute(self, statement: str, *args: Any) -> sqlite3.Cursor:
                word = statement.split(maxsplit=1)[0]
                first, then = _STATEMENTS.get(word, (None, None))
                if first is not None:
                    visits.visit(*first)
                result = super().execute(statement, *args)
                if then is not None:
                    visits.visit(*then)
                return result

        def connected(place: Any, *args: Any, **options: Any) -> sqlite3.Connection:
            if "catalog.db" in str(place):
                options["factory"] = Watched
            return connect(place, *args, **options)

        return connected


class _Closing:
    """A file of metadata that is being written: once it is closed, that is a place."""

    def __init__(self, stream: Any, visits: Visits) -> None:
        self._stream = stream
        self._visits = visits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *others: object) -> None:
        self._stream.close()
        if kind is None:
            self._visits.visit("after", "write")

    def close(self) -> None:
        self._stream.close()
        self._visits.visit("after", "write")


def strike(kind: str) -> None:
    """Let a fault happen here."""
    if kind in _DISK:
        raise OSError(_DISK[kind], os.strerror(_DISK[kind]))
    if kind in _CATALOG:
        raise sqlite3.OperationalError(_CATALOG[kind])
    if kind in ("sigint", "sigterm"):
        signal.raise_signal(signal.SIGINT if kind == "sigint" else signal.SIGTERM)
        return
    if kind == "sigkill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise {
        "error": RuntimeError("disturbed by a test"),
        "refusal": LakeError("refused by a test"),
        "interrupt": KeyboardInterrupt(),
        "conflict": CommitFailedException("overtaken by a test"),
    }[kind]


def _by() -> str:
    """Return the functions of stedi that are at work, the outermost first; none where stedi is not."""
    found: list[str] = []
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if SOURCES in code.co_filename and not code.co_name.startswith("<"):
            name = f"{Path(code.co_filename).stem}.{code.co_name}"
            if not found or found[-1] != name:
                found.append(name)
        frame = frame.f_back  # type: ignore[assignment]
    return " > ".join(reversed(found))
