"""What the disk, the catalog and the libraries below say, in words that a user can act upon."""

import errno
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from polars.exceptions import ComputeError
from pyarrow import ArrowException
from pyiceberg.exceptions import CommitFailedException, ValidationError

from stedi.errors import CatalogError, RunConflictError
from stedi.warehouse.sqlite_catalog import BUSY_SECONDS

_FULL: Final = ("No space left", "disk is full", "disk I/O error")
_LENGTH: Final = 240
_LOST_RACE: Final = (
    "another run wrote to the lake while this one worked; nothing of this one was published: run it again"
)


@contextmanager
def explained(place: str, damaged: Callable[[], str | None] = lambda: None) -> Iterator[None]:
    """Turn what the disk, the catalog and the libraries raise into one clear error.

    Args:
        place: The lake, for the message.
        damaged: Finds the first file that can't be read; called only if there seems to be one.

    Raises:
        CatalogError: A file of the lake, or its catalog, can't be read or written.
    """
    try:
        yield
    except catalog_errors() as error:
        if _is_full(error):
            raise CatalogError(_no_room(place)) from None
        if "database is locked" in str(error):
            raise RunConflictError(
                f"the catalog of the lake {place} is busy: another program has kept it locked for "
                f"{BUSY_SECONDS:.0f} s. Nothing of this step was published; run again when it has let go"
            ) from None
        raise CatalogError(
            f"the catalog of the lake {place} can't be read or written ({_first_line(error)})"
        ) from None
    except CommitFailedException:
        raise RunConflictError(_LOST_RACE) from None
    except OSError as error:
        if _is_full(error):
            raise CatalogError(_no_room(place)) from None
        if isinstance(error, FileNotFoundError):
            raise CatalogError(
                f"the lake {place} has lost a file ({_first_line(error)}): restore it from a backup, or make "
                "the lake again from the landing files"
            ) from None
        if error.errno is None and (found := damaged()) is not None:
            raise CatalogError(_damage(place, found)) from None
        raise CatalogError(f"the lake {place} can't be read or written ({_first_line(error)})") from None
    except (ArrowException, ComputeError, ValidationError) as error:
        # What these say may quote what is in a file.
        raise CatalogError(_damage(place, damaged() or f"a file ({type(error).__name__})")) from None


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


def _no_room(place: str) -> str:
    return f"there is no room left on the disk of the lake {place}: free some, then run again"


def _first_line(error: BaseException) -> str:
    """Return the first line of a message that names files and states only, never values."""
    origin = getattr(error, "orig", None) or error
    return str(origin).partition("\n")[0][:_LENGTH]
