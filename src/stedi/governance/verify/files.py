"""The files of a lake: what each is, whether anything reaches it, and how to open it."""

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

import polars as pl

from stedi.governance.verify.finding import Fault, Finding
from stedi.landing.redact import as_typed
from stedi.pipeline.history import Run
from stedi.warehouse.file_texts import parquet_rows
from stedi.warehouse.inspection import Inspection
from stedi.warehouse.unreadable import UNREADABLE
from stedi.warehouse.warehouse import Warehouse

_LOCK: Final = "lock.db"
_OWN: Final = re.compile(r"(?:catalog|lock)\.db(?:-journal|-wal|-shm)?")
_SCRATCH: Final = "scratch/"
_RECEIPTS: Final = re.compile(r"(?:warehouse/)?(?:_receipts|_lock)/[^/]+")
"""Receipts of erasures, and signs of life of who holds a shared lake, beside the tables."""
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_WRITTEN: Final = re.compile(
    rf"(?:metadata/(?:[0-9]+-{_UUID}\.metadata\.json|{_UUID}-m[0-9]+\.avro|snap-[0-9]+-[0-9]+-{_UUID}\.avro))"
    r"|(?:data/(?:customer_id_bucket=[0-9]+/)?[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}-[0-9]+\.parquet)"
)
"""The names of files that stedi and pyiceberg write into the folder of a table."""


_WRONG: Final = timedelta(hours=1)
"""So far ahead no clock is that is right."""


class FileStatus(Enum):
    """What a file is to a lake."""

    REACHED = "reached"
    YOUNG = "young"
    UNREACHED = "unreached"
    SYSTEM = "system"
    SCRATCH = "scratch"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeFile:
    """A file of a lake.

    Attributes:
        location: Its path or URL.
        shown: Its path within the lake.
        table: The table in whose folder it is; None for others.
        status: What it is to the lake.
        size: Its bytes.
        regular: It is a plain file, and can be read.
        open: Opens it.
    """

    location: str
    shown: str
    table: str | None
    status: FileStatus
    size: int
    regular: bool
    open: Callable[[], BinaryIO]

    @property
    def is_data(self) -> bool:
        """Whether it is a data file of a table."""
        return self.table is not None and self.location.endswith(".parquet")


def find_files(
    warehouse: Warehouse, folder: Path | None, tables: Mapping[str, Inspection], *, before: datetime
) -> list[LakeFile]:
    """Return all files of a lake.

    Args:
        warehouse: Its tables.
        folder: The folder of a local lake: everything under it counts.
        tables: What the metadata of its tables says.
        before: Files that nothing reaches are young if they were written since then: a run that was killed
            a moment ago left them, or a maintenance.
    """
    reached = {location for table in tables.values() for location in table.needed() | table.older}
    homes = {f"{table.location.rstrip('/')}/": name for name, table in tables.items()}
    root = str(folder) if folder is not None else warehouse.root
    opened = warehouse.files.open if folder is None else _open_local
    files = []
    for location, size, written_at, regular in _listed(warehouse, folder):
        shown = location.removeprefix(root).lstrip("/")
        home = next((home for home in homes if location.startswith(home)), None)
        if location in reached:
            status = FileStatus.REACHED
        elif (folder is not None and _OWN.fullmatch(shown)) or (_RECEIPTS.fullmatch(shown) and regular):
            status = FileStatus.SYSTEM
        elif folder is not None and shown.startswith(_SCRATCH):
            status = FileStatus.SCRATCH
        elif home is None or not regular or not _WRITTEN.fullmatch(location.removeprefix(home)):
            status = FileStatus.FOREIGN
        elif tables[homes[home]].damaged:
            # What can't be read may reach it: it must not be taken for rubbish.
            status = FileStatus.UNKNOWN
        else:
            # What was written later than now was written by a clock that was wrong.
            young = before <= written_at <= datetime.now(UTC) + _WRONG
            status = FileStatus.YOUNG if young else FileStatus.UNREACHED
        files.append(
            LakeFile(
                location=location,
                shown=shown,
                table=homes[home] if home is not None else None,
                status=status,
                size=size,
                regular=regular,
                # The lock is held, and reading it would let go of it: it is empty, or a finding.
                open=BytesIO if shown == _LOCK else partial(opened, location),
            )
        )
    return files


def broken_tables(run: Run, tables: Mapping[str, Inspection], files: Sequence[LakeFile]) -> Mapping[str, str]:
    """Return the tables of which a run's snapshot can't be read, and why: so much can be told by a glance.

    Readers of tables may end in a panic, in words of their own, where a file is cut off.
    """
    there = {file.location: file for file in files}
    broken = {}
    for name, snapshot_id in run.snapshots.items():
        table = tables[name]
        if snapshot_id not in table.snapshots or not table.whole(snapshot_id):
            broken[name] = f"the metadata of {name}"
            continue
        for listed in table.files(snapshot_id):
            file = there.get(listed.location)
            if file is None or not _opens(file):
                broken[name] = f"a data file of {name}"
                break
    return broken


def _opens(file: LakeFile) -> bool:
    try:
        with file.open() as source:
            parquet_rows(source)
    except UNREADABLE:
        return False
    return True


def _within(place: str, root: str) -> str:
    return place.removeprefix(f"{root.rpartition('/')[0]}/")


def _listed(warehouse: Warehouse, folder: Path | None) -> Iterator[tuple[str, int, datetime, bool]]:
    if folder is None:
        yield from warehouse.files.listing()
        return
    for here, folders, names in os.walk(folder, followlinks=False):
        # No file at all, or in the place of one.
        odd = [name for name in folders if Path(here, name).is_symlink() or _OWN.fullmatch(name)]
        for name in (*names, *odd):
            path = Path(here, name)
            state = path.lstat()
            written_at = datetime.fromtimestamp(state.st_mtime, UTC)
            yield str(path), state.st_size, written_at, stat.S_ISREG(state.st_mode)


def _open_local(location: str) -> BinaryIO:
    return Path(location).open("rb")


def live_files(table: Inspection) -> dict[str, int]:
    """Return the data files that any snapshot of a table has, and the rows that each is said to have."""
    return {file.location: file.rows for listed in table.manifests.values() for file in listed if file.live}


def read_columns(warehouse: Warehouse, location: str, columns: Sequence[str]) -> pl.DataFrame:
    """Return some columns of a data file."""
    with warehouse.files.open(location) as source:
        return pl.read_parquet(source, columns=list(columns))


def check_files(files: Sequence[LakeFile], tables: Mapping[str, Inspection], root: str) -> Iterator[Finding]:
    """Find files that nothing reaches, that stedi did not write, and that are gone."""
    there = {file.location for file in files}
    for name, table in tables.items():
        yield from _wrong_paths(name, table, there, root)
    for file in files:
        if file.status is FileStatus.SYSTEM and not file.regular:
            problem = "it is a link, or no file: nothing can be written to the lake"
            yield Finding.of(Fault.DAMAGED_FILE, file.shown, problem)
    unreached = [file for file in files if file.status is FileStatus.UNREACHED]
    for name in tables:
        if old := [file for file in unreached if file.table == name]:
            size = sum(file.size for file in old)
            problem = f"{len(old):,} files ({size:,} bytes) that no snapshot reaches, such as {old[0].shown}"
            yield Finding.of(Fault.UNREACHABLE_FILE, name, problem, count=len(old))
    if scratch := sum(file.status is FileStatus.SCRATCH for file in files):
        problem = f"{scratch:,} files of a run that was killed, which may hold personal data"
        yield Finding.of(Fault.UNFINISHED, "scratch", problem, count=scratch)
    for file in files:
        if file.shown == _LOCK and file.regular and file.size:
            problem = f"it holds {file.size:,} bytes, and stedi writes none"
            yield Finding.of(Fault.FOREIGN_FILE, _LOCK, problem)
        if file.status is FileStatus.FOREIGN:
            what = "a file" if file.regular else "a symbolic link, or no plain file,"
            yield Finding.of(Fault.FOREIGN_FILE, file.shown, f"{what} that stedi did not write")


def _wrong_paths(name: str, table: Inspection, there: set[str], root: str) -> Iterator[Finding]:
    """Find files of a table that are gone or can't be read, and a table that is kept elsewhere."""
    if lost := table.needed() - there:
        such = as_typed(_within(min(lost), root))
        problem = f"{len(lost):,} files that its snapshots need are gone, such as {such}"
        yield Finding.of(Fault.LOST_FILE, name, problem, count=len(lost))
    for place in sorted(table.damaged & there):
        problem = f"it can't be read: {name} needs it"
        yield Finding.of(Fault.DAMAGED_FILE, as_typed(_within(place, root)), problem)
    if not table.location.startswith(f"{root}/"):
        yield Finding.of(Fault.FOREIGN_FILE, name, "the table is kept outside the warehouse")
