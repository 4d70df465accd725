"""From an older format of a lake to this one: planned, under the lock, and published as a run.

Format 2: a rejected record names everybody who can be read in it, in lists; tombstones know the latest denial
that was kept out; and keys are made until nothing changes, so that a few ids are others. All is judged anew,
at the time at which it was judged before. What older runs and tags need of the quarantine and the tombstones
is written anew as well, so that whoever stands in an old row can be erased by its columns of today.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms, key
from stedi.contract import contract_of, landing_contract
from stedi.contract.schemas import polars_schema
from stedi.landing.gate import ERASED_TEXT
from stedi.landing.salvage import salvage
from stedi.names import CUSTOMER_LANDING, EPOCH, MILLISECOND, QUARANTINE, TOMBSTONE
from stedi.pipeline.history import TAG_PREFIX, Run, new_run_id
from stedi.pipeline.purge import sweep
from stedi.pipeline.run import execute
from stedi.plan.change import Change, People
from stedi.progress import Progress
from stedi.warehouse.evolve import evolve_tables, set_format
from stedi.warehouse.layout import LAKE_FORMAT
from stedi.warehouse.read import old_rows
from stedi.warehouse.rewrite import rebuild_tag, stage_rewrite
from stedi.warehouse.warehouse import Warehouse

_CONVERTED: Final = (QUARANTINE, TOMBSTONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeReport:
    """What an upgrade of a lake did, or would do.

    Attributes:
        planned: Nothing was changed: this is a plan.
        old: The format that the lake had.
        new: The format that it has then.
        records: Rejected records, of the newest run, that are written anew.
        named: How many more e-mails they name than before: each is a denial.
        keys: E-mails and serial numbers of which the key, and so the id, becomes another.
        changes: The rows that each table gains and loses; empty in a plan.
        people: The customers who join, leave and move.
    """

    planned: bool
    old: int
    new: int
    records: int
    named: int
    keys: int
    changes: Mapping[str, Change]
    people: People

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "planned": self.planned,
            "old": self.old,
            "new": self.new,
            "records": self.records,
            "named": self.named,
            "keys": self.keys,
            "changes": {name: asdict(each) for name, each in self.changes.items()},
            "people": asdict(self.people),
        }


def plan_upgrade(warehouse: Warehouse, runs: Sequence[Run]) -> UpgradeReport:
    """Return what an upgrade would do, and change nothing."""
    before = runs[-1].snapshots
    old = old_rows(warehouse.table(QUARANTINE).iceberg, before[QUARANTINE])
    rows = None if old is None else of_quarantine(old)
    return UpgradeReport(
        planned=True,
        old=warehouse.lake_format,
        new=LAKE_FORMAT,
        records=0 if rows is None else rows.height,
        named=0 if rows is None or old is None else _named(rows) - old["email"].count(),
        keys=_other_keys(warehouse, runs[-1]),
        changes={},
        people=People(),
    )


def upgrade(
    warehouse: Warehouse, runs: Sequence[Run], *, pseudonyms: Pseudonyms, scratch: Path, progress: Progress
) -> UpgradeReport:
    """Bring a lake to the format of this version; whoever was interrupted asks again.

    The order of things: columns, rows and all that follows from them as one run, what older runs need, files
    that nothing needs any more, and at last the number by which other verbs know the format.
    """
    plan, base = plan_upgrade(warehouse, runs), runs[-1]
    evolve_tables(warehouse)
    warehouse.refresh()
    report = execute(
        warehouse,
        runs,
        sources={},
        consent=base.consent,
        now=base.now,
        pseudonyms=pseudonyms,
        scratch=scratch,
        progress=progress,
        full=True,
        convert=converted,
    )
    _rebuild(warehouse, progress)
    sweep(warehouse, progress)
    set_format(warehouse)
    return replace(plan, planned=False, changes=report.changes, people=report.people)


def converted(warehouse: Warehouse, snapshots: Mapping[str, int], run_id: str, branch: str) -> dict[str, int]:
    """Stage what an older format wrote as this one has it; return the snapshots with those that are new."""
    found = dict(snapshots)
    for table in _CONVERTED:
        old = old_rows(warehouse.table(table).iceberg, snapshots[table])
        if old is not None:
            writer = warehouse.table(table).writer(run_id)
            writer.write(_CONVERT[table](old))
            found[table] = stage_rewrite(
                warehouse.table(table).writable,
                branch,
                base=snapshots[table],
                added=writer.close(),
                removed=warehouse.table(table).data_files(snapshots[table]),
            )
    return found


def _rebuild(warehouse: Warehouse, progress: Progress) -> None:
    """Write anew what tags name in an older format, and expire all else that has it."""
    for table in _CONVERTED:
        rebuilt: dict[int, int] = {}
        tags = sorted(warehouse.table(table).tags().items())
        for number, (name, at) in enumerate(tags):
            progress(f"rewriting {table}", number, len(tags))
            if at in rebuilt:
                warehouse.table(table).tag(rebuilt[at], name)
                continue
            old = old_rows(warehouse.table(table).iceberg, at)
            if old is None:
                continue
            writer = warehouse.table(table).writer(new_run_id(datetime.now(UTC)))
            writer.write(_CONVERT[table](old))
            branch = TAG_PREFIX + new_run_id(datetime.now(UTC))
            removed = warehouse.table(table).data_files(at)
            rebuilt[at] = rebuild_tag(
                warehouse.table(table).writable, name, branch, added=writer.close(), removed=removed
            )
        kept = {*warehouse.table(table).refs().values(), warehouse.table(table).main()}
        others = [each for each in warehouse.table(table).snapshots() if each not in kept]
        gone = [each for each in others if old_rows(warehouse.table(table).iceberg, each) is not None]
        warehouse.table(table).expire(gone)


def of_quarantine(old: pl.DataFrame) -> pl.DataFrame:
    """Return rejected records of format 1 as format 2 has them: with everybody whom their texts name."""
    schema = polars_schema(contract_of(QUARANTINE))
    rows = [_record(row) for row in old.iter_rows(named=True)]
    return pl.DataFrame(rows, schema=schema, orient="row").select(schema.names())


def _record(row: dict[str, Any]) -> dict[str, Any]:
    if "emails" in row and row["emails"] is not None:
        return row
    contract = landing_contract(row["table_name"].removesuffix("_landing"))
    text = "" if row["raw"] in (None, ERASED_TEXT) else row["raw"]
    named = salvage(text, contract)
    at = row["last_update_date"]
    if named.updated is not None and row["table_name"] == CUSTOMER_LANDING:
        said = EPOCH + int(named.updated) * MILLISECOND
        at = said if at is None else max(at, said)
    return {
        **row,
        "emails": _each_once(row["email"], named.emails),
        "serial_numbers": _each_once(row["serial_number"], named.serial_numbers),
        "tombstones": [],
        "last_update_date": at,
    }


def _each_once(first: str | None, others: Sequence[str]) -> list[str]:
    names = [first, *others] if first and key(first) else list(others)
    return list({key(name): name for name in reversed(names)}.values())[::-1]


def of_tombstones(old: pl.DataFrame) -> pl.DataFrame:
    """Return tombstones of format 1 as format 2 has them: those that moved on stay where they moved."""
    known = "latest_denial" in old.columns
    denial = pl.col("latest_denial") if known else pl.lit(None, pl.Datetime("us", "UTC"))
    schema = polars_schema(contract_of(TOMBSTONE))
    rows = old.with_columns(latest_denial=denial)
    return rows.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


_CONVERT: Final[Mapping[str, Callable[[pl.DataFrame], pl.DataFrame]]] = {
    QUARANTINE: of_quarantine,
    TOMBSTONE: of_tombstones,
}


def once(spelling: str) -> str:
    """Return the key of a name as format 1 made it: by one round.

    Examples:
        >>> once("\N{ACUTE ACCENT}x") == key("\N{ACUTE ACCENT}x")
        False
    """
    return unicodedata.normalize("NFKC", spelling.strip()).lower()


def _named(rows: pl.DataFrame) -> int:
    return int(rows["emails"].list.len().sum())


def _other_keys(warehouse: Warehouse, run: Run) -> int:
    names: set[str] = set()
    for column in ("email", "serial_number"):
        scan = warehouse.at(run.snapshots).scan(CUSTOMER_LANDING)
        names |= set(scan.select(pl.col(column).unique()).collect().to_series())
    return len({key(name) for name in names if once(name) != key(name)})
