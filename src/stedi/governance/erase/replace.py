"""Landing objects are replaced: each only if it still is what was read, files and objects of stores alike."""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, NamedTuple

from stedi.contract import LANDING
from stedi.errors import LandingError
from stedi.governance.erase.erasure import Erasure
from stedi.governance.erase.prepare import (
    DRAFT,
    TAKEN,
    TRIES,
    BusyError,
    Remaining,
    Rewrite,
    Rewrites,
    exists,
    holds_same,
    reason,
    rewrite_again,
)
from stedi.governance.erase.replace_file import FileReplacement, remove_empty_folders
from stedi.landing import s3
from stedi.landing.pinned import OutsideError, pin_object

_OPEN: Final = 200
_LOST: Final = "what was added to it while it was replaced can't be kept"


class Replaced(NamedTuple):
    """What became of the rewritten objects.

    Attributes:
        remaining: Those that could not be written.
        anew: Those that were written to meanwhile, and rewritten once more: as they were to be, and are.
        files: The files that were replaced, and whose old bytes are held open.
    """

    remaining: list[Remaining]
    anew: list[tuple[Rewrite, Rewrite]]
    files: list[FileReplacement]

    def copy_additions(self) -> Sequence[Remaining]:
        """Append to the new files what was written to the old bytes since; return those that can't be.

        Whoever had a file open when it was replaced goes on writing to the old bytes.
        """
        left = []
        for each in self.files:
            try:
                each.copy_additions()
            except (OSError, LandingError):
                left.append(Remaining(each.shown, _LOST))
        return left


def clear_drafts(erasure: Erasure) -> None:
    """Delete what killed erasures left: drafts of objects, and empty folders that are named after a person.

    Nobody else would: runs pass over them, and an object that is gone since is never written again.
    """
    if erasure.landing is None or s3.is_url(erasure.landing):
        return
    mask = erasure.paths.mask
    for contract in LANDING:
        home = Path(erasure.paths.root or erasure.landing) / contract.name.removesuffix("_landing")
        for here, _, names in os.walk(home, topdown=False):
            with suppress(OSError):
                for name in names:
                    if name.startswith(".") and name.endswith(DRAFT):
                        Path(here, name).unlink()
                if mask(Path(here).name) != Path(here).name and not any(Path(here).iterdir()):
                    Path(here).rmdir()


def replace_objects(erasure: Erasure, rewrites: Rewrites, opened: ExitStack) -> Replaced:
    """Put the rewritten objects in place, each only if it still is what was read.

    Args:
        erasure: The erasure.
        rewrites: What is to be put in place.
        opened: Holds the old bytes as long as the erasure takes.
    """
    done = Replaced([], [], [])
    moved: dict[str, str] = {}
    total = len(rewrites.found)
    # Links last: by then it is known where the files are to which they lead.
    for number, each in enumerate(sorted(rewrites.found, key=lambda one: one.link_to is not None)):
        erasure.progress("rewriting landing objects", number, total)
        # Once more: whatever stays is work for somebody, and may only have failed for a moment.
        for last in (False, True):
            try:
                new = _replace(erasure, each, moved, done.files, opened)
            except (OSError, LandingError) as error:
                if last:
                    shown = erasure.paths.shown(each.old.path, each.old_digest)
                    done.remaining.append(Remaining(shown, reason(error, "written")))
            else:
                moved[each.old.path] = new.new.path
                if new is not each:
                    done.anew.append((each, new))
                break
        each.written.unlink(missing_ok=True)
    erasure.progress("rewriting landing objects", total, total)
    return done


def _replace(
    erasure: Erasure,
    each: Rewrite,
    moved: Mapping[str, str],
    files: list[FileReplacement],
    opened: ExitStack,
) -> Rewrite:
    """Put an object in place, and return it as it is: cut once more where somebody had written to it."""
    if each.link_to is not None:
        _relink(each, moved.get(each.link_to, each.link_to))
        return each
    if s3.is_url(each.old.path):
        return _replace_remote(erasure, each)
    replacement = FileReplacement(erasure, each)
    with ExitStack() as old:
        done = replacement.replace(old)
        # As many as may be open at a time.
        if len(files) < _OPEN:
            files.append(replacement)
            opened.push(old.pop_all())
    return done


def _relink(each: Rewrite, target: str) -> None:
    """Have a link lead to where its file is now."""
    old, new = Path(each.old.path), Path(each.new.path)
    if not old.is_symlink():
        raise OutsideError
    if new == old and target == each.link_to:
        return
    new.parent.mkdir(parents=True, exist_ok=True)
    draft = new.with_name(f".{new.name}{DRAFT}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(os.path.relpath(target, new.parent))
    draft.replace(new)
    if new != old:
        old.unlink()
        remove_empty_folders(old, new)


def _replace_remote(erasure: Erasure, each: Rewrite) -> Rewrite:
    url, ours = each.new.path, False
    for _ in range(TRIES):
        if url == each.old.path:
            if s3.replace_object(str(each.written), url, None, etag=each.old.version):
                return each
        else:
            if not holds_same(url, each.written):
                if exists(url) and not ours:
                    raise LandingError(TAKEN)
                s3.upload_object(str(each.written), url, None)
            ours = True
            now = s3.head_object(each.old.path, None)
            if now is None or now.etag == each.old.version:
                if now is not None:
                    s3.delete_object(each.old.path, None)
                return each
        with pin_object(each.old.path, "", erasure.scratch) as still:
            each = rewrite_again(erasure, each, still)
    raise BusyError
