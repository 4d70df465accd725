"""Files of a lake that no snapshot reaches any more: found, and deleted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pyiceberg.table import Table

from stedi.errors import CatalogError
from stedi.warehouse.layout import BUCKET_FIELD
from stedi.warehouse.listing import Found, files_under
from stedi.warehouse.location import plain
from stedi.warehouse.notes import notes_place
from stedi.warehouse.reachable import Reachable
from stedi.warehouse.shared_lock import LOCK_FOLDER

_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OURS: Final = re.compile(
    rf"metadata/(?:\d{{5,}}-{_UUID}\.metadata\.json|{_UUID}-m\d+\.avro|snap-\d+-\d+-{_UUID}\.avro)"
    rf"|data/(?:{BUCKET_FIELD}=\d+/)?\d{{8}}T\d{{6}}Z-[0-9a-f]{{6}}-\d{{5,}}\.parquet"
)
"""What stedi writes in the folder of a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """What lies in a warehouse beside what its tables reach.

    Attributes:
        files: Per table, files that stedi wrote and that nothing reaches.
        young: How many more there are that are too young to be judged: somebody may be about to commit them.
        foreign: Places of what stedi did not write, under the warehouse's root; they are left alone.
    """

    files: Mapping[str, Sequence[Found]]
    young: int
    foreign: Sequence[str]


def find_unreachable(
    root: str, tables: Mapping[str, tuple[Table, Reachable]], *, before: datetime
) -> Leftovers:
    """Find the files under the root of a warehouse that no table reaches.

    Args:
        root: The root: a folder or a URL.
        tables: The tables, and what each reaches. What each reaches must be older than this call.
        before: Only files that were written before this time count.

    Raises:
        CatalogError: A file that a snapshot needs isn't among those that are there: then nothing that is
            found here could be trusted.
    """
    root = plain(root).rstrip("/")
    ours = (f"{notes_place(root)}/", f"{root}/{LOCK_FOLDER}/")
    homes = {f"{_home(root, table)}/": name for name, (table, _) in tables.items()}
    missing = {location for _, reached in tables.values() for location in reached.needed}
    wanted = missing.union(*(reached.kept for _, reached in tables.values()))
    files: dict[str, list[Found]] = {name: [] for name in tables}
    young = 0
    foreign = []
    io = next(iter(tables.values()))[0].io
    for found in files_under(io, root):
        missing.discard(found.location)
        if found.location in wanted or found.location.startswith(ours):
            continue
        home = next((home for home in homes if found.location.startswith(home)), None)
        if home is None or not found.regular or not _OURS.fullmatch(found.location.removeprefix(home)):
            foreign.append(found.location.removeprefix(f"{root}/"))
        elif found.written_at >= before:
            young += 1
        else:
            files[homes[home]].append(found)
    if missing:
        raise CatalogError(
            f"{len(missing)} files that snapshots need are not in the warehouse {root}, such as "
            f"{min(missing).rpartition('/')[2]}: no file was deleted. Restore them from a backup"
        )
    return Leftovers(files=files, young=young, foreign=sorted(foreign))


def _home(root: str, table: Table) -> str:
    home = plain(table.location()).rstrip("/")
    if not home.startswith(f"{root}/") or ".." in home.split("/"):
        raise CatalogError(
            f"table {table.name()[-1]} is not under the warehouse {root}: nothing is deleted elsewhere"
        )
    return home
