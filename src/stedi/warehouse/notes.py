"""Small files beside the tables of a warehouse, such as receipts: written whole, and never twice.

Their folder has a name that no namespace can have. It works wherever the tables' own files do.
"""

import contextlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyiceberg.io import FileIO

from stedi.errors import CatalogError
from stedi.warehouse.listing import files_under
from stedi.warehouse.location import plain

NOTES_FOLDER: Final = "_receipts"


def notes_place(root: str) -> str:
    """Return the folder of the notes of a warehouse."""
    return f"{plain(root).rstrip('/')}/{NOTES_FOLDER}"


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes beside the tables.

    Attributes:
        io: What reads and writes them.
        place: Their folder.
        check: Raises an error if this process may not write any more.
    """

    io: FileIO
    place: str
    check: Callable[[], None]

    def names(self) -> list[str]:
        """Return the names of the notes, sorted."""
        home = f"{self.place}/"
        found = (
            file.location.removeprefix(home) for file in files_under(self.io, self.place) if file.regular
        )
        return sorted(name for name in found if not name.startswith("."))

    def read(self, name: str) -> bytes:
        """Return what a note holds."""
        with self.io.new_input(f"{self.place}/{name}").open() as source:
            return bytes(source.read())

    def find(self, name: str) -> bytes | None:
        """Return what a note holds; None where there is none."""
        try:
            return self.read(name)
        except FileNotFoundError:
            return None

    def write(self, name: str, text: bytes) -> str:
        """Write a note, whole or not at all, and return its place.

        Raises:
            CatalogError: There is one of this name.
        """
        self.check()
        place = f"{self.place}/{name}"
        if name in self.names():
            raise CatalogError(f"{place} is there already: somebody else wrote it meanwhile. Run it again")
        if "://" in place:
            with self.io.new_output(place).create(overwrite=True) as out:
                out.write(text)
            return place
        folder = Path(self.place)
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{name}.{secrets.token_hex(4)}"
        try:
            with draft.open("wb") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(place)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
        return place

    def delete(self, name: str) -> None:
        """Delete a note, if there is one."""
        self.check()
        place = f"{self.place}/{name}"
        with contextlib.suppress(FileNotFoundError):
            self.io.delete(place)
