"""What a run changes: rows that tables gain and lose, and customers who come, go and move."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The rows that a table gains and loses."""

    gained: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Consenting customers, next to those of the run before.

    Attributes:
        joined: They consent now, and did not.
        left: They consented, and do not any more.
        moved: They consent from another time on.
    """

    joined: int = 0
    left: int = 0
    moved: int = 0
