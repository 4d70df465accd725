"""The files of a lake: what each is, whether anything reaches it, and how to open it."""

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

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


class Standing(Enum):
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
        standing: What it is to the lake.
        size: Its bytes.
        regular: It is a plain file, and can be read.
        open: Opens it.
    """

    location: str
    shown: str
    table: str | None
    standing: Standing
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
    files = []
    for location, size, written_at, regular in _listed(warehouse, folder):
        shown = location.removeprefix(root).lstrip("/")
        home = next((home for home in homes if location.startswith(home)), None)
        if location in reached:
            standing = Standing.REACHED
        elif (folder is not None and _OWN.fullmatch(shown)) or (_RECEIPTS.fullmatch(shown) and regular):
            standing = Standing.SYSTEM
        elif folder is not None and shown.startswith(_SCRATCH):
            standing = Standing.SCRATCH
        elif home is None or not regular or not _WRITTEN.fullmatch(location.removeprefix(home)):
            standing = Standing.FOREIGN
        elif tables[homes[home]].damaged:
            # What can't be read may reach it: it must not be taken for rubbish.
            standing = Standing.UNKNOWN
        else:
            # What was written later than now was written by a clock that was wrong.
            young = before <= written_at <= datetime.now(UTC) + _WRONG
            standing = Standing.YOUNG if young else Standing.UNREACHED
        files.append(
            LakeFile(
                location=location,
                shown=shown,
                table=homes[home] if home is not None else None,
                standing=standing,
                size=size,
                regular=regular,
                # The lock is held, and reading it would let go of it: it is empty, or a finding.
                open=BytesIO if shown == _LOCK else _opener(warehouse, location, local=folder is not None),
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


def _opener(warehouse: Warehouse, location: str, *, local: bool) -> Callable[[], BinaryIO]:
    return (lambda: Path(location).open("rb")) if local else (lambda: warehouse.files.open(location))


def check_files(files: Sequence[LakeFile], tables: Mapping[str, Inspection], root: str) -> list[Finding]:
    """Find files that nothing reaches, that stedi did not write, and that are gone."""
    findings = []
    there = {file.location for file in files}
    for name, table in tables.items():
        if lost := table.needed() - there:
            findings.append(
                Finding.of(
                    Fault.LOST_FILE,
                    name,
                    f"{len(lost):,} files that its snapshots need are gone, such as "
                    f"{as_typed(_within(min(lost), root))}",
                    count=len(lost),
                )
            )
        findings += [
            Finding.of(
                Fault.DAMAGED_FILE, as_typed(_within(place, root)), f"it can't be read: {name} needs it"
            )
            for place in sorted(table.damaged & there)
        ]
        if not table.location.startswith(f"{root}/"):
            findings.append(Finding.of(Fault.FOREIGN_FILE, name, "the table is kept outside the warehouse"))
    findings += [
        Finding.of(
            Fault.DAMAGED_FILE,
            file.shown,
            "it is a link, or no file: nothing can be written to the lake",
        )
        for file in files
        if file.standing is Standing.SYSTEM and not file.regular
    ]
    for name in tables:
        old = [file for file in files if file.table == name and file.standing is Standing.UNREACHED]
        if old:
            size = sum(file.size for file in old)
            findings.append(
                Finding.of(
                    Fault.UNREACHABLE_FILE,
                    name,
                    f"{len(old):,} files ({size:,} bytes) that no snapshot reaches, such as {old[0].shown}",
                    count=len(old),
                )
            )
    if scratch := [file for file in files if file.standing is Standing.SCRATCH]:
        findings.append(
            Finding.of(
                Fault.UNFINISHED,
                "scratch",
                f"{len(scratch):,} files of a run that was killed, which may hold personal data",
                count=len(scratch),
            )
        )
    for file in files:
        if file.shown == _LOCK and file.regular and file.size:
            findings.append(
                Finding.of(Fault.FOREIGN_FILE, _LOCK, f"it holds {file.size:,} bytes, and stedi writes none")
            )
        if file.standing is Standing.FOREIGN:
            what = "a file" if file.regular else "a symbolic link, or no plain file,"
            findings.append(Finding.of(Fault.FOREIGN_FILE, file.shown, f"{what} that stedi did not write"))
    return findings
