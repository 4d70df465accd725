"""Which data files of a snapshot are small, which of them become one, and the rows of these."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from stedi.errors import CatalogError
from stedi.warehouse.manifests import manifests_of

_MANY_MANIFESTS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactionTarget:
    """How large a data file should be; below a quarter of that, in rows and in bytes, it is small.

    Attributes:
        rows: Rows of a file.
        bytes: Its size.
    """

    rows: int = 8_000_000
    bytes: int = 128_000_000

    def small(self, file: DataFile) -> bool:
        """Say whether a file is small."""
        return 4 * file.record_count < self.rows and 4 * file.file_size_in_bytes < self.bytes

    def holds(self, files: Iterable[DataFile]) -> bool:
        """Say whether the rows of some files fit into one."""
        rows, size = 0, 0
        for file in files:
            rows, size = rows + file.record_count, size + file.file_size_in_bytes
        return rows <= self.rows and size <= self.bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Data files that become one.

    Attributes:
        files: The files.
        bucket: The bucket that they are in; None in an unpartitioned table.
    """

    files: Sequence[DataFile]
    bucket: int | None

    @property
    def rows(self) -> int:
        """How many rows they have."""
        return sum(file.record_count for file in self.files)


def groups_to_merge(table: Table, snapshot_id: int, target: CompactionTarget) -> Sequence[Group]:
    """Return the data files of a snapshot that should become one.

    Raises:
        CatalogError: The snapshot has delete files: stedi writes none, and would lose them.
    """
    places: dict[int | None, list[DataFile]] = defaultdict(list)
    for task in table.scan(snapshot_id=snapshot_id).plan_files():
        if task.delete_files:
            raise CatalogError(
                f"table {table.name()[-1]} has delete files, which another tool wrote: have that tool "
                "compact it, then run again"
            )
        if task.file.spec_id == table.spec().spec_id:
            bucket = task.file.partition[0] if len(task.file.partition) else None
            places[bucket].append(task.file)
    return [
        Group(files=files, bucket=bucket)
        for bucket in sorted(places, key=lambda bucket: -1 if bucket is None else bucket)
        for files in _to_merge(places[bucket], bucket, target)
    ]


def _to_merge(
    files: list[DataFile], bucket: int | None, target: CompactionTarget
) -> Iterator[list[DataFile]]:
    ordered = sorted(files, key=lambda file: file.file_path)
    small = [file for file in ordered if target.small(file)]
    if len(small) < 2:  # noqa: PLR2004 - one file alone has nothing to be merged with
        return
    # A bucket that fits into one file becomes one, sorted as a whole.
    if bucket is not None and target.holds(ordered):
        yield ordered
        return
    group: list[DataFile] = []
    for file in small:
        if group and not target.holds([*group, file]):
            if len(group) > 1:
                yield group
            group = []
        group.append(file)
    if len(group) > 1:
        yield group


def small_files(table: Table, snapshot_id: int, target: CompactionTarget) -> list[DataFile]:
    """Return the small data files of a snapshot."""
    files = (task.file for task in table.scan(snapshot_id=snapshot_id).plan_files())
    return sorted((file for file in files if target.small(file)), key=lambda file: file.file_path)


def many_manifests(table: Table, snapshot_id: int) -> bool:
    """Say whether a snapshot has so many manifests that to plan a scan takes long."""
    snapshot = table.snapshot_by_id(snapshot_id)
    return snapshot is not None and len(manifests_of(snapshot, table.io)) > _MANY_MANIFESTS
