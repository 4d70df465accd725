"""The decompressed bytes of a landing object, in blocks."""

import codecs
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from typing import BinaryIO, Final

import pyarrow as pa

from stedi.errors import LandingError
from stedi.landing.encoding import Encoding, encoding_of
from stedi.landing.limits import MIB, Limits

_MEMBER: Final = b"\x1f\x8b"
_FRAME: Final = b"\x28\xb5\x2f\xfd"
_SKIPPABLE: Final = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
"""A frame of Zstandard that holds no data, but what others put there."""
_GZIP: Final = zlib.MAX_WBITS | 16
_BEFORE: Final = 256 * 1024
"""So many raw bytes Arrow may have read before the one at which it fails, and more."""


def packed_as(head: bytes) -> str | None:
    r"""Return how the object is compressed that begins so: the magic bytes decide.

    Examples:
        >>> packed_as(b"\x1f\x8b\x08\x00"), packed_as(b"\x28\xb5\x2f\xfd"), packed_as(b'{"x"')
        ('gzip', 'zstd', None)
    """
    if head.startswith(_MEMBER):
        return "gzip"
    return "zstd" if head.startswith(_FRAME) or _SKIPPABLE.match(head) else None


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
        """Open nothing yet."""
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
        blocks = self._bytes()
        head = b""
        while len(head) < len(codecs.BOM_UTF16) and (block := next(blocks, None)) is not None:
            head += block
        self.encoding = encoding_of(head)
        whole = chain((head,) if head else (), blocks)
        yield from whole if self.encoding is None else self._decoded(self.encoding, whole)

    def _decoded(self, encoding: Encoding, blocks: Iterator[bytes]) -> Iterator[bytes]:
        decoder = encoding.decoder()
        begun = False
        for block in blocks:
            text = decoder.decode(block if begun else block.removeprefix(encoding.mark))
            begun = True
            if text:
                yield text.encode(errors="surrogatepass")
        self.torn = decoder.getstate()[0]
        self.lost_end |= bool(self.torn)

    def _bytes(self) -> Iterator[bytes]:
        with self._reopen() as raw:
            codec = packed_as(raw.read(4))
        given = 0
        for block in self._plain() if codec is None else self._unpacked(codec):
            given += len(block)
            if given > self._limits.bomb_size and given > self._limits.bomb_ratio * self._size:
                raise LandingError(
                    f"{self._name} unpacks to more than {self._limits.bomb_ratio} times its size: "
                    "it looks like a decompression bomb. Remove it, or unpack it"
                )
            yield block

    def _plain(self) -> Iterator[bytes]:
        with self._reopen() as raw:
            while block := raw.read(self._block):
                yield block

    def _unpacked(self, codec: str) -> Iterator[bytes]:
        given, failed = 0, None
        with self._reopen() as raw, pa.CompressedInputStream(pa.PythonFile(raw, "r"), codec) as unpacked:
            try:
                while block := unpacked.read(self._block):
                    given += len(block)
                    yield block
            except OSError:
                failed = raw.tell()
        if failed is not None:
            # A failing read keeps what it had so far to itself: all is unpacked once more, with care.
            yield from self._members(given) if codec == "gzip" else self._frames(given, failed)

    def _members(self, given: int) -> Iterator[bytes]:
        for block in self._all_of_members():
            yield block[given:]
            given = max(0, given - len(block))

    def _all_of_members(self) -> Iterator[bytes]:
        """Give all that can be unpacked of gzip's members, and as it is what stands behind the last of them.

        Noughts that fill up the end are no damage, for gzip itself neither.
        """
        with self._reopen() as raw:
            member, packed = zlib.decompressobj(_GZIP), raw.read(self._block)
            while packed:
                before = member.copy()
                try:
                    yield member.decompress(packed, self._block)
                except zlib.error:
                    self.lost_end = True
                    yield from _until_damage(before, packed)
                    return
                packed = member.unconsumed_tail or (b"" if member.eof else raw.read(self._block))
                if member.eof:
                    packed = member.unused_data.lstrip(b"\0")
                    while not packed and (more := raw.read(self._block)):
                        packed = more.lstrip(b"\0")
                    packed += raw.read(len(_MEMBER))
                    if packed and not packed.startswith(_MEMBER):
                        self.lost_end = True
                        yield from self._as_it_is(packed, raw)
                        return
                    member = zlib.decompressobj(_GZIP)
                    if not packed:
                        return
            self.lost_end = True

    def _frames(self, given: int, failed: int) -> Iterator[bytes]:
        """Give what else can be unpacked of Zstandard's frames, and as it is what stands behind them."""
        self.lost_end = True
        with self._reopen() as raw:
            careful = _Careful(raw, max(0, failed - _BEFORE))
            last, behind = bytearray(), False
            with pa.CompressedInputStream(pa.PythonFile(careful, "r"), "zstd") as unpacked:
                try:
                    while given:
                        given -= len(unpacked.read(min(given, self._block)))
                    while byte := unpacked.read(1):
                        last += byte
                except OSError as error:
                    behind = "Unknown frame descriptor" in str(error)
            yield bytes(last)
            if behind:
                # It is refused at its first byte that is not of a frame.
                raw.seek(careful.at - 1)
                yield from self._as_it_is(raw.read(self._block), raw)

    def _as_it_is(self, text: bytes, raw: BinaryIO) -> Iterator[bytes]:
        """Give bytes that nobody packed, and all that follow them, in a line of their own."""
        yield b"\n"
        while text:
            yield text
            text = raw.read(self._block)


def _until_damage(member: "zlib._Decompress", packed: bytes) -> Iterator[bytes]:
    """Give what comes out of packed bytes before the one at which that fails."""
    with suppress(zlib.error):
        for place in range(len(packed)):
            yield member.decompress(packed[place : place + 1])


class _Careful:
    """Raw bytes, from some place on one by one: what unpacks them keeps nothing back that it could give."""

    def __init__(self, raw: BinaryIO, careful_from: int) -> None:
        self._raw = raw
        self._careful_from = careful_from
        self.at = 0
        self.closed = False

    def read(self, size: int) -> bytes:
        """Read some bytes, or one."""
        left = self._careful_from - self.at
        block = self._raw.read(min(size, left) if left > 0 else min(size, 1))
        self.at += len(block)
        return block

    def close(self) -> None:
        """Leave the bytes to whoever opened them."""
        self.closed = True
