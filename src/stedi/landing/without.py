"""A landing object without the records of somebody: every other byte stays as it is."""

import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, BinaryIO, Final, NamedTuple

import pyarrow as pa

from stedi.contract.column import Column, Kind
from stedi.contract.table import Contract
from stedi.landing.boundary import BOUNDARY
from stedi.landing.joined import Joined, joined
from stedi.landing.limits import LIMITS, MIB
from stedi.landing.salvage import Named
from stedi.landing.stream import Stream
from stedi.landing.strict import DECODER, Pairs

_BOM: Final = b"\xef\xbb\xbf"
_SPACE: Final = b" \t\r"
_BLANKS: Final = re.compile("[ \t\r]*")
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_BLOCK: Final = 8 * MIB
_WRAPPED: Final = (b"\\", b"%", b"&", b"\0")
"""What stands in a text that spells a name in another way."""


@dataclass(frozen=True, kw_only=True)
class Whose:
    """Says whose a record is.

    Attributes:
        contract: The contract of the landing table.
        goes: Says of the value of the column that names the subject whether the record goes; the record's
            time in epoch milliseconds, where it has one, comes with it.
        named_in: Says whether a text names the subject.
        names_others: Says whether a text that can't be parsed names somebody else, too: then it stays.
        nameless: Says of a record that names nobody in its place whether it goes.
        probes: Texts of which one stands in every plain record that goes, in small ASCII letters; empty to
            look at each record.
        mark: What stands in every plain record that names somebody in its place: one without it is looked at
            in any case; None where nobody is named by anything else.
    """

    contract: Contract
    goes: Callable[[str, float | None], bool]
    named_in: Callable[[str], bool]
    names_others: Callable[[str], bool]
    nameless: Callable[[str], bool]
    probes: tuple[bytes, ...] = field(repr=False)
    mark: bytes | None = field(default=None, repr=False)

    @cached_property
    def subject(self) -> Column:
        """The column that names whom a record is about."""
        names = ("email", "user", "serial_number")
        columns = {column.name: column for column in self.contract.source_columns}
        return next(columns[name] for name in names if name in columns)

    @cached_property
    def time(self) -> Column | None:
        """The column that says when a record was made, where each has one."""
        columns = self.contract.source_columns
        return next((each for each in columns if each.required and each.kind is Kind.TIMESTAMPTZ), None)


class Without(NamedTuple):
    """What was taken out of an object.

    Attributes:
        removed: Records that were taken out.
        kept: Records that stay although they name the subject, since they are somebody else's.
        complete: The object could be read to its end.
    """

    removed: int
    kept: int
    complete: bool


def write_without(
    reopen: Callable[[], BinaryIO], target: Path, whose: Whose, *, size: int, name: str
) -> Without:
    """Write a landing object without somebody's records; compressed as it was.

    Args:
        reopen: Opens the object's bytes from their beginning.
        target: Where to write to.
        whose: Says whose a record is.
        size: How many bytes there are.
        name: What messages call the object.

    Raises:
        LandingError: It can't be read, or looks like a decompression bomb.
    """
    with reopen() as file:
        head = file.read(4)
    stream = Stream(reopen, size=size, limits=LIMITS, name=name)
    counts = _Counts()
    with _sink(target, head) as out:
        for text in _lines(iter(stream)):
            out.write(_cut(text, whose, counts))
    return Without(counts.removed, counts.kept, not stream.lost_end)


@dataclass(slots=True)
class _Counts:
    removed: int = 0
    kept: int = 0


@contextmanager
def _sink(target: Path, head: bytes) -> Iterator[IO[bytes]]:
    with target.open("wb") as file:
        if head.startswith(_GZIP):
            # Without a time or a name in it: the same records always give the same bytes.
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                yield packed  # type: ignore[misc]  # it is written to like any other
        elif head.startswith(_ZSTD):
            with pa.CompressedOutputStream(pa.PythonFile(file, "w"), "zstd") as packed:
                yield packed
        else:
            yield file


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield texts that end with a line, or with the object."""
    parts: list[bytes] = []
    held = 0
    for block in blocks:
        parts.append(block)
        held += len(block)
        if held < _BLOCK:
            continue
        text = b"".join(parts)
        cut = text.rfind(b"\n") + 1
        if cut:
            yield text[:cut]
            text = text[cut:]
        parts, held = [text], len(text) if cut else 0
    yield b"".join(parts)


def _cut(text: bytes, whose: Whose, counts: _Counts) -> bytes:
    if whose.mark is None and not _may_name(text, whose):
        return text
    return b"".join(
        _cut_line(line, whose, counts) if _may_name(line, whose) else line for line in _split(text)
    )


def _split(text: bytes) -> list[bytes]:
    """Return the lines of a text: a carriage return alone ends none."""
    return [line + b"\n" for line in text.split(b"\n")[:-1]] + [text.rpartition(b"\n")[2]]


def _may_name(text: bytes, whose: Whose) -> bool:
    """Say whether a text could name the subject: it holds a probe, or is spelled in a way that hides one."""
    if not whose.probes or not text.isascii() or any(mark in text for mark in _WRAPPED):
        return True
    # Several records may stand in one line, and only some of them name somebody.
    if whose.mark is not None and (whose.mark not in text or text.count(b"{") > 1):
        return True
    small = text.lower()
    return any(probe in small for probe in whose.probes)


def _cut_line(line: bytes, whose: Whose, counts: _Counts) -> bytes:
    mark = _BOM if line.startswith(_BOM) else b""
    body = line.removeprefix(_BOM)
    content = body.rstrip(b"\n")
    end = body[len(content) :]
    left, removed, names = _one_by_one(content, whose)
    if (removed or names) and (parts := _in_a_row(content)) is not None:
        text, removed = parts.without(lambda part: _judge(part.encode(), whose)[0])
        left, names = text.encode(), int(bool(text) and whose.named_in(text))
    counts.removed += removed
    counts.kept += names
    if not removed:
        return line
    return mark + (left + end if left.strip(_SPACE) else b"")


def _one_by_one(content: bytes, whose: Whose) -> tuple[bytes, int, int]:
    """Return the records of a line that stay; how many went, and how many name the subject all the same."""
    kept: list[bytes] = []
    removed = names = 0
    for record in _records(content):
        goes, named = _judge(record, whose) if _may_name(record, whose) else (False, False)
        removed += goes
        names += named
        if not goes:
            kept.append(record)
    return b"".join(kept), removed, names


def _in_a_row(content: bytes) -> Joined | None:
    try:
        return joined(content.decode())
    except UnicodeDecodeError:
        return None


def _records(content: bytes) -> Iterator[bytes]:
    """Yield the records of a line, each with the blanks around it; what is no JSON is one."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        yield from _parted(content)
        return
    start = 0
    while start < len(text):
        try:
            value, stop = DECODER.raw_decode(text, _after_blanks(text, start))
        except (ValueError, RecursionError):
            yield from _parted(text[start:].encode())
            return
        stop = _after_blanks(text, stop)
        if stop < len(text) and not isinstance(value, Pairs):
            # Only objects stand back to back: the rest is one torn record.
            yield from _parted(text[start:].encode())
            return
        yield text[start:stop].encode()
        start = stop


def _after_blanks(text: str, start: int) -> int:
    found = _BLANKS.match(text, start)
    return found.end() if found else start


def _parted(content: bytes) -> Iterator[bytes]:
    """Yield what lies between the boundaries that can be seen without parsing."""
    start = 0
    for found in BOUNDARY.finditer(content):
        cut = found.start(1)
        yield content[start:cut]
        start = cut
    if start < len(content):
        yield content[start:]


def _judge(record: bytes, whose: Whose) -> tuple[bool, bool]:
    """Say whether a record goes; and whether it names the subject although it is somebody else's."""
    text = record.decode(errors="backslashreplace")
    try:
        value = DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        value = None
    subject, time = whose.subject, whose.time
    if isinstance(value, Pairs):
        found = _value(value, subject)
        at = _value(value, time) if time is not None else None
    else:
        read = Named.of(text, whose.contract)
        names = read.serial_numbers if subject.name == "serial_number" else read.emails
        if any(whose.goes(each, None) for each in names):
            goes = not whose.names_others(text)
            return goes, not goes
        found, at = None, None
    if isinstance(found, int | float) and not isinstance(found, bool):
        found = str(int(found)) if float(found).is_integer() else None
    if isinstance(found, str) and found.strip():
        goes = whose.goes(found, float(at) if isinstance(at, int | float) else None)
    else:
        goes = whose.nameless(text)
    return goes, not goes and whose.named_in(text)


def _value(record: Pairs, column: Column) -> object:
    """Return the last value of a column, by its key in any case."""
    wanted = str(column.source).lower()
    found = [item for name, item in record if name.lower() == wanted]
    return found[-1] if found else None
