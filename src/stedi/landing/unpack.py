"""The bytes of an object that is compressed in parts, or damaged: all of it that can be had."""

import os
import re
import zlib
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import BinaryIO, Final

import pyarrow as pa

_MEMBER: Final = b"\x1f\x8b"
_DEFLATED: Final = b"\x1f\x8b\x08"
_FRAME: Final = b"\x28\xb5\x2f\xfd"
_SKIPPABLE: Final = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
"""A frame of Zstandard that holds no data, but what others put there."""
_WITHIN: Final = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]|\x28\xb5\x2f\xfd")
"""How a packed part begins within others: no text of UTF-8 has such bytes."""
_BEGUN: Final = re.compile(rb"(?:\x1f(?:\x8b\x08?)?|\x28(?:\xb5\x2f?)?)\Z")
_OPENED: Final = rb"\{[ \t\r\n]{0,8}\"[A-Za-z_]{2,64}\"[ \t\r\n]{0,8}:"
_RECORD: Final = re.compile(_OPENED)
"""How a record begins: bytes that are none hardly ever look so."""
_LINE: Final = re.compile(rb"\n([ \t\[]{0,8}%b)" % _OPENED)
"""How a line begins with one. Packed texts hardly ever look so, though they may hold a record as it is."""
_SWALLOWED: Final = 128 * 1024
"""So many bytes a block of Zstandard may have."""
_REACH: Final = 256
_GZIP: Final = zlib.MAX_WBITS | 16
_BEFORE: Final = 256 * 1024
"""So many raw bytes Arrow may have read before the one at which it fails, and more."""

_Blocks = Generator[bytes, None, int]
"""_Blocks of bytes, and where in the raw bytes the part ends that they come from."""


def packed_as(head: bytes) -> str | None:
    r"""Return how the object is compressed that begins so: the magic bytes decide.

    Examples:
        >>> packed_as(b"\x1f\x8b\x08\x00"), packed_as(b"\x28\xb5\x2f\xfd"), packed_as(b'{"x"')
        ('gzip', 'zstd', None)
    """
    if head.startswith(_MEMBER):
        return "gzip"
    return "zstd" if head.startswith(_FRAME) or _SKIPPABLE.match(head) else None


def packed_within(block: bytes) -> int | None:
    r"""Return where something packed seems to begin in a part of a text.

    Examples:
        >>> packed_within(b'{"x": 1}\n\x1f\x8b\x08\x00'), packed_within(b'{"x": 1}\n')
        (9, None)
    """
    # To look for the bytes first is many times as fast.
    found = _WITHIN.search(block) if _DEFLATED in block or _FRAME in block else None
    return found.start() if found else None


def packed_begun(block: bytes) -> bytes:
    r"""Return the end of a part of a text that may be the first bytes of something packed.

    Examples:
        >>> packed_begun(b'{"x": 1}\n\x1f\x8b'), packed_begun(b'{"x": 1}\n')
        (b'\x1f\x8b', b'')
    """
    found = _BEGUN.search(block[-len(_FRAME) :])
    return found[0] if found else b""


class Parts:
    """An object part by part: packed ones, unpacked ones, and what is damaged.

    What is packed in another way than the part before, or stands behind damage, begins in a line of its own.
    Of damaged bytes nothing is given, up to what begins like a record or like a packed part.

    Args:
        raw: The raw bytes.
        block: So many of them are read at a time.

    Attributes:
        damaged: After reading: some part could not be unpacked to its end.
    """

    def __init__(self, raw: BinaryIO, block: int) -> None:
        self._raw = raw
        self._block = max(block, 2 * _REACH)
        self._whole = True
        self._given = 0
        self.damaged = False

    def __iter__(self) -> Iterator[bytes]:
        """Give the blocks."""
        at, before = 0, None
        while head := self._read(at, 4):
            part = {"gzip": self._member, "zstd": self._frames}.get(packed_as(head) or "", self._text)
            if before not in (None, part) or not self._whole:
                yield b"\n"
            before, self._whole = part, True
            begun, self._given = at, 0
            at = yield from self._counted(part(at))
            if not self._whole:
                self.damaged = True
                at = self._after_damage(begun + 1, max(at, begun + 1) if self._given else begun + 1)

    def _counted(self, blocks: _Blocks) -> _Blocks:
        while True:
            try:
                block = next(blocks)
            except StopIteration as stop:
                return int(stop.value)
            self._given += len(block)
            yield block

    def _read(self, at: int, size: int) -> bytes:
        self._raw.seek(at)
        return self._raw.read(size)

    def _text(self, at: int) -> _Blocks:
        """Give bytes that nobody packed, up to a part that somebody did."""
        while block := self._read(at, self._block):
            place = packed_within(block)
            if place is not None:
                yield block[:place]
                return at + place
            # What a part begins with may just be coming in.
            kept = len(block) if len(block) < self._block else len(block) - _REACH
            yield block[:kept]
            at += kept
        return at

    def _member(self, at: int) -> _Blocks:
        """Give what a member of gzip holds, and go behind it, and the noughts that fill up its end."""
        self._raw.seek(at)
        member = zlib.decompressobj(_GZIP)
        while packed := self._raw.read(self._block):
            at += len(packed)
            while packed:
                before = member.copy()
                try:
                    yield member.decompress(packed, self._block)
                except zlib.error:
                    self._whole = False
                    given = yield from _until_damage(before, packed)
                    return at - len(packed) + given
                packed = b"" if member.eof else member.unconsumed_tail
            if member.eof:
                return self._after_noughts(at - len(member.unused_data))
        self._whole = False
        yield member.flush()
        return at

    def _frames(self, at: int) -> _Blocks:
        """Give what the frames of Zstandard hold that stand here."""
        given, failed, end = 0, None, self._raw.seek(0, os.SEEK_END)
        self._raw.seek(at)
        with pa.CompressedInputStream(pa.PythonFile(_OneByOne(self._raw, end), "r"), "zstd") as unpacked:
            try:
                while block := unpacked.read(self._block):
                    given += len(block)
                    yield block
            except OSError:
                failed = self._raw.tell() - at
        if failed is None:
            return end
        # A failing read keeps what it had so far to itself: all is unpacked once more, byte by byte.
        self._raw.seek(at)
        slow = _OneByOne(self._raw, max(0, failed - _BEFORE))
        last = bytearray()
        with pa.CompressedInputStream(pa.PythonFile(slow, "r"), "zstd") as unpacked:
            try:
                while given:
                    given -= len(unpacked.read(min(given, self._block)))
                while byte := unpacked.read(1):
                    last += byte
            except OSError as error:
                # It is refused at its first byte that is not of a frame.
                self._whole = "Unknown frame descriptor" in str(error) and slow.at > 1
        yield bytes(last)
        return at + slow.at - 1

    def _after_noughts(self, at: int) -> int:
        while block := self._read(at, self._block):
            left = block.lstrip(b"\0")
            at += len(block) - len(left)
            if left:
                return at
        return at

    def _after_damage(self, begun: int, at: int) -> int:
        """Return where something begins that can be read.

        Args:
            begun: Where the damaged part began.
            at: Where it could not be read. What stands behind it may have been taken for a part of it before.
        """
        start = max(begun, at - _SWALLOWED)
        while block := self._read(start, self._block):
            found = (_WITHIN.search(block), _LINE.search(block), _RECORD.search(block, max(0, at - start)))
            places = [each.start(each.lastindex or 0) for each in found if each]
            if places:
                return start + min(places)
            if len(block) < self._block:
                return start + len(block)
            start += len(block) - _REACH
        return start


def _until_damage(member: "zlib._Decompress", packed: bytes) -> _Blocks:
    """Give what comes out of packed bytes before the one at which that fails; return how many there are."""
    place = 0
    with suppress(zlib.error):
        for place in range(len(packed)):
            yield member.decompress(packed[place : place + 1])
    return place


class _OneByOne:
    """Raw bytes, from some place on one by one: what unpacks them keeps nothing back that it could give."""

    def __init__(self, raw: BinaryIO, one_by_one_from: int) -> None:
        self._raw = raw
        self._one_by_one_from = one_by_one_from
        self.at = 0
        self.closed = False

    def read(self, size: int) -> bytes:
        """Read some bytes, or one."""
        left = self._one_by_one_from - self.at
        block = self._raw.read(min(size, left) if left > 0 else min(size, 1))
        self.at += len(block)
        return block

    def close(self) -> None:
        """Leave the bytes to whoever opened them."""
        self.closed = True
