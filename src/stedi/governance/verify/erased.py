"""Erased people and devices: whether a row or a record of them, older than the erasure, is still there."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final, NamedTuple

import polars as pl

from stedi.governance.verify.finding import Fault, Finding
from stedi.governance.verify.graves import Graves
from stedi.governance.verify.mentions import Mentions
from stedi.governance.verify.rule import name_of
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

MakeId = Callable[[str, str], str]
Whose = tuple[Mapping[str, datetime], Callable[[str], str]]
"""Who was erased, and how the ids of a column are made."""

_TIME: Final = pl.Datetime("us", "UTC")

_BY_ID: Final = {
    CUSTOMER_TRUSTED: "registration_date",
    ACCELEROMETER_TRUSTED: "timestamp",
    CUSTOMER_CURATED: "first_reading_at",
    STEP_TRAINER_TRUSTED: "sensor_reading_time",
    MACHINE_LEARNING_CURATED: "timestamp",
}
"""Tables that hold ids, and the column that says whether a row is newer than an erasure."""

_BY_NAME: Final = {
    CUSTOMER_LANDING: ({"email": "customer"}, "registration_date"),
    ACCELEROMETER_LANDING: ({"user": "customer"}, "timestamp"),
    STEP_TRAINER_LANDING: ({"serial_number": "device"}, "sensor_reading_time"),
    QUARANTINE: ({"emails": "customer"}, "last_update_date"),
}
"""Tables that hold names, what names what, and the column that says how new a record is."""


class Looked(NamedTuple):
    """What came of it: findings, and how many data files were read."""

    findings: list[Finding]
    files: int


def check_erased(
    warehouse: Warehouse,
    tables: Mapping[str, Inspection],
    graves: Graves,
    make: MakeId | None,
) -> Looked:
    """Look for erased people and devices in every data file that any snapshot reaches.

    Args:
        warehouse: The tables.
        tables: What their metadata says.
        graves: Who and what was erased.
        make: Makes ids, by the key; None without it: then only tables that hold ids are looked at.
    """
    if graves.empty:
        return Looked([], 0)
    mentions = None if make is None else Mentions(graves, make, _living(warehouse, tables))
    findings: list[Finding] = []
    files = 0
    for name, table in tables.items():
        if name not in _BY_ID and (make is None or name not in {*_BY_NAME, OBJECT}):
            continue
        rows: dict[str, int] = {}
        for location in sorted(_live(table)):
            try:
                found = _in_file(warehouse, name, location, graves, mentions)
            except UNREADABLE:
                # The search through all files names it.
                continue
            files += 1
            if found:
                rows[location] = found
        findings += _of_table(table, rows)
    return Looked(findings, files)


def _live(table: Inspection) -> set[str]:
    return {file.location for listed in table.manifests.values() for file in listed if file.live}


def _living(warehouse: Warehouse, tables: Mapping[str, Inspection]) -> frozenset[str]:
    """Return the names of the customers and devices that the lake has now."""
    table = tables[CUSTOMER_LANDING]
    names: set[str] = set()
    main = table.main
    for file in table.files(main) if main is not None and main in table.snapshots else ():
        with suppress(*UNREADABLE):
            rows = _read(warehouse, file.location, ["email", "serial_number"])
            for column in rows.columns:
                names.update(map(name_of, rows[column].drop_nulls().unique()))
    return frozenset(names)


def _in_file(
    warehouse: Warehouse, name: str, location: str, graves: Graves, mentions: Mentions | None
) -> int:
    """Return how many rows of a data file are of somebody erased."""
    if name in _BY_ID:
        time = _BY_ID[name]
        ids: dict[str, Whose] = {"customer_id": (graves.people, _same)}
        # A row of customer_trusted is somebody's who lists the device: it says nothing of its readings.
        if name in (STEP_TRAINER_TRUSTED, MACHINE_LEARNING_CURATED):
            ids["device_id"] = (graves.erased_devices, _same)
        return _older(_read(warehouse, location, [*ids, time]), ids, time)
    if mentions is None:
        return 0
    if name == OBJECT:
        return sum(map(mentions.in_path, _read(warehouse, location, ["path"])["path"]))
    named, time = _BY_NAME[name]
    whose = {column: _whose(domain, graves, mentions.make) for column, domain in named.items()}
    rows = _read(warehouse, location, [*named, time, *(["raw"] if name == QUARANTINE else [])])
    if name != QUARANTINE:
        return _older(rows, whose, time)
    texts = sum(map(mentions.in_text, rows["raw"].drop_nulls()))
    names = rows["emails"].explode().drop_nulls()
    longer = sum(mentions.in_longer(name) for name in names)
    return texts + longer + _older(rows.explode("emails"), whose, time)


def _whose(domain: str, graves: Graves, make: MakeId) -> Whose:
    erased = graves.people if domain == "customer" else graves.alone
    return erased, lambda text: make(domain, name_of(text))


def _same(text: str) -> str:
    return text


def _read(warehouse: Warehouse, location: str, columns: list[str]) -> pl.DataFrame:
    with warehouse.files.open(location) as source:
        return pl.read_parquet(source, columns=columns)


def _older(rows: pl.DataFrame, whose: Mapping[str, Whose], time: str) -> int:
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


def _of_table(table: Inspection, rows: Mapping[str, int]) -> Iterable[Finding]:
    """Say which tags, branches and snapshots of a table hold rows of somebody erased."""
    if not rows:
        return
    by_snapshot: defaultdict[int, int] = defaultdict(int)
    for snapshot_id in table.snapshots:
        by_snapshot[snapshot_id] = sum(rows.get(file.location, 0) for file in table.files(snapshot_id))
    named: dict[str, int | None] = {"main": table.main, **table.branches} | {
        f"tag {tag}": at for tag, at in table.tags.items()
    }
    for name, named_id in named.items():
        if found := by_snapshot.get(named_id or 0, 0):
            yield Finding.of(
                Fault.ERASED_PERSON,
                f"{table.table}, {name}",
                f"{found:,} rows of people or devices that were erased",
                count=found,
            )
    others = {at: found for at, found in by_snapshot.items() if found and at not in named.values()}
    if others:
        yield Finding.of(
            Fault.ERASED_PERSON,
            table.table,
            f"{len(others)} older snapshots without a tag hold rows of people or devices that were erased",
            count=sum(others.values()),
        )
