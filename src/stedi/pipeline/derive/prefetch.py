"""The next items are made while one is used."""

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

import polars as pl

_T = TypeVar("_T")
_END: Final = object()


@contextlib.contextmanager
def prefetched(items: Iterator[_T], most: int = 1) -> Iterator[Iterator[_T]]:
    """Give the same items for the length of a block; while one is used, a thread makes the next ones.

    An error is raised where its item would have been. A block that is left early waits until the item that is
    being made is done, and none is made after that.

    Args:
        items: Is asked for one item at a time, always by the same thread.
        most: How many items may be made before they are asked for.

    Examples:
        >>> with prefetched(iter("abc")) as letters:
        ...     list(letters)
        ['a', 'b', 'c']
    """
    coming: deque[Future[_T | object]] = deque()
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="stedi-prefetch") as thread:
            coming.extend(thread.submit(next, items, _END) for _ in range(most))
            try:
                yield _made(coming, thread, items)
            finally:
                for each in coming:
                    each.cancel()
    except BaseException:
        # Where Ctrl-C came while Polars worked in the thread, it may raise it by its next query only: here.
        with contextlib.suppress(KeyboardInterrupt):
            pl.select(pl.lit(1))
        raise


def _made(
    coming: deque[Future[_T | object]], thread: ThreadPoolExecutor, items: Iterator[_T]
) -> Iterator[_T]:
    while (item := coming.popleft().result()) is not _END:
        coming.append(thread.submit(next, items, _END))
        yield item  # type: ignore[misc]  # mypy can't tell that it is not _END


def interleaved(many: Iterable[Iterator[_T]]) -> Iterator[_T]:
    """Yield an item of each iterator, then the next of each, until all are at their end.

    Examples:
        >>> list(interleaved([iter("abc"), iter("1"), iter("+-")]))
        ['a', '1', '+', 'b', '-', 'c']
    """
    waiting = deque(many)
    while waiting:
        items = waiting.popleft()
        if (item := next(items, _END)) is not _END:
            waiting.append(items)
            yield item  # type: ignore[misc]  # mypy can't tell that it is not _END
