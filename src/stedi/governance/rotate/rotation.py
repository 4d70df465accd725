"""What a rotation of the key did, or would do."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationReport:
    """What ``Lake.rotate_key`` did, or would do. It holds no key.

    Attributes:
        outcome: ``"rotated"``; ``"planned"``; ``"nothing_to_do"`` where the lake has this key already.
        old: The fingerprint of the key that the lake had.
        new: That of its new key; None of a plan for which one would be made.
        resumed: A rotation that was interrupted was completed.
        rows: The rows of the derived tables, which are the same but for their ids.
        tombstones: How many tombstones there are.
        keys_needed: The fingerprints of retired keys without which erased people can't be recognised: keep
            these keys. Of all others only signatures of old receipts are left.
        receipt_keys: The fingerprints of retired keys that old receipts are signed with.
        refs_dropped: Tags and branches that were dropped.
        refs_holding: Of a plan: tags and branches that somebody has to decide about.
        snapshots: How many snapshots of each table were expired.
        files_deleted: How many files were deleted.
        bytes_freed: How many bytes these had.
        decoded: How many files of the lake were decoded afterwards, and held no id of an older key.
        foreign_files: Files in the warehouse that stedi did not write: left alone.
        key_file: The file into which the new key was put; None where it is kept elsewhere.
    """

    outcome: Literal["planned", "rotated", "nothing_to_do"]
    old: str
    new: str | None
    resumed: bool
    rows: Mapping[str, int]
    tombstones: int
    keys_needed: tuple[str, ...]
    receipt_keys: tuple[str, ...]
    refs_dropped: tuple[str, ...] = ()
    refs_holding: tuple[str, ...] = ()
    snapshots: Mapping[str, int]
    files_deleted: int = 0
    bytes_freed: int = 0
    decoded: int = 0
    foreign_files: int = 0
    key_file: str | None = None

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values."""
        return asdict(self)
