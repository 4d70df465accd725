"""Text in UTF-16, told by the mark at its beginning: as UTF-8, and back."""

import codecs
from typing import Final, NamedTuple

_MARKS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Encoding(NamedTuple):
    """How a text is encoded.

    Attributes:
        mark: What it begins with.
        name: Python's name of the encoding.
    """

    mark: bytes
    name: str

    def decoder(self) -> codecs.IncrementalDecoder:
        """Return what decodes the text behind the mark: half of a surrogate pair as it is."""
        return codecs.getincrementaldecoder(self.name)("surrogatepass")

    def encode(self, text: bytes) -> bytes:
        """Return a part of the text, of UTF-8, as it stood there."""
        return text.decode(errors="surrogatepass").encode(self.name, "surrogatepass")


def encoding_of(head: bytes) -> Encoding | None:
    r"""Return the encoding of the text that begins so; None for UTF-8, and for what has no mark.

    Examples:
        >>> encoding_of("{}".encode("utf-16")).name, encoding_of(b"{}")
        ('utf-16-le', None)
    """
    return next((Encoding(mark, name) for mark, name in _MARKS.items() if head.startswith(mark)), None)
