"""Needles: what names people, and every form in which it may have leaked.

A lake may know millions of people, in a dozen forms each. So nothing but a number of 48 bits is kept of each
form, its *anchor*: six bytes of it, which stand in the searched text wherever the form does. What an anchor
finds is compared with the form itself, made anew.
"""

import base64
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import quote

import polars as pl
import pyarrow as pa

from stedi.governance.verify.rule import normalized
from stedi.outline import outline
from stedi.warehouse.file_texts import LONGEST

ANCHOR_BYTES: Final = 6
CUT: Final = 15
"""Iceberg cuts bounds to 16 characters, and raises the last one of an upper bound: 15 are left for sure."""

_SURE: Final = 12
"""A plain text of so many bytes, with letters, stands nowhere by accident: no boundaries are asked for."""


class Encoded(NamedTuple):
    """One form of a text: how it is written, and its bytes in lower case."""

    encoding: str
    bytes: bytes
    bounded: bool
    """It is short: what stands beside it must not go on with letters, or digits, of its kind."""


def text_encodings(text: str) -> Iterator[Encoded]:
    """Yield the forms of a text, always in the same order.

    Cut to 15 characters, in any case, as UTF-8, UTF-16, percent-encoded, hex, and base64 at each of its
    three alignments. Searched texts are put in lower case too.

    Examples:
        >>> [form.bytes for form in text_encodings("Ann@Test.example") if form.encoding == "UTF-8"]
        [b'ann@test.exampl']
    """
    cut = len(text) > CUT
    spellings = list(
        dict.fromkeys(each[:CUT] for each in (text, normalized(text), text.lower(), text.upper()))
    )
    seen: set[bytes] = set()
    for spelling in spellings:
        for form in _encoded(spelling, cut=cut):
            if ANCHOR_BYTES <= len(form.bytes) <= LONGEST and form.bytes not in seen:
                seen.add(form.bytes)
                yield form


def _encoded(text: str, *, cut: bool) -> Iterator[Encoded]:
    plain = text.encode("utf-8", "surrogatepass")
    number = not any(map(str.isalpha, text))
    yield Encoded("UTF-8", plain.lower(), not cut and (number or len(plain) < _SURE))
    for encoding in ("UTF-16-LE", "UTF-16-BE"):
        yield Encoded(encoding, text.encode(encoding, "surrogatepass").lower(), bounded=False)
    yield Encoded("percent-encoding", quote(plain, safe="").lower().encode(), bounded=False)
    yield Encoded("percent-encoding", "".join(f"%{byte:02x}" for byte in plain).encode(), bounded=False)
    yield Encoded("hex", plain.hex().encode(), bounded=False)
    if len(plain) >= _BASE64_BYTES:
        for shift in range(3):
            coded = base64.b64encode(bytes(shift) + plain)
            # What the neighbours of the text have a say in is left out.
            inner = coded[-(-shift * 8 // 6) : (shift + len(plain)) * 8 // 6].lower()
            yield Encoded("base64", inner, bounded=False)
            yield Encoded("base64", inner.replace(b"+", b"-").replace(b"/", b"_"), bounded=False)


_BASE64_BYTES: Final = 8


class Identifier(NamedTuple):
    """What names a person: of which kind, and the text."""

    kind: str
    text: str

    def __repr__(self) -> str:
        """Show the kind alone."""
        return f"Identifier(kind={self.kind!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needles:
    """All forms of all texts, as anchors.

    Attributes:
        named: The texts.
        anchors: Per form: ``anchor``, the place of its text in ``named``, and the place of the form and of
            the anchor in it.
        distinct: The anchors, each once, as one list.
        left_out: How many texts are too short, or too much like stedi's own words, to be searched for.
    """

    named: Sequence[Identifier]
    anchors: pl.DataFrame
    distinct: pl.Series
    left_out: int

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)


def make_needles(
    named: Iterable[Identifier], own_words: Iterable[str], *, keys: Iterable[bytes] = ()
) -> Needles:
    """Make the needles of what names people, and of secret keys.

    Args:
        named: What names people.
        own_words: stedi's own words: a name that consists of them can't be told from them.
        keys: Secret keys: they are searched for as they are, too.
    """
    common = {
        window
        for word in own_words
        for text in (word.lower().encode(),)
        for window in (text[at : at + ANCHOR_BYTES] for at in range(len(text) - ANCHOR_BYTES + 1))
    }
    texts = list(dict.fromkeys(named))
    texts += [Identifier(KEY, key.decode("latin-1")) for key in keys]
    anchor, text_place, form_place, offset = array("Q"), array("I"), array("H"), array("H")
    left_out = 0
    for place, each in enumerate(texts):
        found = False
        for number, form in enumerate(encodings_of(each)):
            at = _anchor(form.bytes, common)
            if at is None:
                continue
            found |= form.encoding in _PLAIN
            anchor.append(int.from_bytes(form.bytes[at : at + ANCHOR_BYTES], "little"))
            text_place.append(place)
            form_place.append(number)
            offset.append(at)
        left_out += not found
    frame = pl.DataFrame(
        {
            "anchor": unsigned(anchor, pa.uint64()),
            "text": unsigned(text_place, pa.uint32()),
            "form": unsigned(form_place, pa.uint16()),
            "offset": unsigned(offset, pa.uint16()),
        }
    )
    distinct = frame["anchor"].unique().implode()
    return Needles(named=texts, anchors=frame, distinct=distinct, left_out=left_out)


KEY: Final = "pseudonym key"
_PLAIN: Final = ("UTF-8", "bytes")


def encodings_of(named: Identifier) -> Iterator[Encoded]:
    """Yield the forms of what names a person, or of a key."""
    if named.kind != KEY:
        yield from text_encodings(named.text)
        return
    key = named.text.encode("latin-1")
    yield Encoded("bytes", key.lower(), bounded=False)
    yield Encoded("hex", key.hex().encode(), bounded=False)
    yield Encoded("base64", base64.b64encode(key).rstrip(b"=")[:-1].lower(), bounded=False)


def _anchor(form: bytes, common: set[bytes]) -> int | None:
    """Return the first place of a form at which six bytes are none of stedi's own words."""
    return next(
        (at for at in range(len(form) - ANCHOR_BYTES + 1) if form[at : at + ANCHOR_BYTES] not in common),
        None,
    )


def unsigned(numbers: "array[int] | bytes", dtype: pa.DataType) -> pl.Series:
    """Return unsigned integers as they stand in memory, as far as they are whole."""
    size = len(memoryview(numbers).cast("B")) // dtype.byte_width
    made = pl.from_arrow(pa.Array.from_buffers(dtype, size, [None, pa.py_buffer(numbers)]))
    return made if isinstance(made, pl.Series) else made.to_series()
