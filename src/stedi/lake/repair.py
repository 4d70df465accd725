"""What an interrupted verb left is put right by the next one, whatever that is."""

from collections.abc import Sequence

from stedi.lake.history import Run
from stedi.lake.publish import show
from stedi.lake.tags import drop_half_set
from stedi.lake.undo import take_back
from stedi.warehouse.warehouse import Warehouse


def repair(warehouse: Warehouse, runs: Sequence[Run]) -> None:
    """Take back what was not published, show what was, and drop tags that are set on some tables only."""
    take_back(warehouse, runs)
    drop_half_set(warehouse)
    if runs:
        show(warehouse, runs)
