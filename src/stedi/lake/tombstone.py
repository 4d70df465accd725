"""Before landing: records of what was erased stay out, however often old files are replayed."""

from collections.abc import Callable

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms
from stedi.contract import Contract
from stedi.names import ACCELEROMETER_LANDING, CUSTOMER_LANDING


def keep_out(
    records: pl.DataFrame, contract: Contract, tombstones: pl.DataFrame, pseudonyms: Pseudonyms
) -> pl.DataFrame:
    """Return the records without those of an erased person or device.

    A customer record comes back with a registration newer than the erasure; a reading that was taken after
    it is let through to the consent rule.

    Args:
        records: Rows of a landing table.
        contract: Its contract.
        tombstones: The tombstone table.
        pseudonyms: Make the digests that tombstones hold.
    """
    if tombstones.is_empty() or records.is_empty():
        return records
    if contract.name == CUSTOMER_LANDING:
        named = [("email", pseudonyms.customer_id), ("serial_number", pseudonyms.device_id)]
        since = "registration_date"
    elif contract.name == ACCELEROMETER_LANDING:
        named, since = [("user", pseudonyms.customer_id)], "timestamp"
    else:
        named, since = [("serial_number", pseudonyms.device_id)], "sensor_reading_time"
    kept = records
    for column, digest in named:
        kept = _without(kept, column, digest, tombstones, since)
    return kept


def _without(
    records: pl.DataFrame,
    column: str,
    digest: Callable[[str], str],
    tombstones: pl.DataFrame,
    since: str,
) -> pl.DataFrame:
    spellings = records[column].unique()
    erased = pl.DataFrame(
        {column: spellings, "digest": [digest(text) for text in spellings]},
        schema={column: pl.String, "digest": pl.String},
    ).join(tombstones, on="digest", how="inner")
    if erased.is_empty():
        return records
    newer = pl.col("erased_at").is_null() | (pl.col(since) > pl.col("erased_at")).fill_null(value=False)
    return (
        records.join(erased.select(column, "erased_at"), on=column, how="left", maintain_order="left")
        .filter(newer)
        .drop("erased_at")
    )
