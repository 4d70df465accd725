"""What a simulation wrote."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stedi.contract import landing_contract
from stedi.errors import UnknownNameError
from stedi.simulate.defects import Defect, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """Simulated landing data, and what is true of it.

    Attributes:
        landing: The landing folder.
        truth: The folder with ``sessions.parquet``, ``step_events.parquet``, ``defects.json``,
            ``rejected.ndjson`` (the place of each bad record), ``simulated.json`` (the arguments) and
            ``files.txt``. ``stedi.simulate.truth`` reads it.
        arguments: What ``simulate`` was asked for.
        as_of: When the data was exported: no record is newer. Some share dates are.
        paths: The landing files.
        written: The record arithmetic per landing table.
        defects: How many there are of each kind of defect and oddity, per landing table.
    """

    landing: Path
    truth: Path
    arguments: Mapping[str, object]
    as_of: datetime
    paths: tuple[Path, ...]
    written: tuple[Written, ...]
    defects: tuple[Defect, ...]

    @property
    def records(self) -> int:
        """Records in distinct files, of all tables."""
        return sum(table.written for table in self.written)

    def of(self, table: str) -> Written:
        """Return the record arithmetic of a landing table.

        Raises:
            UnknownNameError: There is no such landing table.
        """
        name = landing_contract(table).name
        return next(written for written in self.written if written.table == name)

    def count(self, table: str, kind: str) -> int:
        """Return how many records or objects of a landing table have a kind of defect.

        Raises:
            UnknownNameError: There is no such landing table, or it has no such defect.
        """
        name = landing_contract(table).name
        counts = {defect.kind: defect.count for defect in self.defects if defect.table == name}
        if kind not in counts:
            raise UnknownNameError.of(f"defect of {name}", kind, counts)
        return counts[kind]
