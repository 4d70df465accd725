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
from stedi.contract.landing import CUSTOMER
from stedi.contract.table import Contract
from stedi.landing.chunks import Chunk, begin
from stedi.landing.layout import BOUNDARY
from stedi.landing.limits import LIMITS
from stedi.landing.reader import Reader
from stedi.landing.record_ends import BOM, MARKS
from stedi.landing.rules import Origin
from stedi.landing.salvage import HIDING, salvage
from stedi.landing.splice import joined_without, lines_without, rows_without
from stedi.landing.stream import Stream
from stedi.landing.strict import DECODER, Pairs, after
from stedi.landing.unpack import packed_as

_BLANKS: Final = re.compile("[ \t\r]*")
_HIDING: Final = tuple(map(str.encode, HIDING))


@dataclass(frozen=True, kw_only=True)
class RecordOwner:
    """Whose records are taken out, and how they are known.

    Attributes:
        contract: The contract of the landing table.
        goes: Says of the value of the column that names the owner whether the record goes; the record's
            time in epoch milliseconds, where it has one, comes with it.
        named_in: Says whether a text names the owner.
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
    def column(self) -> Column:
        """The column that names whom a record is about."""
        names = ("email", "user", "serial_number")
        columns = {column.name: column for column in self.contract.source_columns}
        return next(columns[name] for name in names if name in columns)

    @cached_property
    def time(self) -> Column | None:
        """The column that says when a record was made, where each has one."""
        columns = self.contract.source_columns
        return next((each for each in columns if each.required and each.kind is Kind.TIMESTAMPTZ), None)


class Removal(NamedTuple):
    """What was taken out of an object.

    Attributes:
        removed: Records that were taken out.
        kept: Records that stay although they name the owner, since they are somebody else's.
        complete: The object could be read to its end.
    """

    removed: int
    kept: int
    complete: bool


def write_object_without(
    reopen: Callable[[], BinaryIO], target: Path, owner: RecordOwner, *, size: int, name: str
) -> Removal:
    """Write a landing object without somebody's records; compressed as it was.

    Args:
        reopen: Opens the object's bytes from their beginning.
        target: Where to write to.
        owner: Whose records are taken out.
        size: How many bytes there are.
        name: What messages call the object.

    Raises:
        LandingError: It can't be read, or looks like a decompression bomb.
    """
    with reopen() as file:
        packing = packed_as(file.read(4))
    stream = Stream(reopen, size=size, limits=LIMITS, name=name)
    records = _Filter(owner)
    beginning, blocks = begin(stream, LIMITS, owner.contract)
    ends = beginning.layout.record_ends(owner.contract, LIMITS.spread)
    without = rows_without if beginning.layout.spread or beginning.opened else lines_without
    with _sink(target, packing) as out:
        if stream.encoding is not None:
            out.write(stream.encoding.mark)
        for text in without(blocks, beginning, ends, records):
            out.write(text if stream.encoding is None else stream.encoding.encode(text))
        out.write(stream.torn)
    return Removal(records.removed, records.kept, not stream.lost_end)


@dataclass(slots=True)
class _Filter:
    """Takes out the records that go, and counts them."""

    owner: RecordOwner
    removed: int = 0
    kept: int = 0

    def concerns(self, text: bytes) -> bool:
        """Say whether a text may hold a record that goes."""
        return self.owner.mark is not None or _may_name(text, self.owner)

    def left(self, piece: bytes) -> bytes:
        """Return what is left of a piece: nothing where nothing but marks would be."""
        if not piece.strip() or not _may_name(piece, self.owner):
            return piece
        mark = BOM if piece.startswith(BOM) else b""
        body = piece.removeprefix(BOM)
        content = body.rstrip(b"\n")
        end = body[len(content) :]
        left, removed, names = _one_by_one(content, self.owner)
        if (removed or names) and (joined := joined_without(content, self._goes)) is not None:
            left, removed = joined
            names = int(bool(left) and self.owner.named_in(left.decode()))
        self.removed += removed
        self.kept += names
        if not removed:
            return piece
        return mark + left + end if left.strip(MARKS) else b""

    def _goes(self, record: bytes) -> bool:
        return _judge(record, self.owner)[0]


@contextmanager
def _sink(target: Path, packing: str | None) -> Iterator[IO[bytes]]:
    with target.open("wb") as file:
        if packing == "gzip":
            # Removal a time or a name in it: the same records always give the same bytes.
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                yield packed  # type: ignore[misc]  # it is written to like any other
        elif packing == "zstd":
            with pa.CompressedOutputStream(pa.PythonFile(file, "w"), "zstd") as packed:
                yield packed
        else:
            yield file


def _may_name(text: bytes, owner: RecordOwner) -> bool:
    """Say whether a text could name the owner: it holds a probe, or is spelled in a way that hides one."""
    if not owner.probes or not text.isascii() or any(mark in text for mark in _HIDING):
        return True
    # Several records may stand in one line, and only some of them name somebody.
    if owner.mark is not None and (owner.mark not in text or text.count(b"{") > 1):
        return True
    small = text.lower()
    return any(probe in small for probe in owner.probes)


def _one_by_one(content: bytes, owner: RecordOwner) -> tuple[bytes, int, int]:
    """Return the records of a line that stay; how many went, and how many name the owner all the same."""
    kept: list[bytes] = []
    removed = names = 0
    for record in _records(content):
        goes, named = _judge(record, owner) if _may_name(record, owner) else (False, False)
        removed += goes
        names += named
        if not goes:
            kept.append(record)
    return b"".join(kept), removed, names


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
            value, stop = DECODER.raw_decode(text, after(_BLANKS, text, start))
        except (ValueError, RecursionError):
            yield from _parted(text[start:].encode())
            return
        stop = after(_BLANKS, text, stop)
        if stop < len(text) and not isinstance(value, Pairs):
            # Only objects stand back to back: the rest is one torn record.
            yield from _parted(text[start:].encode())
            return
        yield text[start:stop].encode()
        start = stop


def _parted(content: bytes) -> Iterator[bytes]:
    """Yield what lies between the boundaries that can be seen without parsing."""
    start = 0
    for found in BOUNDARY.finditer(content):
        cut = found.start(1)
        yield content[start:cut]
        start = cut
    if start < len(content):
        yield content[start:]


def _judge(record: bytes, owner: RecordOwner) -> tuple[bool, bool]:
    """Say whether a record goes; and whether it names the owner although it is somebody else's."""
    text = record.decode(errors="backslashreplace")
    try:
        value = DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        value = None
    name, at = None, None
    if isinstance(value, Pairs):
        name = _value(value, owner.column)
        at = _value(value, owner.time) if owner.time is not None else None
    else:
        found = salvage(text, owner.contract)
        names = found.serial_numbers if owner.column.name == "serial_number" else found.emails
        if any(owner.goes(each, None) for each in names):
            goes = not owner.names_others(text)
            return goes, not goes
    if isinstance(name, int | float) and not isinstance(name, bool):
        name = str(int(name)) if float(name).is_integer() else None
    if isinstance(name, str) and name.strip():
        goes = owner.goes(name, float(at) if isinstance(at, int | float) else None)
        # A rejected customer record denies everybody whom it names: for the others it stays.
        goes = goes and not (
            owner.contract is CUSTOMER and owner.names_others(text) and _is_rejected(record, owner.contract)
        )
    else:
        goes = owner.nameless(text)
    return goes, not goes and owner.named_in(text)


def _is_rejected(record: bytes, contract: Contract) -> bool:
    reader = Reader(contract, Origin("", None, None), LIMITS)
    return any(split.rejected.height for split in reader.read([Chunk(record, last=True)]))


def _value(record: Pairs, column: Column) -> object:
    """Return the last value of a column, by its key in any case."""
    wanted = str(column.source).lower()
    found = [item for name, item in record if name.lower() == wanted]
    return found[-1] if found else None
