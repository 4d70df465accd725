"""Ctrl-C that is not lost: Python drops an interrupt that happens to arrive in a callback of a library."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_arrived: list[int] = []


@contextmanager
def noted_interrupts() -> Iterator[None]:
    """Note each Ctrl-C for the length of a block, beside raising KeyboardInterrupt as ever."""

    def note(number: int, _frame: FrameType | None) -> None:
        _arrived.append(number)
        raise KeyboardInterrupt

    _arrived.clear()
    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def check_interrupted() -> None:
    """Raise KeyboardInterrupt if there was a Ctrl-C that nobody heard."""
    if _arrived:
        raise KeyboardInterrupt
