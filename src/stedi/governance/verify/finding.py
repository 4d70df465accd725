"""What an audit finds, and what it looked at."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Fault(StrEnum):
    """What kind of thing is wrong."""

    SURPLUS_ROW = "surplus_row"
    MISSING_ROW = "missing_row"
    WRONG_ID = "wrong_id"
    WRONG_ACCOUNT = "wrong_account"
    WRONG_LEDGER = "wrong_ledger"
    BROKEN_HISTORY = "broken_history"
    SNAPSHOT_GONE = "snapshot_gone"
    WRONG_COUNT = "wrong_count"
    MAIN_ELSEWHERE = "main_elsewhere"
    WRONG_TAG = "wrong_tag"
    UNFINISHED = "unfinished"
    DAMAGED_FILE = "damaged_file"
    LOST_FILE = "lost_file"
    UNREACHABLE_FILE = "unreachable_file"
    FOREIGN_FILE = "foreign_file"
    PERSONAL_DATA = "personal_data"
    PII_BOUNDS = "pii_bounds"
    PII_PARTITION = "pii_partition"
    KEY_IN_LAKE = "key_in_lake"
    WRONG_KEY = "wrong_key"
    OLD_KEY = "old_key"
    ERASED_PERSON = "erased_person"
    OTHER_FORMAT = "other_format"
    RECEIPT_GONE = "receipt_gone"
    WRONG_RECEIPT = "wrong_receipt"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self]


_RERUN: Final = "run stedi run LANDING --full: it derives every row anew and says what differs"
_RESTORE: Final = "restore the lake from a backup, or make it again from the landing files"
_REMEDIES: Final[Mapping[Fault, str]] = MappingProxyType(
    {
        Fault.SURPLUS_ROW: f"{_RERUN}; find out who wrote to the table, and who read it since",
        Fault.MISSING_ROW: _RERUN,
        Fault.WRONG_ID: _RERUN,
        Fault.WRONG_ACCOUNT: f"{_RERUN}; find out who wrote to the run table",
        Fault.WRONG_LEDGER: f"find out who wrote to the landing tables; {_RESTORE}",
        Fault.BROKEN_HISTORY: f"find out who wrote to the run table; {_RESTORE}",
        Fault.SNAPSHOT_GONE: _RESTORE,
        Fault.WRONG_COUNT: _RESTORE,
        Fault.MAIN_ELSEWHERE: "the next stedi run moves main back; find out who moved it",
        Fault.WRONG_TAG: "remove the tag with the tool that set it, or set it anew with stedi tag",
        Fault.UNFINISHED: "the next stedi run or stedi maintain clears it up",
        Fault.DAMAGED_FILE: _RESTORE,
        Fault.LOST_FILE: _RESTORE,
        Fault.UNREACHABLE_FILE: "run stedi maintain: it deletes what nothing reaches",
        Fault.FOREIGN_FILE: "stedi did not write it: look what it is, and remove it from the lake",
        Fault.PERSONAL_DATA: "remove the value or the file with the tool that wrote it, then have stedi "
        "maintain expire and delete the versions that hold it",
        Fault.PII_BOUNDS: "rewrite the data files with stedi maintain, and keep other writers off the table",
        Fault.PII_PARTITION: "make the lake again: its file names and manifests name people",
        Fault.KEY_IN_LAKE: "remove the file, rotate the key, and find out who could read it",
        Fault.WRONG_KEY: "use the lake's own key",
        Fault.OLD_KEY: "run stedi rotate-key again if a rotation is not finished; else find out who put it "
        "there, and rotate the key once more",
        Fault.OTHER_FORMAT: f"keep the tool that upgraded the table from doing so; {_RESTORE}",
        Fault.RECEIPT_GONE: "do that erasure again, with stedi erase: whom the receipt is about, its subject "
        "tells whoever has the lake's key. From then on hand in the new receipt",
        Fault.WRONG_RECEIPT: "find out who changed it; put it back from a backup, or from whoever it was "
        "handed to",
        Fault.ERASED_PERSON: "erase the person again, and drop the tags and snapshots that are named",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. It never holds the personal data that it is about.

    Attributes:
        code: What kind of thing.
        place: The table, the snapshot, the property or the file.
        problem: What is wrong there.
        remedy: What to do.
        count: How many rows, files or places it is about.
    """

    code: Fault
    place: str
    problem: str
    remedy: str
    count: int = 1

    @classmethod
    def of(cls, code: Fault, place: str, problem: str, *, count: int = 1) -> "Finding":
        """Make a finding with the remedy of its kind.

        Examples:
            >>> Finding.of(Fault.UNFINISHED, "scratch/", "3 files of a run that was killed", count=3).remedy
            'the next stedi run or stedi maintain clears it up'
        """
        return cls(code=code, place=place, problem=problem, remedy=code.remedy, count=count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: Its name.
        proves: What holds if it found nothing.
        looked_at: How much was looked at.
        unit: Of what.
        findings: How many findings it has.
        seconds: How long it took.
    """

    name: str
    proves: str
    looked_at: int
    unit: str
    findings: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The outcome of ``Lake.verify``.

    Attributes:
        lake: The lake.
        run_id: Its newest run, whose rows were checked.
        verified_at: When the audit began.
        code_version: The version of stedi that made the audit.
        consent: The lake's consent mode.
        now: The time at which that run judged consent.
        key_checked: Whether the pseudonym key was at hand.
        checks: What was looked at.
        not_checked: What was not, and why.
        findings: What is wrong; empty for a sound lake.
    """

    lake: str
    run_id: str
    verified_at: datetime
    code_version: str
    consent: str
    now: datetime
    key_checked: bool
    checks: tuple[Check, ...]
    not_checked: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values; times stay times."""
        return {"sound": self.sound} | asdict(self)
