"""One landing file is replaced: whole or not at all, and nothing that others write meanwhile is lost."""

import os
import shutil
import stat
from contextlib import ExitStack, suppress
from pathlib import Path

from stedi.errors import LandingError
from stedi.governance.erase.erasure import Erasure
from stedi.governance.erase.prepare import DRAFT, TAKEN, TRIES, BusyError, Rewrite, holds_same, rewrite_again
from stedi.landing.fetch import digest_of
from stedi.landing.pinned import FileState, OutsideError, PinnedFile, pin_file
from stedi.landing.removal import write_object_without


class FileReplacement:
    """Puts new bytes in the place of a file, and loses nothing that somebody writes to it meanwhile.

    Args:
        erasure: The erasure.
        rewrite: What is to be put in place.
    """

    def __init__(self, erasure: Erasure, rewrite: Rewrite) -> None:
        self._erasure = erasure
        self._rewrite = rewrite
        self._old, self._new = Path(rewrite.old.path), Path(rewrite.new.path)
        self._ours: FileState | None = None
        self._file: PinnedFile | None = None

    @property
    def shown(self) -> str:
        """What messages call the file."""
        return self._erasure.paths.shown(self._rewrite.old.path, self._rewrite.old_digest)

    def replace(self, opened: ExitStack) -> Rewrite:
        """Replace the file, and return what was put there.

        Args:
            opened: Is given the old bytes, to be held on.

        Raises:
            LandingError: That can't be done.
            OSError: The system refuses it.
        """
        for _ in range(TRIES):
            with ExitStack() as attempt:
                file = attempt.enter_context(pin_file(self._old, Path(self._erasure.paths.root or "")))
                if self._old.is_symlink():
                    raise OutsideError
                if not self._is_what_was_read(file):
                    self._rewrite = rewrite_again(self._erasure, self._rewrite, file)
                if self._put(file):
                    self._file = self._catch_up(file)
                    opened.push(attempt.pop_all())
                    return self._rewrite
        raise BusyError

    def copy_additions(self) -> None:
        """Append to the new file what was written to the old bytes since, but for what is the subject's.

        Raises:
            LandingError: That can't be read to its end.
            OSError: The system refuses it.
        """
        if self._file is None or (now := self._file.as_it_is).size <= self._file.size:
            return
        added, start = self._erasure.scratch / "added", self._file.size
        whose = self._erasure.whose(self._rewrite.old.table)
        size = now.size - start
        if not write_object_without(
            lambda: now.open_at(start), added, whose, size=size, name=self.shown
        ).complete:
            raise BusyError
        # Appended, as senders do: whoever writes to the new file by now loses nothing.
        with added.open("rb") as source, self._new.open("ab") as out:
            shutil.copyfileobj(source, out)
        self._file = now

    def _is_what_was_read(self, file: PinnedFile) -> bool:
        """Say whether a file is what was read, by its time and size, and then by its bytes."""
        old = self._rewrite.old
        return (file.size, file.version) == (old.size, old.version) and (
            digest_of(file.open()) == self._rewrite.old_digest
        )

    def _put(self, file: PinnedFile) -> bool:
        """Put the new bytes in place; say whether that was done, and nobody wrote to the old ones before."""
        if self._new == self._old:
            return self._write(file)
        # What was put there before an interruption is as good.
        if not holds_same(str(self._new), self._rewrite.written):
            if os.path.lexists(self._new) and not self._is_ours():
                raise LandingError(TAKEN)
            if not self._write(file):
                return False
        if not self._leads_to(file):
            return False
        self._old.unlink()
        remove_empty_folders(self._old, self._new)
        return True

    def _write(self, file: PinnedFile, *, later: bool = False) -> bool:
        """Write the new bytes, whole or not at all, with the times and the mode that they should have."""
        new = self._new
        new.parent.mkdir(parents=True, exist_ok=True)
        if not new.parent.resolve().is_relative_to(self._erasure.paths.root or ""):
            raise OutsideError
        draft = new.with_name(f".{new.name}{DRAFT}")
        try:
            shutil.copyfile(self._rewrite.written, draft)
            status = os.fstat(file.descriptor)
            draft.chmod(stat.S_IMODE(status.st_mode))
            with draft.open("rb") as written:
                os.fsync(written.fileno())
            os.utime(draft, ns=(status.st_atime_ns, int(self._rewrite.new.version)))
            # The last moment: from here on whoever opens the old name gets the new bytes.
            if not (self._is_ours() if later else self._leads_to(file)):
                return False
            draft.replace(new)
            self._ours = FileState.from_status(new.lstat())
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        return True

    def _catch_up(self, file: PinnedFile) -> PinnedFile:
        """Write anew what somebody wrote to who had the old bytes open when their place was taken."""
        for _ in range(TRIES):
            if not file.changed:
                return file
            file = file.as_it_is
            with suppress(BusyError):
                self._rewrite = rewrite_again(self._erasure, self._rewrite, file)
                if not self._write(file, later=True):
                    break
        if file.changed or not self._is_ours():
            raise LandingError("it was written to while it was replaced, and the end of that may be lost")
        return file

    def _leads_to(self, file: PinnedFile) -> bool:
        return not file.changed and FileState.from_status(self._old.lstat()) == file.state

    def _is_ours(self) -> bool:
        return self._ours is not None and FileState.from_status(self._new.lstat()) == self._ours


def remove_empty_folders(old: Path, new: Path) -> None:
    """Remove the folders of an old path that are empty now, up to the first that is on the new one, too."""
    for folder in old.parents:
        if new.is_relative_to(folder) or any(folder.iterdir()):
            break
        folder.rmdir()
