"""Which snapshots, runs, tags and branches of a lake hold a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from stedi.names import MACHINE_LEARNING_CURATED
from stedi.pipeline.history import TAG_PREFIX, Run
from stedi.progress import Progress
from stedi.warehouse.cut import Cut, Touch, touch
from stedi.warehouse.holding import Holding, holding
from stedi.warehouse.warehouse import Warehouse


@dataclass(frozen=True, kw_only=True)
class Traces:
    """Where a person is, in all snapshots of all tables.

    Attributes:
        holdings: The data files of all snapshots of each table.
        touched: Per table, the data files that hold the person, and where in them.
    """

    holdings: Mapping[str, Holding]
    touched: Mapping[str, Mapping[str, Touch]]

    @cached_property
    def snapshots(self) -> Mapping[str, frozenset[int]]:
        """Per table, the snapshots that hold such a file, or name it."""
        return {
            table: frozenset(
                at for at, named in holding.named.items() if not named.isdisjoint(self.touched[table])
            )
            for table, holding in self.holdings.items()
        }

    @property
    def scanned(self) -> int:
        """How many data files were looked at."""
        return sum(len(holding.files) for holding in self.holdings.values())

    @property
    def scanned_bytes(self) -> int:
        """How large they are."""
        files = (file for holding in self.holdings.values() for file in holding.files.values())
        return sum(file.file_size_in_bytes for file in files)

    @property
    def any(self) -> bool:
        """Whether the person was found anywhere."""
        return any(self.touched.values()) or any(self.snapshots.values())

    def holds(self, run: Run) -> bool:
        """Say whether a run shows the person."""
        return any(run.snapshots.get(table) in ids for table, ids in self.snapshots.items())

    def trained_on(self, run: Run) -> bool | None:
        """Say whether the training set of a run holds the person; None where it can't be read any more."""
        holding = self.holdings[MACHINE_LEARNING_CURATED]
        files = holding.held.get(run.snapshots[MACHINE_LEARNING_CURATED])
        return None if files is None else not files.isdisjoint(self.touched[MACHINE_LEARNING_CURATED])

    def joined(self, newer: "Traces") -> "Traces":
        """Return these traces, with those of tables that have a new snapshot since."""
        return Traces(holdings={**self.holdings, **newer.holdings}, touched={**self.touched, **newer.touched})

    def found_in(self, table: str, snapshot_id: int) -> Mapping[str, Touch]:
        """Return the data files of a snapshot that hold the person."""
        held = self.holdings[table].held[snapshot_id]
        return {path: touch for path, touch in self.touched[table].items() if path in held}


def find_traces(warehouse: Warehouse, cuts: Mapping[str, Cut], progress: Progress) -> Traces:
    """Look for a person in every data file of every snapshot."""
    holdings = {table: holding(warehouse.table(table).iceberg) for table in cuts}
    total = sum(len(holding.files) for holding in holdings.values())
    done = 0
    touched: dict[str, dict[str, Touch]] = {table: {} for table in cuts}
    for table, cut in cuts.items():
        for path, file in holdings[table].files.items():
            progress("looking for the person", done, total)
            touched_by = touch(warehouse.table(table).iceberg, file, cut)
            if touched_by.changed:
                touched[table][path] = touched_by
            done += 1
    progress("looking for the person", total, total)
    return Traces(holdings=holdings, touched=touched)


def named_by_users(warehouse: Warehouse, traces: Traces) -> Sequence[str]:
    """Return the tags and branches that hold the person, but for those of runs."""
    return sorted(
        {
            name
            for table, snapshots in traces.snapshots.items()
            for name, snapshot_id in warehouse.table(table).refs().items()
            if snapshot_id in snapshots and not name.startswith(TAG_PREFIX)
        }
    )
