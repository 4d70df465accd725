"""Needles are found in every form, and nothing else is."""

import base64
import gzip
import io
import random
from urllib.parse import quote

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.governance.verify.needles import CUT, Identifier, make_needles, text_encodings
from stedi.governance.verify.search import NeedleSearch
from stedi.warehouse.file_texts import UnreadableError, avro, decoded

ENCODINGS = {
    "UTF-8": str.encode,
    "UTF-16-LE": lambda text: text.encode("utf-16-le"),
    "UTF-16-BE": lambda text: text.encode("utf-16-be"),
    "percent-encoding": lambda text: quote(text, safe="").encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
}
WORDS = st.text("abcdefghijklmnopqrstuvwxyzäßñ0123456789", min_size=8, max_size=12)
emails = st.builds("{}.{}@example.com".format, WORDS, WORDS)


def hits_of(named, text, own_words=()):
    hits = []
    search = NeedleSearch(
        make_needles([Identifier("e-mail", each) for each in named], own_words), hits.append
    )
    search.add("here", text)
    search.flush()
    return hits


@given(
    email=emails,
    encoding=st.sampled_from(sorted(ENCODINGS)),
    before=st.binary(max_size=40),
    after=st.binary(max_size=40),
    change=st.sampled_from([str, str.upper, str.lower]),
    cut=st.booleans(),
)
def test_an_email_is_found_in_every_encoding_case_and_cut(email, encoding, before, after, change, cut):
    if change is str.upper and change(email).lower() != email:
        change = str
    written = change(email)[: CUT + 1] if cut else change(email)
    # An edge of base64 belongs to the neighbours of the text.
    text = before + ENCODINGS[encoding](written) + after
    found = {hit.encoding for hit in hits_of([email], text)}
    # Percent-encoding leaves most texts as they are.
    assert encoding in found or (encoding == "percent-encoding" and "UTF-8" in found)


@given(email=emails, shift=st.integers(0, 8))
def test_base64_is_found_wherever_it_begins(email, shift):
    text = base64.b64encode(b"#" * shift + email.encode() + b"#" * 5)
    assert {hit.encoding for hit in hits_of([email], text)} >= {"base64"}
    assert hits_of([email], base64.urlsafe_b64encode(b"#" * shift + email.encode() + b"#"))


@given(text=st.binary(max_size=4000), names=st.lists(emails, max_size=20))
def test_nothing_is_found_where_nothing_is(text, names):
    assert hits_of([name for name in names if name[:6].encode() not in text.lower()], text) == [] or any(
        form.bytes in text.lower() for name in names for form in text_encodings(name)
    )


@given(st.lists(emails, min_size=1, max_size=30, unique=True), st.integers(0, 2**32))
def test_each_of_many_is_found_in_a_pile(names, seed):
    chance = random.Random(seed)  # noqa: S311 - no secret is made
    parts = [name.encode() for name in names]
    pile = b"".join(chance.randbytes(chance.randrange(30)) + part + b"\0" for part in parts)
    hits = []
    needles = make_needles([Identifier(f"{place}", name) for place, name in enumerate(names)], ())
    search = NeedleSearch(needles, hits.append)
    search.add("pile", pile)
    search.flush()
    same = {name[:CUT] for name in names}
    assert len({names[int(hit.kind)][:CUT] for hit in hits}) == len(same)


def test_what_stands_at_the_very_beginning_is_found():
    for written in ENCODINGS.values():
        assert hits_of(["w5-fiona.k@example.com"], written("w5-fiona.k@example.com"))


def test_a_short_text_within_a_longer_word_is_none():
    assert hits_of(["8015551212"], b"tel: 8015551212;")
    assert not hits_of(["8015551212"], b"18015551212")
    assert not hits_of(["8015551212"], b"80155512123")
    assert hits_of(["ann lee"], b"(Ann Lee)")
    assert not hits_of(["ann lee"], b"Joann Leeds")
    assert not hits_of(["50a1b2c3"], b"digest ff50a1b2c3ee")
    assert hits_of(["50a1b2c3"], b"device 50A1B2C3.")


def test_own_words_are_no_names():
    words = ["The name, as typed.", "customer_name"]
    needles = make_needles([Identifier("name", "the name"), Identifier("name", "the names of all")], words)
    assert needles.left_out == 1
    hits = []
    search = NeedleSearch(needles, hits.append)
    search.add("doc", b"The name, as typed.")
    search.flush()
    assert hits == []
    search.add("elsewhere", b"the names of all")
    search.flush()
    assert [hit.place for hit in hits] == ["elsewhere"]


def long(number):
    """Return a number as Avro writes it."""
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def avro_file(codec, block):
    """Return an Avro file of one block, written by hand."""
    entry = b"".join(long(len(each)) + each for each in (b"avro.codec", codec))
    return b"Obj\x01" + long(1) + entry + long(0) + b"S" * 16 + long(1) + long(len(block)) + block + b"S" * 16


# Without the time of packing: what pytest's workers collect must have the same names.
PACKED = gzip.compress(b"text", mtime=0)


@pytest.mark.parametrize(
    ("codec", "block"),
    [
        (b"null", b"text"),
        (b"zstandard", pa.compress(b"text", codec="zstd", asbytes=True)),
        (b"gzip", PACKED),
        (b"snappy", pa.compress(b"text", codec="snappy", asbytes=True) + b"crc!"),
    ],
)
def test_blocks_of_avro_files_are_unpacked(codec, block):
    pieces = list(avro(io.BytesIO(avro_file(codec, block))))
    assert pieces[-1] == ("block", b"text")


@pytest.mark.parametrize(
    "broken",
    [
        avro_file(b"null", b"text")[:-1],
        avro_file(b"null", b"text")[:-1] + b"X",
        avro_file(b"unheard of", b"text"),
        avro_file(b"gzip", b"text"),
        b"Obj\x01" + b"\xff" * 100,
        b"PAR1 and nothing more",
        PACKED[:-6],
        b"SQLite format 3\x00 and nothing more",
    ],
)
def test_what_is_broken_is_said_to_be(broken):
    with pytest.raises(UnreadableError):
        list(decoded(io.BytesIO(broken)))
