"""Avro files whose frame is checked before they are decoded.

pyiceberg 0.12 decodes the header of a manifest in C, and takes the lengths in it for what they say: where the
file is damaged, that ends the process by a segmentation fault.
"""

from io import BytesIO
from typing import Final

from pyiceberg.io import FileIO, InputFile, InputStream

_MAGIC: Final = b"Obj\x01"
_SYNC: Final = 16
_MOST_BYTES: Final = 10
"""No number in an Avro file has more."""


def with_frames_checked(io: FileIO) -> FileIO:
    """Return a FileIO that gives Avro files only if their frame is whole."""
    new_input = io.new_input

    def checked(location: str) -> InputFile:
        found = new_input(location)
        return _Framed(found) if location.endswith(".avro") else found

    io.new_input = checked  # type: ignore[method-assign]
    return io


class _Framed(InputFile):
    """An Avro file, which is read as a whole, and checked when it is opened."""

    def __init__(self, file: InputFile) -> None:
        super().__init__(file.location)
        self._file = file

    def __len__(self) -> int:
        return len(self._file)

    def exists(self) -> bool:
        return self._file.exists()

    def open(self, seekable: bool = True) -> InputStream:  # noqa: FBT001, FBT002 - as pyiceberg has it
        with self._file.open(seekable) as source:
            text = source.read()
        check_frame(text)
        return BytesIO(text)


def check_frame(text: bytes) -> None:
    r"""Refuse an Avro file whose lengths lead out of it.

    Raises:
        EOFError: The file is damaged.

    Examples:
        >>> check_frame(b"Obj\x01\x00" + bytes(16))
        >>> check_frame(b"Obj\x01\x02\x7e" + bytes(16))
        Traceback (most recent call last):
        EOFError: a length in an Avro file leads out of it
    """
    if not text.startswith(_MAGIC):
        raise EOFError("this is no Avro file")
    place = len(_MAGIC)
    while True:
        count, place = _number(text, place)
        if count == 0:
            break
        if count < 0:
            _, place = _number(text, place)
        for _ in range(2 * min(abs(count), len(text))):
            size, place = _number(text, place)
            place = _after(text, place, size)
    sync, place = text[place : place + _SYNC], _after(text, place, _SYNC)
    while place < len(text):
        records, place = _number(text, place)
        size, place = _number(text, place)
        place = _after(text, place, size)
        if records < 0 or text[place : place + _SYNC] != sync:
            raise EOFError("a block of an Avro file does not end where it should")
        place += _SYNC


def _number(text: bytes, place: int) -> tuple[int, int]:
    """Return the number at a place, and the place after it."""
    number = 0
    for shift, byte in enumerate(text[place : place + _MOST_BYTES]):
        number |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
            return (number >> 1) ^ -(number & 1), place + shift + 1
    raise EOFError("a number in an Avro file does not end")


def _after(text: bytes, place: int, size: int) -> int:
    if size < 0 or place + size > len(text):
        raise EOFError("a length in an Avro file leads out of it")
    return place + size
