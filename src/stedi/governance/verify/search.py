"""Searching bytes for needles: hundreds of megabytes for millions of them, in seconds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

import polars as pl
import pyarrow as pa

from stedi.governance.verify.needles import ANCHOR_BYTES, Encoded, Needles, encodings_of, unsigned
from stedi.outline import outline
from stedi.warehouse.file_texts import LONGEST

_BATCH: Final = 16 * 1024 * 1024
_SHORT: Final = 1024
_REMEMBERED: Final = 200_000
"""So many short pieces are known again: the versions of a table's metadata say nearly all the same."""
_WORD: Final = 8
_MASK: Final = (1 << 48) - 1
_GAP: Final = bytes(_WORD)
_DIGITS: Final = frozenset(b"0123456789")
_LETTERS: Final = frozenset(range(ord("a"), ord("z") + 1))
_HEX: Final = frozenset(b"0123456789abcdef")


class Hit(NamedTuple):
    """A needle that was found: where, of which kind, and how it was written."""

    place: str
    kind: str
    encoding: str


@dataclass(slots=True)
class NeedleSearch:
    """Takes pieces of text and finds needles in them; small pieces are searched together.

    Attributes:
        needles: What to look for.
        found: Is told of every place, kind and encoding, once.
        searched: How many bytes were searched.
    """

    needles: Needles
    found: Callable[[Hit], None]
    searched: int = 0
    _pieces: list[tuple[str, bytes]] = field(default_factory=list)
    _size: int = 0
    _told: set[Hit] = field(default_factory=set)
    _known: set[tuple[str, bytes]] = field(default_factory=set)

    def __repr__(self) -> str:
        """Show counts, and no text."""
        return outline(self)

    def add(self, place: str, text: bytes) -> None:
        """NeedleSearch a piece of text, now or with the next ones."""
        self.searched += len(text)
        if len(text) <= _SHORT:
            piece = (place, text)
            if piece in self._known:
                return
            if len(self._known) == _REMEMBERED:
                self._known.clear()
            self._known.add(piece)
        for start in range(0, max(len(text), 1), _BATCH):
            # Parts overlap, so that nothing is cut in two.
            part = text[start : start + _BATCH + LONGEST]
            self._pieces.append((place, part.lower()))
            self._size += len(part)
            if self._size >= _BATCH:
                self.flush()

    def flush(self) -> None:
        """NeedleSearch what is left."""
        pieces, self._pieces, self._size = self._pieces, [], 0
        if not pieces or self.needles.anchors.is_empty():
            return
        text = _GAP + b"".join(piece + _GAP for _, piece in pieces) + _GAP
        starts = [_WORD]
        for _, piece in pieces:
            starts.append(starts[-1] + len(piece) + _WORD)
        places = pl.DataFrame({"start": starts[:-1], "piece": range(len(pieces))})
        hits = self._candidates(text)
        if hits.is_empty():
            return
        # By the end of an anchor: one that begins with a nought may begin in the gap before a piece.
        by_place = (
            hits.with_columns(end=pl.col("at") + ANCHOR_BYTES - 1)
            .sort("end")
            .join_asof(places, left_on="end", right_on="start", strategy="backward")
            .drop_nulls("piece")
        )
        found = by_place.select("at", "text", "form", "offset", "piece")
        for at, number, form_number, offset, piece in found.iter_rows():
            named = self.needles.named[number]
            form = next(islice(encodings_of(named), form_number, None))
            hit = Hit(pieces[piece][0], named.kind, form.encoding)
            if hit not in self._told and _stands(text, at - offset, form):
                self._told.add(hit)
                self.found(hit)

    def _candidates(self, text: bytes) -> pl.DataFrame:
        """Return where anchors stand, and whose they are."""
        words = pl.concat(
            (unsigned(text[shift:], pa.uint64()) & _MASK)
            .to_frame("anchor")
            .with_row_index("at")
            .with_columns(pl.col("at").cast(pl.Int64) * _WORD + shift)
            for shift in range(_WORD)
        )
        there = words.filter(words["anchor"].is_in(self.needles.distinct))
        return there.join(self.needles.anchors, on="anchor", how="inner")


def _stands(text: bytes, at: int, form: Encoded) -> bool:
    """Say whether a form stands at a place: whole, and not within a longer word or number."""
    end = at + len(form.bytes)
    if at < 0 or text[at:end] != form.bytes:
        return False
    if not form.bounded:
        return True
    kinds = [_HEX] if _HEX.issuperset(form.bytes) else [_DIGITS, _LETTERS]
    return not any(
        (form.bytes[0] in kind and text[at - 1] in kind)
        or (form.bytes[-1] in kind and text[end : end + 1] and text[end] in kind)
        for kind in kinds
    )
