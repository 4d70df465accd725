"""How many records of a person or a device are in quarantine, and why."""

from typing import Literal

import polars as pl

from stedi.consent.pseudonyms import keys
from stedi.contract.reasons import Rejection
from stedi.names import QUARANTINE
from stedi.pipeline.history import Run
from stedi.plan.account import Account
from stedi.warehouse.warehouse import Warehouse


class Rejections:
    """The quarantine of a run, counted.

    Args:
        warehouse: The lake's tables.
        run: The run that is explained.
    """

    def __init__(self, warehouse: Warehouse, run: Run) -> None:
        """Count what can be told to be somebody's."""
        self._counts = (
            warehouse.table(QUARANTINE)
            .scan(run.snapshots[QUARANTINE])
            .group_by("table_name", "emails", "serial_numbers", "reason")
            .agg(rows=pl.len())
            .collect()
        )

    def account(
        self, table: str, column: Literal["emails", "serial_numbers"], wanted: str, *, loaded: int
    ) -> Account:
        """Return what became of the records that were sent: loaded into a landing table, or rejected.

        Args:
            table: The landing table.
            column: What names the person or the device.
            wanted: Its key.
            loaded: How many records of theirs the landing table has.
        """
        sent = self._counts.filter(table_name=table).with_row_index("_number")
        named = sent.select("_number", column).explode(column).drop_nulls(column)
        named = named.filter(keys(named[column]) == wanted)
        mine = sent.join(named, on="_number", how="semi")
        rows = dict(mine.group_by("reason").agg(pl.col("rows").sum()).iter_rows())
        dropped = {reason.value: rows[reason] for reason in Rejection if reason in rows}
        return Account(
            table=table,
            rows_in=loaded + sum(dropped.values()),
            used=loaded,
            dropped=dropped,
            rows_out=loaded,
        )
