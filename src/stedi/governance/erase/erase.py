"""Erasing a person: tombstone, landing objects, tables, history, files, receipt, in this order.

Whatever is interrupted is seen in the run table, whose newest row then says ``erasing``: nothing else may
write, and the same erasure once more finishes it. docs/design/2026-11-24-erasure.md says why so.
"""

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from stedi.governance.erase.check import check_nothing_left, check_whole
from stedi.governance.erase.decide import check_decided, check_told_apart, is_gone, is_nobody
from stedi.governance.erase.find import Found
from stedi.governance.erase.findings import Findings, findings_of, forget, keep, with_kept
from stedi.governance.erase.foreign import foreign_files, look_through
from stedi.governance.erase.prepare import find_late
from stedi.governance.erase.rebuild import rebuild_tags
from stedi.governance.erase.replace import Replaced, clear_drafts, replace_objects
from stedi.governance.erase.tables import publish, stage_ledger, stage_tables, stage_tombstones
from stedi.governance.erase.traces import find_traces
from stedi.governance.erase.write_receipt import erased_tables, planned_tables, receipt_of
from stedi.names import OBJECT, RUN
from stedi.pipeline.publication import publication
from stedi.pipeline.purge import drop_refs, expire_but, sweep
from stedi.pipeline.receipts.chain import check_all_there, receipts_of, sign_and_keep
from stedi.pipeline.receipts.receipt import Receipt
from stedi.plan.lineage import published_tables
from stedi.progress import silent

_TABLES: Final = tuple(published_tables())


def plan_erasure(found: Found) -> Receipt:
    """Return what an erasure would do; change nothing.

    Args:
        found: Whom it is about, and where they are.
    """
    findings, files = findings_of(found), foreign_files(found.erasure)
    if is_nobody(found):
        return receipt_of(found, findings, outcome="nobody", files=files)
    tables = planned_tables(found, findings)
    return receipt_of(found, findings, outcome="planned", files=files, tables=tables)


def erase(found: Found) -> Receipt:
    """Erase, and return the receipt.

    Args:
        found: Whom it is about, and where they are, in a lake that is held by this process.

    Raises:
        ConfigurationError: Somebody has to decide about a shared device first.
        LakeError: Tags or branches hold the subject, and nothing was said about them.
    """
    erasure, warehouse = found.erasure, found.erasure.warehouse
    check_decided(found)
    check_all_there(receipts_of(warehouse), found.runs)
    if is_nobody(found):
        return receipt_of(found, _findings(found), outcome="nobody", files=foreign_files(erasure))
    if not erasure.unfinished:
        if is_gone(found):
            return _renew_tombstones(found)
        check_told_apart(found)
        check_whole(found)
        # First of all: from here on no old file brings them back.
        found = publish(found, lambda step: stage_tombstones(step, erasure))
    findings = _findings(found)
    signed = _signed_before(found)
    if signed is None:
        keep(found, findings)
    with ExitStack() as opened:
        found, replaced = _replace_objects(found, opened)
        findings = findings.with_objects(replaced.anew)
        # Before the tables, too: names and phone numbers are known only while these tell them.
        rebuild_tags(warehouse, erasure.tags.rebuild, found.traces, erasure.progress)
        found = publish(found, lambda step: stage_tables(step, found))
        _drop_refs(found, findings.refs)
        expired = _expire(found)
        swept = sweep(warehouse, erasure.progress)
        decoded = check_nothing_left(found)
        warehouse.scrub_catalog()
        known = {each.path for each in (*found.rewrites.remaining, *replaced.remaining)}
        late = (*replaced.copy_additions(), *find_late(erasure, found.sources, found.rewrites))
        if signed is None:
            receipt = receipt_of(
                found,
                findings,
                outcome="erased",
                files=look_through(erasure, swept.foreign),
                tables=erased_tables(found, findings, expired),
                swept=swept,
                decoded=decoded,
                remaining=[*replaced.remaining, *(each for each in late if each.path not in known)],
            )
            signed = sign_and_keep(warehouse, receipt, erasure.subject.pseudonyms)
        forget(warehouse)
        _publish_end(found)
        return signed


def _findings(found: Found) -> Findings:
    return with_kept(found, findings_of(found))


def _renew_tombstones(found: Found) -> Receipt:
    """Keep out what was sent since the erasure before, too: it may be on its way still."""
    erasure = found.erasure
    with publication(erasure.warehouse, found.runs) as step:
        row = stage_tombstones(step, erasure)
        files = foreign_files(erasure)
        receipt = receipt_of(found, _findings(found), outcome="nothing_left", files=files)
        receipt = sign_and_keep(erasure.warehouse, receipt, erasure.subject.pseudonyms)
        erasure.progress("publishing", 0, 1)
        step.publish(replace(row, kind="erasure"))
    return receipt


def _signed_before(found: Found) -> Receipt | None:
    """Return the receipt of this very erasure, if it was written before an interruption."""
    erasure = found.erasure
    if not erasure.unfinished:
        return None
    of = (erasure.subject.customer_id, erasure.erased_at)
    signed = receipts_of(erasure.warehouse)
    return next((each for each in signed if (each.subject, each.erased_at) == of), None)


def _replace_objects(found: Found, opened: ExitStack) -> tuple[Found, Replaced]:
    """Replace landing objects, which the ledger must know before; the tables still tell who is meant."""
    erasure = found.erasure
    entered = publish(found, lambda step: stage_ledger(step, found.rewrites.found))
    if entered is not found:
        newer = find_traces(erasure.warehouse, {OBJECT: found.cuts[OBJECT]}, silent)
        entered = replace(entered, traces=found.traces.joined(newer))
    clear_drafts(erasure)
    return entered, replace_objects(erasure, found.rewrites, opened)


def _drop_refs(found: Found, holding: Collection[str]) -> None:
    """Drop the tags of runs that hold the subject, and what users named; move tags that should stay.

    Args:
        found: What the erasure found.
        holding: What users named, and held the subject before the erasure began.
    """
    warehouse, tags = found.erasure.warehouse, found.erasure.tags
    newest = {**found.runs[-1].snapshots, RUN: warehouse.main(RUN)}
    of_runs = {run.ref for run in found.runs if found.traces.holds(run)}
    moved = tags.move.intersection(holding)
    drop_refs(warehouse, of_runs | tags.drop.intersection(holding) | moved)
    for name in sorted(moved):
        for table in (*_TABLES, RUN):
            warehouse.tag(table, newest[table], name)


def _expire(found: Found) -> Mapping[str, int]:
    """Expire all snapshots but those of runs that never held the subject; return how many, by table."""
    kept = [*(run for run in found.runs if not found.traces.holds(run)), found.runs[-1]]
    snapshots = {table: {run.snapshots[table] for run in kept} for table in _TABLES}
    return expire_but(found.erasure.warehouse, snapshots, found.erasure.progress)


def _publish_end(found: Found) -> None:
    publish(found, lambda step: step.row("erasure"))
