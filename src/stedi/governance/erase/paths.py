"""Where landing objects are: what of a path may be renamed, and what may be told of it."""

from collections.abc import Callable
from dataclasses import dataclass

from stedi.landing.redact import safe_path


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LandingPaths:
    """The paths of a landing root, and those without the names of a person.

    Attributes:
        root: The landing root, as the paths of its objects begin; None where none was given.
        mask: Gives a path without the names of the person.
        label: Gives what the ledger calls an object: without the names of whoever was erased before, too, as
            runs do, wherever the root lies.
    """

    root: str | None
    mask: Callable[[str], str]
    label: Callable[[str], str]

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


def numbered(path: str, number: int) -> str:
    """Return a path with a number, for an object whose own is taken.

    Examples:
        >>> numbered("customer/erased-1a.json.gz", 2), numbered("customer/erased-1a", 3)
        ('customer/erased-1a-2.json.gz', 'customer/erased-1a-3')
    """
    folder, found, name = path.rpartition("/")
    stem, dot, ending = name.partition(".")
    return f"{folder}{found}{stem}-{number}{dot}{ending}"
