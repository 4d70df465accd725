"""The row arithmetic of one table: every row of its driving input is used, or dropped with one reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stedi.errors import ConservationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of the rows that drive a table.

    Attributes:
        table: The table.
        rows_in: Rows of the driving input.
        used: Of those, rows that are in the table.
        dropped: Rows that are not, by reason, in the order of the checks.
        fan_out: Rows of the table beyond one per used row.
        rows_out: Rows of the table.
    """

    table: str
    rows_in: int
    used: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    fan_out: int = 0
    rows_out: int

    def check(self) -> None:
        """Refuse an account that does not add up.

        Raises:
            ConservationError: Rows were lost or made.
        """
        dropped = sum(self.dropped.values())
        if self.rows_in != self.used + dropped:
            raise ConservationError(
                f"{self.table}: {self.rows_in} rows came in, but {self.used} were used and {dropped} "
                "dropped; nothing was published. This is a bug in stedi: please report it"
            )
        if self.rows_out != self.used + self.fan_out:
            raise ConservationError(
                f"{self.table}: {self.used} rows were used and {self.fan_out} added by fan-out, but the "
                f"table has {self.rows_out}; nothing was published. This is a bug in stedi: please report it"
            )
