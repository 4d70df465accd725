"""Landing objects without a person: written beside, verified, entered in the ledger, and put in place."""

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from stedi.contract import LANDING, Contract, contract_of
from stedi.errors import LandingError
from stedi.governance.erase.paths import Places, beside
from stedi.governance.erase.subject import Subject
from stedi.landing import s3
from stedi.landing.objects import LandingObject
from stedi.landing.redact import as_typed
from stedi.landing.still import (
    OutsideError,
    ReadError,
    State,
    Still,
    StillFile,
    digest_of,
    still_file,
    still_object,
)
from stedi.landing.without import Whose, Without, write_without
from stedi.names import CUSTOMER_LANDING, STEP_TRAINER_LANDING
from stedi.progress import Progress, silent
from stedi.wording import count

_MILLISECONDS: Final = 1000
DRAFT: Final = ".erasing"
"""How the name of a hidden file ends in which an object is written before it is put in place."""
_TRIES: Final = 5
"""So often an object is read anew that somebody writes to meanwhile."""
_NAMES: Final = 100
_HELD: Final = 200
_OUT: Final = "it leads out of the landing root, or is no plain file"
_LATE: Final = "it came, or was written to, while the erasure was at work, and holds them: erase once more"
_GONE: Final = "it was there, and is gone: wherever it is now, it may hold them"
_NO_END: Final = "its end can't be read"
_BUSY: Final = "somebody keeps writing to it"
_TAKEN: Final = "there is another object of its new name"


class _BusyError(LandingError):
    """Somebody writes to an object while it is read."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """A landing object that still holds the person.

    Attributes:
        path: What messages call it.
        why: Why it could not be rewritten.
        sure: It holds them, and not only may.
    """

    path: str
    why: str
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Rewrites:
    """What is to be done in a landing root.

    Attributes:
        scanned: How many objects were looked at.
        scanned_bytes: How large they are.
        found: Those that hold the person.
        remaining: Those that can't be rewritten.
        cutter: Cuts the person out of objects.
    """

    scanned: int
    scanned_bytes: int
    found: Sequence[Rewrite]
    remaining: Sequence[Remaining]
    cutter: "Cutter"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Replaced:
    """What became of the rewritten objects.

    Attributes:
        remaining: Those that could not be written.
        anew: Those that were written to meanwhile, and rewritten once more: as they were to be, and are.
    """

    remaining: Sequence[Remaining]
    anew: Sequence[tuple[Rewrite, Rewrite]]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Cutter:
    """Cuts a person out of landing objects.

    Attributes:
        subject: Whom.
        scratch: An empty folder.
        places: The paths of the landing root.
        erased_at: When the erasure takes effect.
        erase_shared: Readings of devices that others listed too go as well, up to then.
    """

    subject: Subject
    scratch: Path
    places: Places
    erased_at: datetime
    erase_shared: bool

    def whose(self, table: str) -> Whose:
        """Return what says which records of a table are theirs."""
        return whose_is(
            contract_of(table), self.subject, erased_at=self.erased_at, erase_shared=self.erase_shared
        )

    def cut(self, still: Still, item: LandingObject, target: Path) -> Without:
        """Write what an object holds at this moment without the person, and look through it once more."""
        whose, name = self.whose(item.table), self.places.shown(item.path)
        outcome = write_without(still.open, target, whose, size=still.size, name=name)
        if outcome.removed and outcome.complete:
            _verify(target, self.scratch, whose, name)
        return outcome

    def again(self, each: Rewrite, still: Still) -> Rewrite:
        """Cut an object once more that somebody has written to since."""
        outcome = self.cut(still, each.old, each.written)
        if still.changed:
            raise _BusyError(_BUSY)
        if not outcome.complete:
            raise LandingError(_NO_END)
        return _rewrite(each.old, still, each.new.path, each.label, each.written, outcome)


def prepare(
    sources: Mapping[str, Sequence[LandingObject]],
    cutter: Cutter,
    *,
    left_out: Sequence[tuple[str, str]],
    progress: Progress,
) -> Rewrites:
    """Write every landing object that holds a person without them, into a scratch folder."""
    places = cutter.places
    found: list[Rewrite] = []
    remaining = [_may_remain(places.shown(path), why) for path, why in left_out]
    if places.root is not None and places.root_names:
        why = "the path of the landing root itself names them, and is not stedi's to rename"
        remaining.append(_may_remain(as_typed(places.mask(places.root)), why))
    objects = [item for items in sources.values() for item in items]
    total, done = sum(item.size for item in objects), 0
    taken: set[str] = set()
    for number, item in enumerate(objects):
        progress("looking through landing objects", done, total)
        target = cutter.scratch / f"object-{number:06d}"
        try:
            rewrite, left = _prepare(item, cutter, target, taken)
        except ReadError as error:
            remaining.append(_may_remain(places.shown(item.path), _why(error)))
        except LandingError as error:
            remaining.append(_may_remain(places.shown(item.path), _words(error)))
        else:
            if rewrite is None:
                target.unlink(missing_ok=True)
            else:
                found.append(rewrite)
                taken.add(rewrite.new.path)
            remaining += left
        done += item.size
    progress("looking through landing objects", total, total)
    return Rewrites(
        scanned=len(objects), scanned_bytes=total, found=found, remaining=remaining, cutter=cutter
    )


def late_objects(new: Mapping[str, Sequence[LandingObject]], cutter: Cutter) -> Sequence[Remaining]:
    """Return those of some objects, which came or were written to meanwhile, that hold the person."""
    rewrites = prepare(new, cutter, left_out=(), progress=silent)
    for each in rewrites.found:
        each.written.unlink()
    shown = cutter.places.shown
    return [
        *(_remains(shown(each.old.path, each.old_digest), _LATE) for each in rewrites.found),
        *(each for each in rewrites.remaining if each.sure),
    ]


def _prepare(
    item: LandingObject, cutter: Cutter, target: Path, taken: set[str]
) -> tuple[Rewrite | None, list[Remaining]]:
    """Write an object without the person; None if it does not hold them, or can't be written."""
    places = cutter.places
    wanted = places.renamed(item.path)
    for _ in range(_TRIES):
        with still_object(item.path, places.root or "", cutter.scratch) as still:
            outcome = cutter.cut(still, item, target)
            rewrite = None
            if outcome.removed or wanted != item.path or _target_moves(item, places):
                path = _free(wanted, item, target, taken) if outcome.complete else wanted
                rewrite = _rewrite(item, still, path, places.label(path), target, outcome)
            if still.changed:
                continue
        name = places.shown(wanted, rewrite.new_digest if rewrite is not None else None)
        if rewrite is not None and not outcome.complete:
            return None, [_remains(places.shown(wanted, rewrite.old_digest), _NO_END)]
        if not outcome.complete:
            return None, [_may_remain(places.shown(wanted), _NO_END)]
        them = "names them" if outcome.kept == 1 else "name them"
        kept = f"{count(outcome.kept, 'record')} of others {them} too"
        return rewrite, [_remains(name, kept)] if outcome.kept else []
    raise LandingError(_BUSY)


def _target_moves(item: LandingObject, places: Places) -> bool:
    """Say whether an object is a link to one that is renamed."""
    if s3.is_url(item.path) or not Path(item.path).is_symlink():
        return False
    target = str(Path(item.path).resolve())
    return places.renamed(target) != target


def _free(wanted: str, item: LandingObject, written: Path, taken: set[str]) -> str:
    """Return a path at which no other object is; the same bytes were put there before an interruption."""
    if wanted == item.path:
        return wanted
    for path in (wanted, *(beside(wanted, number) for number in range(2, _NAMES))):
        if path not in taken and (not _exists(path) or _same(path, written)):
            return path
    raise LandingError("there are other objects of its new name")


def _exists(path: str) -> bool:
    return s3.find_one(path, None) is not None if s3.is_url(path) else os.path.lexists(path)


def _same(path: str, written: Path) -> bool:
    if s3.is_url(path):
        found = s3.find_one(path, None)
        return found is not None and found.etag == _md5(written)
    return not Path(path).is_symlink() and Path(path).is_file() and _md5(Path(path)) == _md5(written)


def clear_leftovers(root: str, places: Places) -> None:
    """Delete what killed erasures left: drafts of objects, and empty folders that are named after a person.

    Nobody else would: runs pass over them, and an object that is gone since is never written again.
    """
    if s3.is_url(root):
        return
    for contract in LANDING:
        home = Path(places.root or root) / contract.name.removesuffix("_landing")
        for here, _, names in os.walk(home, topdown=False):
            with contextlib.suppress(OSError):
                for name in names:
                    if name.startswith(".") and name.endswith(DRAFT):
                        Path(here, name).unlink()
                if places.mask(Path(here).name) != Path(here).name and not any(Path(here).iterdir()):
                    Path(here).rmdir()


class Held(contextlib.ExitStack):
    """The old bytes of files that were replaced: whoever has them open may go on writing to them."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        super().__init__()
        self._held: list[_LocalReplacement] = []

    def keep(self, replacement: "_LocalReplacement", opened: contextlib.ExitStack) -> None:
        """Hold the old bytes of one more file, of as many as may be open at a time."""
        if len(self._held) < _HELD:
            self._held.append(replacement)
            self.push(opened)
        else:
            opened.close()

    def bring_over(self) -> Sequence[Remaining]:
        """Append to the new files what was written to the old bytes since; return those that can't be."""
        left = []
        for each in self._held:
            try:
                each.bring_over()
            except (OSError, LandingError):
                left.append(_remains(each.shown, "what was added to it while it was replaced can't be kept"))
        return left


def replace(rewrites: Rewrites, progress: Progress, held: Held) -> Replaced:
    """Put the rewritten objects in place, each only if it still is what was read.

    Args:
        rewrites: What is to be put in place.
        progress: Is told how far this is.
        held: Is given the old bytes, to be held as long as the erasure takes.
    """
    remaining: list[Remaining] = []
    anew: list[tuple[Rewrite, Rewrite]] = []
    moved: dict[str, str] = {}
    total = len(rewrites.found)
    # Links last: by then it is known where the files are to which they lead.
    for number, each in enumerate(sorted(rewrites.found, key=lambda one: one.link_to is not None)):
        progress("rewriting landing objects", number, total)
        # Once more: whatever stays is work for somebody, and may only have failed for a moment.
        done = _attempt(each, rewrites.cutter, moved, held)
        done = _attempt(each, rewrites.cutter, moved, held) if isinstance(done, str) else done
        if isinstance(done, str):
            remaining.append(_remains(rewrites.cutter.places.shown(each.old.path, each.old_digest), done))
        else:
            moved[each.old.path] = done.new.path
            if done is not each:
                anew.append((each, done))
        each.written.unlink(missing_ok=True)
    progress("rewriting landing objects", total, total)
    return Replaced(remaining=remaining, anew=anew)


def _attempt(each: Rewrite, cutter: Cutter, moved: Mapping[str, str], held: Held) -> Rewrite | str:
    """Put a rewritten object in place, and return it as it is there; say why that can't be done, if so."""
    try:
        return _replace(each, cutter, moved, held)
    except OSError as error:
        return _why(error, "written")
    except LandingError as error:
        return _words(error)


def _why(error: OSError, what: str = "read") -> str:
    if isinstance(error, OutsideError):
        return _OUT
    if error.errno == errno.ENOENT:
        return _GONE
    return f"it can't be {'read' if isinstance(error, ReadError) else what}: {error.strerror}"


def _words(error: LandingError) -> str:
    return str(error).partition(": ")[0]


def _remains(path: str, why: str) -> Remaining:
    return Remaining(path=path, why=why)


def _may_remain(path: str, why: str) -> Remaining:
    return Remaining(path=path, why=why, sure=False)


def _verify(target: Path, scratch: Path, whose: Whose, name: str) -> None:
    """Read what was written once more: nothing of the person may be found in it."""
    again = scratch / "verified"
    size = target.stat().st_size
    found = write_without(lambda: target.open("rb"), again, whose, size=size, name=name)
    again.unlink(missing_ok=True)
    if found.removed or not found.complete:
        raise LandingError(
            f"{name} was rewritten, and still holds what was to go: nothing was replaced. "
            "This is a bug in stedi: please report it"
        )


def _rewrite(
    item: LandingObject, still: Still, path: str, label: str, target: Path, outcome: Without
) -> Rewrite:
    # The same bytes always get the same version: whoever is killed here and goes on gives it again. The ETag
    # of what is put in one part is its MD5; where a store does otherwise, the next run reads it for nothing.
    remote = s3.is_url(item.path)
    version = _md5(target) if remote else str(int(still.version) + 1)
    link = not remote and Path(item.path).is_symlink()
    return Rewrite(
        old=changed(item, size=still.size, version=still.version),
        old_digest=digest_of(still),
        new=LandingObject(table=item.table, path=path, size=target.stat().st_size, version=version),
        new_digest=digest_of(_Written(target)),
        label=label,
        written=target,
        removed=outcome.removed,
        link_to=str(Path(item.path).resolve()) if link else None,
    )


class _Written:
    """What was written, to be read like an object."""

    changed = False
    version = ""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def size(self) -> int:
        return self._file.stat().st_size

    def open(self) -> BinaryIO:
        return self._file.open("rb")


def _md5(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _replace(each: Rewrite, cutter: Cutter, moved: Mapping[str, str], held: Held) -> Rewrite:
    """Put an object in place, and return it as it is: cut once more where somebody had written to it."""
    if each.link_to is not None:
        _relink(each, moved.get(each.link_to, each.link_to))
        return each
    if s3.is_url(each.old.path):
        return _replace_remote(each, cutter)
    return _LocalReplacement(each, cutter).run(held)


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
        _remove_empty(old, new)


def _replace_remote(each: Rewrite, cutter: Cutter) -> Rewrite:
    url, ours = each.new.path, False
    for _ in range(_TRIES):
        if url == each.old.path:
            if s3.replace(str(each.written), url, None, etag=each.old.version):
                return each
        else:
            if not _same(url, each.written):
                if _exists(url) and not ours:
                    raise LandingError(_TAKEN)
                s3.upload(str(each.written), url, None)
            ours = True
            now = s3.find_one(each.old.path, None)
            if now is None or now.etag == each.old.version:
                if now is not None:
                    s3.delete(each.old.path, None)
                return each
        with still_object(each.old.path, "", cutter.scratch) as still:
            each = cutter.again(each, still)
    raise LandingError(_BUSY)


class _LocalReplacement:
    """Puts new bytes in the place of a file, and loses nothing that somebody writes to it meanwhile."""

    def __init__(self, each: Rewrite, cutter: Cutter) -> None:
        self._each = each
        self._cutter = cutter
        self._old, self._new = Path(each.old.path), Path(each.new.path)
        self._ours: State | None = None
        self._file: StillFile | None = None

    @property
    def shown(self) -> str:
        """What messages call the file."""
        return self._cutter.places.shown(self._each.old.path, self._each.old_digest)

    def run(self, held: Held) -> Rewrite:
        """Replace the file, and return what was put there; the old bytes are held on."""
        for _ in range(_TRIES):
            with contextlib.ExitStack() as opened:
                file = opened.enter_context(still_file(self._old, Path(self._cutter.places.root or "")))
                if self._old.is_symlink():
                    raise OutsideError
                if not _is_what_was_read(self._each, file):
                    self._each = self._cutter.again(self._each, file)
                if self._put(file):
                    self._file = self._catch_up(file)
                    held.keep(self, opened.pop_all())
                    return self._each
        raise LandingError(_BUSY)

    def bring_over(self) -> None:
        """Append to the new file what was written to the old bytes since, but for what is the person's."""
        if self._file is None or (now := self._file.as_it_is).size <= self._file.size:
            return
        added, start = self._cutter.scratch / "added", self._file.size
        outcome = write_without(
            lambda: now.open_at(start),
            added,
            self._cutter.whose(self._each.old.table),
            size=now.size - start,
            name=self.shown,
        )
        if not outcome.complete:
            raise LandingError(_BUSY)
        # Appended, as senders do: whoever writes to the new file by now loses nothing.
        with added.open("rb") as source, self._new.open("ab") as out:
            shutil.copyfileobj(source, out)
        self._file = now

    def _put(self, file: StillFile) -> bool:
        """Put the new bytes in place; say whether that was done, and nobody wrote to the old ones before."""
        if self._new == self._old:
            return self._write(file)
        # What was put there before an interruption is as good.
        if not _same(str(self._new), self._each.written):
            if os.path.lexists(self._new) and not self._is_ours():
                raise LandingError(_TAKEN)
            if not self._write(file):
                return False
        if not self._leads_to(file):
            return False
        self._old.unlink()
        _remove_empty(self._old, self._new)
        return True

    def _write(self, file: StillFile, *, later: bool = False) -> bool:
        """Write the new bytes, whole or not at all, with the times and the mode that they should have."""
        new = self._new
        new.parent.mkdir(parents=True, exist_ok=True)
        if not new.parent.resolve().is_relative_to(self._cutter.places.root or ""):
            raise OutsideError
        draft = new.with_name(f".{new.name}{DRAFT}")
        try:
            shutil.copyfile(self._each.written, draft)
            status = os.fstat(file.descriptor)
            draft.chmod(stat.S_IMODE(status.st_mode))
            with draft.open("rb") as written:
                os.fsync(written.fileno())
            os.utime(draft, ns=(status.st_atime_ns, int(self._each.new.version)))
            # The last moment: from here on whoever opens the old name gets the new bytes.
            if not (self._is_ours() if later else self._leads_to(file)):
                return False
            draft.replace(new)
            self._ours = State.of(new.lstat())
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
        return True

    def _catch_up(self, file: StillFile) -> StillFile:
        """Bring over what somebody wrote to the old bytes who had them open when their place was taken."""
        for _ in range(_TRIES):
            if not file.changed:
                return file
            file = file.as_it_is
            with contextlib.suppress(_BusyError):
                self._each = self._cutter.again(self._each, file)
                if not self._write(file, later=True):
                    break
        if file.changed or not self._is_ours():
            raise LandingError("it was written to while it was replaced, and the end of that may be lost")
        return file

    def _leads_to(self, file: StillFile) -> bool:
        return not file.changed and State.of(self._old.lstat()) == file.state

    def _is_ours(self) -> bool:
        return self._ours is not None and State.of(self._new.lstat()) == self._ours


def _is_what_was_read(each: Rewrite, still: Still) -> bool:
    """Say whether an object is what was read, by its time and size, and then by its bytes."""
    if (still.size, still.version) != (each.old.size, each.old.version):
        return False
    return digest_of(still) == each.old_digest


def _remove_empty(old: Path, new: Path) -> None:
    """Remove folders that were named after the person and are empty now."""
    for folder in old.parents:
        if new.is_relative_to(folder) or any(folder.iterdir()):
            break
        folder.rmdir()


def whose_is(contract: Contract, subject: Subject, *, erased_at: datetime, erase_shared: bool) -> Whose:
    """Return what says which records of a landing table are a person's."""
    until = erased_at.timestamp() * _MILLISECONDS

    def goes_person(text: str, _: float | None) -> bool:
        return subject.has_email(text)

    def goes_device(text: str, at: float | None) -> bool:
        if subject.owns(text) or (at is not None and subject.owned(text, at)):
            return True
        return erase_shared and subject.shares(text) and (at is None or at <= until)

    def nameless(text: str) -> bool:
        if subject.named_in(text):
            return not subject.names_others(text)
        return contract.name == CUSTOMER_LANDING and subject.hinted_in(text)

    probes: tuple[str, ...] = (subject.key or "",)
    if contract.name == STEP_TRAINER_LANDING:
        probes = (*subject.own, *(subject.shared if erase_shared else ()))
    elif contract.name == CUSTOMER_LANDING:
        probes = subject.names
    # Where only a digest tells a name, or it has several spellings in bytes, each record is looked at.
    plain = all(probe.isascii() for probe in probes) and subject.key is not None
    plain = plain and not (subject.lost or subject.handed_on or subject.lost_asides)
    if contract.name == STEP_TRAINER_LANDING and not probes:
        # Nobody's device: only a probe that no text can hold keeps every record.
        probes = ("\x00",)
    return Whose(
        contract=contract,
        goes=goes_device if contract.name == STEP_TRAINER_LANDING else goes_person,
        named_in=subject.named_in,
        names_others=subject.names_others,
        nameless=nameless,
        probes=tuple(probe.encode() for probe in probes) if plain else (),
        mark=b"@" if contract.name == CUSTOMER_LANDING else None,
    )
