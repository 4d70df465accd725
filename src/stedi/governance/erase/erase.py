"""Erasing a person: tombstone, landing objects, tables, history, files, receipt, in this order.

Whatever is interrupted is seen in the run table, whose newest row then says ``erasing``: nothing else may
write, and the same erasure once more finishes it. docs/design/2026-11-24-erasure.md says why so.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from stedi.consent.pseudonyms import Pseudonyms
from stedi.governance.erase.check import check_nothing_left
from stedi.governance.erase.decide import check_decided, check_told_apart, check_whole, is_gone, is_nobody
from stedi.governance.erase.erasure import TagDecisions
from stedi.governance.erase.find import Scope, find_scope
from stedi.governance.erase.findings import Findings, findings_of, forget, keep, with_kept
from stedi.governance.erase.foreign import foreign_files, look_through
from stedi.governance.erase.prepare import find_late
from stedi.governance.erase.rebuild import rebuild_tags
from stedi.governance.erase.replace import Replaced, clear_drafts, replace_objects
from stedi.governance.erase.tables import publish_step, stage_ledger, stage_tables, stage_tombstones
from stedi.governance.erase.traces import find_traces
from stedi.governance.erase.write_receipt import erased_tables, planned_tables, receipt_of
from stedi.landing.root import check_root
from stedi.names import OBJECT, RUN
from stedi.pipeline.clock import lake_time
from stedi.pipeline.history import Run
from stedi.pipeline.keys import find_key
from stedi.pipeline.publication import publication
from stedi.pipeline.purge import drop_refs, expire_but, sweep
from stedi.pipeline.receipts.chain import check_all_there, receipts_of, sign_and_keep
from stedi.pipeline.receipts.receipt import DeviceDecision, Receipt
from stedi.pipeline.site import Site
from stedi.pipeline.undo import carried_out
from stedi.places import user
from stedi.plan.lineage import published_tables
from stedi.progress import Progress, silent

_TABLES: Final = tuple(published_tables())


def erase_site(
    site: Site,
    pseudonyms: Pseudonyms | None,
    *,
    plan: bool,
    email: str | None,
    serial_number: str | None,
    asked_by: str | None,
    reason: str | None,
    device: DeviceDecision | None,
    drop_tags: Collection[str],
    move_tags: Collection[str],
    rebuild_tags: Collection[str],
    landing: str | os.PathLike[str] | None,
    progress: Progress,
) -> Receipt:
    """Erase a person from the lake of a site, or say what that would do; ``Lake.erase`` tells of it.

    Args:
        site: The site.
        pseudonyms: The keys that were passed; None to look for the lake's own.
        plan: Change nothing.
        email: The e-mail of the person.
        serial_number: Instead of it, the serial number of a device that only they ever listed.
        asked_by: Who asked; None for the user who is logged in.
        reason: Why.
        device: What becomes of the readings of devices that others listed too.
        drop_tags: Tags to drop if they hold the person.
        move_tags: Tags to move to the newest run.
        rebuild_tags: Tags to keep at their run, without the person.
        landing: The landing root to rewrite; None to leave it alone.
        progress: Is told how far the erasure is.
    """
    warehouse, runs = site.read()
    asked_at = lake_time(runs[-1])
    found, _ = find_key(pseudonyms, fingerprint=runs[-1].key_fingerprint)
    root = os.fspath(landing) if landing is not None else None
    if root is not None:
        check_root(root, lake=site.folder)
    scope = partial(
        find_scope,
        email=email,
        serial_number=serial_number,
        asked_at=asked_at,
        asked_by=asked_by if asked_by is not None else user(),
        reason=reason,
        device=device,
        tags=TagDecisions(frozenset(drop_tags), frozenset(move_tags), frozenset(rebuild_tags)),
        landing=root,
        folder=site.folder,
        pseudonyms=found,
        progress=progress,
    )
    if plan:
        with site.explained(), TemporaryDirectory(prefix="stedi-") as folder:
            return plan_erasure(scope(warehouse, runs, scratch=Path(folder)))
    with site.hold("erase") as (held, published), site.scratch() as scratch:

        def erase_newest(newest: Sequence[Run]) -> Receipt:
            with TemporaryDirectory(dir=scratch) as folder:
                return erase(scope(held, newest, scratch=Path(folder)))

        return carried_out(held, published, erase_newest, unfinished="erasing")


def plan_erasure(scope: Scope) -> Receipt:
    """Return what an erasure would do; change nothing.

    Args:
        scope: Whom it is about, and where they are.
    """
    findings, files = findings_of(scope), foreign_files(scope.erasure)
    if is_nobody(scope):
        return receipt_of(scope, findings, outcome="nobody", files=files)
    tables = planned_tables(scope, findings)
    return receipt_of(scope, findings, outcome="planned", files=files, tables=tables)


def erase(scope: Scope) -> Receipt:
    """Erase, and return the receipt.

    Args:
        scope: Whom it is about, and where they are, in a lake that is held by this process.

    Raises:
        ConfigurationError: Somebody has to decide about a shared device first.
        LakeError: Tags or branches hold the subject, and nothing was said about them.
    """
    erasure, warehouse = scope.erasure, scope.erasure.warehouse
    check_decided(scope)
    check_all_there(receipts_of(warehouse), scope.runs)
    if is_nobody(scope):
        return receipt_of(scope, _findings(scope), outcome="nobody", files=foreign_files(erasure))
    if not erasure.unfinished:
        if is_gone(scope):
            return _renew_tombstones(scope)
        check_told_apart(scope)
        check_whole(scope)
        # First of all: from here on no old file brings them back.
        scope = publish_step(scope, lambda step: stage_tombstones(step, erasure))
    findings = _findings(scope)
    signed = _signed_before(scope)
    if signed is None:
        keep(scope, findings)
    with ExitStack() as opened:
        scope, replaced = _replace_objects(scope, opened)
        findings = findings.with_objects(replaced.anew)
        # Before the tables, too: names and phone numbers are known only while these tell them.
        rebuild_tags(warehouse, erasure.tags.rebuild, scope.traces, erasure.progress)
        scope = publish_step(scope, lambda step: stage_tables(step, scope))
        _drop_refs(scope, findings.refs)
        expired = _expire(scope)
        swept = sweep(warehouse, erasure.progress)
        decoded = check_nothing_left(scope)
        warehouse.scrub_catalog()
        known = {each.path for each in (*scope.rewrites.remaining, *replaced.remaining)}
        late = (*replaced.copy_additions(), *find_late(erasure, scope.sources, scope.rewrites))
        if signed is None:
            receipt = receipt_of(
                scope,
                findings,
                outcome="erased",
                files=look_through(erasure, swept.foreign),
                tables=erased_tables(scope, findings, expired),
                swept=swept,
                decoded=decoded,
                remaining=[*replaced.remaining, *(each for each in late if each.path not in known)],
            )
            signed = sign_and_keep(warehouse, receipt, erasure.subject.pseudonyms)
        forget(warehouse)
        _publish_end(scope)
        return signed


def _findings(scope: Scope) -> Findings:
    return with_kept(scope, findings_of(scope))


def _renew_tombstones(scope: Scope) -> Receipt:
    """Keep out what was sent since the erasure before, too: it may be on its way still."""
    erasure = scope.erasure
    with publication(erasure.warehouse, scope.runs) as step:
        row = stage_tombstones(step, erasure)
        files = foreign_files(erasure)
        receipt = receipt_of(scope, _findings(scope), outcome="nothing_left", files=files)
        receipt = sign_and_keep(erasure.warehouse, receipt, erasure.subject.pseudonyms)
        erasure.progress("publishing", 0, 1)
        step.publish(replace(row, kind="erasure"))
    return receipt


def _signed_before(scope: Scope) -> Receipt | None:
    """Return the receipt of this very erasure, if it was written before an interruption."""
    erasure = scope.erasure
    if not erasure.unfinished:
        return None
    of = (erasure.subject.customer_id, erasure.erased_at)
    signed = receipts_of(erasure.warehouse)
    return next((each for each in signed if (each.subject, each.erased_at) == of), None)


def _replace_objects(scope: Scope, opened: ExitStack) -> tuple[Scope, Replaced]:
    """Replace landing objects, which the ledger must know before; the tables still tell who is meant."""
    erasure = scope.erasure
    entered = publish_step(scope, lambda step: stage_ledger(step, scope.rewrites.found))
    if entered is not scope:
        newer = find_traces(erasure.warehouse, {OBJECT: scope.cuts[OBJECT]}, silent)
        entered = replace(entered, traces=scope.traces.joined(newer))
    clear_drafts(erasure)
    return entered, replace_objects(erasure, scope.rewrites, opened)


def _drop_refs(scope: Scope, holding: Collection[str]) -> None:
    """Drop the tags of runs that hold the subject, and what users named; move tags that should stay.

    Args:
        scope: What the erasure found.
        holding: What users named, and held the subject before the erasure began.
    """
    warehouse, tags = scope.erasure.warehouse, scope.erasure.tags
    newest = {**scope.runs[-1].snapshots, RUN: warehouse.table(RUN).main()}
    of_runs = {run.ref for run in scope.runs if scope.traces.holds(run)}
    moved = tags.move.intersection(holding)
    drop_refs(warehouse, of_runs | tags.drop.intersection(holding) | moved)
    for name in sorted(moved):
        for table in (*_TABLES, RUN):
            warehouse.table(table).tag(newest[table], name)


def _expire(scope: Scope) -> Mapping[str, int]:
    """Expire all snapshots but those of runs that never held the subject; return how many, by table."""
    kept = [*(run for run in scope.runs if not scope.traces.holds(run)), scope.runs[-1]]
    snapshots = {table: {run.snapshots[table] for run in kept} for table in _TABLES}
    return expire_but(scope.erasure.warehouse, snapshots, scope.erasure.progress)


def _publish_end(scope: Scope) -> None:
    publish_step(scope, lambda step: step.row("erasure"))
