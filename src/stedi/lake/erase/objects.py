"""Landing objects without a person: written beside, verified, entered in the ledger, and put in place."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from stedi.contract import LANDING, Contract, contract_of
from stedi.errors import LandingError
from stedi.lake.erase.person import Person
from stedi.landing import s3
from stedi.landing.fetch import fetch
from stedi.landing.objects import LandingObject
from stedi.landing.redact import safe_path
from stedi.landing.without import Whose, Without, write_without
from stedi.names import CUSTOMER_LANDING, STEP_TRAINER_LANDING
from stedi.progress import Progress

_MILLISECONDS: Final = 1000
_DRAFT: Final = ".erasing"
"""How the name of a hidden file ends in which an object is written before it is put in place."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Rewrite:
    """A landing object that is to be replaced.

    Attributes:
        old: The object as it is.
        old_digest: The digest of its bytes.
        new: The object as it will be.
        new_digest: The digest of its bytes then.
        written: The new bytes, as a local file.
        removed: Records that were taken out.
    """

    old: LandingObject
    old_digest: str
    new: LandingObject
    new_digest: str
    written: Path
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """A landing object that still holds the person.

    Attributes:
        path: What messages call it.
        why: Why it could not be rewritten.
    """

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Rewrites:
    """What is to be done in a landing root.

    Attributes:
        scanned: How many objects were looked at.
        scanned_bytes: How large they are.
        found: Those that hold the person.
        remaining: Those that can't be rewritten.
    """

    scanned: int
    scanned_bytes: int
    found: Sequence[Rewrite]
    remaining: Sequence[Remaining]


def prepare(
    sources: Mapping[str, Sequence[LandingObject]],
    person: Person,
    scratch: Path,
    *,
    erased_at: datetime,
    erase_shared: bool,
    path: Callable[[str], str],
    progress: Progress,
) -> Rewrites:
    """Write every landing object that holds a person without them, into a scratch folder."""
    found: list[Rewrite] = []
    remaining: list[Remaining] = []
    objects = [(contract_of(table), item) for table, items in sources.items() for item in items]
    total, done = sum(item.size for _, item in objects), 0
    for number, (contract, item) in enumerate(objects):
        progress("looking through landing objects", done, total)
        whose = _whose(contract, person, erased_at=erased_at, erase_shared=erase_shared)
        target = scratch / f"object-{number:06d}"
        name, digest = path(item.path), None
        with _as_file(item, scratch) as source:
            outcome = write_without(source, target, whose, name=safe_path(item.path))
            if not outcome.removed and name == item.path:
                target.unlink()
            elif not outcome.complete:
                target.unlink()
                remaining.append(_remains(item, _digest(item), "its end can't be decompressed"))
            else:
                _verify(target, scratch, whose, name)
                found.append(_rewrite(item, name, target, outcome))
                digest = found[-1].new_digest
            if outcome.kept:
                why = f"{outcome.kept} damaged records of others name them too"
                remaining.append(_remains(item, digest or _digest(item), why))
        done += item.size
    progress("looking through landing objects", total, total)
    return Rewrites(scanned=len(objects), scanned_bytes=total, found=found, remaining=remaining)


def clear_leftovers(root: str, person: Person) -> None:
    """Delete what killed erasures left: drafts of objects, and empty folders that are named after a person.

    Nobody else would: runs pass over them, and an object that is gone since is never written again.
    """
    if s3.is_url(root):
        return
    for contract in LANDING:
        home = Path(root) / contract.name.removesuffix("_landing")
        for here, _, names in os.walk(home, topdown=False):
            with contextlib.suppress(OSError):
                for name in names:
                    if name.startswith(".") and name.endswith(_DRAFT):
                        Path(here, name).unlink()
                if person.named_in(Path(here).name) and not any(Path(here).iterdir()):
                    Path(here).rmdir()


def replace(rewrites: Rewrites, progress: Progress) -> Sequence[Remaining]:
    """Put the rewritten objects in place; return those that could not be written."""
    remaining = []
    for number, each in enumerate(rewrites.found):
        progress("rewriting landing objects", number, len(rewrites.found))
        # Once more: whatever stays is work for somebody, and may only have failed for a moment.
        why = _refusal(each) and _refusal(each)
        if why is not None:
            remaining.append(_remains(each.old, each.old_digest, why))
        each.written.unlink(missing_ok=True)
    progress("rewriting landing objects", len(rewrites.found), len(rewrites.found))
    return remaining


def _refusal(each: Rewrite) -> str | None:
    """Put a rewritten object in place; say why that can't be done, if so."""
    try:
        _replace(each)
    except OSError as error:
        return f"it can't be written: {error.strerror}"
    except LandingError as error:
        return str(error).partition(": ")[0]
    return None


def _remains(item: LandingObject, digest: str, why: str) -> Remaining:
    return Remaining(path=safe_path(item.path, digest=digest), why=why)


@contextlib.contextmanager
def _as_file(item: LandingObject, scratch: Path) -> Iterator[Path]:
    if not s3.is_url(item.path):
        yield Path(item.path)
        return
    spool = scratch / "spooled"
    try:
        with spool.open("wb") as out:
            s3.download(item.path, out, None)
        yield spool
    finally:
        spool.unlink(missing_ok=True)


def _verify(target: Path, scratch: Path, whose: Whose, name: str) -> None:
    """Read what was written once more: nothing of the person may be found in it."""
    again = scratch / "verified"
    found = write_without(target, again, whose, name=safe_path(name))
    again.unlink(missing_ok=True)
    if found.removed or not found.complete:
        raise LandingError(
            f"{safe_path(name)} was rewritten, and still holds what was to go: nothing was replaced. "
            "This is a bug in stedi: please report it"
        )


def _rewrite(item: LandingObject, name: str, target: Path, outcome: Without) -> Rewrite:
    # The same bytes always get the same version: whoever is killed here and goes on gives it again. The ETag
    # of what is put in one part is its MD5; where a store does otherwise, the next run reads it for nothing.
    remote = s3.is_url(item.path)
    version = _md5(target) if remote else str(int(item.version) + 1)
    new = LandingObject(table=item.table, path=name, size=target.stat().st_size, version=version)
    return Rewrite(
        old=item,
        old_digest=_digest(item),
        new=new,
        new_digest=_digest(LandingObject(table=item.table, path=str(target), size=new.size, version=version)),
        written=target,
        removed=outcome.removed,
    )


def _md5(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _digest(item: LandingObject) -> str:
    with fetch(item) as fetched:
        return fetched.digest


def _replace(each: Rewrite) -> None:
    if s3.is_url(each.old.path):
        s3.upload(str(each.written), each.new.path, None)
        if each.new.path != each.old.path:
            s3.delete(each.old.path, None)
        return
    old, new = Path(each.old.path), Path(each.new.path)
    # What was put there before an interruption is as good.
    if new != old and new.exists() and _md5(new) != _md5(each.written):
        raise LandingError(f"there is another object of the name {safe_path(new)}")
    if new == old or old.exists():
        _put(each, old, new)
    if new != old:
        old.unlink(missing_ok=True)
        for folder in old.parents:
            # Folders that were named after the person and are empty now.
            if new.is_relative_to(folder) or any(folder.iterdir()):
                break
            folder.rmdir()


def _put(each: Rewrite, old: Path, new: Path) -> None:
    """Put the new bytes in place, whole or not at all, with the times and the mode that they should have."""
    new.parent.mkdir(parents=True, exist_ok=True)
    draft = new.with_name(f".{new.name}{_DRAFT}")
    try:
        shutil.copyfile(each.written, draft)
        shutil.copymode(old, draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        os.utime(draft, ns=(old.stat().st_atime_ns, int(each.new.version)))
        draft.replace(new)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _whose(contract: Contract, person: Person, *, erased_at: datetime, erase_shared: bool) -> Whose:
    until = erased_at.timestamp() * _MILLISECONDS

    def goes_person(text: str, _: float | None) -> bool:
        return person.has_email(text)

    def goes_device(text: str, at: float | None) -> bool:
        if person.owns(text):
            return True
        return erase_shared and person.shares(text) and (at is None or at <= until)

    def nameless(text: str) -> bool:
        return person.named_in(text) or person.hinted_in(text)

    probes: tuple[str, ...] = (person.key or "",)
    if contract.name == STEP_TRAINER_LANDING:
        probes = (*person.own, *(person.shared if erase_shared else ()))
    elif contract.name == CUSTOMER_LANDING:
        probes = (*person.needles, *person.asides)
    plain = all(probe.isascii() for probe in probes) and not (person.lost or person.lost_asides)
    plain = plain and person.key is not None
    if contract.name == STEP_TRAINER_LANDING and not probes and not person.lost:
        # Nobody's device: only a probe that no text can hold keeps every record.
        probes = ("\x00",)
    return Whose(
        contract=contract,
        goes=goes_device if contract.name == STEP_TRAINER_LANDING else goes_person,
        named_in=person.named_in,
        nameless=nameless if contract.name == CUSTOMER_LANDING else person.named_in,
        probes=tuple(probe.encode() for probe in probes) if plain else (),
    )
