"""What must go at once: snapshots expire, and files that nothing reaches are deleted, however young.

Only for work that nobody else may write beside: an erasure, a rotation of the key.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from stedi.names import END_OF_TIME, RUN
from stedi.plan.lineage import published_tables
from stedi.progress import Progress
from stedi.warehouse.warehouse import Warehouse


def expire_but(
    warehouse: Warehouse, kept: Mapping[str, Collection[int]], progress: Progress
) -> Mapping[str, int]:
    """Expire all snapshots of some tables but those that are kept, or named by a tag or a branch.

    Returns:
        How many, by table.
    """
    expired = {}
    for place, (table, wanted) in enumerate(kept.items()):
        progress("expiring snapshots", place, len(kept))
        stay = {*wanted, *warehouse.table(table).refs().values(), warehouse.table(table).main()}
        gone = [each for each in warehouse.table(table).snapshots() if each not in stay]
        warehouse.table(table).expire(gone)
        expired[table] = len(gone)
    return expired


class Swept(NamedTuple):
    """What became of the files that nothing reaches.

    Attributes:
        files: How many were deleted.
        bytes: How large they were.
        foreign: Places in the warehouse of what stedi did not write: those stay.
    """

    files: int
    bytes: int
    foreign: Sequence[str]


def sweep(warehouse: Warehouse, progress: Progress) -> Swept:
    """Delete what nothing reaches, however young."""
    # What the catalog says now, not what this process believes.
    warehouse.refresh()
    # Whatever the clock, or that of whoever wrote them, says.
    found = warehouse.leftovers(before=END_OF_TIME, without={})
    files = [file for of_table in found.files.values() for file in of_table]
    for number, file in enumerate(files):
        progress("deleting files", number, len(files))
        warehouse.files.delete([file], lambda: None)
    return Swept(len(files), sum(file.size for file in files), found.foreign)


def drop_refs(warehouse: Warehouse, names: Collection[str]) -> None:
    """Drop tags and branches of all tables."""
    # The run table first: a tag counts only while it has it.
    for table in (RUN, *reversed(tuple(published_tables()))):
        warehouse.table(table).drop_refs(names)
