"""The contract of a table: the one place that knows its columns, key, partition and privacy."""

from dataclasses import dataclass

from stedi.contract.column import Column
from stedi.errors import StediError, UnknownNameError
from stedi.names import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One table: what a row is, which columns it has, and which of them are personal data.

    Attributes:
        name: The table's name.
        zone: The zone it stands in.
        grain: What one row is, in words.
        columns: The columns, in the order of the table.
        key: The columns that identify a row; empty where rows may repeat.
        bucketed: The table is partitioned by ``bucket[N](customer_id)``.
    """

    name: str
    zone: Zone
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    bucketed: bool = False

    def __post_init__(self) -> None:
        """Refuse a contract that contradicts itself, or that lets personal data into a curated table."""
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise StediError(f"contract {self.name}: a column stands in it twice")
        if missing := set(self.key) - set(names):
            raise StediError(f"contract {self.name}: key columns {sorted(missing)} are not columns")
        if self.bucketed and "customer_id" not in names:
            raise StediError(f"contract {self.name}: a bucketed table needs a customer_id")
        if self.zone is Zone.CURATED and (pii := [column.name for column in self.columns if column.pii]):
            raise StediError(f"contract {self.name}: a curated table must not hold personal data: {pii}")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in the order of the table."""
        return tuple(column.name for column in self.columns)

    @property
    def pii(self) -> tuple[str, ...]:
        """The names of the columns that hold personal data."""
        return tuple(column.name for column in self.columns if column.pii)

    @property
    def source_columns(self) -> tuple[Column, ...]:
        """The columns that the source sends (landing contracts only)."""
        return tuple(column for column in self.columns if column.source is not None)

    def column(self, name: str) -> Column:
        """Return the column of that name.

        Raises:
            UnknownNameError: The table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownNameError.of(f"column of {self.name}", name, self.names)
