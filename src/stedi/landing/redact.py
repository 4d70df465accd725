"""Paths as messages may show them: a file's name can hold personal data."""

import os
import re
from typing import Final

REDACTED: Final = "<redacted>"

# The @ may be percent-encoded in a URL; an e-mail never spans folders.
_EMAIL: Final = re.compile(r"[^\s/\\@=,;:]+(?:@|%40)[^\s/\\@=,;:]+", re.IGNORECASE)


def safe_path(path: str | os.PathLike[str]) -> str:
    """Return a path with e-mail-like parts replaced, and without what can't be printed.

    Examples:
        >>> safe_path("landing/customer/export of=ann.example@test.com.json")
        'landing/customer/export of=<redacted>'
        >>> safe_path("s3://bucket/customer/part-0.json.gz")
        's3://bucket/customer/part-0.json.gz'
    """
    text = os.fspath(path).encode(errors="backslashreplace").decode()
    return _EMAIL.sub(REDACTED, "".join(char if char.isprintable() else "?" for char in text))
