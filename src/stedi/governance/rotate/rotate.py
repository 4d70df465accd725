"""Rotating the key: all ids are made anew, as one run, and whatever held the old ones goes.

Once the new tables are published the newest row of the run table says ``rotating``: nothing else may write,
and rotating once more finishes it. docs/design/2026-11-25-key-rotation.md says why so.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

import polars as pl

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
from stedi.pipeline.keys import Succession, save_successor
from stedi.pipeline.publication import Publication, publication, unchanged
from stedi.pipeline.publish import audit
from stedi.pipeline.purge import drop_refs, expire_but, sweep
from stedi.pipeline.receipts.chain import check_all_there, receipts_of
from stedi.plan.lineage import DERIVED_TABLES, KEYED_TABLES, RECORD_TABLES, published_tables
from stedi.progress import Progress
from stedi.warehouse.holding import holding, metadata_texts
from stedi.warehouse.rewrite import forget_removed
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Change:
    """What is asked for.

    Attributes:
        succession: The new key, and all others that are at hand.
        drop: Tags and branches that may be dropped.
        scratch: An empty folder.
        progress: Is told how far it is.
    """

    succession: Succession
    drop: frozenset[str]
    scratch: Path
    progress: Progress


def keys_of(runs: Sequence[Run]) -> Sequence[str]:
    """Return the fingerprints of all keys that a lake had, the newest last."""
    return list(dict.fromkeys(run.key_fingerprint for run in runs))


class Rotation:
    """A rotation of the key, or the plan of one.

    Args:
        warehouse: The lake's tables.
        runs: The published runs.
        change: What is asked for.
    """

    def __init__(self, warehouse: Warehouse, runs: Sequence[Run], change: Change) -> None:
        """Look which keys are needed; change nothing.

        Raises:
            KeyMismatchError: A key that tombstones were made with is not at hand.
        """
        self._warehouse = warehouse
        self._runs = list(runs)
        self._change = change
        self._unfinished = runs[-1].kind == "rotating"
        self._new = change.succession.pseudonyms
        keys = keys_of(runs)
        self._old = keys[-2] if self._unfinished else keys[-1]
        known = self._new.using(runs[-1].key_fingerprint)
        if known is None:
            raise KeyMismatchError.retired(runs[-1].key_fingerprint)
        self._tombstones = self._scan(TOMBSTONE).collect()
        self._buried = TombstoneIndex(self._tombstones, known)

    def _scan(self, table: str) -> pl.LazyFrame:
        return self._warehouse.table(table).scan(self._runs[-1].snapshots[table])

    def _names(self, columns: Collection[tuple[str, str]]) -> pl.Series:
        named = [(table, self._scan(table).select(name=column)) for table, column in columns]
        texts = [frame.explode("name") if table == QUARANTINE else frame for table, frame in named]
        return pl.concat([frame.unique().collect()["name"] for frame in texts]).drop_nulls().unique()

    @property
    def _holding(self) -> list[str]:
        """The tags and branches that hold an id of the old key, but for those of runs."""
        newest = self._runs[-1].snapshots
        return sorted(
            {
                name
                for table in KEYED_TABLES
                for name, snapshot_id in self._warehouse.table(table).refs().items()
                if not name.startswith(TAG_PREFIX) and not (self._unfinished and snapshot_id == newest[table])
            }
        )

    def plan(self, *, made: bool) -> RotationReport:
        """Return what the rotation would do.

        Args:
            made: The new key would be made first, and has no fingerprint yet.
        """
        undecided = [name for name in self._holding if name not in self._change.drop]
        newest = self._runs[-1].snapshots
        expired = {
            table: len([each for each in self._warehouse.table(table).snapshots() if each != newest[table]])
            + (not self._unfinished)
            for table in KEYED_TABLES
        }
        planned = self._report("planned", self._tombstones, snapshots=expired, refs_holding=tuple(undecided))
        return replace(planned, new=None) if made else planned

    def execute(self) -> RotationReport:
        """Rotate, and return what was done.

        Raises:
            LakeError: Tags or branches hold ids of the old key, and nothing was said about them.
        """
        holding = self._holding
        self._check_decided(holding)
        if not self._unfinished:
            # Once it has begun, files are deleted, and for that all that is needed must be there.
            check_all_there(receipts_of(self._warehouse), self._runs)
            self._warehouse.leftovers(before=datetime.now(UTC), without={})
        saved = save_successor(self._new) if self._change.succession.to_save else None
        if not self._unfinished:
            self._publish_tables()
        old_refs = {run.ref for run in self._runs if run.key_fingerprint != self._new.fingerprint}
        drop_refs(self._warehouse, old_refs | self._change.drop)
        newest = self._runs[-1].snapshots
        kept = {table: {newest[table]} for table in KEYED_TABLES}
        expired = expire_but(self._warehouse, kept, self._change.progress)
        swept = sweep(self._warehouse, self._change.progress)
        decoded = self._check_nothing_left()
        self._publish_end()
        return self._report(
            "rotated",
            self._scan(TOMBSTONE).collect(),
            snapshots=expired,
            refs_dropped=tuple(sorted({*holding} & self._change.drop)),
            files_deleted=swept.files,
            bytes_freed=swept.bytes,
            decoded=decoded,
            foreign_files=len(swept.foreign),
            key_file=None if saved is None else str(saved),
        )

    def _check_decided(self, holding: Sequence[str]) -> None:
        undecided = [name for name in holding if name not in self._change.drop]
        if undecided:
            raise LakeError(
                f"tags or branches hold ids of the old key: {', '.join(undecided)}. They can't be kept: say "
                "of each that it is dropped (drop_tags=, --drop-tag), and set it anew afterwards. Nothing "
                "was changed"
            )
        known = {name for table in (*published_tables(), RUN) for name in self._warehouse.table(table).refs()}
        for name in sorted(self._change.drop):
            # Whoever asks once more says the same of tags that are gone by now.
            if name not in known and not self._unfinished:
                raise UnknownNameError.of("tag", name, known)

    def _publish_tables(self) -> None:
        with publication(self._warehouse, self._runs) as step:
            self._publish(step, self._derived(step))

    def _derived(self, step: Publication) -> Run:
        """Stage tombstones and derived tables under the new key; return the row that publishes them."""
        warehouse, base, run_id, branch = self._warehouse, step.base, step.run_id, step.branch
        snapshots = dict(base.snapshots)
        tombstones = self._buried.under(
            self._new, customers=self._names(_CUSTOMERS), devices=self._names(_DEVICES)
        )
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
            scratch=self._change.scratch,
            progress=self._change.progress,
        ).run(branch=branch, now=base.now, pseudonyms=self._new, consent=base.consent)
        snapshots |= derived.snapshots
        for table in KEYED_TABLES:
            # An empty table stays as it was; its manifests may still have bounds of old ids.
            if snapshots[table] == base.snapshots[table]:
                snapshots[table] = forget_removed(
                    warehouse.table(table).writable, branch, base.snapshots[table]
                )
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
            key_fingerprint=self._new.fingerprint,
            code_version=version(DISTRIBUTION),
            match=derived.match,
            snapshots=snapshots,
            accounts=accounts,
        )

    def _publish_end(self) -> None:
        with publication(self._warehouse, self._runs) as step:
            self._publish(step, step.row("rotation"))

    def _publish(self, step: Publication, row: Run) -> None:
        self._change.progress("publishing", 0, 1)
        step.publish(row)
        self._runs.append(row)

    def _check_nothing_left(self) -> int:
        """Decode what is left of the tables that hold ids; return how many files there were."""
        old = set(self._old_ids())
        starts = {each[:_BOUND].encode() for each in old}
        decoded = 0
        for table in published_tables():
            if table in KEYED_TABLES:
                columns = [each for each in ("customer_id", "device_id", "digest") if each in _columns(table)]
                for place in holding(self._warehouse.table(table).iceberg).files:
                    with self._warehouse.files.open(place) as source:
                        rows = pl.read_parquet(source, columns=columns)
                    if any(not old.isdisjoint(rows[name].unique()) for name in columns):
                        raise _left(table)
                    decoded += 1
            for text in metadata_texts(self._warehouse.table(table).iceberg):
                if any(not starts.isdisjoint(_windows(found)) for found in _HEX.findall(text)):
                    raise _left(table)
                decoded += 1
        return decoded

    def _old_ids(self) -> Iterator[str]:
        """Yield the ids that older keys make of whoever the tables name."""
        customers, devices = self._names(_CUSTOMERS), self._names(_DEVICES)
        for fingerprint in keys_of(self._runs)[:-1]:
            key = self._new.using(fingerprint)
            if key is not None:
                yield from map(key.customer_id, customers)
                yield from map(key.device_id, devices)

    def nothing_to_do(self) -> RotationReport:
        """Say that the lake has this key already."""
        return replace(
            self._report("nothing_to_do", self._tombstones, snapshots={}), old=self._new.fingerprint
        )

    def _report(
        self,
        outcome: Literal["planned", "rotated", "nothing_to_do"],
        tombstones: pl.DataFrame,
        *,
        snapshots: Mapping[str, int],
        **others: object,
    ) -> RotationReport:
        newest = self._runs[-1]
        if outcome == "planned" and not self._unfinished:
            # What names are known of is made anew, and all else is wrapped.
            tombstones = self._buried.under(
                self._new, customers=self._names(_CUSTOMERS), devices=self._names(_DEVICES)
            )
        signed = {receipt.key_fingerprint for receipt in receipts_of(self._warehouse)}
        return RotationReport(
            outcome=outcome,
            old=self._old,
            new=self._new.fingerprint,
            resumed=self._unfinished,
            rows={table: newest.accounts[table].rows_out for table in DERIVED_TABLES},
            tombstones=tombstones.height,
            keys_needed=retired_keys(tombstones, self._new.fingerprint),
            receipt_keys=tuple(sorted(signed - {self._new.fingerprint})),
            snapshots=snapshots,
            **others,  # type: ignore[arg-type]  # the other fields of a report
        )


def _columns(table: str) -> Sequence[str]:
    return contract_of(table).names


def _windows(token: bytes) -> set[bytes]:
    return {token[at : at + _BOUND] for at in range(len(token) - _BOUND + 1)}


def _left(table: str) -> ConservationError:
    return ConservationError(
        f"{table}: an id of an older key was found after all was done; the rotation is not finished. Run it "
        "again; if that does not help, this is a bug in stedi: please report it"
    )
