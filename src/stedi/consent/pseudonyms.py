"""Who is who: the key of an e-mail or a serial number, and the pseudonym made from it.

A *key* is what all spellings have in common; what pseudonyms are made with is called a secret here, though
users know it as the pseudonym key.
"""

import hashlib
import hmac
import os
import secrets
import stat
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal, Self

import polars as pl

from stedi.errors import ConfigurationError, KeyMismatchError
from stedi.places import is_address

_KEY_BYTES: Final = 32
Domain = Literal["customer", "device", "aside"]
"""What a digest is of: customers, devices, and names or phone numbers never share one."""
BLANKS: Final = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "
"""The blanks among the ASCII characters, as str.strip knows them."""


def key(spelling: str) -> str:
    """Return what all spellings of one e-mail, or of one serial number, have in common.

    Strip, NFKC, lower-case, again and again until nothing changes: of some letters, such as an accent that
    stands alone, NFKC makes a blank.

    Examples:
        >>> key("  Ann.Example@Test.com ") == key("ann.example@test.com")
        True
        >>> key("\N{ACUTE ACCENT}x") == key(key("\N{ACUTE ACCENT}x"))
        True
    """
    while (made := unicodedata.normalize("NFKC", spelling.strip()).lower()) != spelling:
        spelling = made
    return made


def keys(spellings: pl.Series) -> pl.Series:
    """Return the key of each spelling of a column.

    What is plain ASCII is done by Polars, at a twentieth of the cost: there NFKC changes nothing, and both
    know the same blanks and the same small letters.

    Examples:
        >>> keys(pl.Series([" Ann@Test.com", "\uff21nn@test.com "])).to_list()
        ['ann@test.com', 'ann@test.com']
    """
    plain = spellings.str.len_bytes() == spellings.str.len_chars()
    made = spellings.str.strip_chars(BLANKS).str.to_lowercase()
    if plain.all():
        return made
    others = pl.Series([key(text) for text in spellings.filter(~plain)], dtype=pl.String)
    return made.scatter((~plain).arg_true(), others)


class Pseudonyms:
    """Keyed pseudonyms: the same e-mail or serial number always gets the same id, under one key.

    An id is the first 16 bytes of HMAC-SHA256(key, domain, 0x00, key(spelling)) in hex. Customers and
    devices are separate domains. Whoever holds the key can find a person again: keep it out of the lake.

    A lake whose key was rotated may still need retired ones: to recognise whom it erased under them, and to
    check the receipts of that time. They make no id any more.

    Args:
        key: At least 32 bytes, kept secret.
        retired: Keys that were in use before, the newest first.

    Raises:
        ConfigurationError: A key is too short, or given twice.

    Examples:
        >>> pseudonyms = Pseudonyms(bytes(32))
        >>> pseudonyms.customer_id("Ann.Example@test.com") == pseudonyms.customer_id(" ann.example@TEST.com")
        True
        >>> len(pseudonyms.device_id("50a1b2c3"))
        32
    """

    __slots__ = ("_retired", "_secret")

    def __init__(self, key: bytes, *, retired: Sequence[bytes] = ()) -> None:
        for each in (key, *retired):
            if len(each) < _KEY_BYTES:
                raise ConfigurationError(
                    f"a pseudonym key has {len(each)} bytes, and needs at least {_KEY_BYTES}: "
                    "make one with stedi.Pseudonyms.generate()"
                )
        self._secret = bytes(key)
        self._retired = tuple(map(bytes, retired))
        # By fingerprint: HMAC takes a key with zeros after it for the same.
        if retired and len(set(self.fingerprints)) != 1 + len(retired):
            raise ConfigurationError(
                "the same pseudonym key is given twice: list each once, the newest first"
            )

    def __repr__(self) -> str:
        """Show fingerprints, never a key."""
        first, *others = self.fingerprints
        retired = f", retired={tuple(others)}" if others else ""
        return f"Pseudonyms(fingerprint={first!r}{retired})"

    def __reduce__(self) -> str:
        """Refuse to be pickled: the key stays in this process."""
        raise ConfigurationError("pseudonyms are not pickled: the key must not be written by accident")

    @classmethod
    def generate(cls) -> Self:
        """Make pseudonyms under a new random key."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Read a key, and retired ones after it: hex digits, each on a line or after a comma.

        Raises:
            ConfigurationError: The text is not hex, or too short.

        Examples:
            >>> len(Pseudonyms.from_hex(f"{'01' * 32},{'02' * 32}").fingerprints)
            2
        """
        try:
            secret, *retired = (bytes.fromhex(each) for each in _written(text))
        except ValueError:
            raise ConfigurationError(
                f"a pseudonym key must be written as hex digits, at least {2 * _KEY_BYTES} of them; retired "
                "ones come after it, each on a line of its own or after a comma"
            ) from None
        return cls(secret, retired=retired)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Read a key, and retired ones on the next lines, from a file that only its owner may read.

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

    def save(self, path: str | os.PathLike[str], *, replace: bool = False) -> None:
        """Write the key, and retired ones on the next lines, to a file that only its owner may read.

        Args:
            path: The file.
            replace: Put it in the place of one that is there.

        Raises:
            ConfigurationError: The file exists, or can't be written.
        """
        file = Path(path)
        if is_address(path):
            raise ConfigurationError(f"{file} is no file of this machine, and a key is kept in one")
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Whole or not at all: a process that is killed here must not leave an empty key behind.
            draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="ascii") as out:
                    out.write("".join(f"{secret.hex()}\n" for secret in (self._secret, *self._retired)))
                    out.flush()
                    os.fsync(out.fileno())
                if replace:
                    draft.replace(file)
                else:
                    os.link(draft, file)
                _sync_folder(file.parent)
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

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """The fingerprints of all keys: of the one in use, then of the retired ones."""
        return (self.fingerprint, *(type(self)(secret).fingerprint for secret in self._retired))

    def using(self, fingerprint: str) -> Self | None:
        """Return the same keys with another one in use; None if there is none with this fingerprint.

        Examples:
            >>> both = Pseudonyms(bytes(32), retired=[b"k" * 32])
            >>> both.using(both.fingerprints[1]).fingerprints == both.fingerprints[::-1]
            True
        """
        found = self._secrets.get(fingerprint)
        if found is None:
            return None
        return type(self)(found, retired=[each for each in self._secrets.values() if each != found])

    def followed_by(self, newer: "Pseudonyms") -> "Pseudonyms":
        """Return the key in use of others, with all of these, and all else that those have, retired."""
        known = newer._secrets | self._secrets  # noqa: SLF001 - of its own kind
        order = dict.fromkeys((newer.fingerprint, *self.fingerprints, *newer.fingerprints))
        first, *others = (known[each] for each in order)
        return Pseudonyms(first, retired=others)

    @property
    def _secrets(self) -> dict[str, bytes]:
        return dict(zip(self.fingerprints, (self._secret, *self._retired), strict=True))

    def reveal_all(self) -> tuple[bytes, ...]:
        """Return the key and the retired ones: to look for them where they must not be. Never write them."""
        return (self._secret, *self._retired)

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
        return self._digest(b"aside", key(text))

    def tombstone_maker(self, domain: Domain, made_with: Sequence[str]) -> Callable[[str], str]:
        """Return what makes the digest by which a lake that rotated its key knows what was erased.

        It is an id under the key of that time, which each later key wrapped: see ``wrap``.

        Args:
            domain: What was erased: a customer or a device.
            made_with: The fingerprints of the key of the id, and of those that wrapped it, in turn.

        Returns:
            A function of an e-mail or a serial number, in any spelling.

        Raises:
            KeyMismatchError: One of these keys is not at hand.

        Examples:
            >>> old = Pseudonyms(bytes(32))
            >>> new = old.followed_by(Pseudonyms(b"k" * 32))
            >>> make = new.tombstone_maker("device", [old.fingerprint, new.fingerprint])
            >>> make("50a1b2c3") == new.wrap(old.device_id("50a1b2c3"))
            True
        """
        first, *later = map(self._secret_of, made_with)

        def make(spelling: str) -> str:
            digest = _digest(first, domain.encode(), key(spelling))
            for each in later:
                digest = _digest(each, _WRAPPED, digest)
            return digest

        return make

    def wrap(self, digest: str) -> str:
        """Return a digest of a digest that was made with an older key.

        Who has only the older key can't tell whose it is. It is the first 16 bytes of HMAC-SHA256(key,
        ``"tombstone"``, 0x00, digest) in hex.
        """
        return _digest(self._secret, _WRAPPED, digest)

    def _secret_of(self, fingerprint: str) -> bytes:
        found = self._secrets.get(fingerprint)
        if found is None:
            raise KeyMismatchError.retired(fingerprint)
        return found

    def sign(self, text: bytes) -> str:
        """Return the signature of a text, in hex: HMAC-SHA256 under a key that is derived for nothing else.

        Examples:
            >>> len(Pseudonyms(bytes(32)).sign(b"a receipt"))
            64
        """
        derived = hmac.digest(self._secret, b"receipt-signing-key\x00", hashlib.sha256)
        return hmac.digest(derived, text, hashlib.sha256).hex()

    def _digest(self, domain: bytes, text: str) -> str:
        return _digest(self._secret, domain, text)


_WRAPPED: Final = b"tombstone"


def _digest(secret: bytes, domain: bytes, text: str) -> str:
    message = domain + b"\x00" + text.encode("utf-8")
    return hmac.digest(secret, message, hashlib.sha256)[:16].hex()


def _written(text: str) -> list[str]:
    """Return the keys of a text, as they are written there: an empty one for none."""
    return [each for each in text.replace(",", "\n").splitlines() if each.strip()] or [""]


def _sync_folder(folder: Path) -> None:
    """Have a new name of a file outlive a power failure, where that can be asked for."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
