"""How the records of a table are laid out in files: clean, or as real sources deliver them."""

import gzip
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import pyarrow as pa

from stedi.simulate.defects import Fate


class Layout(StrEnum):
    """The layout of a file: its lines, its bytes, or its place."""

    NDJSON = "ndjson"
    CRLF = "crlf"
    BOM = "bom"
    BACK_TO_BACK = "back_to_back"
    GZIP = "gzip"
    ZSTD = "zstd"
    MIXED_CASE_FILE = "mixed_case_file"
    NESTED_FOLDER = "nested_folder"
    SMALL_FILE = "small_file"
    DELIVERED_TWICE = "delivered_twice"
    EMPTY_FILE = "empty_file"

    @property
    def fate(self) -> Fate:
        """What becomes of an object that is laid out like this."""
        return Fate.IGNORED if self in (Layout.DELIVERED_TWICE, Layout.EMPTY_FILE) else Fate.KEPT

    @property
    def takes_bad_records(self) -> bool:
        """Files of this layout may hold bad records; the others stay clean, so that their counts are."""
        return self not in (Layout.SMALL_FILE, Layout.DELIVERED_TWICE, Layout.EMPTY_FILE)

    @property
    def has_lines(self) -> bool:
        """Line ends stand between the records."""
        return self is not Layout.BACK_TO_BACK

    @property
    def suffix(self) -> str:
        """How the names of such files end."""
        return {Layout.GZIP: ".json.gz", Layout.ZSTD: ".json.zst"}.get(self, ".json")


_DIRTY: Final = (
    Layout.NDJSON,
    Layout.CRLF,
    Layout.BACK_TO_BACK,
    Layout.GZIP,
    Layout.BOM,
    Layout.MIXED_CASE_FILE,
    Layout.DELIVERED_TWICE,
    Layout.ZSTD,
    Layout.SMALL_FILE,
    Layout.NESTED_FOLDER,
)
_FEWEST_RECORDS: Final = 4


def layouts_for(records: int, files: int, *, first: int = 0, dirty: bool) -> list[Layout]:
    """Return the layout of each file into which that many good records go.

    Args:
        records: How many good records there are.
        files: Into how many files they go, if there are enough of them.
        first: How many files there are already: each odd layout comes once.
        dirty: Use the layouts that real sources use, not only NDJSON.

    Examples:
        >>> layouts_for(10, 12, dirty=False)
        [<Layout.NDJSON: 'ndjson'>, <Layout.NDJSON: 'ndjson'>]
        >>> len(set(layouts_for(10_000, 12, dirty=True)))
        10
    """
    count = max(1, min(files, records // _FEWEST_RECORDS))
    odd = _DIRTY[first : first + count] if dirty else ()
    if count == len(odd) and not any(layout.takes_bad_records and layout.has_lines for layout in odd):
        # Bad records need a file that takes any of them.
        return [*odd, Layout.NDJSON] if records > count else [Layout.NDJSON]
    return [*odd, *([Layout.NDJSON] * (count - len(odd)))]


def encode(layout: Layout, lines: Sequence[bytes], *, ended: bool = True) -> bytes:
    r"""Return the bytes of a file; ``ended=False`` leaves the last line without its line end.

    Examples:
        >>> encode(Layout.CRLF, [b"{}", b"{}"])
        b'{}\r\n{}\r\n'
        >>> encode(Layout.BACK_TO_BACK, [b"{}", b"{}"])
        b'{}{}'
    """
    end = {Layout.CRLF: b"\r\n", Layout.BACK_TO_BACK: b""}.get(layout, b"\n")
    text = end.join(lines) + (end if ended else b"")
    if layout is Layout.BOM:
        return b"\xef\xbb\xbf" + text
    if layout is Layout.GZIP:
        return gzip.compress(text, mtime=0)
    if layout is Layout.ZSTD:
        return bytes(pa.compress(text, codec="zstd", asbytes=True))
    return text
