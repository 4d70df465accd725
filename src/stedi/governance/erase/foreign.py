"""Files in the folder of a lake that stedi did not write: decoded, and named where they hold a person.

They are not stedi's to delete. So the receipt of a lake in which one holds the person must not say that
nothing remains.
"""

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import pyarrow as pa

from stedi.errors import CatalogError
from stedi.governance.erase.erasure import Erasure
from stedi.governance.erase.prepare import DRAFT, Remaining, list_again
from stedi.governance.erase.subject import Subject
from stedi.landing.objects import LandingObject
from stedi.landing.redact import as_typed, safe_path
from stedi.landing.s3 import is_url
from stedi.landing.tokens import spellings, stands
from stedi.warehouse.file_texts import AVRO, PARQUET, SQLITE, UnreadableError, decoded, raw
from stedi.warehouse.unreadable import UNREADABLE
from stedi.warehouse.warehouse import Warehouse

_OWN: Final = ("catalog.db", "lock.db")
_SCRATCH: Final = "scratch"
_ARROW: Final = b"ARROW1"
_ZIP: Final = b"PK\x03\x04"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_PACKED: Final = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\x00")
_DECODED: Final = (PARQUET, AVRO, SQLITE, _ARROW, _ZIP, *_PACKED, *_UTF_16)
"""How files of a kind begin whose texts are all decoded."""
_MEMBER: Final = 256 * 1024 * 1024
_HOLDS: Final = "stedi did not write it, and it holds the person: delete it, or have its owner do so"
_NAMED: Final = "stedi did not write it, and its name holds the person: rename it, or delete it"
_ROOT: Final = "the path of the lake itself names the person, and is in its metadata: move the lake"
_UNKNOWN: Final = "stedi did not write it, and can't tell whether it holds the person: look for yourself"
_BESIDE: Final = {
    _HOLDS: "no run reads it, and it holds the person: delete it, or have its owner do so",
    _NAMED: "no run reads it, and its name holds the person: rename it, or delete it",
    _UNKNOWN: "no run reads it, and it can't be told whether it holds the person: look for yourself",
}
_EMAILS: Final = ("email", "emails", "user")
_SERIALS: Final = ("serial_number", "serial_numbers", "serialnumber")


class _File(NamedTuple):
    shown: str
    open: Callable[[], BinaryIO]
    regular: bool


def foreign_files(erasure: Erasure) -> Sequence[Remaining]:
    """Return the files in the lake, as it is now, that stedi did not write and that hold the subject."""
    with suppress(CatalogError):
        return look_through(
            erasure, erasure.warehouse.leftovers(before=datetime.now(UTC), without={}).foreign
        )
    return ()


def look_through(erasure: Erasure, places: Sequence[str]) -> Sequence[Remaining]:
    """Return the files that stedi did not write and that hold the subject, or may.

    Args:
        erasure: The erasure.
        places: Files in the warehouse that stedi did not write, within its root.
    """
    erasure.progress("looking through other files", 0, 1)
    mask, root = erasure.paths.mask, erasure.warehouse.root
    found = [
        Remaining(as_typed(mask(file.shown)), why, sure=why != _UNKNOWN)
        for file in _files(erasure.warehouse, erasure.folder, places)
        if (why := _why(file, erasure)) is not None
    ]
    if mask(root) != root:
        found.insert(0, Remaining(as_typed(mask(root)), _ROOT, sure=False))
    return found


def look_beside(
    erasure: Erasure, sources: Mapping[str, Sequence[LandingObject]], left_out: Sequence[tuple[str, str]]
) -> Sequence[Remaining]:
    """Return the files under a landing root on a disk that no run reads, and that hold the subject, or may.

    Args:
        erasure: The erasure.
        sources: The objects that runs read, by table.
        left_out: Places that can't be listed, and why.
    """
    root, mask = erasure.landing, erasure.paths.mask
    if root is None or is_url(root):
        return ()
    erasure.progress("looking through files beside landing objects", 0, 1)
    # What came since they were listed is looked at in the end.
    objects = (*sources.values(), *list_again(erasure, sources).values())
    read = (*(each.path for some in objects for each in some), *(path for path, _ in left_out))
    known = {os.path.abspath(place) for place in read}  # noqa: PTH100 - links are objects, too
    found = []
    # Objects are listed by the real place of their root, whatever it was called by.
    home = os.path.realpath(root)
    for here, folders, names in os.walk(home):
        folders[:] = sorted(name for name in folders if Path(here, name) != erasure.folder)
        for path in (Path(here, name) for name in sorted(names)):
            if os.path.abspath(path) in known or path.name.endswith(DRAFT):  # noqa: PTH100
                continue
            place = str(path.relative_to(home))
            if (why := _why(_local(path, place), erasure)) is not None:
                shown = safe_path(mask(place), digest=_digest(path))
                found.append(Remaining(shown, _BESIDE[why], sure=why != _UNKNOWN))
    return found


def _digest(path: Path) -> str | None:
    with suppress(OSError):
        # A pipe would be waited for until somebody writes to it.
        if path.is_file():
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    return None


def _why(file: _File, erasure: Erasure) -> str | None:
    """Say why a file remains, or may; None where it holds nobody who is meant."""
    try:
        why = _look(file, erasure.subject)
    except (UnreadableError, OSError, *UNREADABLE, zipfile.BadZipFile, NotImplementedError):
        why = _UNKNOWN
    return _NAMED if why != _HOLDS and erasure.paths.mask(file.shown) != file.shown else why


def _files(warehouse: Warehouse, folder: Path | None, places: Sequence[str]) -> Iterator[_File]:
    root = warehouse.root
    for place in places:
        if folder is None:
            location = f"{root}/{place}"
            yield _File(place, lambda location=location: warehouse.files.open(location), regular=True)  # type: ignore[misc]
        else:
            path = Path(root, place)
            yield _local(path, str(path.relative_to(folder)) if path.is_relative_to(folder) else place)
    if folder is None:
        return
    for here, folders, names in os.walk(folder):
        if Path(here) == folder:
            folders[:] = [name for name in folders if Path(here, name) != Path(root) and name != _SCRATCH]
            names = [name for name in names if not name.startswith(_OWN)]  # noqa: PLW2901 - those that are stedi's
        for name in sorted(names):
            yield _local(Path(here, name), str(Path(here, name).relative_to(folder)))


def _local(path: Path, shown: str) -> _File:
    return _File(shown, lambda: path.open("rb"), regular=stat.S_ISREG(path.lstat().st_mode))


def _look(file: _File, subject: Subject) -> str | None:
    """Say why a file remains; None where it holds nobody who is meant."""
    if not file.regular:
        return _UNKNOWN
    with file.open() as source:
        head = source.read(16)
    unknown = False
    for where, text in _texts(file, head):
        if _holds(where, text, subject):
            return _HOLDS
        unknown |= where == "" and b"\x00" in text and not head.startswith(_DECODED)
    return _UNKNOWN if unknown else None


def _texts(file: _File, head: bytes) -> Iterator[tuple[str, bytes]]:
    with file.open() as source:
        yield from raw(source)
    if head.startswith(_ARROW):
        with file.open() as source:
            yield from _arrow(source)
    elif head.startswith(_ZIP):
        with file.open() as source, zipfile.ZipFile(source) as packed:
            for member in packed.infolist():
                if member.file_size > _MEMBER:
                    raise UnreadableError("zip")
                text = packed.read(member)
                yield "", text
                yield from decoded(BytesIO(text))
    elif head.startswith(_UTF_16):
        with file.open() as source:
            yield "unpacked", source.read(_MEMBER).decode("utf-16", "replace").encode()
    else:
        with file.open() as source:
            yield from decoded(source)


def _arrow(source: BinaryIO) -> Iterator[tuple[str, bytes]]:
    with pa.ipc.open_file(source) as reader:
        for place in range(reader.num_record_batches):
            batch = reader.get_batch(place)
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                texts = (str(each) for each in column.unique().to_pylist() if each is not None)
                yield f"column {name}", "\n".join(texts).encode()


def _holds(where: str, text: bytes, subject: Subject) -> bool:
    plain = text.decode("utf-8", "replace")
    column = where.removeprefix("column ").lower().partition(".")[0]
    if column in _EMAILS and any(map(subject.has_email, plain.split("\n"))):
        return True
    if column in _SERIALS and any(map(subject.owns, plain.split("\n"))):
        return True
    ids = (subject.customer_id, *subject.own.values())
    return (
        any(stands(spelled, each) for spelled in spellings(plain) for each in ids)
        or subject.named_in(plain)
        or subject.called_in(plain)
    )
