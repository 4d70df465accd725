"""The errors that stedi raises: one root, messages that say what to do, never personal data."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

__all__ = [
    "CatalogError",
    "ConfigurationError",
    "ConsentModeError",
    "ConservationError",
    "DatasetError",
    "ErasureUnfinishedError",
    "ExportError",
    "FrameError",
    "KeyMismatchError",
    "LakeError",
    "LandingError",
    "MissingLibraryError",
    "QueryError",
    "ReceiptError",
    "RejectedError",
    "RotationUnfinishedError",
    "RunConflictError",
    "StediError",
    "TableFormatError",
    "UnknownNameError",
    "UnsafeTableError",
]

_LISTED: Final = 20
"""So many names that exist are listed where none is close."""


class StediError(Exception):
    """The root of all errors that stedi raises on purpose."""


class ConfigurationError(StediError):
    """A setting, a file or an environment variable is wrong."""


class MissingLibraryError(StediError):
    """A library that only some features need is not installed."""

    @classmethod
    def of(cls, library: str, extra: str) -> "MissingLibraryError":
        """Name the library, and the extra that brings it."""
        return cls(
            f"this needs {library}, which is not installed: stedi's extra {extra} brings it "
            f"(pip install '.[{extra}]' in a checkout of stedi, or the wheel's path with [{extra}] behind it)"
        )


class UnknownNameError(StediError):
    """A name (of a table, a run, a tag) that does not exist."""

    @classmethod
    def of(cls, kind: str, name: object, known: Iterable[str]) -> "UnknownNameError":
        """Name what was asked for, whatever it is, and the closest thing that exists.

        Examples:
            >>> UnknownNameError.of("table", None, ("a", "b"))
            UnknownNameError('no table is named None. There is: a, b.')
            >>> str(UnknownNameError.of("tag", "x", map(str, range(1000)))).endswith(", 115 and 980 more.")
            True
        """
        names = sorted(known)
        close = get_close_matches(name, names, n=1) if isinstance(name, str) else []
        more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
        there = (", ".join(names[:_LISTED]) or "none") + more
        hint = f" Did you mean {close[0]!r}?" if close else f" There is: {there}."
        return cls(f"no {kind} is named {name!r}.{hint}")


class FrameError(StediError):
    """A frame lacks a column, or holds one of the wrong type."""


class DatasetError(StediError):
    """Readings can't be used for step detection as asked."""


class LandingError(StediError):
    """A landing root, folder or object can't be used."""


class RejectedError(StediError):
    """More landing records were rejected than allowed; nothing was published.

    Attributes:
        objects: The objects with the most rejected records, as plain values: table, object, records,
            rejected, reason, position, resembles.
    """

    def __init__(self, message: str, objects: Iterable[Mapping[str, object]] = ()) -> None:
        super().__init__(message)
        self.objects = tuple(objects)


class QueryError(StediError):
    """A SQL statement is no query, or not one that can be run on the tables of a lake."""


class ExportError(StediError):
    """A table can't be exported as asked; there is no file, or the one that was there before."""


class LakeError(StediError):
    """A lake can't be opened, read or written as asked."""


class CatalogError(LakeError):
    """The catalog, or a table's metadata, can't be read or written."""

    def __init__(self, message: str) -> None:
        super().__init__(message.partition("\n")[0])


class UnsafeTableError(CatalogError):
    """The metadata of a table names code, another store or another place: it is not used at all."""


class TableFormatError(CatalogError):
    """Another tool upgraded a table to a format of Iceberg that stedi does not write."""

    @classmethod
    def of(cls, table: str, version: int) -> "TableFormatError":
        """Name the table, and its format."""
        return cls(
            f"another tool upgraded the table {table} to Iceberg's format {version}, and stedi writes format "
            "2. Nothing was changed. The lake can still be read; to go on, restore it from a backup, or make "
            "it again from the landing files, and keep that tool from upgrading tables"
        )


class LakeFormatError(LakeError):
    """The lake has an older format than this version of stedi works with."""

    @classmethod
    def of(cls, found: int, wanted: int) -> "LakeFormatError":
        """Name both formats."""
        return cls(
            f"the lake has format {found}, of an older stedi, and this version works with format {wanted}: "
            "stedi upgrade --plan says what would change, stedi upgrade does it. Nothing was changed"
        )


class ConsentModeError(LakeError):
    """The lake has another consent mode than the one asked for."""


class KeyMismatchError(LakeError):
    """The pseudonym key is missing, or not the one that made the lake's ids."""

    @classmethod
    def retired(cls, fingerprint: str) -> "KeyMismatchError":
        """Name a retired key that is still needed, and is not at hand."""
        return cls(
            f"the retired pseudonym key of fingerprint {fingerprint} is missing: this lake erased people "
            "under it, and without it can't tell them from others. Add it after the key in use, each on a "
            "line of its own or after a comma, where that is kept"
        )


class RunConflictError(LakeError):
    """Another run holds the lake, or published first."""


class ReceiptError(StediError):
    """A receipt can't be read, was changed, or is not of this lake."""


class ErasureUnfinishedError(LakeError):
    """An erasure was interrupted, and nothing else may write before it is finished."""


class RotationUnfinishedError(LakeError):
    """A rotation of the pseudonym key was interrupted, and nothing else may write before it is finished."""


class ConservationError(LakeError):
    """The row arithmetic of a run does not add up; nothing was published."""
