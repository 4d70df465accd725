"""Tags of users: on every table, or on none.

A tag takes a commit for each table. So the run table is marked first, and the last commit puts the tag in the
place of the mark: wherever a mark is found, the tag was not set, and is taken off again.
"""

from typing import Final

from stedi.interrupts import unbroken
from stedi.names import RUN
from stedi.pipeline.history import TAG_PREFIX, Run
from stedi.plan.lineage import published_tables
from stedi.warehouse.warehouse import Warehouse

MARK: Final = f"{TAG_PREFIX}tagging-"
"""How a tag of the run table begins that says that another one is being set."""


def set_tag(warehouse: Warehouse, run: Run, name: str) -> None:
    """Tag the newest run in every table."""
    try:
        warehouse.table(RUN).tag(warehouse.table(RUN).main(), MARK + name)
        for table in published_tables():
            warehouse.table(table).tag(run.snapshots[table], name)
        warehouse.table(RUN).rename_tag(MARK + name, name)
    except BaseException as error:
        with unbroken():
            warehouse.refresh()
            drop_half_set(warehouse)
            if name in warehouse.table(RUN).tags() and isinstance(error, Exception):
                return
        raise


def drop_half_set(warehouse: Warehouse) -> None:
    """Take tags off that were not set on every table."""
    marks = {tag for tag in warehouse.table(RUN).tags() if tag.startswith(MARK)}
    if not marks:
        return
    for table in published_tables():
        warehouse.table(table).drop_refs({mark.removeprefix(MARK) for mark in marks})
    warehouse.table(RUN).drop_refs(marks)
