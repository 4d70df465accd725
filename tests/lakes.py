"""Landing roots and lakes in folders of their own, and a reader of lakes that shares no code with stedi.

That reader takes the catalog with sqlite3, the metadata with json, the manifests with fastavro and the
data files with DuckDB: neither stedi nor pyiceberg has a say in what it finds.
"""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import fastavro
import polars as pl

import stedi
from oracle import COLUMNS, EPOCH, MILLISECOND, PLAUSIBLE_FROM, PLAUSIBLE_UNTIL, Account, judge
from stedi.pipeline.run_report import RunReport
from worlds import HOURS, NOW, SECRET, World, customer, poured_together, random_world, reading, step

Row = dict[str, Any]
Rows = Counter[tuple[Any, ...]]
"""The rows of a table, as a multiset: their order means nothing."""
Tables = dict[str, Rows]

PSEUDONYMS = stedi.Pseudonyms(SECRET)
DERIVED = tuple(COLUMNS)
LANDING = ("customer_landing", "accelerometer_landing", "step_trainer_landing")
SYSTEM = ("quarantine", "object", "tombstone")
PUBLISHED = (*LANDING, *SYSTEM, *DERIVED)
EVERY_TABLE = (*PUBLISHED, "run")
KEYS = {
    "customer_name": "customerName",
    "email": "email",
    "phone": "phone",
    "birth_day": "birthDay",
    "serial_number": "serialNumber",
    "registration_date": "registrationDate",
    "last_update_date": "lastUpdateDate",
    "share_with_research_as_of_date": "shareWithResearchAsOfDate",
    "share_with_public_as_of_date": "shareWithPublicAsOfDate",
    "share_with_friends_as_of_date": "shareWithFriendsAsOfDate",
    "user": "user",
    "timestamp": "timestamp",
    "x": "x",
    "y": "y",
    "z": "z",
    "sensor_reading_time": "sensorReadingTime",
    "distance_from_object": "distanceFromObject",
}
"""The key under which the source sends each column."""

# Landing roots --------------------------------------------------------------------------------------


def sent(row: Row) -> Row:
    """Return a record as its source writes it: its own keys, epoch milliseconds, nothing that is null."""
    return {
        key: (row[name] - EPOCH) // MILLISECOND if isinstance(row[name], datetime) else row[name]
        for name, key in KEYS.items()
        if row.get(name) is not None
    }


def put(root: Path, place: str, records: Iterable[Row | str]) -> Path:
    """Write an object of records (or of lines as they are) under a landing root, such as customer/a.json."""
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    file = root / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return file


def put_rows(root: Path, **objects: Sequence[Row]) -> Path:
    """Write one object of each kind (customer, accelerometer, step_trainer) and return the root."""
    for kind, rows in objects.items():
        put(root, f"{kind}/{kind}.json", map(sent, rows))
    return root


def put_world(root: Path, world: World) -> Path:
    """Write the good records of a world as one object of each kind."""
    return put_rows(
        root, customer=world.customers, accelerometer=world.accelerometer, step_trainer=world.steps
    )


ANN = World(
    customers=(customer(share=HOURS[0], at=HOURS[1], _digest="customer"),),
    accelerometer=(reading(at=HOURS[2]), reading(at=HOURS[3])),
    steps=(step(at=HOURS[2]), step(at=HOURS[3])),
)
"""One customer, who consents, with two pairs of readings."""


def as_landed(world: World, part: Callable[[], str] = lambda: "") -> World:
    """Return the world that a lake sees when the objects of a world are files.

    Every record is in an object; one that shares at an implausible time is rejected; nothing is released.

    Args:
        world: The world.
        part: Says for one record after the other in which part of its object it is.
    """

    def placed(row: Row) -> Row:
        return {**row, "_digest": f"{row['_digest']}{part()}"}

    def plausible(row: Row) -> bool:
        share = row["share_with_research_as_of_date"]
        return share is None or PLAUSIBLE_FROM <= share < PLAUSIBLE_UNTIL

    customers = [placed(row) for row in world.customers]

    def named(row: Row) -> Row:
        return row | {"emails": [row["email"]], "serial_numbers": [row["serial_number"]], "tombstones": []}

    silent = {"table_name": "customer_landing", "released_at": None}
    rejected = [
        # The object of a record without one has no good record.
        placed({**row, "_digest": row["_digest"] or "loner"})
        for row in world.rejected
        if row["table_name"] == "customer_landing" and row["released_at"] is None
    ]
    return replace(
        world,
        customers=tuple(row for row in customers if plausible(row)),
        accelerometer=tuple(map(placed, world.accelerometer)),
        steps=tuple(map(placed, world.steps)),
        rejected=(*(silent | named(row) for row in customers if not plausible(row)), *rejected),
    )


def rich_world(seed: int = 0, parts: int = 24) -> World:
    """Return a world, as it lands, in which about everything happens that the consent rule speaks of."""
    return as_landed(in_few_objects(poured_together(random_world(100 * seed + n) for n in range(parts))))


def in_few_objects(world: World) -> World:
    """Return the world with the objects of all its parts (w0-d1, w1-d1, ...) put together."""

    def merged(row: Row) -> Row:
        return row if row["_digest"] is None else {**row, "_digest": row["_digest"].rpartition("-")[2]}

    return replace(
        world, customers=tuple(map(merged, world.customers)), rejected=tuple(map(merged, world.rejected))
    )


def pour(root: Path, world: World, named: Callable[[str], str] = str) -> Path:
    """Write a world that has landed (``as_landed``) as objects under a landing root.

    A record of the website export without research consent says so by null or not at all, in turn. The
    bytes of each object are its own, even where two hold equal records: each record names its object.

    Args:
        root: The landing root.
        world: The world.
        named: Returns under which name an object is put there.
    """
    customers: dict[str, list[Row]] = {}
    for place, row in enumerate(world.customers):
        key = {} if place % 2 else {"shareWithResearchAsOfDate": None}
        customers.setdefault(row["_digest"], []).append(key | sent(row))
    for row in world.rejected:
        customers.setdefault(row["_digest"], []).append(damaged(row))
    _pour(root, "customer", customers, named)
    for kind, rows in (("accelerometer", world.accelerometer), ("step_trainer", world.steps)):
        objects: dict[str, list[Row]] = {}
        for row in rows:
            objects.setdefault(row["_digest"], []).append(sent(row))
        _pour(root, kind, objects, named)
    return root


def damaged(row: Row) -> Row:
    """Return a rejected record of a world that has landed as it is sent: with what it is rejected for."""
    implausible = "share_with_research_as_of_date" in row
    junk = {} if implausible else {"phone": {"not": "a phone"}}
    named: Row = {}
    for column, key in (("emails", "email"), ("serial_numbers", "serialNumber")):
        first, *others = row[column] or [None]
        # At any depth, one and in a list.
        named |= {key: first, f"other {column}": [{key.upper(): each} for each in others]}
    sealed = {"object": f"customer/{row['_digest']}"}
    return {"shareWithResearchAsOfDate": None} | sent(row) | named | junk | sealed


def _pour(root: Path, kind: str, objects: Mapping[str, Sequence[Row]], named: Callable[[str], str]) -> None:
    # A table that never had a file is an error; an empty file is one.
    for name, records in (objects or {"empty": ()}).items():
        sealed = ({**record, "object": f"{kind}/{name}"} for record in records)
        put(root, f"{kind}/{named(name)}.json", sealed)


# Lakes ----------------------------------------------------------------------------------------------


def lake_at(folder: Path, *, pseudonyms: stedi.Pseudonyms = PSEUDONYMS, buckets: int = 3) -> stedi.Lake:
    """Open a lake with few buckets: many make small tests slow."""
    return stedi.Lake.open(folder, pseudonyms=pseudonyms, buckets=buckets)


def run(lake: stedi.Lake, landing: Path, *, now: datetime = NOW, **options: Any) -> RunReport:
    """Run a lake; any share of records may be rejected."""
    return lake.run(landing, **{"now": now, "max_rejected": 1.0, **options})


def tables_of(lake: stedi.Lake, tables: Iterable[str] = DERIVED, **options: Any) -> Tables:
    """Return tables of a lake as stedi reads them."""
    return {table: Counter(map(_hashable, lake.scan(table, **options).collect().rows())) for table in tables}


OF_A_RUN = ("_run", "run", "_object", "path", "version")
"""The columns in which the tables of two lakes that loaded the same bytes may differ."""


def contents(frames: Mapping[str, pl.LazyFrame]) -> Tables:
    """Return the rows of tables but for what says which run loaded them, and under which name."""
    return {
        table: Counter(map(_hashable, frame.drop(OF_A_RUN, strict=False).collect().rows()))
        for table, frame in frames.items()
    }


def judged(
    world: World, *, now: datetime | None = None, consent: str = "as_of", tolerance: timedelta | None = None
) -> tuple[Tables, dict[str, Account]]:
    """Return the derived tables that the oracle makes of a world, and their accounts."""
    verdict = judge(
        world.customers,
        world.accelerometer,
        world.steps,
        world.rejected,
        now=now or world.now,
        secret=SECRET,
        consent=consent,
        tolerance=tolerance,
    )
    tables = {table: Counter(tuple(row.values()) for row in rows) for table, rows in verdict.tables.items()}
    return tables, verdict.accounts


def expected(world: World, **options: Any) -> Tables:
    """Return the derived tables that the oracle makes of a world."""
    return judged(world, **options)[0]


def figures(account: Any) -> tuple[int, int, dict[str, int], int, int]:
    """Return the figures of an account, of stedi's or of the oracle's."""
    dropped = {reason: rows for reason, rows in account.dropped.items() if rows}
    return account.rows_in, account.used, dropped, account.fan_out, account.rows_out


# The independent reader -----------------------------------------------------------------------------


@dataclass(frozen=True)
class IcebergTable:
    """A table as its metadata file describes it."""

    file: Path
    metadata: Row

    @classmethod
    def of(cls, lake: Path, table: str) -> "IcebergTable":
        """Read the metadata file that the catalog names."""
        with closing(sqlite3.connect(lake / "catalog.db")) as catalog:
            ((place,),) = catalog.execute(
                "SELECT metadata_location FROM iceberg_tables WHERE table_name = ?", (table,)
            ).fetchall()
        return cls(local(place), json.loads(local(place).read_bytes()))

    @property
    def main(self) -> int:
        return self.metadata["current-snapshot-id"]

    def refs(self, kind: str) -> dict[str, int]:
        """Return branches or tags and their snapshots."""
        return {
            name: ref["snapshot-id"] for name, ref in self.metadata["refs"].items() if ref["type"] == kind
        }

    def manifests(self, snapshot_id: int | None = None) -> list[str]:
        """Return the places of a snapshot's manifests."""
        wanted = self.main if snapshot_id is None else snapshot_id
        (snapshot,) = [each for each in self.metadata["snapshots"] if each["snapshot-id"] == wanted]
        return [manifest["manifest_path"] for manifest in avro(local(snapshot["manifest-list"]))]

    def data_files(self, snapshot_id: int | None = None) -> list[Row]:
        """Return the live data files of a snapshot."""
        deleted = 2
        entries = [entry for manifest in self.manifests(snapshot_id) for entry in avro(local(manifest))]
        return [entry["data_file"] for entry in entries if entry["status"] != deleted]

    def frame(self, snapshot_id: int | None = None) -> pl.DataFrame:
        """Return the rows of a snapshot; no columns where there are no data files."""
        return parquet([str(local(file["file_path"])) for file in self.data_files(snapshot_id)])

    def rows(self, snapshot_id: int | None = None) -> Rows:
        """Return the rows of a snapshot as a multiset."""
        return Counter(map(_hashable, self.frame(snapshot_id).rows()))


def local(place: str) -> Path:
    """Return the file that a location names."""
    return Path(place.removeprefix("file://"))


def avro(file: Path) -> list[Row]:
    """Decode an Avro file."""
    with file.open("rb") as source:
        return [record for record in fastavro.reader(source) if isinstance(record, dict)]


def parquet(files: Sequence[str]) -> pl.DataFrame:
    """Read Parquet files with DuckDB's own reader."""
    if not files:
        return pl.DataFrame()
    return _DUCKDB.read_parquet(list(files), hive_partitioning=False).pl()


_DUCKDB = duckdb.connect(config={"threads": 1})
_DUCKDB.execute("SET TimeZone = 'UTC'")


def _hashable(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((name, _hashable(item)) for name, item in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Published:
    """Everything that a lake shows to the world: to compare before and after."""

    rows: Tables
    mains: dict[str, int]
    tags: dict[str, dict[str, int]]
    branches: dict[str, set[str]]


def published(lake: Path) -> Published:
    """Return what a lake shows to Iceberg readers that know nothing of runs, and check that it is whole."""
    tables = {name: IcebergTable.of(lake, name) for name in EVERY_TABLE}
    return Published(
        rows={name: table.rows() for name, table in tables.items()},
        mains={name: table.main for name, table in tables.items()},
        tags={name: table.refs("tag") for name, table in tables.items()},
        branches={name: set(table.refs("branch")) for name, table in tables.items()},
    )


def derived_rows(lake: Path) -> Tables:
    """Return the derived tables on main, by the independent reader."""
    return {name: IcebergTable.of(lake, name).rows() for name in DERIVED}


def files_of(folder: Path) -> list[Path]:
    """Return all files under a folder."""
    return sorted(Path(here, name) for here, _, names in os.walk(folder) for name in names)
