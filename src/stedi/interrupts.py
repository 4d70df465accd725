"""Signals that wait: what must not be cut in the middle is done first, and then the signal is heard."""

import contextlib
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

_WAITING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
_ENDING: Final = tuple(number for number in _WAITING if number != signal.SIGINT)


class Terminated(BaseException):
    """The process was asked to end: raised in the place of ending it at once, so that work is undone."""


@contextmanager
def unbroken() -> Iterator[None]:
    """Let signals that would end the process, or raise KeyboardInterrupt, wait until the block has ended.

    Only the main thread hears signals: in all others the block runs as it is.
    """
    arrived: list[int] = []
    with _handled(_WAITING, lambda number, _frame: arrived.append(number)):
        yield
    if arrived:
        signal.raise_signal(arrived[0])


@contextmanager
def undoing_when_terminated() -> Iterator[None]:
    """Raise ``Terminated`` where SIGTERM or SIGHUP would end the process; end it so once all is undone.

    Whoever handles these signals in their own way keeps it.
    """
    arrived: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)
        raise Terminated

    defaults = [number for number in _ENDING if _heard() and signal.getsignal(number) is signal.SIG_DFL]
    try:
        with _handled(defaults, end):
            yield
    finally:
        if arrived:
            signal.raise_signal(arrived[0])


@contextmanager
def _handled(numbers: Sequence[int], handler: "signal._HANDLER") -> Iterator[None]:
    before: dict[int, signal._HANDLER] = {}
    try:
        for number in numbers if _heard() else ():
            known = signal.getsignal(number)
            # None: it was set by other than Python, and could not be put back.
            if known is not None and known is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
        yield
    finally:
        for number, known in before.items():
            with contextlib.suppress(ValueError):
                signal.signal(number, known)


def _heard() -> bool:
    return threading.current_thread() is threading.main_thread()
