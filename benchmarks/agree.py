"""Whether the contestants made the same five tables: else their figures can't be compared."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from contest import BenchmarkError
from stedi import Lake
from stedi.contract import contract_of
from stedi.plan.lineage import LINEAGE

TABLES: Final = tuple(step.table for step in LINEAGE)
_IDS: Final = ("customer_id", "device_id")


class Content(NamedTuple):
    """A table: its number of rows, and a sum over them, without the ids, which are made with other keys."""

    rows: int
    checksum: int


def of_lake(lake: Path) -> dict[str, Content]:
    """Return what a lake of stedi holds."""
    opened = Lake.open(lake)
    with duckdb.connect() as connection:
        return {
            table: _content(connection.from_arrow(opened.scan(table).collect().to_arrow()), table)
            for table in TABLES
        }


def of_parquet(folder: Path) -> dict[str, Content]:
    """Return what a folder of Parquet files holds: a file for each table, or a folder of files."""
    with duckdb.connect() as connection:
        return {
            table: _content(connection.read_parquet([str(file) for file in _files(folder, table)]), table)
            for table in TABLES
        }


def _files(folder: Path, table: str) -> list[Path]:
    single = folder / f"{table}.parquet"
    return [single] if single.exists() else sorted((folder / table).glob("*.parquet"))


def _content(rows: duckdb.DuckDBPyRelation, table: str) -> Content:
    names = ", ".join(f'"{name}"' for name in contract_of(table).names if name not in _IDS)
    ((count, checksum),) = rows.aggregate(f"count(*), coalesce(sum(hash({names})), 0)").fetchall()
    return Content(count, int(checksum))


def check(found: Mapping[str, Mapping[str, Content]], known: Mapping[str, int] | None) -> None:
    """Refuse results that differ.

    Args:
        found: The five tables of each contestant.
        known: How many rows each must have, where that is known.

    Raises:
        BenchmarkError: Two contestants, or one and what is known, differ.
    """
    for table in TABLES:
        counts = {name: content[table].rows for name, content in found.items()}
        right = set(counts.values()) if known is None else {known[table]}
        if len({*counts.values(), *right}) > 1:
            told = ", ".join(f"{name} {rows:,}" for name, rows in counts.items())
            raise BenchmarkError(
                f"{table}: the contestants' rows differ: {told}"
                + ("" if known is None else f"; {known[table]:,} would be right")
            )
        if len({content[table].checksum for content in found.values()}) > 1:
            raise BenchmarkError(f"{table}: {', '.join(found)} made equally many rows, but not the same ones")
