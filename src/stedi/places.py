"""Places on this machine, and addresses elsewhere that look like them."""

import os
import re
from typing import Final

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def is_address(place: str | os.PathLike[str]) -> bool:
    """Say whether a place is an address, such as of an object store, and no file or folder of this machine.

    A path library may have made one slash of two; a single letter before the colon is a drive of Windows.

    Examples:
        >>> [is_address(each) for each in ("s3://bucket/lake", "s3:/bucket/lake", "lake", "C:/lake", "a:b")]
        [True, True, False, False, False]
    """
    return _ADDRESS.match(os.fspath(place)) is not None
