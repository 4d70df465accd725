"""Landing objects without the subject: written into a scratch folder and verified, before any is replaced."""

import errno
import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from stedi.errors import LandingError
from stedi.governance.erase.erasure import Erasure
from stedi.governance.erase.paths import numbered
from stedi.landing import s3
from stedi.landing.fetch import digest_of
from stedi.landing.objects import LandingObject
from stedi.landing.pinned import OutsideError, Pinned, ReadError, pin_object
from stedi.landing.redact import as_typed
from stedi.landing.removal import RecordOwner, Removal, write_object_without
from stedi.pipeline.load import find_sources
from stedi.progress import Progress, silent
from stedi.wording import count

DRAFT: Final = ".erasing"
"""How the name of a hidden file ends in which an object is written before it is put in place."""
TRIES: Final = 5
"""So often an object is read anew that somebody writes to meanwhile."""
TAKEN: Final = "there is another object of its new name"
_NAMES: Final = 100
_OUT: Final = "it leads out of the landing root, or is no plain file"
_LATE: Final = "it came, or was written to, while the erasure was at work, and holds them: erase once more"
_GONE: Final = "it was there, and is gone: wherever it is now, it may hold them"
_NO_END: Final = "its end can't be read"
_BUSY: Final = "somebody keeps writing to it"
_ROOT: Final = "the path of the landing root itself names them, and is not stedi's to rename"


class BusyError(LandingError):
    """Somebody writes to an object while it is read."""

    def __init__(self) -> None:
        super().__init__(_BUSY)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Rewrite:
    """A landing object that is to be replaced.

    Attributes:
        old: The object as it is.
        old_digest: The digest of its bytes.
        new: The object as it will be.
        new_digest: The digest of its bytes then.
        label: What the ledger calls it then.
        written: The new bytes, as a local file.
        removed: Records that were taken out.
        link_to: The path of the file that it is a link to; None for what holds its own bytes.
    """

    old: LandingObject
    old_digest: str
    new: LandingObject
    new_digest: str
    label: str
    written: Path
    removed: int
    link_to: str | None


class Remaining(NamedTuple):
    """A file that still holds the subject.

    Attributes:
        path: What messages call it.
        why: Why it could not be rewritten.
        sure: It holds them, and not only may.
    """

    path: str
    why: str
    sure: bool = True


class Rewrites(NamedTuple):
    """What is to be done in a landing root.

    Attributes:
        scanned: How many objects were looked at.
        scanned_bytes: How large they are.
        found: Those that hold the subject.
        remaining: Those that can't be rewritten.
    """

    scanned: int
    scanned_bytes: int
    found: Sequence[Rewrite]
    remaining: Sequence[Remaining]


def prepare(
    erasure: Erasure,
    sources: Mapping[str, Sequence[LandingObject]],
    *,
    left_out: Sequence[tuple[str, str]],
    progress: Progress,
) -> Rewrites:
    """Write every landing object that holds the subject without them, into the scratch folder.

    Args:
        erasure: The erasure.
        sources: The landing objects, by table.
        left_out: What of the landing root can't be listed, and why.
        progress: Is told how far this is.
    """
    paths = erasure.paths
    found: list[Rewrite] = []
    remaining = [Remaining(paths.shown(path), why, sure=False) for path, why in left_out]
    if paths.root is not None and paths.mask(paths.root) != paths.root:
        remaining.append(Remaining(as_typed(paths.mask(paths.root)), _ROOT, sure=False))
    objects = [item for items in sources.values() for item in items]
    total, done = sum(item.size for item in objects), 0
    taken: set[str] = set()
    for number, item in enumerate(objects):
        progress("looking through landing objects", done, total)
        target = erasure.scratch / f"object-{number:06d}"
        try:
            rewrite, left = _prepare(erasure, item, target, taken)
        except (ReadError, LandingError) as error:
            remaining.append(Remaining(paths.shown(item.path), reason(error, "read"), sure=False))
        else:
            if rewrite is None:
                target.unlink(missing_ok=True)
            else:
                found.append(rewrite)
                taken.add(rewrite.new.path)
            remaining += left
        done += item.size
    progress("looking through landing objects", total, total)
    return Rewrites(len(objects), total, found, remaining)


def list_again(
    erasure: Erasure, sources: Mapping[str, Sequence[LandingObject]]
) -> Mapping[str, Sequence[LandingObject]]:
    """Return the landing objects as they are now; those of the beginning where they can't be listed."""
    with suppress(LandingError):
        return find_sources(erasure.landing or "", left_out=lambda *_: None)
    return sources


def find_late(
    erasure: Erasure, sources: Mapping[str, Sequence[LandingObject]], rewrites: Rewrites
) -> Sequence[Remaining]:
    """Return the landing objects that hold the subject, and came or were written to meanwhile."""
    if erasure.landing is None:
        return ()
    erasure.progress("looking for new landing objects", 0, 1)
    seen = {
        *(each for objects in sources.values() for each in objects),
        *(each.new for each in rewrites.found),
    }
    listed = list_again(erasure, sources).items()
    new = {table: [each for each in objects if each not in seen] for table, objects in listed}
    late = prepare(erasure, new, left_out=(), progress=silent)
    for each in late.found:
        each.written.unlink()
    shown = erasure.paths.shown
    return [
        *(Remaining(shown(each.old.path, each.old_digest), _LATE) for each in late.found),
        *(each for each in late.remaining if each.sure),
    ]


def reason(error: Exception, what: str) -> str:
    """Say in words why an object can't be read or written, without its name."""
    if not isinstance(error, OSError):
        return str(error).partition(": ")[0]
    if isinstance(error, OutsideError):
        return _OUT
    if error.errno == errno.ENOENT:
        return _GONE
    return f"it can't be {'read' if isinstance(error, ReadError) else what}: {error.strerror}"


def rewrite_again(erasure: Erasure, each: Rewrite, still: Pinned) -> Rewrite:
    """Take the subject once more out of an object that somebody has written to since.

    Raises:
        LandingError: Somebody writes to it now, or its end can't be read.
    """
    outcome = _write_without(erasure, still, each.old, each.written)
    if still.changed:
        raise BusyError
    if not outcome.complete:
        raise LandingError(_NO_END)
    return _rewrite(each.old, still, each.new.path, each.label, each.written, outcome)


def exists(path: str) -> bool:
    """Say whether there is an object at a path, or anything else."""
    return s3.head_object(path, None) is not None if s3.is_url(path) else os.path.lexists(path)


def holds_same(path: str, written: Path) -> bool:
    """Say whether the object at a path has the bytes of a file."""
    if s3.is_url(path):
        found = s3.head_object(path, None)
        return found is not None and found.etag == _md5(written)
    return not Path(path).is_symlink() and Path(path).is_file() and _md5(Path(path)) == _md5(written)


def _prepare(
    erasure: Erasure, item: LandingObject, target: Path, taken: set[str]
) -> tuple[Rewrite | None, list[Remaining]]:
    """Write an object without the subject; None if it does not hold them, or can't be written."""
    paths = erasure.paths
    wanted = paths.renamed(item.path)
    for _ in range(TRIES):
        with pin_object(item.path, paths.root or "", erasure.scratch) as still:
            outcome = _write_without(erasure, still, item, target)
            rewrite = None
            if outcome.removed or wanted != item.path or _target_moves(erasure, item):
                path = _free(wanted, item, target, taken) if outcome.complete else wanted
                rewrite = _rewrite(item, still, path, paths.label(path), target, outcome)
            if still.changed:
                continue
        if rewrite is not None and not outcome.complete:
            return None, [Remaining(paths.shown(wanted, rewrite.old_digest), _NO_END)]
        if not outcome.complete:
            return None, [Remaining(paths.shown(wanted), _NO_END, sure=False)]
        if not outcome.kept:
            return rewrite, []
        name = paths.shown(wanted, rewrite.new_digest if rewrite is not None else None)
        them = "names them" if outcome.kept == 1 else "name them"
        return rewrite, [Remaining(name, f"{count(outcome.kept, 'record')} of others {them} too")]
    raise BusyError


def _write_without(erasure: Erasure, still: Pinned, item: LandingObject, target: Path) -> Removal:
    """Write what an object holds at this moment without the subject, and look through it once more."""
    whose, name = erasure.whose(item.table), erasure.paths.shown(item.path)
    outcome = write_object_without(still.open, target, whose, size=still.size, name=name)
    if outcome.removed and outcome.complete:
        _verify(target, erasure.scratch, whose, name)
    return outcome


def _verify(target: Path, scratch: Path, whose: RecordOwner, name: str) -> None:
    """Read what was written once more: nothing of the subject may be found in it."""
    again = scratch / "verified"
    size = target.stat().st_size
    found = write_object_without(lambda: target.open("rb"), again, whose, size=size, name=name)
    again.unlink(missing_ok=True)
    if found.removed or not found.complete:
        raise LandingError(
            f"{name} was rewritten, and still holds what was to go: nothing was replaced. "
            "This is a bug in stedi: please report it"
        )


def _target_moves(erasure: Erasure, item: LandingObject) -> bool:
    """Say whether an object is a link to one that is renamed."""
    if s3.is_url(item.path) or not Path(item.path).is_symlink():
        return False
    target = str(Path(item.path).resolve())
    return erasure.paths.renamed(target) != target


def _free(wanted: str, item: LandingObject, written: Path, taken: set[str]) -> str:
    """Return a path at which no other object is; the same bytes were put there before an interruption."""
    if wanted == item.path:
        return wanted
    for path in (wanted, *(numbered(wanted, number) for number in range(2, _NAMES))):
        if path not in taken and (not exists(path) or holds_same(path, written)):
            return path
    raise LandingError("there are other objects of its new name")


def _rewrite(
    item: LandingObject, still: Pinned, path: str, label: str, target: Path, outcome: Removal
) -> Rewrite:
    # The same bytes always get the same version: whoever is killed here and goes on gives it again. The ETag
    # of what is put in one part is its MD5; where a store does otherwise, the next run reads it for nothing.
    remote = s3.is_url(item.path)
    version = _md5(target) if remote else str(int(still.version) + 1)
    link = not remote and Path(item.path).is_symlink()
    return Rewrite(
        old=replace(item, size=still.size, version=still.version),
        old_digest=digest_of(still.open()),
        new=LandingObject(table=item.table, path=path, size=target.stat().st_size, version=version),
        new_digest=digest_of(target.open("rb")),
        label=label,
        written=target,
        removed=outcome.removed,
        link_to=str(Path(item.path).resolve()) if link else None,
    )


def _md5(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
