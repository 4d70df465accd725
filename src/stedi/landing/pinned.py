"""A landing object that may be replaced: read as it is at one moment, and never from outside its root."""

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Self

from stedi.errors import LandingError
from stedi.landing import s3

# Whoever puts a pipe in the place of a file must not keep anybody waiting.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC


class FileState(NamedTuple):
    """What a file is known by: whoever writes to it changes that."""

    device: int
    inode: int
    size: int
    time: int

    @classmethod
    def from_status(cls, status: os.stat_result) -> Self:
        """Take it from what the system says."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class ReadError(OSError):
    """A landing object can't be read: it is gone, or somebody forbids it."""


class OutsideError(ReadError):
    """A path leads out of its root, or to no plain file."""


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file that is held open: it can be read again and again, whatever becomes of its name.

    Attributes:
        descriptor: That of the open file.
        state: What it was when it was opened.
    """

    descriptor: int
    state: FileState

    def open(self) -> BinaryIO:
        """Open it from its beginning, up to where it ended at first."""
        return io.BufferedReader(_AtPlace(self.descriptor, self.state.size))

    def open_at(self, start: int) -> BinaryIO:
        """Open it from some place on, up to where it ended at first."""
        opened = self.open()
        opened.seek(start)
        return opened

    @property
    def now(self) -> FileState:
        """What it is by now."""
        return FileState.from_status(os.fstat(self.descriptor))

    @property
    def as_it_is(self) -> "PinnedFile":
        """The same file, with what was written to it since."""
        return PinnedFile(self.descriptor, self.now)

    @property
    def size(self) -> int:
        """How many bytes it had."""
        return self.state.size

    @property
    def version(self) -> str:
        """Its modification time in ns."""
        return str(self.state.time)

    @property
    def changed(self) -> bool:
        """Whether somebody wrote to it since."""
        return self.now != self.state


@dataclass(frozen=True, slots=True)
class PinnedCopy:
    """A copy of an object on S3.

    Attributes:
        file: The copy.
        found: The object as it was.
    """

    file: Path
    found: s3.S3Object

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.file.stat().st_size

    @property
    def version(self) -> str:
        """Its ETag."""
        return self.found.etag

    @property
    def changed(self) -> bool:
        """Whether there is another object by now, or none."""
        now = s3.head_object(self.found.url, None)
        return now is None or now.etag != self.found.etag

    def open(self) -> BinaryIO:
        """Open it from its beginning."""
        return self.file.open("rb")


Pinned = PinnedFile | PinnedCopy
"""The bytes of a landing object as they were at one moment, which can be read again and again."""


@contextlib.contextmanager
def pin_object(path: str, root: str, scratch: Path) -> Iterator[Pinned]:
    """Hold the bytes of a landing object.

    Args:
        path: Its path, or its URL.
        root: The landing root.
        scratch: A folder for a copy.

    Raises:
        OutsideError: It leads out of the root, or is no plain file.
        ReadError: It is gone, or can't be read.
    """
    if not s3.is_url(path):
        with pin_file(Path(path), Path(root).resolve()) as file:
            yield file
        return
    spool = scratch / "spooled"
    try:
        try:
            found = s3.head_object(path, None)
            if found is not None:
                with spool.open("wb") as out:
                    s3.download_object(path, out, None)
        except LandingError:
            raise ReadError(errno.EIO, "the store does not give it") from None
        if found is None:
            raise ReadError(errno.ENOENT, "no such object")
        yield PinnedCopy(spool, found)
    finally:
        spool.unlink(missing_ok=True)


class _AtPlace(io.RawIOBase):
    """Reads a descriptor that others read, too, from a place of its own."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(start + offset, 0)
        return self._place

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # what BufferedReader gives
        wanted = min(len(buffer), self._size - self._place)
        try:
            found = os.pread(self._descriptor, wanted, self._place) if wanted > 0 else b""
        except OSError as error:
            raise ReadError(error.errno, error.strerror) from None
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)


@contextlib.contextmanager
def pin_file(path: Path, root: Path) -> Iterator[PinnedFile]:
    """Hold a file of a landing root open.

    A link to a file inside is followed; one that leads out is not, whoever put it there and when.

    Args:
        path: Its path.
        root: The root; absolute, without links.

    Raises:
        OutsideError: It leads out of the root, or is no plain file.
        ReadError: It is gone, or can't be read.
    """
    try:
        target = path.resolve(strict=True)
        if not target.is_relative_to(root):
            raise OutsideError
        descriptor = _opened(root, target.relative_to(root).parts)
    except RuntimeError:
        # Links that lead to each other.
        raise OutsideError from None
    except ReadError:
        raise
    except OSError as error:
        # A link was put in the place of a folder, or of the file, just now.
        swapped = error.errno in (errno.ELOOP, errno.ENOTDIR)
        raise OutsideError if swapped else ReadError(error.errno, error.strerror) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OutsideError
        yield PinnedFile(descriptor, FileState.from_status(status))
    finally:
        os.close(descriptor)


def _opened(root: Path, parts: tuple[str, ...]) -> int:
    """Open a file step by step: no folder on the way may have become a link meanwhile."""
    here = os.open(root, _FOLDER)
    try:
        for name in parts[:-1]:
            inner = os.open(name, _FOLDER, dir_fd=here)
            os.close(here)
            here = inner
        return os.open(parts[-1], _FILE, dir_fd=here)
    finally:
        os.close(here)
