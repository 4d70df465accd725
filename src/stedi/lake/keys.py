"""Which pseudonym key a lake uses: the argument, the environment, or a file that only the user may read."""

import os
from pathlib import Path
from typing import Final

from stedi.consent.pseudonyms import Pseudonyms
from stedi.errors import KeyMismatchError

KEY_VARIABLE: Final = "STEDI_PSEUDONYM_KEY"


def key_file() -> Path:
    """Return where the user's key is kept: ``stedi/pseudonym.key`` in the configuration folder."""
    if configured := os.environ.get("XDG_CONFIG_HOME"):
        return Path(configured) / "stedi" / "pseudonym.key"
    if os.name == "nt" and (roaming := os.environ.get("APPDATA")):
        return Path(roaming) / "stedi" / "pseudonym.key"
    return Path.home() / ".config" / "stedi" / "pseudonym.key"


def find_key(given: Pseudonyms | None, *, fingerprint: str | None) -> tuple[Pseudonyms, bool]:
    """Return the pseudonyms to write with, and whether they are new and must be saved.

    Args:
        given: Those passed to ``Lake.open``.
        fingerprint: That of the lake; None for a new one.

    Raises:
        KeyMismatchError: The lake exists, and there is no key, or another one.
        ConfigurationError: The key in the environment or the file is no key.
    """
    file = key_file()
    if given is not None:
        found, source = given, "the pseudonyms passed to Lake.open"
    elif text := os.environ.get(KEY_VARIABLE):
        found, source = Pseudonyms.from_hex(text), KEY_VARIABLE
    elif file.exists():
        found, source = Pseudonyms.from_file(file), f"the key file {file}"
    elif fingerprint is None:
        return Pseudonyms.generate(), True
    else:
        raise KeyMismatchError(
            f"the lake's pseudonym key (fingerprint {fingerprint}) is missing: pass Lake.open(pseudonyms=), "
            f"set {KEY_VARIABLE}, or put it back into {file}. Reading the lake needs no key"
        )
    if fingerprint is not None and found.fingerprint != fingerprint:
        raise KeyMismatchError(
            f"{source} has fingerprint {found.fingerprint}, but the lake was made with {fingerprint}: "
            "one lake has one key, or the same person would get two ids. Use the lake's own key"
        )
    return found, False
