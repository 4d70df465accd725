"""Rotating the key: all ids are made anew, as one run, and whatever held the old ones goes.

Once the new tables are published the newest row of the run table says ``rotating``: nothing else may write,
and rotating once more finishes it. docs/design/2026-11-25-key-rotation.md says why so.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms
from stedi.consent.tombstones import TombstoneIndex, retired_keys
from stedi.contract import contract_of
from stedi.errors import ConservationError, KeyMismatchError, LakeError, UnknownNameError
from stedi.governance.rotate.rotation import RotationReport
from stedi.names import (
    ACCELEROMETER_LANDING,
    CUSTOMER_LANDING,
    DISTRIBUTION,
    QUARANTINE,
    RUN,
    STEP_TRAINER_LANDING,
    TOMBSTONE,
)
from stedi.pipeline.derive.derive import Derivation
from stedi.pipeline.derive.previous_run import PreviousRun
from stedi.pipeline.history import TAG_PREFIX, Run
from stedi.pipeline.keys import Succession, find_successor, save_successor
from stedi.pipeline.publication import Publication, publication, unchanged
from stedi.pipeline.publish import audit
from stedi.pipeline.purge import drop_refs, expire_but, sweep
from stedi.pipeline.receipts.chain import check_all_there, receipts_of
from stedi.pipeline.site import Site
from stedi.pipeline.undo import carried_out
from stedi.plan.lineage import DERIVED_TABLES, KEYED_TABLES, RECORD_TABLES, published_tables
from stedi.progress import Progress
from stedi.warehouse.holding import holding, metadata_texts
from stedi.warehouse.rewrite import forget_removed
from stedi.warehouse.run_tables import RunTables
from stedi.warehouse.warehouse import Warehouse

_HEX: Final = re.compile(rb"[0-9a-f]{16,}")
_BOUND: Final = 16
"""Manifests cut the bounds of texts off after so many characters."""
_CUSTOMERS: Final = ((CUSTOMER_LANDING, "email"), (ACCELEROMETER_LANDING, "user"), (QUARANTINE, "emails"))
_DEVICES: Final = (
    (CUSTOMER_LANDING, "serial_number"),
    (STEP_TRAINER_LANDING, "serial_number"),
    (QUARANTINE, "serial_numbers"),
)


def rotate_site(
    site: Site,
    pseudonyms: Pseudonyms | None,
    new: Pseudonyms | None,
    *,
    adopt: Callable[[Pseudonyms], None],
    plan: bool,
    drop_tags: Collection[str],
    progress: Progress,
) -> RotationReport:
    """Rotate the key of the lake of a site, or say what that would do; ``Lake.rotate_key`` tells of it.

    Args:
        site: The site.
        pseudonyms: The keys that were passed; None to look for the lake's own.
        new: The new key, if it was passed.
        adopt: Is told the new keys as soon as the lake has them.
        plan: Change nothing.
        drop_tags: Tags and branches that may be dropped.
        progress: Is told how far it is.
    """
    drop = frozenset(drop_tags)

    def successor(runs: Sequence[Run]) -> Succession:
        return find_successor(pseudonyms, new, used=keys_of(runs), newest=runs[-1].kind)

    warehouse, runs = site.read()
    if plan:
        with site.explained():
            succession = successor(runs)
            made = new is None and succession.to_save
            return plan_rotation(warehouse, runs, succession, made=made, drop=drop)
    with site.hold("rotate") as (held, published), site.scratch() as scratch:

        def rotate_newest(newest: Sequence[Run]) -> RotationReport:
            succession = successor(newest)
            report = rotate(held, newest, succession, drop=drop, scratch=scratch, progress=progress)
            if report.outcome == "rotated":
                adopt(succession.pseudonyms)
            return report

        return carried_out(held, published, rotate_newest, unfinished="rotating")


def plan_rotation(
    warehouse: Warehouse, runs: Sequence[Run], succession: Succession, *, made: bool, drop: Collection[str]
) -> RotationReport:
    """Return what a rotation of the key would do; change nothing.

    Args:
        warehouse: The lake's tables.
        runs: The published runs.
        succession: The new key, and all others that are at hand.
        made: The new key would be made first, and has no fingerprint yet.
        drop: Tags and branches that may be dropped.

    Raises:
        KeyMismatchError: A key that tombstones were made with is not at hand.
    """
    new, tables = succession.pseudonyms, warehouse.at(runs[-1].snapshots)
    tombstone_index = _recognised(tables, runs, new)
    unfinished = _is_unfinished(runs)
    report = _report(
        runs,
        warehouse=warehouse,
        new=new,
        outcome="planned",
        old=_old_key(runs),
        resumed=unfinished,
        # What names are known of is made anew, and all else is wrapped.
        tombstones=None if unfinished else _under(new, tombstone_index, tables),
        snapshots={
            table: sum(each != tables.snapshots[table] for each in warehouse.table(table).snapshots())
            + (not unfinished)
            for table in KEYED_TABLES
        },
        refs_holding=tuple(name for name in _holding(warehouse, runs) if name not in drop),
    )
    return replace(report, new=None) if made else report


def rotate(
    warehouse: Warehouse,
    runs: Sequence[Run],
    succession: Succession,
    *,
    drop: Collection[str],
    scratch: Path,
    progress: Progress,
) -> RotationReport:
    """Rotate the key, and return what was done.

    Args:
        warehouse: The lake's tables, held by this process.
        runs: The published runs.
        succession: The new key, and all others that are at hand.
        drop: Tags and branches that may be dropped.
        scratch: An empty folder.
        progress: Is told how far it is.

    Raises:
        KeyMismatchError: A key that tombstones were made with is not at hand.
        LakeError: Tags or branches hold ids of the old key, and nothing was said about them.
    """
    new, unfinished = succession.pseudonyms, _is_unfinished(runs)
    report = partial(_report, warehouse=warehouse, new=new, old=_old_key(runs), resumed=unfinished)
    tables = warehouse.at(runs[-1].snapshots)
    tombstone_index = _recognised(tables, runs, new)
    if not unfinished and new.fingerprint == runs[-1].key_fingerprint:
        return report(runs, outcome="nothing_to_do", snapshots={})
    holding = _holding(warehouse, runs)
    _check_decided(warehouse, holding, drop, unfinished=unfinished)
    if not unfinished:
        # Once it has begun, files are deleted, and for that all that is needed must be there.
        check_all_there(receipts_of(warehouse), runs)
        warehouse.leftovers(before=datetime.now(UTC), without={})
    saved = save_successor(new) if succession.to_save else None
    if not unfinished:
        with publication(warehouse, runs) as step:
            row = _stage_tables(step, new, _under(new, tombstone_index, tables), scratch, progress)
            runs = _publish(step, row, progress)
    old_refs = {run.ref for run in runs if run.key_fingerprint != new.fingerprint}
    drop_refs(warehouse, old_refs.union(drop))
    kept = {table: {runs[-1].snapshots[table]} for table in KEYED_TABLES}
    expired = expire_but(warehouse, kept, progress)
    swept = sweep(warehouse, progress)
    decoded = _check_nothing_left(warehouse, runs, new)
    with publication(warehouse, runs) as step:
        runs = _publish(step, step.row("rotation"), progress)
    return report(
        runs,
        outcome="rotated",
        snapshots=expired,
        refs_dropped=tuple(sorted({*holding}.intersection(drop))),
        files_deleted=swept.files,
        bytes_freed=swept.bytes,
        decoded=decoded,
        foreign_files=len(swept.foreign),
        key_file=None if saved is None else str(saved),
    )


def keys_of(runs: Sequence[Run]) -> Sequence[str]:
    """Return the fingerprints of all keys that a lake had, the newest last."""
    return list(dict.fromkeys(run.key_fingerprint for run in runs))


def _is_unfinished(runs: Sequence[Run]) -> bool:
    return runs[-1].kind == "rotating"


def _old_key(runs: Sequence[Run]) -> str:
    """Return the fingerprint of the key that goes, or would go."""
    return keys_of(runs)[-2 if _is_unfinished(runs) else -1]


def _recognised(tables: RunTables, runs: Sequence[Run], new: Pseudonyms) -> TombstoneIndex:
    """Return what recognises the names of tombstones, with the key that the lake has now."""
    known = new.using(runs[-1].key_fingerprint)
    if known is None:
        raise KeyMismatchError.retired(runs[-1].key_fingerprint)
    return TombstoneIndex(tables.scan(TOMBSTONE).collect(), known)


def _names(tables: RunTables, columns: Collection[tuple[str, str]]) -> pl.Series:
    named = [(table, tables.scan(table).select(name=column)) for table, column in columns]
    texts = [frame.explode("name") if table == QUARANTINE else frame for table, frame in named]
    return pl.concat([frame.unique().collect()["name"] for frame in texts]).drop_nulls().unique()


def _under(new: Pseudonyms, tombstone_index: TombstoneIndex, tables: RunTables) -> pl.DataFrame:
    """Return the tombstones under the new key."""
    return tombstone_index.under(new, customers=_names(tables, _CUSTOMERS), devices=_names(tables, _DEVICES))


def _holding(warehouse: Warehouse, runs: Sequence[Run]) -> list[str]:
    """Return the tags and branches that hold an id of the old key, but for those of runs."""
    newest, unfinished = runs[-1].snapshots, _is_unfinished(runs)
    return sorted(
        {
            name
            for table in KEYED_TABLES
            for name, snapshot_id in warehouse.table(table).refs().items()
            if not name.startswith(TAG_PREFIX) and not (unfinished and snapshot_id == newest[table])
        }
    )


def _check_decided(
    warehouse: Warehouse, holding: Sequence[str], drop: Collection[str], *, unfinished: bool
) -> None:
    undecided = [name for name in holding if name not in drop]
    if undecided:
        raise LakeError(
            f"tags or branches hold ids of the old key: {', '.join(undecided)}. They can't be kept: say "
            "of each that it is dropped (drop_tags=, --drop-tag), and set it anew afterwards. Nothing "
            "was changed"
        )
    known = {name for table in (*published_tables(), RUN) for name in warehouse.table(table).refs()}
    for name in sorted(drop):
        # Whoever asks once more says the same of tags that are gone by now.
        if name not in known and not unfinished:
            raise UnknownNameError.of("tag", name, known)


def _publish(step: Publication, row: Run, progress: Progress) -> Sequence[Run]:
    progress("publishing", 0, 1)
    step.publish(row)
    return [*step.runs, row]


def _stage_tables(
    step: Publication, new: Pseudonyms, tombstones: pl.DataFrame, scratch: Path, progress: Progress
) -> Run:
    """Stage tombstones and derived tables under the new key; return the row that publishes them."""
    warehouse, base, run_id, branch = step.warehouse, step.base, step.run_id, step.branch
    snapshots = dict(base.snapshots)
    writer = warehouse.table(TOMBSTONE).writer(run_id)
    writer.write(tombstones)
    snapshots[TOMBSTONE] = warehouse.table(TOMBSTONE).replace(
        branch, base.snapshots[TOMBSTONE], writer.close()
    )
    derived = Derivation(
        warehouse,
        {table: snapshots[table] for table in RECORD_TABLES},
        PreviousRun(warehouse, base, base.snapshots, anew=True),
        run_id=run_id,
        scratch=scratch,
        progress=progress,
    ).run(branch=branch, now=base.now, pseudonyms=new, consent=base.consent)
    snapshots |= derived.snapshots
    for table in KEYED_TABLES:
        # An empty table stays as it was; its manifests may still have bounds of old ids.
        if snapshots[table] == base.snapshots[table]:
            snapshots[table] = forget_removed(warehouse.table(table).writable, branch, base.snapshots[table])
    derived.match.check()
    accounts = unchanged(base) | dict(derived.accounts)
    audit(warehouse, base.snapshots, snapshots, accounts)
    same = base.code_version == version(DISTRIBUTION)
    for table in DERIVED_TABLES if same else ():
        if accounts[table] != base.accounts[table]:
            raise ConservationError(
                f"{table}: other rows came out than before, and only ids should differ; nothing was "
                "published. Look what stedi run LANDING --full says of it"
            )
    return step.row(
        "rotating",
        key_fingerprint=new.fingerprint,
        code_version=version(DISTRIBUTION),
        match=derived.match,
        snapshots=snapshots,
        accounts=accounts,
    )


def _check_nothing_left(warehouse: Warehouse, runs: Sequence[Run], new: Pseudonyms) -> int:
    """Decode what is left of the tables that hold ids; return how many files there were."""
    old = set(_old_ids(warehouse, runs, new))
    starts = {each[:_BOUND].encode() for each in old}
    decoded = 0
    for table in published_tables():
        if table in KEYED_TABLES:
            names = contract_of(table).names
            columns: list[str] = [each for each in ("customer_id", "device_id", "digest") if each in names]
            for place in holding(warehouse.table(table).iceberg).files:
                with warehouse.files.open(place) as source:
                    rows = pl.read_parquet(source, columns=columns)
                if any(not old.isdisjoint(rows[name].unique()) for name in columns):
                    raise _left(table)
                decoded += 1
        for text in metadata_texts(warehouse.table(table).iceberg):
            if any(not starts.isdisjoint(_windows(found)) for found in _HEX.findall(text)):
                raise _left(table)
            decoded += 1
    return decoded


def _old_ids(warehouse: Warehouse, runs: Sequence[Run], new: Pseudonyms) -> Iterator[str]:
    """Yield the ids that older keys make of whoever the tables name."""
    tables = warehouse.at(runs[-1].snapshots)
    customers, devices = _names(tables, _CUSTOMERS), _names(tables, _DEVICES)
    for fingerprint in keys_of(runs)[:-1]:
        key = new.using(fingerprint)
        if key is not None:
            yield from map(key.customer_id, customers)
            yield from map(key.device_id, devices)


def _report(
    runs: Sequence[Run],
    *,
    warehouse: Warehouse,
    new: Pseudonyms,
    tombstones: pl.DataFrame | None = None,
    **others: object,
) -> RotationReport:
    """Return a report: what is said, and what the newest run tells; tombstones too, unless given."""
    if tombstones is None:
        tombstones = warehouse.at(runs[-1].snapshots).scan(TOMBSTONE).collect()
    signed = {receipt.key_fingerprint for receipt in receipts_of(warehouse)}
    return RotationReport(
        new=new.fingerprint,
        rows={table: runs[-1].accounts[table].rows_out for table in DERIVED_TABLES},
        tombstones=tombstones.height,
        keys_needed=retired_keys(tombstones, new.fingerprint),
        receipt_keys=tuple(sorted(signed - {new.fingerprint})),
        **others,  # type: ignore[arg-type]  # the other fields of a report
    )


def _windows(token: bytes) -> set[bytes]:
    return {token[at : at + _BOUND] for at in range(len(token) - _BOUND + 1)}


def _left(table: str) -> ConservationError:
    return ConservationError(
        f"{table}: an id of an older key was found after all was done; the rotation is not finished. Run it "
        "again; if that does not help, this is a bug in stedi: please report it"
    )
