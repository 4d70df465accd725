"""The steps of an erasure in the tables, each published by a row of the run table."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from stedi.consent.effective import undated_in
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.governance.erase.erasure import Erasure
from stedi.governance.erase.find import Scope
from stedi.governance.erase.prepare import Rewrite
from stedi.governance.erase.tombstones import all_tombstones
from stedi.governance.erase.traces import Traces
from stedi.names import OBJECT, QUARANTINE, TOMBSTONE
from stedi.pipeline.derive.derive import Derivation
from stedi.pipeline.derive.erased_rows import ErasedRows
from stedi.pipeline.derive.previous_run import PreviousRun
from stedi.pipeline.history import Run
from stedi.pipeline.publication import Publication, account_of, publication, unchanged
from stedi.pipeline.publish import audit
from stedi.plan.lineage import DERIVED_TABLES, LANDING_TABLES, RECORD_TABLES, published_tables
from stedi.progress import Progress
from stedi.warehouse.cut import taken_out, write_kept
from stedi.warehouse.rewrite import forget_removed

_PLACE = ["table_name", "digest"]


def publish_step(scope: Scope, stage: Callable[[Publication], Run | None]) -> Scope:
    """Publish a step of an erasure; return its scope, with the row of that step among its runs.

    Args:
        scope: What the erasure found.
        stage: Stages the step, and gives the row that publishes it; None where nothing changes.
    """
    with publication(scope.erasure.warehouse, scope.runs) as step:
        row = stage(step)
        if row is None:
            return scope
        scope.erasure.progress("publishing", 0, 1)
        step.publish(row)
    return replace(scope, runs=(*scope.runs, row))


def stage_tombstones(step: Publication, erasure: Erasure) -> Run:
    """Stage the tombstones of the subject and their devices; return the row that publishes them."""
    warehouse, base = step.warehouse, step.base.snapshots[TOMBSTONE]
    writer = warehouse.table(TOMBSTONE).writer(step.run_id)
    writer.write(all_tombstones(erasure))
    snapshot_id = warehouse.table(TOMBSTONE).replace(step.branch, base, writer.close())
    grown = warehouse.table(TOMBSTONE).count(snapshot_id) - warehouse.table(TOMBSTONE).count(base)
    return _row(step, TOMBSTONE, snapshot_id, added=grown)


def stage_ledger(step: Publication, rewrites: Collection[Rewrite]) -> Run | None:
    """Stage ledger entries of landing objects that will be replaced, so that no run reads them again.

    Returns:
        The row that publishes them; None where there is nothing to enter.
    """
    warehouse, base = step.warehouse, step.base.snapshots[OBJECT]
    entries = _entries(warehouse.table(OBJECT).scan(base).collect(), rewrites, step.run_id)
    if entries.is_empty():
        return None
    writer = warehouse.table(OBJECT).writer(step.run_id)
    writer.write(entries)
    snapshot_id = warehouse.table(OBJECT).stage(step.branch, base, added=writer.close())
    return _row(step, OBJECT, snapshot_id, added=entries.height)


def _row(step: Publication, table: str, snapshot_id: int, *, added: int) -> Run:
    return step.row(
        "erasing",
        snapshots={**step.base.snapshots, table: snapshot_id},
        accounts=unchanged(step.base) | {table: account_of(table, added=added)},
    )


def stage_tables(step: Publication, scope: Scope) -> Run | None:
    """Stage all tables without the subject; return the row that publishes them, None if nothing changes."""
    erasure, traces, warehouse, base = scope.erasure, scope.traces, step.warehouse, step.base.snapshots
    held = {table: traces.found_in(table, base[table]) for table in traces.touched}
    sent = (*LANDING_TABLES, QUARANTINE)
    removed = {table: _write_without(step, table, traces, erasure.progress) for table in sent}
    snapshots = dict(base) | {table: gone.snapshot_id for table, gone in removed.items()}
    snapshots[OBJECT] = _clean_ledger(step, removed, erasure.paths.mask)
    accounts = unchanged(step.base)
    accounts |= {table: account_of(table, erased=gone.rows.height) for table, gone in removed.items()}
    match = step.base.match
    if any(held[table] for table in (*sent, *DERIVED_TABLES)):
        # Derived rows of somebody of whom nothing was sent are none of ours: all is derived anew.
        stray = not any(held[table] for table in LANDING_TABLES)
        stray = stray and any(held[table] for table in DERIVED_TABLES)
        # What is there was derived before the tombstones were published.
        past = {**base, TOMBSTONE: scope.before.snapshots[TOMBSTONE]}
        subject_key = erasure.subject.key
        derived = Derivation(
            warehouse,
            {table: snapshots[table] for table in RECORD_TABLES},
            PreviousRun(warehouse, step.base, past, anew=stray),
            run_id=step.run_id,
            scratch=erasure.scratch,
            progress=erasure.progress,
            erased=ErasedRows(
                people=pl.Series([subject_key] if subject_key else [], dtype=pl.String),
                landing={table: removed[table].rows for table in LANDING_TABLES},
            ),
        ).run(
            branch=step.branch,
            now=step.base.now,
            pseudonyms=erasure.subject.pseudonyms,
            consent=step.base.consent,
        )
        derived.match.check()
        snapshots |= derived.snapshots
        accounts |= derived.accounts
        match = derived.match
    for table in published_tables():
        if snapshots[table] == base[table]:
            snapshots[table] = forget_removed(warehouse.table(table).writable, step.branch, base[table])
    if snapshots == dict(base):
        return None
    audit(warehouse, base, snapshots, accounts, erasing=True)
    return step.row("erasing", snapshots=snapshots, accounts=accounts, match=match)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Removed:
    snapshot_id: int
    rows: pl.DataFrame


def _write_without(step: Publication, table: str, traces: Traces, progress: Progress) -> _Removed:
    """Write the data files of a table that hold the subject anew."""
    warehouse, base = step.warehouse, step.base.snapshots[table]
    found = traces.found_in(table, base)
    gone = [polars_schema(contract_of(table)).to_frame()]
    writer = warehouse.table(table).writer(step.run_id)
    for number, (place, touch) in enumerate(found.items()):
        progress(f"rewriting {table}", number, len(found))
        file = traces.holdings[table].files[place]
        gone += taken_out(warehouse.table(table).iceberg, file, touch)
        write_kept(warehouse.table(table).iceberg, file, touch, writer)
    removed = [traces.holdings[table].files[place] for place in found]
    snapshot_id = warehouse.table(table).stage(step.branch, base, added=writer.close(), removed=removed)
    return _Removed(snapshot_id=snapshot_id, rows=pl.concat(gone))


def _clean_ledger(step: Publication, removed: Mapping[str, _Removed], path: Callable[[str], str]) -> int:
    """Count what was erased in the ledger, and take names out of its paths; return its snapshot."""
    warehouse, base = step.warehouse, step.base.snapshots[OBJECT]
    ledger = warehouse.table(OBJECT).scan(base).collect()
    records = _per_object((table, gone.rows) for table, gone in removed.items() if table != QUARANTINE)
    bad = removed[QUARANTINE].rows
    rejected = _per_object(
        (str(table), rows) for (table,), rows in bad.partition_by("table_name", as_dict=True).items()
    )
    known = ledger.join(records.rename({"rows": "_records"}), on=_PLACE, how="left", maintain_order="left")
    known = known.join(rejected.rename({"rows": "_rejected"}), on=_PLACE, how="left", maintain_order="left")
    # Times of somebody who is gone: they stay only where they date what somebody else's record denies.
    needed = undated_in(warehouse.table(QUARANTINE).scan(removed[QUARANTINE].snapshot_id))
    forgotten = (pl.col("_records") > 0) & ~pl.col("digest").is_in(needed)
    gone_records = pl.when(~pl.col("duplicate")).then(pl.col("_records")).fill_null(0)
    gone_rejected = pl.when(~pl.col("duplicate")).then(pl.col("_rejected")).fill_null(0)
    paths = ledger["path"].unique()
    after = known.with_columns(
        path=pl.col("path").replace(dict(zip(paths, map(path, paths), strict=True))),
        records=pl.col("records") - gone_records,
        rejected=pl.col("rejected") - gone_rejected,
        erased=pl.col("erased") + gone_records + gone_rejected,
        newest_update=pl.when(forgotten).then(None).otherwise(pl.col("newest_update")),
    ).select(ledger.columns)
    if after.equals(ledger):
        return base
    writer = warehouse.table(OBJECT).writer(step.run_id)
    writer.write(after)
    return warehouse.table(OBJECT).replace(step.branch, base, writer.close())


def _per_object(parts: Iterable[tuple[str, pl.DataFrame]]) -> pl.DataFrame:
    """Return how many rows went of each object."""
    counts = [
        rows.group_by(digest="_digest")
        .agg(pl.len().cast(pl.Int64).alias("rows"))
        .select(pl.lit(table).alias("table_name"), "digest", "rows")
        for table, rows in parts
    ]
    schema = {"table_name": pl.String, "digest": pl.String, "rows": pl.Int64}
    return pl.concat([pl.DataFrame(schema=schema), *counts])


def _entries(ledger: pl.DataFrame, rewrites: Collection[Rewrite], run_id: str) -> pl.DataFrame:
    """Return the entries of rewritten objects of which the old bytes were loaded: nothing more is in them."""
    loaded = {
        (row["table_name"], row["digest"]): row
        for row in ledger.filter(~pl.col("duplicate")).iter_rows(named=True)
    }
    digests = set(zip(ledger["table_name"], ledger["digest"], strict=True))
    entered = set(zip(ledger["table_name"], ledger["path"], ledger["digest"], strict=True))
    rows = []
    for each in rewrites:
        before = loaded.get((each.old.table, each.old_digest))
        if before is None or (each.new.table, each.label, each.new_digest) in entered:
            continue
        digest = (each.new.table, each.new_digest)
        rows.append(
            before
            | {
                "path": each.label,
                "size": each.new.size,
                "version": each.new.version,
                "digest": each.new_digest,
                # Twins stay twins, and objects of which nothing is left have become equal.
                "duplicate": digest in digests,
                "records": 0,
                "rejected": 0,
                "erased": 0,
                "newest_update": None,
                "run": run_id,
            }
        )
        digests.add(digest)
    return pl.DataFrame(rows, schema=ledger.schema)
