"""The files that there are under a location, local or on an object store."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from pyarrow.fs import FileSelector, FileType
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFileIO

from stedi.errors import CatalogError


class Found(NamedTuple):
    """A file, as a listing has it.

    Attributes:
        location: Its path or URL.
        size: Its bytes.
        written_at: When it was written last.
        regular: It is a plain file: no link, no device.
    """

    location: str
    size: int
    written_at: datetime
    regular: bool


class LakeFiles(NamedTuple):
    """The files of a warehouse, whoever wrote them.

    Attributes:
        io: What reads and deletes them.
        root: The folder or URL under which they are.
        check: Raises an error if this process may not write any more.
    """

    io: FileIO
    root: str
    check: Callable[[], None]

    def listing(self) -> Iterator[Found]:
        """Yield the files that there are."""
        return files_under(self.io, self.root)

    def open(self, location: str) -> BinaryIO:
        """Open a file for reading."""
        return cast("BinaryIO", self.io.new_input(location).open())

    def digest(self, location: str) -> str:
        """Return the SHA-256 of a file, in hex."""
        with self.open(location) as source:
            return hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type] # it has readinto

    def delete(self, files: Iterable[Found], done: Callable[[], None]) -> None:
        """Delete files that no table reaches.

        Args:
            files: The files.
            done: Is called after each.
        """
        self.check()
        for file in files:
            # Somebody else may have deleted it: that is as well.
            with contextlib.suppress(FileNotFoundError):
                self.io.delete(file.location)
            done()

    def discard(self, locations: Iterable[str]) -> None:
        """Delete files that no snapshot names; what can't be deleted is left to a maintenance."""
        for location in locations:
            with contextlib.suppress(OSError):
                self.io.delete(location)


def files_under(io: FileIO, location: str) -> Iterator[Found]:
    """Yield the files under a location. Symbolic links are named, and never followed.

    Raises:
        CatalogError: The store can't be listed.
    """
    scheme, _, path = location.rpartition("://")
    if scheme in ("", "file"):
        yield from _local(Path(path))
    elif isinstance(io, PyArrowFileIO):
        yield from _remote(io, location)
    else:
        raise CatalogError(
            f"files under {scheme}:// can't be listed through {type(io).__name__}: take the catalog setting "
            "'py-io-impl': 'pyiceberg.io.pyarrow.PyArrowFileIO', or leave files to the store's own rules"
        )


def _local(root: Path) -> Iterator[Found]:
    if root.is_symlink():
        yield _found(root)
        return
    for here, folders, names in os.walk(root, followlinks=False):
        links = [name for name in folders if Path(here, name).is_symlink()]
        for name in (*names, *links):
            yield _found(Path(here, name))


def _found(path: Path) -> Found:
    state = path.lstat()
    written_at = datetime.fromtimestamp(state.st_mtime, UTC)
    return Found(str(path), state.st_size, written_at, stat.S_ISREG(state.st_mode))


def _remote(io: PyArrowFileIO, location: str) -> Iterator[Found]:
    scheme, netloc, path = io.parse_location(location, io.properties)
    store = io.fs_by_scheme(scheme, netloc)
    for info in store.get_file_info(FileSelector(path, recursive=True, allow_not_found=True)):
        if info.type is FileType.File:
            yield Found(f"{scheme}://{info.path}", info.size, info.mtime, regular=True)
