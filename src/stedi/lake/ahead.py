"""The next items are made while one is used."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")
_END: Final = object()


def ahead(items: Iterator[T], most: int = 1) -> Iterator[T]:
    """Yield the same items; while one is used, a thread makes the next ones.

    An error is raised where its item would have been. Whoever stops early waits until the item that is
    being made is done.

    Args:
        items: Is asked for one item at a time, always by the same thread.
        most: How many items may be made before they are asked for.

    Examples:
        >>> list(ahead(iter("abc")))
        ['a', 'b', 'c']
    """
    with ThreadPoolExecutor(1, thread_name_prefix="stedi-ahead") as thread:
        coming = deque(thread.submit(next, items, _END) for _ in range(most))
        try:
            while (item := coming.popleft().result()) is not _END:
                coming.append(thread.submit(next, items, _END))
                yield item  # type: ignore[misc]  # mypy can't tell that it is not _END
        finally:
            for each in coming:
                each.cancel()


def in_turn(many: Iterable[Iterator[T]]) -> Iterator[T]:
    """Yield an item of each iterator, then the next of each, until all are at their end.

    Examples:
        >>> list(in_turn([iter("abc"), iter("1"), iter("+-")]))
        ['a', '1', '+', 'b', '-', 'c']
    """
    waiting = deque(many)
    while waiting:
        items = waiting.popleft()
        if (item := next(items, _END)) is not _END:
            waiting.append(items)
            yield item  # type: ignore[misc]  # mypy can't tell that it is not _END
