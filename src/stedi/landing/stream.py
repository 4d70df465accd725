"""The decompressed bytes of a landing object, in blocks."""

import codecs
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import pyarrow as pa

from stedi.errors import LandingError
from stedi.landing.limits import MIB, Limits
from stedi.landing.unpack import Parts, packed_as, packed_begun, packed_within

_DEEPEST: Final = 3
"""So many times an object may have been compressed."""
_MARKS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Encoding(NamedTuple):
    """How a text is encoded.

    Attributes:
        mark: What it begins with.
        name: Python's name of the encoding.
    """

    mark: bytes
    name: str

    def decoder(self) -> codecs.IncrementalDecoder:
        """Return what decodes the text behind the mark: half of a surrogate pair as it is."""
        return codecs.getincrementaldecoder(self.name)("surrogatepass")

    def encode(self, text: bytes) -> bytes:
        """Return a part of the text, of UTF-8, as it stood there."""
        return text.decode(errors="surrogatepass").encode(self.name, "surrogatepass")


def encoding_of(head: bytes) -> Encoding | None:
    r"""Return the encoding of the text that begins so; None for UTF-8, and for what has no mark.

    Examples:
        >>> encoding_of("{}".encode("utf-16")).name, encoding_of(b"{}")
        ('utf-16-le', None)
    """
    return next((Encoding(mark, name) for mark, name in _MARKS.items() if head.startswith(mark)), None)


class Stream:
    """The text of an object, however it is compressed, as UTF-8.

    Args:
        reopen: Opens the object's raw bytes from their beginning.
        size: How many raw bytes there are.
        limits: The limits of reading.
        name: What messages call the object.

    Attributes:
        encoding: How the text is encoded, where that is not UTF-8; it is given in UTF-8, without its mark.
        torn: After reading: the beginning of a character at the end of such a text.
        lost_end: After reading: the compressed bytes were truncated or corrupt, and all that could be
            decompressed was given; or the text ends in a character.
    """

    def __init__(self, reopen: Callable[[], BinaryIO], *, size: int, limits: Limits, name: str) -> None:
        self._reopen = reopen
        self._size = size
        self._limits = limits
        self._name = name
        self._block = min(limits.chunk, MIB)
        self.encoding: Encoding | None = None
        self.torn = b""
        self.lost_end = False

    def __iter__(self) -> Iterator[bytes]:
        """Give the blocks.

        Raises:
            LandingError: The object unpacks to so much more than its size that it must be a bomb.
        """
        head, blocks = peek(self._unpacked(self._reopen, 1), len(codecs.BOM_UTF16))
        self.encoding = encoding_of(head)
        yield from blocks if self.encoding is None else self._decoded(self.encoding, blocks)

    def _decoded(self, encoding: Encoding, blocks: Iterator[bytes]) -> Iterator[bytes]:
        decoder = encoding.decoder()
        begun = False
        for block in blocks:
            text = decoder.decode(block)
            if text and not begun:
                # The mark is a character, too.
                text, begun = text.removeprefix("\ufeff"), True
            if text:
                yield text.encode(errors="surrogatepass")
        self.torn = decoder.getstate()[0]
        self.lost_end |= bool(self.torn)

    def _unpacked(self, reopen: Callable[[], BinaryIO], depth: int) -> Iterator[bytes]:
        """Give the bytes of raw bytes, however often these were compressed."""
        with reopen() as raw:
            head = raw.read(4)
        codec = packed_as(head)
        if codec is None:
            yield from self._bounded(self._plain(reopen, search=encoding_of(head) is None))
            return
        begin, blocks = peek(self._bounded(self._of(codec, reopen)), len(head))
        if depth == _DEEPEST or packed_as(begin) is None:
            yield from blocks
            return
        with tempfile.NamedTemporaryFile(prefix="stedi-") as inner:
            inner.writelines(blocks)
            inner.flush()
            yield from self._unpacked(partial(_opened, inner.name), depth + 1)

    def _bounded(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        given = 0
        for block in blocks:
            given += len(block)
            if given > self._limits.bomb_size and given > self._limits.bomb_ratio * self._size:
                raise LandingError(
                    f"{self._name} unpacks to more than {self._limits.bomb_ratio} times its size: "
                    "it looks like a decompression bomb. Remove it, or unpack it"
                )
            yield block

    def _plain(self, reopen: Callable[[], BinaryIO], *, search: bool) -> Iterator[bytes]:
        given, held = 0, b""
        with reopen() as raw:
            while block := raw.read(self._block):
                block = held + block
                if search and packed_within(block) is not None:
                    break
                held = packed_begun(block) if search else b""
                text = block.removesuffix(held)
                yield text
                given += len(text)
        if block:
            yield from self._in_parts(reopen, given)
        elif held:
            yield held

    def _of(self, codec: str, reopen: Callable[[], BinaryIO]) -> Iterator[bytes]:
        given, failed = 0, False
        with reopen() as raw, pa.CompressedInputStream(pa.PythonFile(raw, "r"), codec) as unpacked:
            try:
                while block := unpacked.read(self._block):
                    yield block
                    given += len(block)
            except OSError:
                failed = True
        if failed:
            # A failing read keeps what it had so far to itself: all is unpacked once more, part by part.
            yield from self._in_parts(reopen, given)

    def _in_parts(self, reopen: Callable[[], BinaryIO], given: int) -> Iterator[bytes]:
        """Give what can be had of an object that is damaged, or compressed in parts, but what was given."""
        with reopen() as raw:
            parts = Parts(raw, self._block)
            for block in parts:
                yield block[given:]
                given = max(0, given - len(block))
        self.lost_end |= parts.damaged


def _opened(path: str) -> BinaryIO:
    return Path(path).open("rb")


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
