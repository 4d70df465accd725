"""The landing folder that the simulator may write: empty, or its own."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from stedi.errors import LandingError
from stedi.names import TRUTH
from stedi.places import is_address

_MARKER: Final = f"{TRUTH}/simulated.json"
"""What was simulated. Whoever wrote this file may replace the landing files beside it."""

DEFECTS: Final = f"{TRUTH}/defects.json"
REJECTED_RECORDS: Final = f"{TRUTH}/rejected.ndjson"
_FILES: Final = f"{TRUTH}/files.txt"
CUSTOMERS: Final = f"{TRUTH}/customers.parquet"
SESSIONS: Final = f"{TRUTH}/sessions.parquet"
STEP_EVENTS: Final = f"{TRUTH}/step_events.parquet"

_OWN: Final = (STEP_EVENTS, SESSIONS, CUSTOMERS, DEFECTS, REJECTED_RECORDS, _FILES, _MARKER)
"""What stands beside the landing files. The marker goes last, and the list before it: an interrupted clean-up
can be resumed."""


class Folder:
    """A landing folder that belongs to the simulator.

    Each landing file is named in ``truth/files.txt`` before it is written, so that whatever stops a
    simulation, the next one knows which files it may replace.

    Attributes:
        path: The folder.
        written: The landing files that were written, in that order.
    """

    __slots__ = ("path", "written")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: list[Path] = []

    @classmethod
    def claim(cls, landing: str | os.PathLike[str], *, arguments: Mapping[str, object]) -> "Folder":
        """Take a folder: a new or empty one, or one that was simulated before, which is emptied.

        Raises:
            LandingError: The folder holds something that the simulator did not write.
        """
        if is_address(landing):
            raise LandingError("landing data is simulated into a local folder, not to a URL")
        folder = cls(Path(landing))
        try:
            for file in list(folder._files()):
                folder._remove(file)
            (folder.path / TRUTH).mkdir(parents=True, exist_ok=True)
            folder.write_truth(_MARKER, {"simulated_by": "stedi", **arguments})
        except OSError as error:
            raise LandingError(f"the folder {folder.path} can't be written: {error.strerror}") from None
        return folder

    def write(self, name: str, content: bytes) -> None:
        """Write a landing file; the name is relative to the folder."""
        self.append_truth(_FILES, f"{name}\n")
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        self.written.append(file)

    def write_truth(self, name: str, content: object) -> None:
        """Write a truth file as JSON."""
        (self.path / name).write_text(json.dumps(content, indent=2) + "\n", "utf-8")

    def append_truth(self, name: str, text: str) -> None:
        """Append to a truth file."""
        with (self.path / name).open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)

    def _remove(self, name: str) -> None:
        """Remove a file, and the folders within the landing folder that it leaves empty."""
        (self.path / name).unlink()
        for parent in Path(name).parents[:-1]:
            if any((self.path / parent).iterdir()):
                return
            (self.path / parent).rmdir()

    def _files(self) -> Iterator[str]:
        """Yield the files that may be replaced, the truth last, if there are no others."""
        if not self.path.exists() and not self.path.is_symlink():
            return
        if not self.path.is_dir():
            raise LandingError(f"{self.path} is not a folder: name another one")
        found = {
            (Path(root) / name).relative_to(self.path).as_posix()
            for root, folders, files in os.walk(self.path)
            for name in (*files, *(folder for folder in folders if (Path(root) / folder).is_symlink()))
        }
        if found and _MARKER not in found:
            raise LandingError(
                f"the folder {self.path} is not empty, and stedi did not simulate it: name another one"
            )
        listed = (self.path / _FILES).read_text("utf-8", "replace").splitlines() if _FILES in found else []
        if foreign := found - set(listed) - set(_OWN):
            raise LandingError(
                f"the folder {self.path} holds {len(foreign)} files that stedi did not simulate, "
                f"such as {min(foreign)}: move them, or name another folder"
            )
        yield from sorted(found - set(_OWN))
        yield from (name for name in _OWN if name in found)
