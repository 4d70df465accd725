"""The receipt of an erasure: what was found, what went, what remains; signed, without a name in it."""

import hashlib
import json
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, TypeAdapter, with_config

from stedi.errors import ReceiptError
from stedi.pipeline.receipts.markdown import as_markdown

DeviceDecision = Literal["keep", "erase"]
Outcome = Literal["planned", "erased", "nothing_left", "nobody"]
_FORMAT: Final = "stedi-erasure-receipt-1"
FIRST: Final = "0" * 64
"""What the first receipt of a lake names as the one before it."""
# Written as Python does, +00:00 and not Z: what is signed must stay the same bytes.
IsoTime = Annotated[datetime, BeforeValidator(datetime.fromisoformat), PlainSerializer(datetime.isoformat)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedFile:
    """A data file that held the person and is gone: its name, the SHA-256 of its bytes, and their number."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableErasure:
    """What became of one table.

    Attributes:
        table: The table.
        rows: Rows that it has fewer.
        rewritten: Data files of the newest run that held the person.
        removed: All data files that held the person, in whatever snapshot.
        snapshots: Snapshots that were expired.
    """

    table: str
    rows: int
    rewritten: int
    removed: tuple[RemovedFile, ...]
    snapshots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrittenObject:
    """A landing object that was rewritten: its path without names, its digests, and the records that went."""

    path: str
    digest_before: str
    digest_after: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftObject:
    """A landing object, or another file, that still holds the person: its path without names, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What was looked at.

    Attributes:
        files: Data files, of all snapshots.
        bytes: How large they are.
        objects: Landing objects; none where no landing root was given.
        object_bytes: How large they are.
        decoded_after: Files of the lake that were decoded afterwards, and in which nothing was found.
    """

    files: int
    bytes: int
    objects: int
    object_bytes: int
    decoded_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What an erasure does not reach.

    Attributes:
        trained_on: Runs whose training set held the person: datasets and models that were made of them do.
        unknown_runs: Runs of which that can't be told any more, since their snapshots were expired before.
        objects: Landing objects that still hold the person.
        shared_devices: Devices that others listed too, of which the raw readings stay, and are never trusted.
        foreign_files: Files in the warehouse that stedi did not write: left alone.
        elsewhere: What nobody but people can look after.
        files: Files in the folder of the lake that stedi did not write and that hold the person, or may.
    """

    trained_on: tuple[str, ...]
    unknown_runs: tuple[str, ...]
    objects: tuple[LeftObject, ...]
    shared_devices: int
    foreign_files: int
    elsewhere: tuple[str, ...]
    # Receipts that were signed before there was such a list have none.
    files: Annotated[tuple[LeftObject, ...], Field(min_length=1, exclude_if=operator.not_)] = ()


@with_config(ConfigDict(extra="forbid", strict=True))
@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What ``Lake.erase`` did, or would do.

    It names the person by a keyed digest only: whoever holds the lake's key can tell whose it is.

    Attributes:
        number: Its place in the chain of receipts; None of a plan, and where nobody was meant.
        previous: The SHA-256 of the receipt before it.
        outcome: ``"erased"``; ``"nothing_left"`` where the lake held nothing of them any more, and only the
            date moves on until which they are kept out; ``"nobody"`` where it never knew them: nothing was
            changed, and nothing is signed; ``"planned"``.
        subject: The customer_id of the person.
        devices: How many devices were theirs alone, and are erased with them.
        shared_devices: How many devices others listed too.
        device_decision: What was decided about the readings of these: ``"keep"`` or ``"erase"``.
        key_fingerprint: The fingerprint of the lake's key, with which the receipt is signed.
        code_version: The version of stedi.
        asked_at: When it was asked for.
        asked_by: By whom.
        reason: Why.
        erased_at: Up to when records are kept out.
        finished_at: When all was done.
        resumed: An erasure that was interrupted before was completed; files that went before the
            interruption are not listed.
        tables: What became of each table.
        objects: The landing objects that were rewritten.
        refs_dropped: Tags and branches that held the person and were dropped.
        refs_moved: Tags that held the person and were moved to the run without them.
        refs_rebuilt: Tags that held the person and name the same run without them.
        refs_holding: Of a plan: tags and branches that somebody has to decide about.
        files_deleted: How many files were deleted, of any kind.
        bytes_freed: How many bytes these had.
        scanned: What was looked at.
        remains: What an erasure does not reach.
        signature: HMAC-SHA256 of all of this; None of what has no number.
    """

    number: int | None
    previous: str | None
    outcome: Outcome
    subject: str
    devices: int
    shared_devices: int
    device_decision: str | None
    key_fingerprint: str
    code_version: str
    asked_at: IsoTime
    asked_by: str = field(repr=False)
    reason: str | None = field(repr=False)
    erased_at: IsoTime | None
    finished_at: IsoTime
    resumed: bool
    tables: tuple[TableErasure, ...]
    objects: tuple[RewrittenObject, ...]
    refs_dropped: tuple[str, ...]
    refs_moved: tuple[str, ...]
    refs_rebuilt: tuple[str, ...]
    refs_holding: tuple[str, ...]
    files_deleted: int
    bytes_freed: int
    scanned: Scanned
    remains: Remains
    signature: str | None = None

    @property
    def rows(self) -> int:
        """How many rows all tables have fewer."""
        return sum(table.rows for table in self.tables)

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.number or 0:06d}-{self.subject[:8]}.json"

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values, ready for JSON."""
        values: dict[str, object] = _schema().dump_python(self, mode="json")
        return {"format": _FORMAT} | values

    def body(self) -> bytes:
        """Return what is signed: everything but the signature, in one spelling."""
        signed = {name: value for name, value in self.to_dict().items() if name != "signature"}
        return json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()

    def digest(self) -> str:
        """Return the SHA-256 by which the next receipt names this one: of all, with the signature."""
        return hashlib.sha256(self.body() + b"\n" + (self.signature or "").encode()).hexdigest()

    def to_json(self) -> str:
        """Return the receipt as a JSON document, as it is kept."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> "Receipt":
        """Read a receipt.

        Raises:
            ReceiptError: It is none, or something was added to it or taken away.
        """
        try:
            found = json.loads(text)
            if found.pop("format") != _FORMAT:
                raise ReceiptError(f"this is no receipt of the format {_FORMAT}")
            return _schema().validate_json(json.dumps(found))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ReceiptError(
                "this is no receipt, or something in it was changed: it must be JSON as stedi erase wrote it"
            ) from None

    def to_markdown(self) -> str:
        """Return the receipt for people."""
        return as_markdown(self)


@cache
def _schema() -> TypeAdapter[Receipt]:
    return TypeAdapter(Receipt)


def elsewhere(*, landing: bool, remote: bool) -> Sequence[str]:
    """Return what nobody but people can look after, in words."""
    places = [
        "backups and copies of the lake folder, and of the landing objects",
        "exports (stedi export), and files that other tools made of the tables",
        "datasets and models that were trained on the runs named here",
        "other lakes, and the systems that send the data: ask them to erase too, or they send it again",
    ]
    if not landing:
        places.insert(1, "the raw landing objects: no landing root was given (--landing ROOT)")
    if remote:
        places.append("older versions of objects in buckets with versioning or object lock")
    return places
