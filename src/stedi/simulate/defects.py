"""What is wrong, or merely odd, in simulated landing files: exact counts that a lake must reproduce."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from stedi.contract.reasons import Rejection


class Fate(StrEnum):
    """What becomes of an odd record or object that must not be rejected."""

    KEPT = "kept"
    IGNORED = "ignored"
    MERGED = "merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One kind of defect in one landing table.

    Attributes:
        table: The landing table.
        kind: The kind of defect.
        unit: What ``count`` counts: records, or objects (files).
        count: How many have it.
        outcome: The reason for which each must be rejected; or ``kept`` (loaded like any other),
            ``ignored`` (nothing is loaded from it: an empty object, or bytes that were delivered before)
            or ``merged`` (kept in landing; equal readings of a trusted customer count once).
    """

    table: str
    kind: str
    unit: Literal["record", "object"]
    count: int
    outcome: Rejection | Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The record arithmetic of one landing table: ``kept`` + all of ``rejected`` = ``written``.

    Attributes:
        table: The landing table.
        objects: Files, with empty ones and copies.
        written: Records in distinct objects.
        kept: Of those, the good ones.
        rejected: Of those, how many must be rejected for each reason.
        redelivered: Good records in objects whose bytes were delivered before, under another name.
            They are not in ``written``: a lake loads nothing from such an object.
    """

    table: str
    objects: int
    written: int
    kept: int
    rejected: Mapping[Rejection, int]
    redelivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Misplaced:
    """A record that must be rejected, and where it stands.

    Attributes:
        table: The landing table.
        object: The file's path, relative to the landing folder.
        position: The record's place in the file, rejected ones counted; the first is 0.
        kind: The kind of defect.
        reason: The reason for which it must be rejected.
    """

    table: str
    object: str
    position: int
    kind: str
    reason: Rejection
