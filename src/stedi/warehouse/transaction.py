"""Changes of a table in one commit, in time that does not grow with the square of its history."""

from typing import Self, cast

from pyiceberg.table import CreateTableTransaction, StagedTable, Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import (
    AddSnapshotUpdate,
    TableRequirement,
    TableUpdate,
    _apply_table_update,
    _TableMetadataUpdateContext,
)
from pyiceberg.table.update.snapshot import ManageSnapshots


class _Remembering(Transaction):
    """Works out the metadata after its changes once for each change, and copies nothing.

    pyiceberg does whenever it looks at them, a dozen times in a commit, and copies every snapshot each time.
    What is committed is worked out by the catalog, as ever.
    """

    _known: tuple[TableMetadata, tuple[TableUpdate, ...], TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        """The metadata of the table with the changes so far: not to be changed by whoever asks."""
        before, updates = self._table.metadata, self._updates
        if not updates:
            return before
        if self._known is None or self._known[0] is not before or self._known[1] is not updates:
            context, after = _TableMetadataUpdateContext(), before
            for update in updates:
                after = _apply_table_update(update, after, context)
            self._known = (before, updates, after)
        return self._known[2]


class Creation(_Remembering, CreateTableTransaction):
    """A transaction that makes a table."""

    @classmethod
    def of(cls, begun: CreateTableTransaction) -> Self:
        """Return one that goes on with what pyiceberg began."""
        return cls(cast("StagedTable", begun._table))  # noqa: SLF001 - it has no other name before it is there


class Changes(_Remembering):
    """A transaction that changes a table.

    Args:
        table: The table.
        autocommit: Commit what is staged at once.
    """

    def _stage(
        self, updates: tuple[TableUpdate, ...], requirements: tuple[TableRequirement, ...] = ()
    ) -> Transaction:
        """Note changes; a snapshot is never older than the one before it, even if the clock was set back.

        Iceberg's Java library refuses a table whose log goes back by more than a minute
        (https://github.com/apache/iceberg, TableMetadata), and pyiceberg 0.12 writes what the clock says.
        """
        newest = self.table_metadata.last_updated_ms
        return super()._stage(tuple(_not_before(update, newest) for update in updates), requirements)


def _not_before(update: TableUpdate, newest: int) -> TableUpdate:
    if not isinstance(update, AddSnapshotUpdate) or update.snapshot.timestamp_ms >= newest:
        return update
    later = update.snapshot.model_copy(update={"timestamp_ms": newest})
    return update.model_copy(update={"snapshot": later})


def manage(table: Table) -> ManageSnapshots:
    """Change branches and tags of a table, in one commit."""
    return ManageSnapshots(Changes(table, autocommit=True))
