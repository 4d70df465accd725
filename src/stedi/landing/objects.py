"""Which objects a landing root holds."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stedi.contract.table import Contract
from stedi.errors import LandingError
from stedi.landing import s3
from stedi.landing.redact import REDACTED, as_typed, safe_path

OnSkipped = Callable[[str, str], None]
"""Is told of a path that is left out, and why."""
_LINK: Final = "it is a link that leads out of the landing root, or nowhere"
_UNFINISHED: Final = (".part", ".partial", ".filepart", ".tmp", ".crdownload")
_GONE: Final = "it was there, and is gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingObject:
    """One file or S3 object with landing records.

    Attributes:
        table: The landing table that its records are sent to.
        path: Its absolute path, or its URL. It can hold personal data: messages call it by its `name`.
        size: Its size in bytes.
        version: Changes when its bytes do: the modification time in ns, or the ETag.
    """

    table: str
    path: str = field(repr=False)
    size: int
    version: str

    @property
    def name(self) -> str:
        """What messages call it while nothing is known of its bytes."""
        if not s3.is_url(self.path):
            return local_name(self.path)
        name = safe_path(self.path)
        return f"{name} (ETag {self.version})" if REDACTED in name else name


def local_name(path: str | os.PathLike[str]) -> str:
    """Return what messages call a file or a folder: without names, and with its inode where some is left out.

    ``find landing -inum 81234`` finds it.
    """
    name = safe_path(path)
    try:
        return f"{name} (inode {os.lstat(path).st_ino})" if REDACTED in name else name
    except (OSError, ValueError):
        return name


def is_shown(name: str) -> bool:
    """Return whether a file or folder of this name is data."""
    return not name.startswith((".", "_"))


def is_unfinished(name: str) -> bool:
    """Return whether a file of this name is still being written: whoever sends it renames it at the end."""
    return is_shown(name) and name.lower().endswith(_UNFINISHED)


def is_finished(name: str) -> bool:
    """Return whether a file of this name is data, and complete."""
    return is_shown(name) and not is_unfinished(name)


def is_data(path: str) -> bool:
    """Return whether an object is data, by its path from the folder that is read on."""
    *folders, name = path.split("/")
    return is_finished(name) and all(map(is_shown, folders))


def find_objects(
    root: str | os.PathLike[str],
    contract: Contract,
    *,
    storage_options: Mapping[str, object] | None = None,
    left_out: OnSkipped | None = None,
) -> tuple[LandingObject, ...]:
    """Return the objects of one landing table under a landing root, sorted by path.

    They are all files at any depth under ``customer/``, ``accelerometer/`` or ``step_trainer/``, but for
    those whose name, or a folder on the way to them, begins with ``.`` or ``_`` (hidden files, ``_SUCCESS``,
    ``_temporary/``), and those that are still being written (``.part``, ``.tmp``, ``.filepart``). A folder
    that is missing holds none.

    Symbolic links: one that leads out of the root, or nowhere, is an error, so that nothing is lost in
    silence and nothing read that was not put there. One to a file inside is read under its own name; one
    to a folder inside is left out, since its files are found where they are.

    Args:
        root: A folder, or an ``s3://`` URL.
        contract: The contract of the landing table.
        storage_options: Options of s3fs, beside the ordinary AWS environment variables.
        left_out: Is told of what can't be listed, and of links that lead out, in place of an error.

    Raises:
        LandingError: There is no such root, or something under it can't be listed.
    """
    folder = contract.name.removesuffix("_landing")
    location = os.fspath(root)
    if s3.is_url(location):
        return _on_s3(location, folder, contract, storage_options)
    base = Path(location)
    if not base.is_dir():
        raise LandingError(
            f"the landing root {as_typed(location)} is no folder: give the folder that holds "
            "customer/, accelerometer/ and step_trainer/"
        )
    base = Path(os.path.realpath(base))
    paths = sorted(data_files(base / folder, base, left_out))
    return tuple(_found(paths, contract, left_out))


def _found(paths: Iterable[str], contract: Contract, left_out: OnSkipped | None) -> Iterator[LandingObject]:
    for path in paths:
        try:
            yield _object_of(path, contract)
        except OSError as error:
            if left_out is None:
                raise _unreadable(path, error) from None
            gone = isinstance(error, FileNotFoundError)
            left_out(path, _GONE if gone else f"it can't be read: {error.strerror}")


def _on_s3(
    root: str, folder: str, contract: Contract, options: Mapping[str, object] | None
) -> tuple[LandingObject, ...]:
    root = s3.canonical(root)
    prefix = f"{root}/{folder}/"
    name = f"the landing root {as_typed(root)}"
    found = s3.list_objects(prefix, options, name=name)
    if not found and not s3.list_objects(root, options, name=name):
        raise LandingError(
            f"nothing is under {name}: give the URL that holds customer/, accelerometer/ and step_trainer/"
        )
    return tuple(s3_object(one, contract) for one in found if is_data(one.url[len(prefix) :]))


def s3_object(found: s3.S3Object, contract: Contract) -> LandingObject:
    """Return the landing object that an S3 object is."""
    return LandingObject(table=contract.name, path=found.url, size=found.size, version=found.etag)


def local_object(path: str, contract: Contract) -> LandingObject:
    """Return the object that a local file is."""
    with readable(path):
        return _object_of(path, contract)


def _object_of(path: str, contract: Contract) -> LandingObject:
    status = Path(path).stat()
    return LandingObject(table=contract.name, path=path, size=status.st_size, version=str(status.st_mtime_ns))


def data_files(folder: Path, root: Path, left_out: OnSkipped | None = None) -> Iterator[str]:
    """Give the paths of a folder's files at any depth, as `find_objects` defines them.

    Args:
        folder: The folder; absolute.
        root: The folder that no link may leave; absolute, without links.
        left_out: Is told of what can't be listed, in place of an error.

    Raises:
        LandingError: A folder can't be listed, a link leads out, or a name is no Unicode.
    """

    def inside(path: Path) -> bool:
        with _told(path, _LINK, left_out):
            return _inside(path, root)
        return False

    def refuse(error: OSError) -> None:
        with _told(error.filename, f"it can't be listed: {error.strerror}", left_out):
            raise LandingError(
                f"{local_name(error.filename)} can't be listed: {error.strerror}. Check its permissions"
            ) from None

    if not inside(folder):
        return
    for here, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if is_shown(name) and inside(Path(here, name))]
        for name in filter(is_finished, names):
            path = Path(here, name)
            if inside(path) and _is_file(path, left_out):
                yield _text(path)


def _is_file(path: Path, left_out: OnSkipped | None) -> bool:
    with _told(path, _GONE, left_out), readable(path):
        return stat.S_ISREG(path.stat().st_mode)
    return False


@contextmanager
def _told(path: str | os.PathLike[str], why: str, left_out: OnSkipped | None) -> Iterator[None]:
    """Tell of a path that is left out, and why, in place of an error, if somebody is to be told."""
    try:
        yield
    except LandingError:
        if left_out is None:
            raise
        left_out(os.fspath(path), why)


@contextmanager
def readable(path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise a LandingError that names no name where the system refuses a file or a folder."""
    try:
        yield
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str | os.PathLike[str], error: OSError) -> LandingError:
    return LandingError(
        f"{local_name(path)} can't be read: {error.strerror}. Check that it is there, and its permissions"
    )


def _inside(path: Path, root: Path) -> bool:
    """Return whether a path exists; refuse it if it is a link that leads out of the root."""
    with readable(path):
        if not path.is_symlink():
            return path.exists()
        target = Path(os.path.realpath(path))
        is_there = target.exists()
    if not is_there or not target.is_relative_to(root):
        raise LandingError(
            f"{local_name(path)} is a link that leads out of the landing root, or nowhere: "
            "put the data itself there, or remove the link"
        )
    return True


def _text(path: Path) -> str:
    text = str(path)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise LandingError(f"the name of {local_name(path)} is not Unicode: rename it") from None
    return text
