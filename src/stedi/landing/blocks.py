"""Bytes that come in blocks."""

from collections.abc import Iterable, Iterator
from itertools import chain


def peek(blocks: Iterable[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """Look at the first bytes: return so many or, with the block that they end in, more; and all blocks.

    Examples:
        >>> head, blocks = peek([b"a", b"bc", b"d"], 2)
        >>> head, list(blocks)
        (b'abc', [b'a', b'bc', b'd'])
    """
    rest = iter(blocks)
    parts: list[bytes] = []
    held = 0
    while held < size and (block := next(rest, None)) is not None:
        parts.append(block)
        held += len(block)
    return b"".join(parts), chain(parts, rest)
