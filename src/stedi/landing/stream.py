"""The decompressed bytes of a landing object, in blocks."""

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

import pyarrow as pa

from stedi.errors import LandingError
from stedi.landing.limits import MIB, Limits

_MAGIC: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


class Stream:
    """The decompressed bytes of an object, however it is compressed; the magic bytes decide.

    Args:
        reopen: Opens the object's raw bytes from their beginning.
        size: How many raw bytes there are.
        limits: The limits of reading.
        name: What messages call the object.

    Attributes:
        lost_end: After reading: the compressed bytes were truncated or corrupt, and all that could be
            decompressed was given.
    """

    def __init__(self, reopen: Callable[[], BinaryIO], *, size: int, limits: Limits, name: str) -> None:
        """Open nothing yet."""
        self._reopen = reopen
        self._size = size
        self._limits = limits
        self._name = name
        self._block = min(limits.chunk, MIB)
        self.lost_end = False

    def __iter__(self) -> Iterator[bytes]:
        """Give the blocks.

        Raises:
            LandingError: The object unpacks to so much more than its size that it must be a bomb.
        """
        with self._reopen() as raw:
            head = raw.read(4)
        codec = next((codec for magic, codec in _MAGIC.items() if head.startswith(magic)), None)
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
        given = 0
        with self._reopen() as raw, pa.CompressedInputStream(pa.PythonFile(raw, "r"), codec) as unpacked:
            try:
                while block := unpacked.read(self._block):
                    given += len(block)
                    yield block
            except OSError:
                self.lost_end = True
        if self.lost_end:
            yield from self._last_bytes(codec, given)

    def _last_bytes(self, codec: str, given: int) -> Iterator[bytes]:
        """Give what comes out between the last whole block and the place where decompression fails.

        A failing read keeps the bytes it had so far to itself, so that they are read again one by one.
        """
        with self._reopen() as raw, pa.CompressedInputStream(pa.PythonFile(raw, "r"), codec) as unpacked:
            last = bytearray()
            try:
                while given:
                    given -= len(unpacked.read(min(given, self._block)))
                while byte := unpacked.read(1):
                    last += byte
            except OSError:
                yield bytes(last)
