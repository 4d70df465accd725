"""Small files beside the tables of a warehouse, such as receipts: written whole, and never twice.

Their folder has a name that no namespace can have. It works wherever the tables' own files do.
"""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from pyiceberg.io import FileIO

from stedi.errors import CatalogError
from stedi.warehouse.listing import files_under
from stedi.warehouse.location import plain

FOLDER: Final = "_receipts"


def folder_of(root: str) -> str:
    """Return the folder of the notes of a warehouse."""
    return f"{plain(root).rstrip('/')}/{FOLDER}"


def names(io: FileIO, root: str) -> list[str]:
    """Return the names of the notes, sorted."""
    home = f"{folder_of(root)}/"
    found = [file.location for file in files_under(io, folder_of(root)) if file.regular]
    return sorted(place.removeprefix(home) for place in found if not place.removeprefix(home).startswith("."))


def read(io: FileIO, root: str, name: str) -> bytes:
    """Return what a note holds."""
    with io.new_input(f"{folder_of(root)}/{name}").open() as source:
        return bytes(source.read())


def write(io: FileIO, root: str, name: str, text: bytes) -> str:
    """Write a note, whole or not at all, and return its place.

    Raises:
        CatalogError: There is one of this name.
    """
    place = f"{folder_of(root)}/{name}"
    if name in names(io, root):
        raise CatalogError(f"{place} is there already: somebody else wrote it meanwhile. Run it again")
    if "://" in place:
        with io.new_output(place).create(overwrite=True) as out:
            out.write(text)
        return place
    folder = Path(folder_of(root))
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


def find(io: FileIO, root: str, name: str) -> bytes | None:
    """Return what a note holds; None where there is none."""
    try:
        return read(io, root, name)
    except FileNotFoundError:
        return None


def delete(io: FileIO, root: str, name: str) -> None:
    """Delete a note, if there is one."""
    with contextlib.suppress(FileNotFoundError):
        place = f"{folder_of(root)}/{name}"
        io.delete(place)
