"""Erased people and devices: whether a row or a record of them, older than the erasure, is still there."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

import polars as pl

from stedi.governance.verify.files import live_files, read_columns
from stedi.governance.verify.finding import Fault, Finding
from stedi.governance.verify.ids import MakeId, Tombstones
from stedi.governance.verify.mentions import Mentions
from stedi.governance.verify.rule import normalized
from stedi.names import (
    ACCELEROMETER_LANDING,
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    CUSTOMER_LANDING,
    CUSTOMER_TRUSTED,
    MACHINE_LEARNING_CURATED,
    OBJECT,
    QUARANTINE,
    STEP_TRAINER_LANDING,
    STEP_TRAINER_TRUSTED,
)
from stedi.warehouse.inspection import Inspection
from stedi.warehouse.unreadable import UNREADABLE
from stedi.warehouse.warehouse import Warehouse

_Subjects = tuple[Mapping[str, datetime], Callable[[str], str]]
"""Who was erased, and how the digests of a column are made."""

_TIME: Final = pl.Datetime("us", "UTC")

_BY_ID: Final = {
    # A row of customer_trusted is somebody's who lists the device: it says nothing of its readings.
    CUSTOMER_TRUSTED: ("registration_date", "customer_id"),
    ACCELEROMETER_TRUSTED: ("timestamp", "customer_id"),
    CUSTOMER_CURATED: ("first_reading_at", "customer_id"),
    STEP_TRAINER_TRUSTED: ("sensor_reading_time", "customer_id", "device_id"),
    MACHINE_LEARNING_CURATED: ("timestamp", "customer_id", "device_id"),
}
"""Tables that hold ids: the column that says whether a row is newer than an erasure, and those of ids."""

_BY_NAME: Final = {
    CUSTOMER_LANDING: ("registration_date", "email"),
    ACCELEROMETER_LANDING: ("timestamp", "user"),
    STEP_TRAINER_LANDING: ("sensor_reading_time", "serial_number"),
    QUARANTINE: ("last_update_date", "emails", "raw"),
}
"""Tables that hold names: the column that says how new a record is, and those in which names stand."""


def check_erased(
    warehouse: Warehouse, tables: Mapping[str, Inspection], tombstones: Tombstones, make: MakeId | None
) -> tuple[list[Finding], int]:
    """Look for erased people and devices in every data file that any snapshot reaches.

    Args:
        warehouse: The tables.
        tables: What their metadata says.
        tombstones: Who and what was erased.
        make: Makes ids, by the key; None without it: then only tables that hold ids are looked at.

    Returns:
        Findings, and how many data files were read.
    """
    if tombstones.empty:
        return [], 0
    mentions = None if make is None else Mentions(tombstones, make, _living(warehouse, tables))
    wanted = {*_BY_ID} if make is None else {*_BY_ID, *_BY_NAME, OBJECT}
    findings: list[Finding] = []
    files = 0
    for name, table in tables.items():
        rows: dict[str, int] = {}
        for location in sorted(live_files(table)) if name in wanted else ():
            # The search through all files names what can't be read.
            with suppress(*UNREADABLE):
                rows[location] = _in_file(warehouse, name, location, tombstones, mentions)
        files += len(rows)
        findings += _of_table(table, rows)
    return findings, files


def _living(warehouse: Warehouse, tables: Mapping[str, Inspection]) -> frozenset[str]:
    """Return the names of the customers and devices that the lake has now."""
    table = tables[CUSTOMER_LANDING]
    names: set[str] = set()
    main = table.main
    for file in table.files(main) if main is not None and main in table.snapshots else ():
        with suppress(*UNREADABLE):
            rows = read_columns(warehouse, file.location, ["email", "serial_number"])
            for column in rows.columns:
                names.update(map(normalized, rows[column].drop_nulls().unique()))
    return frozenset(names)


def _in_file(
    warehouse: Warehouse, name: str, location: str, tombstones: Tombstones, mentions: Mentions | None
) -> int:
    """Return how many rows of a data file are of somebody erased."""
    if name in _BY_ID or mentions is None:
        time, *columns = _BY_ID[name]
        whose: dict[str, _Subjects] = {"customer_id": (tombstones.people, str)}
        if "device_id" in columns:
            whose["device_id"] = (tombstones.erased_devices, str)
        return _older(read_columns(warehouse, location, [time, *columns]), whose, time)
    if name == OBJECT:
        return sum(map(mentions.in_path, read_columns(warehouse, location, ["path"])["path"]))
    time, named, *texts = _BY_NAME[name]
    rows = read_columns(warehouse, location, [time, named, *texts])
    found = 0
    if name == QUARANTINE:
        found += sum(map(mentions.in_text, rows["raw"].drop_nulls()))
        rows = rows.explode(named)
        found += sum(map(mentions.in_longer, rows[named].drop_nulls()))
    return found + _older(rows, {named: _named(named, tombstones, mentions.make)}, time)


def _named(column: str, tombstones: Tombstones, make: MakeId) -> _Subjects:
    domain, erased = (
        ("device", tombstones.alone) if column == "serial_number" else ("customer", tombstones.people)
    )
    return erased, lambda text: make(domain, normalized(text))


def _older(rows: pl.DataFrame, whose: Mapping[str, _Subjects], time: str) -> int:
    """Count the rows of somebody erased that are not provably newer than the erasure."""
    left = rows.with_row_index("_row")
    odd: set[int] = set()
    for column, (erased, digest) in whose.items():
        spelled = [(text, erased.get(digest(text))) for text in rows[column].drop_nulls().unique()]
        known = [(text, at) for text, at in spelled if at is not None]
        if not known:
            continue
        at = pl.DataFrame(known, schema={column: pl.String, "_erased_at": _TIME}, orient="row")
        mine = left.join(at, on=column, how="inner")
        newer = (pl.col(time) > pl.col("_erased_at")).fill_null(value=False)
        odd.update(mine.filter(~newer)["_row"])
    return len(odd)


def _of_table(table: Inspection, rows: Mapping[str, int]) -> Iterator[Finding]:
    """Say which tags, branches and snapshots of a table hold rows of somebody erased."""
    if not any(rows.values()):
        return
    by_snapshot = {
        snapshot_id: sum(rows.get(file.location, 0) for file in table.files(snapshot_id))
        for snapshot_id in table.snapshots
    }
    named: dict[str, int | None] = {"main": table.main, **table.branches} | {
        f"tag {tag}": at for tag, at in table.tags.items()
    }
    for name, named_id in named.items():
        if found := by_snapshot.get(named_id or 0, 0):
            problem = f"{found:,} rows of people or devices that were erased"
            yield Finding.of(Fault.ERASED_PERSON, f"{table.table}, {name}", problem, count=found)
    others = [found for at, found in by_snapshot.items() if found and at not in named.values()]
    if others:
        problem = (
            f"{len(others)} older snapshots without a tag hold rows of people or devices that were erased"
        )
        yield Finding.of(Fault.ERASED_PERSON, table.table, problem, count=sum(others))
