"""How the records of a table are laid out in files: clean, or as real sources deliver them."""

import gzip
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import pyarrow as pa

from stedi.simulate.defects import Fate


class FileLayout(StrEnum):
    """The layout of a file: its lines, its bytes, or its place."""

    NDJSON = "ndjson"
    CRLF = "crlf"
    BACK_TO_BACK = "back_to_back"
    GZIP = "gzip"
    BOM = "bom"
    MIXED_CASE_FILE = "mixed_case_file"
    DELIVERED_TWICE = "delivered_twice"
    ZSTD = "zstd"
    SMALL_FILE = "small_file"
    NESTED_FOLDER = "nested_folder"
    EMPTY_FILE = "empty_file"

    @property
    def fate(self) -> Fate:
        """What becomes of an object that is laid out like this."""
        return Fate.IGNORED if self in (FileLayout.DELIVERED_TWICE, FileLayout.EMPTY_FILE) else Fate.KEPT

    @property
    def takes_bad_records(self) -> bool:
        """Files of this layout may hold bad records; the others stay clean, so that their counts are."""
        return self not in (FileLayout.SMALL_FILE, FileLayout.DELIVERED_TWICE, FileLayout.EMPTY_FILE)

    @property
    def has_lines(self) -> bool:
        """Line ends stand between the records."""
        return self is not FileLayout.BACK_TO_BACK

    @property
    def suffix(self) -> str:
        """How the names of such files end."""
        return {FileLayout.GZIP: ".json.gz", FileLayout.ZSTD: ".json.zst"}.get(self, ".json")


_DIRTY: Final = tuple(layout for layout in FileLayout if layout is not FileLayout.EMPTY_FILE)
"""The layouts of files with records, those that matter most first: a small table has the first ones."""

_FEWEST_RECORDS: Final = 4


def layouts_for(records: int, files: int, *, first: int = 0, dirty: bool) -> list[FileLayout]:
    """Return the layout of each file into which that many good records go.

    Args:
        records: How many good records there are.
        files: Into how many files they go, if there are enough of them.
        first: How many files there are already: each odd layout comes once.
        dirty: Use the layouts that real sources use, not only NDJSON.

    Examples:
        >>> layouts_for(10, 12, dirty=False)
        [<FileLayout.NDJSON: 'ndjson'>, <FileLayout.NDJSON: 'ndjson'>]
        >>> len(set(layouts_for(10_000, 12, dirty=True)))
        10
    """
    count = max(1, min(files, records // _FEWEST_RECORDS))
    odd = _DIRTY[first : first + count] if dirty else ()
    if count == len(odd) and not any(layout.takes_bad_records and layout.has_lines for layout in odd):
        # Bad records need a file that takes any of them.
        return [*odd, FileLayout.NDJSON] if records > count else [FileLayout.NDJSON]
    return [*odd, *([FileLayout.NDJSON] * (count - len(odd)))]


def encode(layout: FileLayout, lines: Sequence[bytes], *, ended: bool = True) -> bytes:
    r"""Return the bytes of a file; ``ended=False`` leaves the last line without its line end.

    Examples:
        >>> encode(FileLayout.CRLF, [b"{}", b"{}"])
        b'{}\r\n{}\r\n'
        >>> encode(FileLayout.BACK_TO_BACK, [b"{}", b"{}"])
        b'{}{}'
    """
    end = {FileLayout.CRLF: b"\r\n", FileLayout.BACK_TO_BACK: b""}.get(layout, b"\n")
    text = end.join(lines) + (end if ended else b"")
    if layout is FileLayout.BOM:
        return b"\xef\xbb\xbf" + text
    if layout is FileLayout.GZIP:
        return gzip.compress(text, mtime=0)
    if layout is FileLayout.ZSTD:
        return bytes(pa.compress(text, codec="zstd", asbytes=True))
    return text
