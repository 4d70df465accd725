"""What an interrupted verb left is put right by the next one, whatever that is."""

from collections.abc import Sequence

from stedi.pipeline.history import Run
from stedi.pipeline.publish import show_run
from stedi.pipeline.tags import drop_half_set
from stedi.pipeline.undo import take_back
from stedi.warehouse.warehouse import Warehouse


def repair(warehouse: Warehouse, runs: Sequence[Run]) -> None:
    """Take back what was not published, show what was, and drop tags that are set on some tables only."""
    take_back(warehouse, runs)
    drop_half_set(warehouse)
    if runs:
        show_run(warehouse, runs)
