"""What the disk, the catalog and the libraries below say, in words that a user can act upon."""

import errno
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from polars.exceptions import PolarsError
from pyiceberg.exceptions import CommitFailedException

from stedi.errors import CatalogError, RunConflictError
from stedi.warehouse.sqlite_catalog import BUSY_SECONDS
from stedi.warehouse.unreadable import DECODING, DOUBTFUL

_FULL: Final = ("No space left", "disk is full", "disk I/O error")
_LENGTH: Final = 240
_LOST_RACE: Final = (
    "another run wrote to the lake while this one worked; nothing of this one was published: run it again"
)
_FILE: Final = re.compile(
    r"[^\s()'\"]*?"
    r"(\d{8}T\d{6}Z-[0-9a-f]{6}-\d+\.parquet|[0-9a-f-]{36}-m\d+\.avro|snap-[0-9a-f-]+\.avro"
    r"|\d+-[0-9a-f-]{36}\.metadata\.json)"
)
"""A path of a file of a table, as stedi and pyiceberg name them."""


class Place(Protocol):
    """A lake, and what can be found out about its files once something went wrong."""

    @property
    def exists(self) -> bool:
        """Whether it was made."""

    def first_damaged(self, *, thorough: bool) -> str | None:
        """Return the first file that can't be read; None where that can't be told.

        Args:
            thorough: Read all data files to their end, and not the run table's only.
        """

    def needs(self, file: str) -> bool:
        """Say whether the lake as it is now needs a file whose path ends so; yes if that can't be told."""


class _Unknown:
    exists = True

    def first_damaged(self, *, thorough: bool) -> str | None:  # noqa: ARG002 - as in ``Place``
        return None

    def needs(self, file: str) -> bool:  # noqa: ARG002 - as in ``Place``
        return True


@contextmanager
def explained(place: str, lake: Place | None = None, *, alone: bool = True) -> Iterator[None]:
    """Turn what the disk, the catalog and the libraries raise into one clear error.

    What a wrong argument raises as well stays what it is, unless a damaged file is found.

    Args:
        place: The lake, for the message.
        lake: Finds the file that can't be read; asked only if there seems to be one.
        alone: Nothing but the lake is at work. Where other code is, what may be its own stays what it is
            unless a damaged file is found.

    Raises:
        CatalogError: A file of the lake, or its catalog, can't be read or written.
    """
    lake = lake or _Unknown()
    try:
        yield
    except catalog_errors() as error:
        raise _of_catalog(place, error) from None
    except CommitFailedException:
        raise RunConflictError(_LOST_RACE) from None
    except OSError as error:
        if (told := _of_system(place, lake, error, alone=alone)) is None:
            raise
        raise told from None
    except DECODING as error:
        found = lake.first_damaged(thorough=True)
        if found is None and not alone:
            raise
        # What these say may quote what is in a file.
        kind = type(error).__name__
        damaged = found is not None or lake.exists
        raise CatalogError(
            _damage(place, found or f"a file ({kind})") if damaged else _unmade(place, kind)
        ) from None
    except DOUBTFUL as error:
        if (found := lake.first_damaged(thorough=isinstance(error, PolarsError))) is None:
            raise
        raise CatalogError(_damage(place, found)) from None


def _of_catalog(place: str, error: Exception) -> CatalogError | RunConflictError:
    """Return what to say of an error of the catalog's database."""
    if _is_full(error):
        return CatalogError(_no_room(place))
    if "database is locked" in str(error):
        return RunConflictError(
            f"the catalog of the lake {place} is busy: another program has kept it locked for "
            f"{BUSY_SECONDS:.0f} s. Nothing of this step was published; run again when it has let go"
        )
    return CatalogError(f"the catalog of the lake {place} can't be read or written ({_first_line(error)})")


def _of_system(place: str, lake: Place, error: OSError, *, alone: bool) -> CatalogError | None:
    """Return what to say of an error of the disk or the store; None where it may be none of the lake's."""
    if isinstance(error, FileNotFoundError):
        return _of_lost(place, lake, error, alone=alone)
    if alone and _is_full(error):
        return CatalogError(_no_room(place))
    if error.errno is None and (found := lake.first_damaged(thorough=True)) is not None:
        return CatalogError(_damage(place, found))
    if not alone and place not in str(error.filename):
        return None
    return CatalogError(f"the lake {place} can't be read or written ({_first_line(error, place)})")


def _of_lost(place: str, lake: Place, error: FileNotFoundError, *, alone: bool) -> CatalogError | None:
    named = _FILE.search(str(error))
    if named is None and not alone:
        return None
    if named is not None and not lake.needs(named[0].lstrip(".")):
        return CatalogError(
            f"a file that was read ({named[1]}) was removed from the lake {place} meanwhile, by an erasure, "
            "a rotation of the key or a maintenance: do it again, and scan anew"
        )
    lost = _first_line(error, place) if named is None else named[0]
    return CatalogError(
        f"the lake {place} has lost a file ({lost}): restore it from a backup, or make the lake again from "
        "the landing files"
    )


def catalog_errors() -> tuple[type[Exception], ...]:
    """Return what a catalog raises where its database fails: SQLAlchemy's errors if anything imported it."""
    sqlalchemy = sys.modules.get("sqlalchemy.exc")
    return (sqlite3.Error,) if sqlalchemy is None else (sqlite3.Error, sqlalchemy.SQLAlchemyError)


@contextmanager
def committing() -> Iterator[None]:
    """Turn a lost race for a table into one clear error.

    Raises:
        RunConflictError: Another run wrote to the table since it was loaded.
    """
    try:
        yield
    except CommitFailedException:
        pass
    except ValueError as error:
        if "sequence number" not in str(error):
            raise
    else:
        return
    raise RunConflictError(_LOST_RACE)


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return True
    return any(words in str(error) for words in _FULL)


def _damage(place: str, file: str) -> str:
    return (
        f"the lake {place} is damaged: {file} can't be read. Restore it from a backup, or make the lake "
        "again from the landing files"
    )


def _unmade(place: str, kind: str) -> str:
    return (
        f"the lake {place} was not made: what was read or written for it can't be decoded ({kind}). Look at "
        "the landing files and the disk, then run again"
    )


def _no_room(place: str) -> str:
    return f"there is no room left on the disk of the lake {place}: free some, then run again"


def _first_line(error: BaseException, place: str = "") -> str:
    """Return the first line of a message that names files of the lake and states only, never values."""
    origin = getattr(error, "orig", None) or error
    if isinstance(origin, OSError) and origin.filename is not None:
        file = str(origin.filename)
        if place not in file and _FILE.search(file) is None:
            # It is none of the lake's, and may be named after somebody.
            return origin.strerror or type(origin).__name__
    return str(origin).partition("\n")[0][:_LENGTH]
