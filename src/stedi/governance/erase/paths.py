"""Where landing objects are: what of a path may be renamed, and what may be told of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stedi.landing import s3
from stedi.landing.redact import safe_path

Mask = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Places:
    """The paths of a landing root, and those without the names of a person.

    Attributes:
        root: The landing root, as the paths of its objects begin; None where none was given.
        mask: Gives a path without the names of the person.
        mask_all: Gives it without those of whoever was erased before, too: as runs do.
    """

    root: str | None
    mask: Mask
    mask_all: Mask

    @classmethod
    def of(cls, root: str | None, *, mask: Mask, mask_all: Mask) -> Self:
        """Take a landing root as it was given."""
        if root is not None:
            root = s3.canonical(root) if s3.is_url(root) else str(Path(root).resolve())
        return cls(root=root, mask=mask, mask_all=mask_all)

    def label(self, path: str) -> str:
        """Return what the ledger calls an object: no name stands in it, wherever the root lies."""
        return self.mask_all(path)

    def shown(self, path: str, digest: str | None = None) -> str:
        """Return what messages and receipts call an object, by its digest where that is known."""
        return safe_path(self.label(path), digest=digest)

    def renamed(self, path: str) -> str:
        """Return where an object belongs: only what is below the root is stedi's to rename."""
        head = "" if self.root is None else self.root.rstrip("/") + "/"
        if not path.startswith(head):
            return path
        kind, found, name = path.removeprefix(head).partition("/")
        return f"{head}{kind}{found}{self.mask(name)}"

    @property
    def root_names(self) -> bool:
        """Whether the path of the root itself names the person."""
        return self.root is not None and self.mask(self.root) != self.root


def beside(path: str, number: int) -> str:
    """Return a path with a number, for an object whose own is taken.

    Examples:
        >>> beside("customer/erased-1a.json.gz", 2), beside("customer/erased-1a", 3)
        ('customer/erased-1a-2.json.gz', 'customer/erased-1a-3')
    """
    folder, found, name = path.rpartition("/")
    stem, dot, ending = name.partition(".")
    return f"{folder}{found}{stem}-{number}{dot}{ending}"
