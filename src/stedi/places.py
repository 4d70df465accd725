"""Places on this machine, and addresses elsewhere that look like them."""

import getpass
import os
import re
import unicodedata
from pathlib import Path
from typing import Final

_UNWRITABLE: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def is_address(place: str | os.PathLike[str]) -> bool:
    """Say whether a place is an address, such as of an object store, and no file or folder of this machine.

    A path library may have made one slash of two; a single letter before the colon is a drive of Windows.

    Examples:
        >>> [is_address(each) for each in ("s3://bucket/lake", "s3:/bucket/lake", "lake", "C:/lake", "a:b")]
        [True, True, False, False, False]
    """
    return _ADDRESS.match(os.fspath(place)) is not None


def home() -> Path | None:
    """Return the user's folder; None where the system knows of none, as in some containers."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def user() -> str:
    """Return what the user is called, or the number where there is no name."""
    try:
        # A name in the bytes of another encoding is no text that can be written.
        return getpass.getuser().encode(errors="replace").decode()
    except (KeyError, OSError):
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path with the user's folder in the place of ``~``; as it is where there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def is_plain(place: str | os.PathLike[str]) -> bool:
    r"""Say whether a name can be written down: without control characters, and what turns a line around.

    Libraries leave such characters out of an address, or encode them, each in its own way.

    Examples:
        >>> is_plain("jezioro-ł [1]"), is_plain("lake\n"), is_plain("lake\u202e")
        (True, False, False)
    """
    return not any(unicodedata.category(char) in _UNWRITABLE for char in os.fspath(place))
