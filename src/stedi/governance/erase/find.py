"""Whom an erasure is about, and where they are: found out before anything is changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms
from stedi.errors import ConfigurationError, LakeError
from stedi.governance.erase.cuts import cuts
from stedi.governance.erase.erasure import Erasure, TagDecisions
from stedi.governance.erase.find_subject import find_subject
from stedi.governance.erase.foreign import look_beside
from stedi.governance.erase.paths import LandingPaths
from stedi.governance.erase.prepare import Remaining, Rewrites, prepare
from stedi.governance.erase.subject import Subject
from stedi.governance.erase.tombstones import tombstones_of
from stedi.governance.erase.traces import Traces, find_traces, named_by_users
from stedi.landing import s3
from stedi.landing.gate import Gate
from stedi.landing.objects import LandingObject
from stedi.names import MILLISECOND, TOMBSTONE
from stedi.pipeline.history import Run
from stedi.pipeline.load import find_sources
from stedi.pipeline.published import as_kept
from stedi.pipeline.receipts.chain import erased_before
from stedi.pipeline.receipts.receipt import DeviceDecision
from stedi.progress import Progress
from stedi.warehouse.cut import Cut
from stedi.warehouse.warehouse import Warehouse


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scope:
    """Whom an erasure is about and where they are, and what it has published since.

    Attributes:
        erasure: The erasure.
        runs: The published runs, the newest last.
        cuts: What goes of each table.
        traces: Where the subject is in the tables.
        refs: Tags and branches of users that hold the subject.
        sources: The landing objects, by table.
        rewrites: What is to be done in the landing root.
        beside: Files in it that no run reads, and that hold the subject.
    """

    erasure: Erasure
    runs: tuple[Run, ...]
    cuts: Mapping[str, Cut]
    traces: Traces
    refs: Sequence[str]
    sources: Mapping[str, Sequence[LandingObject]]
    rewrites: Rewrites
    beside: Sequence[Remaining]

    @property
    def before(self) -> Run:
        """The last run before this erasure."""
        return _last_finished(self.runs)


def find_scope(
    warehouse: Warehouse,
    runs: Sequence[Run],
    *,
    email: str | None,
    serial_number: str | None,
    asked_at: datetime,
    asked_by: str,
    reason: str | None,
    device: DeviceDecision | None,
    tags: TagDecisions,
    landing: str | None,
    folder: Path | None,
    pseudonyms: Pseudonyms,
    scratch: Path,
    progress: Progress,
) -> Scope:
    """Find out whom an erasure is about, and where they are; change nothing.

    Args:
        warehouse: The lake's tables.
        runs: The published runs, the newest last.
        email: The e-mail of the subject.
        serial_number: Instead of it, the serial number of a device that only they ever listed.
        asked_at: When it was asked for.
        asked_by: By whom.
        reason: Why.
        device: What becomes of the readings of devices that others listed too.
        tags: What becomes of tags that hold the subject.
        landing: The landing root to look through; None to leave it alone.
        folder: The folder of a local lake; None where the warehouse is on an object store.
        pseudonyms: The lake's key.
        scratch: An empty folder.
        progress: Is told how far this is.

    Raises:
        ConfigurationError: It can't be told who is meant, or the reason names them.
        LakeError: The erasure of somebody else is not finished.
    """
    left_out: list[tuple[str, str]] = []
    sources = (
        find_sources(landing, left_out=lambda *each: left_out.append(each)) if landing is not None else {}
    )
    as_they_are = tuple(as_kept(warehouse, run) for run in runs)
    unfinished = runs[-1].kind == "erasing"
    newest = warehouse.at(runs[-1].snapshots)
    # It tells names, as long as it can be read.
    before = warehouse.at(_last_finished(as_they_are).snapshots)
    tombstones = newest.scan(TOMBSTONE).collect()
    # Those of the erasure that was begun last, where it is not finished.
    pending = tombstones.filter(pl.col("erased_at") == pl.col("erased_at").max())
    pending = pending if unfinished else tombstones.clear()
    subject = find_subject(
        lambda table: (before if before.has(table) else newest).scan(table),
        email=email,
        serial_number=serial_number,
        pseudonyms=pseudonyms,
        tombstones=tombstones,
        pending=pending,
        erased=erased_before(warehouse),
        erase_shared=device == "erase",
    )
    if unfinished and subject.customer_id not in pending["digest"]:
        raise LakeError(
            "the erasure of somebody else is not finished: finish it first, by stedi erase for that person"
        )
    _check_unnamed(subject, reason=reason, asked_by=asked_by)
    erased_at = _erased_at(asked_at, tombstones, pending)
    tombstones = pl.concat(
        [
            subject.tombstone_index.without(devices=subject.own),
            tombstones_of(subject, erased_at, shared=False),
        ]
    )
    mask = _mask(subject, tombstones.filter(pl.col("digest").is_in(list(subject.digests))))
    erasure = Erasure(
        warehouse=warehouse,
        subject=subject,
        unfinished=unfinished,
        erased_at=erased_at,
        asked_at=asked_at,
        asked_by=asked_by,
        reason=reason,
        device=device,
        tags=tags,
        landing=landing,
        paths=LandingPaths(root=_absolute(landing), mask=mask, label=_mask(subject, tombstones)),
        folder=folder,
        scratch=scratch,
        progress=progress,
    )
    what_goes = cuts(erasure)
    traces = find_traces(warehouse, what_goes, progress)
    refs = named_by_users(warehouse, traces)
    return Scope(
        erasure=erasure,
        runs=as_they_are,
        cuts=what_goes,
        traces=traces,
        refs=refs,
        sources=sources,
        rewrites=prepare(erasure, sources, left_out=left_out, progress=progress),
        beside=look_beside(erasure, sources, left_out),
    )


def _last_finished(runs: Sequence[Run]) -> Run:
    return next(run for run in reversed(runs) if run.kind != "erasing")


def _check_unnamed(subject: Subject, **texts: str | None) -> None:
    for name, text in texts.items():
        if text is not None and (subject.named_in(text) or subject.called_in(text)):
            raise ConfigurationError(
                f"the {name} names the person (their e-mail, a serial number, their name or phone number): a "
                "receipt must not. Give a ticket number, for example"
            )


def _erased_at(now: datetime, tombstones: pl.DataFrame, pending: pl.DataFrame) -> datetime:
    """Return when the erasure takes effect: later than any before, so that the newest can be told."""
    begun = pending["erased_at"].max()
    if isinstance(begun, datetime):
        return begun
    # Whole milliseconds, as the sources send times.
    at = now.replace(microsecond=now.microsecond // 1000 * 1000) + MILLISECOND
    last = tombstones["erased_at"].max()
    return at if not isinstance(last, datetime) else max(at, last + MILLISECOND)


def _mask(subject: Subject, tombstones: pl.DataFrame) -> Callable[[str], str]:
    """Return what gives a path without erased names, as the next run will see it."""
    gate = Gate(tombstones, subject.pseudonyms)
    return cache(lambda path: gate.path(path, subject.is_of_another))


def _absolute(landing: str | None) -> str | None:
    """Return a landing root as the paths of its objects begin."""
    if landing is None:
        return None
    return s3.canonical(landing) if s3.is_url(landing) else str(Path(landing).resolve())
