"""A snapshot with the rows of the one before it in other data files, and a few manifests that name them all.

An ordinary overwrite keeps the manifests in which nothing is left, and lists what it deleted in another:
a table that is overwritten every minute gets one more of them each minute, and each scan reads them all.
"""

from collections.abc import Mapping, Sequence

from pyiceberg.manifest import DataFile, ManifestContent, ManifestEntry, ManifestEntryStatus, ManifestFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import ManageSnapshots, _OverwriteFiles

from stedi.errors import CatalogError
from stedi.warehouse.failure import committing
from stedi.warehouse.refs import main_snapshot

_ENTRIES = 10_000
_NOTHING: Mapping[str, str] = {}


class _Rewrite(_OverwriteFiles):
    """Replaces data files, and all manifests by new ones that hold live entries only."""

    def _manifests(self) -> list[ManifestFile]:
        table = self._transaction.table_metadata
        parent = table.snapshot_by_id(self._parent_snapshot_id) if self._parent_snapshot_id else None
        manifests = parent.manifests(io=self._io) if parent is not None else []
        entries: dict[int, list[ManifestEntry]] = {table.default_spec_id: []}
        found: set[DataFile] = set()
        for manifest in manifests:
            if manifest.content != ManifestContent.DATA:
                continue
            for entry in self.fetch_manifest_entry(manifest):
                if entry.data_file in self._deleted_data_files:
                    found.add(entry.data_file)
                else:
                    entries.setdefault(entry.data_file.spec_id, []).append(_existing(entry))
        if found != self._deleted_data_files:
            raise CatalogError("data files that were to be replaced are in the table no more: run it again")
        entries[table.default_spec_id] += [self._added(file) for file in self._added_data_files]
        deletes = [manifest for manifest in manifests if manifest.content == ManifestContent.DELETES]
        return [
            self._write(spec_id, of_spec[first : first + _ENTRIES])
            for spec_id, of_spec in entries.items()
            for first in range(0, len(of_spec), _ENTRIES)
        ] + deletes

    def _added(self, file: DataFile) -> ManifestEntry:
        return ManifestEntry.from_args(
            status=ManifestEntryStatus.ADDED,
            snapshot_id=self._snapshot_id,
            sequence_number=None,
            file_sequence_number=None,
            data_file=file,
        )

    def _write(self, spec_id: int, entries: Sequence[ManifestEntry]) -> ManifestFile:
        with self.new_manifest_writer(self.spec(spec_id)) as writer:
            for entry in entries:
                writer.add_entry(entry)
        return writer.to_manifest_file()


class _Compaction(_Rewrite):
    """A rewrite that changes no row, and says so: readers of changes pass over it."""

    def _summary(self, snapshot_properties: Mapping[str, str] = _NOTHING) -> Summary:
        summary = super()._summary(dict(snapshot_properties))
        return Summary(operation=Operation.REPLACE, **summary.additional_properties)


def _existing(entry: ManifestEntry) -> ManifestEntry:
    return ManifestEntry.from_args(
        status=ManifestEntryStatus.EXISTING,
        snapshot_id=entry.snapshot_id,
        sequence_number=entry.sequence_number,
        file_sequence_number=entry.file_sequence_number,
        data_file=entry.data_file,
    )


def stage_compaction(
    table: Table, branch: str, *, base: int, added: Sequence[DataFile], removed: Sequence[DataFile]
) -> int:
    """Put data files in the place of others with the same rows, on a new branch; return its snapshot."""
    with committing(), table.transaction() as transaction:
        ManageSnapshots(transaction).create_branch(base, branch).commit()
        _commit(_Compaction, transaction, branch, added, removed)
    return table.refs()[branch].snapshot_id


def stage_rewrite(
    table: Table, branch: str, *, base: int, added: Sequence[DataFile], removed: Sequence[DataFile]
) -> int:
    """Put data files in the place of others, on a new branch; return its snapshot.

    Its manifests say nothing of the files that went: neither their names nor the bounds of their columns.
    """
    with committing(), table.transaction() as transaction:
        ManageSnapshots(transaction).create_branch(base, branch).commit()
        _commit(_Rewrite, transaction, branch, added, removed)
    return table.refs()[branch].snapshot_id


def rewrite_main(table: Table, added: Sequence[DataFile], removed: Sequence[DataFile]) -> int:
    """Put data files in the place of others on main, if main is still where it was when the table was loaded.

    Raises:
        RunConflictError: Main has moved since.
    """
    with committing(), table.transaction() as transaction:
        _commit(_Rewrite, transaction, MAIN_BRANCH, added, removed)
    return main_snapshot(table)


def _commit(
    kind: type[_Rewrite],
    transaction: Transaction,
    branch: str,
    added: Sequence[DataFile],
    removed: Sequence[DataFile],
) -> None:
    with kind(
        operation=Operation.OVERWRITE,
        transaction=transaction,
        io=transaction._table.io,  # noqa: SLF001 - as the transaction's own producers take it
        snapshot_properties={"stedi.run": branch} if branch != MAIN_BRANCH else {},
        branch=branch,
    ) as producer:
        for file in removed:
            producer.delete_data_file(file)
        for file in added:
            producer.append_data_file(file)
