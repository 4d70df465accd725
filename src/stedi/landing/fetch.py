"""One landing object: its digest first, its records then."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from stedi.contract.table import Contract
from stedi.errors import LandingError
from stedi.landing import s3
from stedi.landing.chunks import Chunk, chunks
from stedi.landing.limits import LIMITS, Limits
from stedi.landing.objects import LandingObject, readable
from stedi.landing.pinned import FileState
from stedi.landing.reader import Reader
from stedi.landing.redact import safe_path
from stedi.landing.rules import Origin
from stedi.landing.split import Split
from stedi.landing.stream import Stream

_DIGEST_DIGITS: Final = 32  # 128 bits of SHA-256, which processors have instructions for


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What an object held.

    Attributes:
        records: Records that were kept.
        rejected: Records that were rejected.
        consent_field: Some record, kept or rejected, had the key ``shareWithResearchAsOfDate``, in any case.
        lookalike: A key that resembles it, of some record.
    """

    records: int
    rejected: int
    consent_field: bool
    lookalike: str | None


class Fetched:
    """A landing object whose bytes are at hand.

    Attributes:
        digest: The first 128 bits of the SHA-256 of its bytes as they are stored, in hex.
    """

    __slots__ = ("_limits", "_object", "_open", "_size", "_summary", "digest")

    def __init__(
        self, obj: LandingObject, digest: str, size: int, reopen: Callable[[], BinaryIO], limits: Limits
    ) -> None:
        self.digest = digest
        self._object = obj
        self._size = size
        self._open = reopen
        self._limits = limits
        self._summary: Summary | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        return safe_path(self._object.path, digest=self.digest)

    @property
    def summary(self) -> Summary:
        """What the object held.

        Raises:
            LandingError: `splits` was not read to its end.
        """
        if self._summary is None:
            raise LandingError(f"{self.name} has no summary yet: read its splits to the end first")
        return self._summary

    def splits(self, contract: Contract, *, run: str | None) -> Iterator[Split]:
        """Read the records, in memory that does not depend on the object's size.

        Args:
            contract: The contract of the landing table.
            run: The run that loads the records.

        Yields:
            Kept and rejected records in the order of the object; none for an object without records.

        Raises:
            LandingError: The object can't be read, is a decompression bomb, or changed meanwhile.
        """
        reader = Reader(contract, Origin(self._object.path, self.digest, run), self._limits)
        stream = Stream(self._open, size=self._size, limits=self._limits, name=self.name)
        records = rejected = 0
        for split in _with_end(reader, chunks(stream, self._limits, contract), stream):
            if len(split.kept) or len(split.rejected):
                records += len(split.kept)
                rejected += len(split.rejected)
                yield split
        self._summary = Summary(
            records=records,
            rejected=rejected,
            consent_field=reader.consent_field,
            lookalike=reader.lookalike,
        )


def _with_end(reader: Reader, parts: Iterator[Chunk], stream: Stream) -> Iterator[Split]:
    yield from reader.read(parts)
    if stream.lost_end:
        yield reader.lose_end()


def digest_of(file: BinaryIO) -> str:
    """Return the digest of the bytes of an object, as the ledger has it; close them."""
    with file:
        digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # files have readinto, too
        return digest.hexdigest()[:_DIGEST_DIGITS]


@contextmanager
def fetch_object(
    obj: LandingObject,
    *,
    storage_options: Mapping[str, object] | None = None,
    limits: Limits = LIMITS,
) -> Iterator[Fetched]:
    """Bring the bytes of a landing object at hand.

    An object of up to 64 MiB is read into memory once. A larger file is read twice, for its digest and for
    its records; a larger S3 object is kept in a temporary file meanwhile.

    Args:
        obj: The object.
        storage_options: Options of s3fs, beside the ordinary AWS environment variables.
        limits: The limits of reading.

    Yields:
        The object, with its digest known and none of its records read.

    Raises:
        LandingError: It can't be read.
    """
    if s3.is_url(obj.path):
        if obj.size <= limits.memory:
            yield _in_memory(obj, s3.read_object(obj.path, storage_options, name=obj.name), limits)
            return
        with tempfile.NamedTemporaryFile(prefix="stedi-") as spool:
            s3.download_object(obj.path, spool, storage_options, name=obj.name)
            spool.flush()
            yield _in_file(obj, spool.name, limits)
        return
    with readable(obj.path):
        small = Path(obj.path).stat().st_size <= limits.memory
        fetched = (
            _in_memory(obj, Path(obj.path).read_bytes(), limits) if small else _in_file(obj, obj.path, limits)
        )
    yield fetched


def _in_memory(obj: LandingObject, content: bytes, limits: Limits) -> Fetched:
    digest = hashlib.sha256(content).hexdigest()[:_DIGEST_DIGITS]
    return Fetched(obj, digest, len(content), lambda: BytesIO(content), limits)


def _in_file(obj: LandingObject, path: str, limits: Limits) -> Fetched:
    with Path(path).open("rb") as file:
        hashed = FileState.from_status(os.fstat(file.fileno()))
        digest = digest_of(file)

    def reopen() -> BinaryIO:
        with readable(obj.path):
            again = Path(path).open("rb")  # noqa: SIM115 - whoever reads it closes it
        if FileState.from_status(os.fstat(again.fileno())) != hashed:
            again.close()
            name = safe_path(obj.path, digest=digest)
            raise LandingError(f"{name} changes while it is read: run again when it is complete")
        return again

    return Fetched(obj, digest, hashed.size, reopen, limits)
