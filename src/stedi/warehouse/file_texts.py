"""Files as the texts that they hold, whatever they are packed in."""

import bz2
import io
import json
import lzma
import re
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Piece = tuple[str, bytes]
"""Where in a file, and the text there."""

LONGEST: Final = 256
"""Parts of a file overlap by so many bytes: no text that is searched for has more."""

_CHUNK: Final = 8 * 1024 * 1024
_UNPACKED: Final = 1024 * 1024 * 1024
"""What unpacks to more bytes is not looked at further: an honest file of a lake has fewer."""
_BLOCK: Final = 256 * 1024 * 1024
"""The same of a block of an Avro file."""
_BATCH_ROWS: Final = 131_072
_DEPTH: Final = 3
_JSON_BYTES: Final = 256 * 1024 * 1024
_ESCAPED: Final = re.compile(rb"\\u[0-9a-fA-F]{4}")
_SNAPSHOT: Final = "snapshot-id"

PARQUET: Final = b"PAR1"
AVRO: Final = b"Obj\x01"
SQLITE: Final = b"SQLite format 3\x00"
_PACKED: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz"}


_BROKEN: Final = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    OverflowError,
    RecursionError,
    pa.ArrowException,
    zlib.error,
    lzma.LZMAError,
)


class UnreadableError(Exception):
    """A file is not what its first bytes say."""


def raw(source: BinaryIO) -> Iterator[Piece]:
    """Yield the bytes of a file as they are, in parts that overlap."""
    kept = b""
    while chunk := source.read(_CHUNK):
        yield "", kept + chunk
        kept = (kept + chunk)[-LONGEST:]


def decoded(source: BinaryIO, *, depth: int = 0) -> Iterator[Piece]:
    """Yield what a file holds beyond its bytes as they are: unpacked, decoded, unescaped.

    Raises:
        UnreadableError: It can't be decoded to its end.
    """
    head = source.read(16)
    source.seek(0)
    try:
        if head.startswith(PARQUET):
            yield from parquet(source)
        elif head.startswith(AVRO):
            yield from avro(source)
        elif head.startswith(SQLITE):
            yield from sqlite(source)
        elif packing := next((name for magic, name in _PACKED.items() if head.startswith(magic)), None):
            yield from _unpacked(source, packing, depth)
        else:
            yield from _text(source, head)
    except _BROKEN as error:
        raise UnreadableError(type(error).__name__) from None


# Parquet ----------------------------------------------------------------------------------------------


def parquet(source: BinaryIO, *, hidden: frozenset[str] = frozenset()) -> Iterator[Piece]:
    """Yield the texts of a Parquet file, each once a batch, and what its footer adds.

    Args:
        source: The file.
        hidden: Columns that are decoded, and whose texts are not yielded.
    """
    file = pq.ParquetFile(source)
    for name, value in (file.metadata.metadata or {}).items():
        yield "footer", name + b"\n" + value
    for batch in file.iter_batches(batch_size=_BATCH_ROWS):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name in hidden:
                continue
            for texts in _texts(column):
                yield f"column {name}", texts


def parquet_rows(source: BinaryIO) -> int:
    """Return how many rows the footer of a Parquet file says that there are."""
    return int(pq.ParquetFile(source).metadata.num_rows)


def _texts(column: pa.Array) -> Iterator[bytes]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        yield from _texts(column.dictionary)
    elif pa.types.is_struct(kind):
        for field in column.flatten():
            yield from _texts(field)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _texts(column.flatten())
    elif pa.types.is_map(kind):
        yield from _texts(column.keys)
        yield from _texts(column.items)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        values = [text.encode() for text in pc.unique(column).to_pylist() if text is not None]
        yield b"\n".join(values)
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        yield b"\n".join(value for value in pc.unique(column).to_pylist() if value is not None)


# Avro -------------------------------------------------------------------------------------------------


def avro(source: BinaryIO) -> Iterator[Piece]:
    """Yield the header of an Avro file, and its blocks unpacked: texts stand in them as they are."""
    source.read(len(AVRO))
    header: dict[str, bytes] = {}
    while count := _long(source):
        if count < 0:
            _long(source)
        for _ in range(abs(count)):
            name = _bytes(source).decode("utf-8", "replace")
            header[name] = _bytes(source)
    for name, value in header.items():
        yield "header", name.encode() + b"\n" + value
    sync = _exactly(source, 16)
    unpack = _AVRO[header.get("avro.codec", b"null").decode("ascii", "replace")]
    while source.peek(1) if isinstance(source, io.BufferedReader) else _more(source):
        _long(source)
        block = _bytes(source)
        if _exactly(source, 16) != sync:
            raise UnreadableError("sync")
        yield "block", unpack(block)


def _snappy(block: bytes) -> bytes:
    # Four bytes of checksum come last; the length comes first, seven bits a byte.
    size = shift = 0
    for byte in block:
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    if size > _BLOCK:
        raise UnreadableError("snappy")
    return bytes(pa.decompress(block[:-4], decompressed_size=size, codec="snappy"))


_AVRO: Final[dict[str, Callable[[bytes], bytes]]] = {
    "null": lambda block: block,
    "deflate": lambda block: zlib.decompressobj(-zlib.MAX_WBITS).decompress(block, _BLOCK),
    "gzip": lambda block: zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(block, _BLOCK),
    "zstandard": lambda block: bytes(pa.CompressedInputStream(pa.BufferReader(block), "zstd").read(_BLOCK)),
    "bzip2": lambda block: bz2.BZ2Decompressor().decompress(block, _BLOCK),
    "xz": lambda block: lzma.LZMADecompressor().decompress(block, _BLOCK),
    "snappy": _snappy,
}


def _more(source: BinaryIO) -> bool:
    if not source.read(1):
        return False
    source.seek(-1, io.SEEK_CUR)
    return True


def _exactly(source: BinaryIO, count: int) -> bytes:
    found = source.read(count)
    if len(found) != count:
        raise EOFError
    return found


def _long(source: BinaryIO) -> int:
    number = shift = 0
    while True:
        byte = _exactly(source, 1)[0]
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return (number >> 1) ^ -(number & 1)
        if shift > 63:  # noqa: PLR2004 - no number has more bits
            raise UnreadableError("long")


def _bytes(source: BinaryIO) -> bytes:
    return _exactly(source, max(_long(source), 0))


# Everything else --------------------------------------------------------------------------------------


def sqlite(source: BinaryIO) -> Iterator[Piece]:
    """Yield the values of an SQLite file. Its free pages are in its bytes as they are."""
    # A copy: SQLite would else roll back what a killed process left, and so change what is audited.
    with tempfile.NamedTemporaryFile(prefix="stedi-verify-", suffix=".db") as copy:
        while chunk := source.read(_CHUNK):
            copy.write(chunk)
        copy.flush()
        try:
            with closing(sqlite3.connect(f"file:{copy.name}?mode=ro&immutable=1", uri=True)) as database:
                if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                    raise UnreadableError("integrity")
                for line in database.iterdump():
                    yield "values", line.encode("utf-8", "surrogateescape")
        except sqlite3.Error as error:
            raise UnreadableError(type(error).__name__) from None


def _unpacked(source: BinaryIO, packing: str, depth: int) -> Iterator[Piece]:
    if depth >= _DEPTH:
        raise UnreadableError("packed too often")
    inner = (
        lzma.LZMAFile(source)  # noqa: SIM115 - closed below, like the other
        if packing == "xz"
        else pa.CompressedInputStream(pa.PythonFile(source, mode="r"), packing)
    )
    with inner, tempfile.TemporaryFile(prefix="stedi-verify-") as plain:
        size = 0
        while chunk := inner.read(_CHUNK):
            size += len(chunk)
            if size > _UNPACKED:
                raise UnreadableError("unpacks to too much")
            plain.write(chunk)
        plain.seek(0)
        for where, text in raw(plain):
            yield f"unpacked {where}".strip(), text
        plain.seek(0)
        for where, text in decoded(plain, depth=depth + 1):
            yield f"unpacked, {where}", text


def _text(source: BinaryIO, head: bytes) -> Iterator[Piece]:
    """Yield what escapes hide in a text; where it is one JSON document, each value with its place."""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        whole = source.read(_JSON_BYTES)
        with suppress(ValueError, RecursionError):
            document = json.loads(whole)
            yield from _leaves(document, "")
            return
        source.seek(0)
    for _, part in raw(source):
        if _ESCAPED.search(part):
            yield "unescaped", _ESCAPED.sub(_unescape, part)


def _unescape(found: re.Match[bytes]) -> bytes:
    return chr(int(found[0].removeprefix(b"\\u"), 16)).encode("utf-8", "surrogatepass")


def _leaves(value: object, place: str) -> Iterator[Piece]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield place or "keys", str(name).encode("utf-8", "surrogatepass")
            yield from _leaves(item, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for item in value:
            of = f"[{item[_SNAPSHOT]}]" if isinstance(item, dict) and _SNAPSHOT in item else "[]"
            yield from _leaves(item, place + of)
    elif isinstance(value, str):
        yield place, value.encode("utf-8", "surrogatepass")
    elif value is not None:
        yield place, json.dumps(value).encode()
