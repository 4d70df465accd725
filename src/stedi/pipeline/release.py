"""Releasing rejected records: an operator says that a record is not what its customer meant."""

from collections.abc import Collection
from datetime import datetime

import polars as pl

from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import UnknownNameError
from stedi.names import QUARANTINE
from stedi.warehouse.warehouse import Warehouse

_DIGITS = 12


def record_id(digest: str, position: int) -> str:
    """Return the id by which a rejected record is shown and released: ``digest:position``, shortened."""
    return f"{digest[:_DIGITS]}:{position}"


def find_records(quarantine: pl.DataFrame, record_ids: Collection[str]) -> frozenset[tuple[str, int]]:
    """Return the rejected records that these ids name, as (digest, position).

    Raises:
        UnknownNameError: An id names no record that is still held.
    """
    held = quarantine.filter(pl.col("released_at").is_null()).select("_digest", "_position").iter_rows()
    by_id = {record_id(digest, position): (digest, position) for digest, position in held}
    for wanted in record_ids:
        if wanted not in by_id:
            raise UnknownNameError.of("held record in quarantine", wanted, by_id)
    return frozenset(by_id[wanted] for wanted in record_ids)


def release(
    warehouse: Warehouse,
    snapshot_id: int,
    released: Collection[tuple[str, int]],
    *,
    run_id: str,
    branch: str,
    now: datetime,
) -> int:
    """Mark records as released, on a run's branch, and return the new snapshot of the quarantine."""
    rows = warehouse.table(QUARANTINE).scan(snapshot_id).collect()
    marked = pl.DataFrame(
        list(released), schema={"_digest": pl.String, "_position": pl.Int64}, orient="row"
    ).with_columns(pl.lit(value=True).alias("_now"))
    changed = rows.join(marked, on=["_digest", "_position"], how="left").with_columns(
        released_at=pl.when(pl.col("_now")).then(pl.lit(now)).otherwise(pl.col("released_at"))
    )
    writer = warehouse.table(QUARANTINE).writer(run_id)
    writer.write(changed.select(polars_schema(contract_of(QUARANTINE)).names()))
    return warehouse.table(QUARANTINE).replace(branch, snapshot_id, writer.close())
