"""The standard streams of the process: there may be none, nobody may listen, and they may lack characters."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TextIO

from stedi.cli.failure import FAILED

_done: Final[list[bool]] = []


def note_done() -> None:
    """Note that what a command was asked for is done: whatever becomes of its words, it did not fail."""
    _done.append(True)


class TolerantStream:
    """A stream to which nobody may be listening: what can't be written is noted, and no error.

    Attributes:
        error: Why something could not be written.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: OSError | ValueError | None = None

    def _try(self, work: Callable[[], object]) -> None:
        if self.error is None:
            try:
                work()
            except (OSError, ValueError) as error:
                self.error = error

    def write(self, text: str) -> int:
        """Write a text, as far as that can be."""
        self._try(lambda: self._stream.write(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write some texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what is held."""
        self._try(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        """Return what else the stream has."""
        return getattr(self._stream, name)


def prepare_streams() -> None:
    """Give whoever has no standard streams some, and let no character of any text be an error."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None or stream.closed:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - as long as the process
            setattr(sys, name, stream)
        if mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def tolerate_lost_output() -> None:
    """Begin a command: no stream that is closed, full or left by its reader is an error of a write."""
    _done.clear()
    sys.stdout, sys.stderr = TolerantStream(sys.stdout), TolerantStream(sys.stderr)


def flush_streams(code: int) -> int:
    """Write what is held, and return the exit code: that of failure where nobody could be told."""
    sys.stdout.flush()
    lost = sys.stdout.error if isinstance(sys.stdout, TolerantStream) else None
    if lost is not None and not isinstance(lost, BrokenPipeError):
        why = lost.strerror if isinstance(lost, OSError) and lost.strerror else "it is closed"
        what = "what was asked for is done" if _done else "nothing else was done"
        sys.stderr.write(f"stedi: the output can't be written ({why}); {what}\n")
        code = code or (0 if _done else FAILED)
    sys.stderr.flush()
    return code
