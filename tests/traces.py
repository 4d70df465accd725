"""Looking for somebody in a lake: every file is decoded, by readers that share no code with stedi.

Parquet through DuckDB and its footers, Avro through fastavro, JSON, SQLite page by page, and whatever else
there is as bytes; names of files and folders, too. Texts are looked for in every spelling that hides them.
"""

import base64
import gzip
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import duckdb
import pyarrow as pa

from lakes import avro, files_of, parquet


def spellings(text: str | bytes) -> set[bytes]:
    """Return how a text may stand in bytes, in small letters; bytes stand as they are."""
    if isinstance(text, bytes):
        return {text.lower()}
    small = text.lower()
    return {
        small.encode(),
        quote(small, safe="").lower().encode(),
        small.encode("utf-16-le"),
        small.encode("utf-16-be"),
        json.dumps(small)[1:-1].encode(),
        base64.b64encode(text.encode()).rstrip(b"=").lower(),
        # Cut off, as bounds of statistics are.
        small[:16].encode(),
    }


def found_in(folder: Path, texts: Iterable[str | bytes]) -> list[str]:
    """Return where under a folder one of the texts stands."""
    wanted = set().union(*map(spellings, texts))
    found = []
    # SQLite's last: whoever opens a database takes away the journal that a killed process left.
    for file in sorted(files_of(folder), key=lambda file: file.suffix == ".db"):
        places = [str(file.relative_to(folder)).encode(), *decoded(file)]
        if any(each in text.lower() for text in places for each in wanted):
            found.append(str(file.relative_to(folder)))
    folders = [path for path in folder.rglob("*") if path.is_dir()]
    named = [path for path in folders if any(each in path.name.lower().encode() for each in wanted)]
    return [*found, *(str(path.relative_to(folder)) for path in named)]


def decoded(file: Path) -> Iterator[bytes]:
    """Yield what a file holds: as it is, and decoded."""
    raw = file.read_bytes()
    yield raw
    if file.suffix == ".parquet":
        yield parquet([str(file)]).write_ndjson().encode()
        yield repr(duckdb.execute("SELECT * FROM parquet_metadata(?)", [str(file)]).fetchall()).encode()
        yield from _dictionaries(file)
    elif file.suffix == ".avro":
        yield repr(avro(file)).encode()
        yield b"\n".join(leaves(avro(file)))
    elif file.suffix == ".db":
        with closing(sqlite3.connect(file)) as catalog:
            yield "\n".join(catalog.iterdump()).encode()
    elif raw.startswith(b"\x1f\x8b"):
        yield gzip.decompress(raw)
    elif raw.startswith(b"\x28\xb5\x2f\xfd"):
        with pa.CompressedInputStream(pa.BufferReader(raw), "zstd") as unpacked:
            yield unpacked.read()


def _dictionaries(file: Path) -> Iterator[bytes]:
    """Yield the dictionary pages: they may hold values of which no row is left."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as source:
        texts = [field.name for field in source.schema_arrow if pa.types.is_string(field.type)]
    with pq.ParquetFile(file, read_dictionary=texts) as source:
        for group in range(source.num_row_groups):
            for column in source.read_row_group(group, columns=texts).columns:
                for chunk in column.chunks:
                    yield "\n".join(filter(None, chunk.dictionary.to_pylist())).encode()


def leaves(value: object) -> Iterator[bytes]:
    """Yield every single value of a decoded record."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value if isinstance(value, bytes) else str(value).encode()
