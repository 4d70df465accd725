"""What an audit finds, and what it looked at."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

_RERUN: Final = "run stedi run LANDING --full: it derives every row anew and says what differs"
_RESTORE: Final = "restore the lake from a backup, or make it again from the landing files"


class Fault(StrEnum):
    """What kind of thing is wrong.

    Attributes:
        remedy: What to do about it.
    """

    remedy: str

    def __new__(cls, value: str, remedy: str) -> Self:
        """Make a kind of fault, of its code and its remedy."""
        fault = str.__new__(cls, value)
        fault._value_ = value
        fault.remedy = remedy
        return fault

    SURPLUS_ROW = "surplus_row", f"{_RERUN}; find out who wrote to the table, and who read it since"
    MISSING_ROW = "missing_row", _RERUN
    WRONG_ID = "wrong_id", _RERUN
    WRONG_ACCOUNT = "wrong_account", f"{_RERUN}; find out who wrote to the run table"
    WRONG_LEDGER = "wrong_ledger", f"find out who wrote to the landing tables; {_RESTORE}"
    BROKEN_HISTORY = "broken_history", f"find out who wrote to the run table; {_RESTORE}"
    SNAPSHOT_GONE = "snapshot_gone", _RESTORE
    WRONG_COUNT = "wrong_count", _RESTORE
    MAIN_ELSEWHERE = "main_elsewhere", "the next stedi run moves main back; find out who moved it"
    WRONG_TAG = "wrong_tag", "remove the tag with the tool that set it, or set it anew with stedi tag"
    UNFINISHED = "unfinished", "the next stedi run or stedi maintain clears it up"
    DAMAGED_FILE = "damaged_file", _RESTORE
    LOST_FILE = "lost_file", _RESTORE
    UNREACHABLE_FILE = "unreachable_file", "run stedi maintain: it deletes what nothing reaches"
    FOREIGN_FILE = (
        "foreign_file",
        "stedi did not write it: look what it is, and remove it from the lake",
    )
    PERSONAL_DATA = (
        "personal_data",
        (
            "remove the value or the file with the tool that wrote it, then have stedi maintain "
            "expire and delete the versions that hold it"
        ),
    )
    PII_BOUNDS = (
        "pii_bounds",
        "rewrite the data files with stedi maintain, and keep other writers off the table",
    )
    PII_PARTITION = "pii_partition", "make the lake again: its file names and manifests name people"
    KEY_IN_LAKE = "key_in_lake", "remove the file, rotate the key, and find out who could read it"
    WRONG_KEY = "wrong_key", "use the lake's own key"
    OLD_KEY = (
        "old_key",
        (
            "run stedi rotate-key again if a rotation is not finished; else find out who put it "
            "there, and rotate the key once more"
        ),
    )
    ERASED_PERSON = (
        "erased_person",
        "erase the person again, and drop the tags and snapshots that are named",
    )
    OTHER_FORMAT = "other_format", f"keep the tool that upgraded the table from doing so; {_RESTORE}"
    RECEIPT_GONE = (
        "receipt_gone",
        (
            "do that erasure again, with stedi erase: whom the receipt is about, its subject tells whoever "
            "has the lake's key. From then on hand in the new receipt"
        ),
    )
    WRONG_RECEIPT = (
        "wrong_receipt",
        "find out who changed it; put it back from a backup, or from whoever it was handed to",
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
