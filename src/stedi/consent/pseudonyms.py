"""Who is who: the key of an e-mail or a serial number, and the pseudonym made from it."""

import hashlib
import hmac
import os
import secrets
import stat
import unicodedata
from pathlib import Path
from typing import Final, Self

import polars as pl

from stedi.errors import ConfigurationError

KEY_BYTES: Final = 32
_BLANKS: Final = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "
"""The blanks among the ASCII characters, as str.strip knows them."""


def key(spelling: str) -> str:
    """Return what all spellings of one e-mail, or of one serial number, have in common.

    Strip, NFKC, lower-case.

    Examples:
        >>> key("  Ann.Example@Test.com ") == key("ann.example@test.com")
        True
    """
    return unicodedata.normalize("NFKC", spelling.strip()).lower()


def keys(spellings: pl.Series) -> pl.Series:
    """Return the key of each spelling of a column.

    What is plain ASCII is done by Polars, at a twentieth of the cost: there NFKC changes nothing, and both
    know the same blanks and the same small letters.

    Examples:
        >>> keys(pl.Series([" Ann@Test.com", "\uff21nn@test.com "])).to_list()
        ['ann@test.com', 'ann@test.com']
    """
    plain = spellings.str.len_bytes() == spellings.str.len_chars()
    made = spellings.str.strip_chars(_BLANKS).str.to_lowercase()
    if plain.all():
        return made
    others = pl.Series([key(text) for text in spellings.filter(~plain)], dtype=pl.String)
    return made.scatter((~plain).arg_true(), others)


class Pseudonyms:
    """Keyed pseudonyms: the same e-mail or serial number always gets the same id, under one key.

    An id is the first 16 bytes of HMAC-SHA256(key, domain, 0x00, key(spelling)) in hex. Customers and
    devices are separate domains. Whoever holds the key can find a person again: keep it out of the lake.

    Args:
        key: At least 32 bytes, kept secret.

    Raises:
        ConfigurationError: The key is too short.

    Examples:
        >>> pseudonyms = Pseudonyms(bytes(32))
        >>> pseudonyms.customer_id("Ann.Example@test.com") == pseudonyms.customer_id(" ann.example@TEST.com")
        True
        >>> len(pseudonyms.device_id("50a1b2c3"))
        32
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """Take a secret key of at least 32 bytes."""
        if len(key) < KEY_BYTES:
            raise ConfigurationError(
                f"a pseudonym key has {len(key)} bytes, and needs at least {KEY_BYTES}: "
                "make one with stedi.Pseudonyms.generate()"
            )
        self._key = bytes(key)

    def __repr__(self) -> str:
        """Show the fingerprint, never the key."""
        return f"Pseudonyms(fingerprint={self.fingerprint!r})"

    def __reduce__(self) -> str:
        """Refuse to be pickled: the key stays in this process."""
        raise ConfigurationError("pseudonyms are not pickled: the key must not be written by accident")

    @classmethod
    def generate(cls) -> Self:
        """Make pseudonyms under a new random key."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Read a key written as hex digits.

        Raises:
            ConfigurationError: The text is not hex, or too short.
        """
        try:
            raw = bytes.fromhex(text.strip())
        except ValueError:
            raise ConfigurationError(
                f"a pseudonym key must be written as hex digits, at least {2 * KEY_BYTES} of them"
            ) from None
        return cls(raw)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Read a key, as hex digits, from a file that only its owner may read.

        Raises:
            ConfigurationError: The file can't be read, others may read it, or it holds no key.
        """
        file = Path(path)
        try:
            text = file.read_text("ascii")
            mode = stat.S_IMODE(file.stat().st_mode)
        except OSError as error:
            raise ConfigurationError(f"the key file {file} can't be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigurationError(f"the key file {file} holds no key: it must be hex digits") from None
        if os.name == "posix" and mode & 0o077:
            raise ConfigurationError(f"the key file {file} can be read by others: chmod 600 {file}")
        return cls.from_hex(text)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the key, as hex digits, to a new file that only its owner may read.

        Raises:
            ConfigurationError: The file exists, or can't be written.
        """
        file = Path(path)
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Whole or not at all: a process that is killed here must not leave an empty key behind.
            draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="ascii") as out:
                    out.write(self._key.hex() + "\n")
                    out.flush()
                    os.fsync(out.fileno())
                os.link(draft, file)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"the key file {file} can't be written: {error.strerror}. "
                "Set STEDI_PSEUDONYM_KEY, or pass pseudonyms= to Lake.open"
            ) from None

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that tell one key from another and say nothing about it."""
        return self._digest(b"fingerprint", "")[:16]

    def reveal(self) -> bytes:
        """Return the key itself: to look for it where it must not be. Never write it anywhere."""
        return self._key

    def customer_id(self, email: str) -> str:
        """Return the pseudonym of a customer."""
        return self._digest(b"customer", key(email))

    def device_id(self, serial_number: str) -> str:
        """Return the pseudonym of a device."""
        return self._digest(b"device", key(serial_number))

    def aside_id(self, text: str) -> str:
        """Return the keyed digest of a name or a phone number in its common form.

        Examples:
            >>> Pseudonyms(bytes(32)).aside_id("x") != Pseudonyms(bytes(32)).customer_id("x")
            True
        """
        return self._digest(b"aside", text)

    def sign(self, text: bytes) -> str:
        """Return the signature of a text, in hex: HMAC-SHA256 under a key that is derived for nothing else.

        Examples:
            >>> len(Pseudonyms(bytes(32)).sign(b"a receipt"))
            64
        """
        derived = hmac.digest(self._key, b"receipt-signing-key\x00", hashlib.sha256)
        return hmac.digest(derived, text, hashlib.sha256).hex()

    def _digest(self, domain: bytes, text: str) -> str:
        message = domain + b"\x00" + text.encode("utf-8")
        return hmac.digest(self._key, message, hashlib.sha256)[:16].hex()
