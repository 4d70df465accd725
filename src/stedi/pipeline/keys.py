"""Which pseudonym key a lake uses: the argument, the environment, or a file that only the user may read."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from stedi.consent.pseudonyms import Pseudonyms
from stedi.errors import ConfigurationError, KeyMismatchError, RunConflictError
from stedi.names import RunKind
from stedi.places import home
from stedi.warehouse.lock import LOCK_FILE, exclusive

KEY_VARIABLE: Final = "STEDI_PSEUDONYM_KEY"


def key_file() -> Path:
    """Return where the user's key is kept: ``stedi/pseudonym.key`` in the configuration folder.

    Raises:
        ConfigurationError: The user has no folder.
    """
    if configured := os.environ.get("XDG_CONFIG_HOME"):
        return Path(configured) / "stedi" / "pseudonym.key"
    if os.name == "nt" and (roaming := os.environ.get("APPDATA")):
        return Path(roaming) / "stedi" / "pseudonym.key"
    if (folder := home()) is None:
        raise ConfigurationError(
            f"this user has no home folder to keep the pseudonym key in: set {KEY_VARIABLE}, pass "
            "Lake.open(pseudonyms=), or let XDG_CONFIG_HOME name a folder"
        )
    return folder / ".config" / "stedi" / "pseudonym.key"


def find_key(given: Pseudonyms | None, *, fingerprint: str | None) -> tuple[Pseudonyms, bool]:
    """Return the pseudonyms to write with, and whether they are new and must be saved.

    Of several keys that are at hand, the one that the lake has is in use, and all others are retired: those
    of a rotation that is still to come, too.

    Args:
        given: Those passed to ``Lake.open``.
        fingerprint: That of the lake; None for a new one.

    Raises:
        KeyMismatchError: The lake exists, and there is no key, or another one.
        ConfigurationError: The key in the environment or the file is no key.
    """
    found = _at_hand(given)
    if found is None:
        if fingerprint is None:
            return Pseudonyms.generate(), True
        raise KeyMismatchError(
            f"the lake's pseudonym key (fingerprint {fingerprint}) is missing: pass Lake.open(pseudonyms=), "
            f"set {KEY_VARIABLE}, or put it back into {key_file()}. Reading the lake needs no key"
        )
    return (found.pseudonyms if fingerprint is None else found.of_lake(fingerprint)), False


class _Found(NamedTuple):
    """The keys that are at hand.

    Attributes:
        pseudonyms: The newest in use, the others retired.
        source: Where they are, in words.
        in_file: They are in the user's file.
    """

    pseudonyms: Pseudonyms
    source: str
    in_file: bool

    def of_lake(self, fingerprint: str) -> Pseudonyms:
        """Return the keys with that of a lake in use."""
        of_lake = self.pseudonyms.using(fingerprint)
        if of_lake is None:
            known = self.pseudonyms.fingerprints
            has = f"has fingerprint{'s' if len(known) > 1 else ''} {', '.join(known)}"
            raise KeyMismatchError(
                f"{self.source} {has}, but the lake was made with {fingerprint}: "
                "one lake has one key, or the same person would get two ids. Use the lake's own key"
            )
        return of_lake


def _at_hand(given: Pseudonyms | None) -> _Found | None:
    if given is not None:
        return _Found(given, "the pseudonyms passed to Lake.open", in_file=False)
    if text := os.environ.get(KEY_VARIABLE):
        return _Found(Pseudonyms.from_hex(text), KEY_VARIABLE, in_file=False)
    if (file := key_file()).exists():
        return _Found(Pseudonyms.from_file(file), f"the key file {file}", in_file=True)
    return None


class Succession(NamedTuple):
    """The key that a lake gets, and where it is kept.

    Attributes:
        pseudonyms: It is in use, and all others that are at hand are retired.
        to_save: It has to be put into the user's file before anything is written to the lake.
    """

    pseudonyms: Pseudonyms
    to_save: bool


def find_successor(
    given: Pseudonyms | None, new: Pseudonyms | None, *, used: Sequence[str], newest: RunKind
) -> Succession:
    """Return the key that a lake gets in the place of the one that it has.

    Args:
        given: Those passed to ``Lake.open``.
        new: The new key, if it was passed.
        used: The fingerprints of all keys that the lake ever had, the newest last.
        newest: The kind of its newest run: ``"rotating"`` where a rotation is not finished. Where nothing
            happened since one that is, whoever asks again is taken to ask for the same.

    Raises:
        KeyMismatchError: The lake's key, or the one before it where a rotation is unfinished, is missing.
        ConfigurationError: There is no new key, or the lake had it before.
    """
    find_key(given, fingerprint=used[-1])
    found = _at_hand(given)
    if found is None:  # pragma: no cover - find_key refused that
        raise ConfigurationError("no key is at hand")
    in_use = found.of_lake(used[-1])
    if newest == "rotating":
        if new is not None and new.fingerprint != used[-1]:
            raise ConfigurationError(
                f"the rotation to the key of fingerprint {used[-1]} is not finished: finish it first, "
                "without new= or with that key"
            )
        if in_use.using(used[-2]) is None:
            raise KeyMismatchError(
                f"the rotation to the key of fingerprint {used[-1]} is not finished, and needs the one "
                f"before it, {used[-2]}: add it after the new one in {found.source}"
            )
        return Succession(in_use, to_save=False)
    if newest == "rotation" and new is None and found.pseudonyms.fingerprint == used[-1]:
        return Succession(in_use, to_save=False)
    if new is not None:
        successor = found.pseudonyms.followed_by(new)
    elif found.pseudonyms.fingerprint != used[-1]:
        successor = found.pseudonyms
    elif found.in_file:
        return Succession(in_use.followed_by(Pseudonyms.generate()), to_save=True)
    else:
        raise ConfigurationError(
            f"there is no new key: {found.source} begins with the one that the lake has. Make one with "
            "stedi.Pseudonyms.generate(), and put it first, before the old one and a comma; or pass new="
        )
    if successor.fingerprint in used[:-1]:
        raise ConfigurationError(
            f"the lake had the key of fingerprint {successor.fingerprint} before, and can't go back to it: "
            "take a new one"
        )
    return Succession(successor, to_save=found.in_file and new is not None)


def save_successor(successor: Pseudonyms) -> Path:
    """Put the keys of a lake that is about to get a new one into the user's file, whole or not at all.

    Keys that the file got meanwhile stay in it.

    Raises:
        ConfigurationError: The file can't be written, or another rotation is writing it.
    """
    file = key_file()
    try:
        with exclusive(file.parent):
            Pseudonyms.from_file(file).followed_by(successor).save(file, replace=True)
            with contextlib.suppress(OSError):
                (file.parent / LOCK_FILE).unlink()
    except RunConflictError:
        raise ConfigurationError(
            f"another rotation is writing the key file {file}: wait until it has ended, then run again"
        ) from None
    return file
