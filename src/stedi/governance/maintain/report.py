"""What a maintenance did, or would do, for people and for programs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from stedi.pipeline.history import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMaintenance:
    """What became of the files of one table.

    Attributes:
        table: The table.
        rows: Its rows, the same before and after.
        files_before: The data files of the newest run before.
        files_after: Those afterwards.
        rewritten: Whether it has a new snapshot: data files were merged, or manifests.
        expired: How many snapshots were expired.
        deleted: How many files were deleted, of any kind.
        freed: How many bytes these had.
    """

    table: str
    rows: int
    files_before: int
    files_after: int
    rewritten: bool
    expired: int
    deleted: int
    freed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceReport:
    """The outcome of ``Lake.maintain``.

    Attributes:
        planned: Whether this was only a plan: then nothing was changed.
        run: The row of the run table by which the compaction was published; None where there was none.
        started_at: When it began.
        ended_at: When it ended.
        keep_days: For how many days runs stay readable.
        older_than: The age from which an unreachable file is deleted.
        tables: What became of each table.
        young: Unreachable files that are too young to be deleted.
        foreign: Places in the warehouse of what stedi did not write: left alone.
    """

    planned: bool
    run: Run | None
    started_at: datetime
    ended_at: datetime
    keep_days: int
    older_than: timedelta
    tables: Sequence[TableMaintenance]
    young: int
    foreign: Sequence[str]

    @property
    def run_id(self) -> str | None:
        """The id of the row in the run table."""
        return self.run.run_id if self.run is not None else None

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return any(table.rewritten or table.expired or table.deleted for table in self.tables)

    @property
    def merged(self) -> int:
        """By how many data files the lake has fewer."""
        return sum(table.files_before - table.files_after for table in self.tables)

    @property
    def expired(self) -> int:
        """How many snapshots were expired."""
        return sum(table.expired for table in self.tables)

    @property
    def deleted(self) -> int:
        """How many files were deleted."""
        return sum(table.deleted for table in self.tables)

    @property
    def freed(self) -> int:
        """How many bytes were freed."""
        return sum(table.freed for table in self.tables)

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values, ready for JSON."""
        return {
            "planned": self.planned,
            "changed": self.changed,
            "run_id": self.run_id,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            "keep_days": self.keep_days,
            "older_than_hours": self.older_than / timedelta(hours=1),
            "snapshots_expired": self.expired,
            "files_deleted": self.deleted,
            "bytes_freed": self.freed,
            "files_too_young": self.young,
            "foreign_files": list(self.foreign),
            "tables": {
                table.table: {name: value for name, value in asdict(table).items() if name != "table"}
                for table in self.tables
            },
        }
