"""Faults to plant into a lake, as somebody else's tool, or somebody else, would."""

import base64
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

import stedi
from lakes import LANDING, IcebergTable, local
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.pipeline.history import new_run_id
from stedi.pipeline.publish import publish
from stedi.plan.account import Account
from stedi.warehouse.bucket import bucket_count, buckets_of
from stedi.warehouse.writer import TableWriter

_SIZE = 5
"""The place of a data file's size among its fields."""


def table_of(folder: Path, name: str) -> Table:
    """Open a table as any user of pyiceberg would."""
    catalog = SqlCatalog("stedi", uri=f"sqlite:///{folder}/catalog.db", warehouse=str(folder / "warehouse"))
    return catalog.load_table(("stedi", name))


def rows_of(table: Table) -> pl.DataFrame:
    """Return the rows of a table on main, with the types of its contract."""
    rows = pl.DataFrame(table.scan().to_arrow())
    return rows.cast(dict(polars_schema(contract_of(table.name()[-1]))))


def put_back(
    table: Table, rows: pl.DataFrame, change: Callable[[pa.Table], pa.Table] = lambda stored: stored
) -> int:
    """Put rows in the place of those of a table, in files that are changed behind its back."""
    old = [task.file for task in table.scan().plan_files()]
    with table.transaction() as transaction, transaction.update_snapshot().overwrite() as producer:
        for file in old:
            producer.delete_data_file(file)
        for file in written(table, rows):
            path = local(file.file_path)
            stored = pq.read_table(path, partitioning=None)
            if (changed := change(stored)) is not stored:
                pq.write_table(changed, path)
                file[_SIZE] = path.stat().st_size
            producer.append_data_file(file)
    return table.refresh().current_snapshot().snapshot_id


def append(table: Table, rows: pl.DataFrame) -> int:
    """Append rows to a table; return the snapshot."""
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as producer:
        for file in written(table, rows):
            producer.append_data_file(file)
    return table.refresh().current_snapshot().snapshot_id


def written(table: Table, rows: pl.DataFrame) -> list[DataFile]:
    """Write rows into data files: pyiceberg alone can't write a bucket."""
    writer = TableWriter(table, f"20260101T000000Z-{secrets.token_hex(3)}")
    if not table.spec().fields:
        writer.write(rows)
        return writer.close()
    buckets = buckets_of(rows["customer_id"], bucket_count(table))
    for bucket in sorted(set(buckets)):
        own = pl.Series([each == bucket for each in buckets])
        writer.write_bucket(rows.filter(own), bucket)
    return writer.close()


def doctor_run(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the newest row of the run table."""
    table = table_of(folder, "run")
    rows = rows_of(table).sort("published_at")
    newest = rows.to_dicts()[-1]
    change(newest)
    # Written as a run writes it: the run table's history must not give the doctor away.
    put_back(table, pl.concat([rows[:-1], pl.DataFrame([newest], schema=rows.schema)]))


def name_snapshot(folder: Path, name: str, snapshot_id: int, rows: int | None = None) -> None:
    """Let the newest run name another snapshot of a table, and say that it has so many rows."""

    def change(run: dict[str, Any]) -> None:
        (own,) = [each for each in run["tables"] if each["table_name"] == name]
        own["snapshot_id"] = snapshot_id
        if rows is not None:
            own |= {"rows_out": rows, "fan_out": 0, "used": rows}
            own["rows_in"] = rows + sum(each["rows"] for each in own["dropped"])

    doctor_run(folder, change)


def bury(lake: stedi.Lake, erased: dict[str, datetime]) -> None:
    """Publish tombstones, and nothing else: as an erasure that stopped half-way would leave it."""
    rows = pl.DataFrame(
        {
            "digest": list(erased),
            "made_with": [lake.last_run().key_fingerprint] * len(erased),
            "kind": ["person"] * len(erased),
            "erased_at": list(erased.values()),
            "latest_denial": [None] * len(erased),
        },
        schema=polars_schema(contract_of("tombstone")),
    )
    with lake._site.hold() as (warehouse, runs):
        base = runs[-1]
        run_id = new_run_id(datetime.now(UTC))
        writer = warehouse.table("tombstone").writer(run_id)
        writer.write(rows)
        snapshot = warehouse.table("tombstone").stage(
            f"run-{run_id}", base.snapshots["tombstone"], added=writer.close()
        )
        nothing = {
            name: Account(table=name, rows_in=0, used=0, rows_out=0)
            for name in (*LANDING, "quarantine", "object")
        }
        buried = Account(table="tombstone", rows_in=rows.height, used=rows.height, rows_out=rows.height)
        run = replace(
            base,
            run_id=run_id,
            base_run_id=base.run_id,
            started_at=datetime.now(UTC),
            published_at=datetime.now(UTC),
            snapshots={**base.snapshots, "tombstone": snapshot},
            accounts={**base.accounts, **nothing, "tombstone": buried},
        )
        publish(warehouse, run, runs)


def age(file: Path) -> Path:
    """Make a file a day old."""
    stamp = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    os.utime(file, (stamp, stamp))
    return file


def write(file: Path, content: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return age(file)


def data_files(folder: Path, name: str) -> list[Path]:
    return [local(file["file_path"]) for file in IcebergTable.of(folder, name).data_files()]


def orphan_of(folder: Path, name: str) -> Path:
    """Copy a data file of a table under a name that no snapshot knows."""
    file = data_files(folder, name)[0]
    copy = file.with_name("20260101T000000Z-abcdef-00000.parquet")
    shutil.copy(file, copy)
    return age(copy)


def percent(text: str) -> bytes:
    return quote(text, safe="").encode()


def shifted(text: str, shift: int) -> bytes:
    return base64.b64encode(b"x" * shift + text.encode() + b" and more")
