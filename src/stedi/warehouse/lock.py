"""One run at a time on a local lake: a lock that the operating system drops when the process dies."""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from stedi.errors import CatalogError, RunConflictError

LOCK_FILE: Final = "lock.db"


@contextmanager
def exclusive(folder: Path, wait: timedelta = timedelta(0)) -> Iterator[None]:
    """Hold the lake for the length of a block; wait for whoever holds it.

    SQLite's own file lock is used: it works wherever the catalog does. The holder may remove the file:
    whoever then gets the lock of a file that is no longer there tries again.

    Raises:
        RunConflictError: Another run holds the lake.
        CatalogError: The lock file can't be written.
    """
    file = folder / LOCK_FILE
    while True:
        connection, opened = _connect(file, wait)
        try:
            _begin(connection, folder, file, wait)
            if _identity(file) == opened:
                yield
                return
        finally:
            connection.close()


def _connect(file: Path, wait: timedelta) -> tuple[sqlite3.Connection, int | None]:
    try:
        # Never opened by other than SQLite where it is there: to close a file drops all locks that the
        # process has on it (POSIX), those of another connection too. SQLite knows, and waits.
        with contextlib.suppress(OSError):
            file.touch(exist_ok=False)
        opened = _identity(file)
        return sqlite3.connect(file, timeout=wait.total_seconds(), isolation_level=None), opened
    except sqlite3.Error as error:
        what = "it is a folder: remove it" if file.is_dir() else error
        raise CatalogError(f"the lock {file} can't be opened: {what}") from None


def _begin(connection: sqlite3.Connection, folder: Path, file: Path, wait: timedelta) -> None:
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            waited = f", and did for {wait.total_seconds():,.0f} s" if wait else ""
            raise RunConflictError(
                f"another run holds the lake {folder}{waited}: wait until it has ended, then run again"
            ) from None
        raise CatalogError(f"the lock {file} can't be taken: {error}") from None
    except sqlite3.DatabaseError:
        raise CatalogError(f"the lock {file} is no SQLite file: remove it if no run is under way") from None


def _identity(file: Path) -> int | None:
    try:
        return file.stat().st_ino
    except FileNotFoundError:
        return None
