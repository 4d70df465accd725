"""The receipt of an erasure, or the plan of one: made of what was found, and of what was done."""

from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from typing import Final

from stedi.governance.erase.decide import undecided
from stedi.governance.erase.find import Scope
from stedi.governance.erase.findings import Findings
from stedi.governance.erase.prepare import Remaining
from stedi.names import DISTRIBUTION, ERASED
from stedi.pipeline.clock import time_since
from stedi.pipeline.purge import Swept
from stedi.pipeline.receipts.receipt import (
    LeftObject,
    Outcome,
    Receipt,
    Remains,
    Scanned,
    TableErasure,
    elsewhere,
)
from stedi.plan.lineage import RECORD_TABLES

_NOTHING: Final = Swept(0, 0, ())


def planned_tables(scope: Scope, findings: Findings) -> Sequence[TableErasure]:
    """Return what would become of each table."""
    newest, traces = scope.runs[-1].snapshots, scope.traces
    rows = {
        table: sum(touch.gone for touch in traces.found_in(table, newest[table]).values())
        for table in scope.cuts
    }
    return _tables(findings, rows, {table: len(traces.snapshots[table]) for table in scope.cuts})


def erased_tables(scope: Scope, findings: Findings, expired: Mapping[str, int]) -> Sequence[TableErasure]:
    """Return what became of each table: counted from the run table, so that no interruption is lost."""
    before, newest = scope.before, scope.runs[-1]
    steps = scope.runs[scope.runs.index(before) + 1 :]
    rows = {
        table: sum(step.accounts[table].dropped.get(ERASED, 0) for step in steps)
        if table in RECORD_TABLES
        else before.accounts[table].rows_out - newest.accounts[table].rows_out
        for table in scope.cuts
    }
    return _tables(findings, rows, expired)


def _tables(
    findings: Findings, rows: Mapping[str, int], snapshots: Mapping[str, int]
) -> Sequence[TableErasure]:
    return [
        TableErasure(
            table=table,
            rows=gone,
            rewritten=findings.rewritten.get(table, 0),
            removed=findings.removed.get(table, ()),
            snapshots=snapshots.get(table, 0),
        )
        for table, gone in rows.items()
    ]


def receipt_of(
    scope: Scope,
    findings: Findings,
    *,
    outcome: Outcome,
    files: Sequence[Remaining],
    tables: Sequence[TableErasure] = (),
    swept: Swept = _NOTHING,
    decoded: int = 0,
    remaining: Sequence[Remaining] = (),
) -> Receipt:
    """Return a receipt that is not signed yet.

    Args:
        scope: What the erasure found.
        findings: What of it the receipt says.
        outcome: What came of it.
        files: Files of the lake that stedi did not write and that hold the subject, or may.
        tables: What became of each table.
        swept: What became of the files that nothing reaches.
        decoded: How many files were decoded afterwards.
        remaining: Landing objects that could not be replaced, or came meanwhile.
    """
    erasure, subject, tags = scope.erasure, scope.erasure.subject, scope.erasure.tags
    left = [*scope.rewrites.remaining, *scope.beside, *remaining]

    def named(names: Collection[str]) -> tuple[str, ...]:
        return tuple(sorted({*findings.refs}.intersection(names)))

    return Receipt(
        number=None,
        previous=None,
        outcome=outcome,
        subject=subject.customer_id,
        devices=len(subject.own) + len(subject.lost),
        shared_devices=len(subject.shared),
        device_decision=erasure.device if subject.shared else None,
        key_fingerprint=erasure.subject.pseudonyms.fingerprint,
        code_version=version(DISTRIBUTION),
        asked_at=erasure.asked_at,
        asked_by=erasure.asked_by,
        reason=erasure.reason,
        erased_at=erasure.erased_at if outcome in ("erased", "nothing_left") else None,
        finished_at=time_since(erasure.asked_at),
        resumed=erasure.unfinished,
        tables=tuple(tables),
        objects=tuple(each for each in findings.objects if each.path not in {one.path for one in left}),
        refs_dropped=named(tags.drop),
        refs_moved=named(tags.move),
        refs_rebuilt=named(tags.rebuild),
        refs_holding=tuple(undecided(scope)),
        files_deleted=swept.files,
        bytes_freed=swept.bytes,
        scanned=Scanned(
            files=findings.files,
            bytes=findings.bytes,
            objects=scope.rewrites.scanned,
            object_bytes=scope.rewrites.scanned_bytes,
            decoded_after=decoded,
        ),
        remains=Remains(
            trained_on=findings.trained_on,
            unknown_runs=findings.unknown_runs,
            objects=tuple(LeftObject(path=each.path, why=each.why) for each in left),
            shared_devices=0 if erasure.erase_shared else len(subject.shared),
            foreign_files=len(swept.foreign),
            elsewhere=tuple(elsewhere(landing=erasure.landing is not None, remote=erasure.folder is None)),
            files=tuple(LeftObject(path=each.path, why=each.why) for each in files),
        ),
    )
