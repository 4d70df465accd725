"""Tags that stay at their run, without a person: the snapshots that they name are written anew."""

from collections.abc import Collection
from datetime import UTC, datetime

from stedi.governance.erase.traces import Traces
from stedi.pipeline.history import TAG_PREFIX, new_run_id
from stedi.plan.lineage import published_tables
from stedi.progress import Progress
from stedi.warehouse.cut import write_kept
from stedi.warehouse.rewrite import rebuild_tag
from stedi.warehouse.warehouse import Warehouse
from stedi.warehouse.writer import NewFiles


def rebuild_tags(warehouse: Warehouse, names: Collection[str], traces: Traces, progress: Progress) -> None:
    """Have tags name snapshots without a person: new files for those that held them, the others as they are.

    A table whose tag is rebuilt already is passed over, so that whoever was interrupted just asks again. The
    tag on the run table stays where it is: the run that it tells of is the same.

    Args:
        warehouse: The lake's tables.
        names: The tags.
        traces: Where the person is.
        progress: Is told how far the work is.
    """
    for table in published_tables():
        held = traces.snapshots.get(table, frozenset())
        tags = {
            name: at for name, at in warehouse.table(table).tags().items() if name in names and at in held
        }
        # Several tags may share snapshots, and snapshots share files: each is written once.
        written: dict[str, NewFiles] = {}
        rebuilt: dict[int, int] = {}
        for number, (name, at) in enumerate(sorted(tags.items())):
            progress(f"rebuilding tags of {table}", number, len(tags))
            if at in rebuilt:
                warehouse.table(table).tag(rebuilt[at], name)
                continue
            found = traces.found_in(table, at)
            for place, touch in found.items():
                if place not in written:
                    writer = warehouse.table(table).writer(new_run_id(datetime.now(UTC)))
                    write_kept(
                        warehouse.table(table).iceberg, traces.holdings[table].files[place], touch, writer
                    )
                    written[place] = writer.close()
            rebuilt[at] = rebuild_tag(
                warehouse.table(table).writable,
                name,
                TAG_PREFIX + new_run_id(datetime.now(UTC)),
                added=[file for place in found for file in written[place]],
                removed=[traces.holdings[table].files[place] for place in found],
            )
