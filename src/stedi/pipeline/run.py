"""One run: what is new is loaded, the derived tables are made again, checked, and published as a whole."""

import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from stedi.consent.effective import changes_between
from stedi.consent.pseudonyms import Pseudonyms
from stedi.errors import ConsentModeError, LakeError
from stedi.landing.objects import LandingObject
from stedi.names import CUSTOMER_LANDING, DISTRIBUTION, OBJECT, QUARANTINE, TOMBSTONE, Consent
from stedi.pipeline.clock import lake_time, time_since
from stedi.pipeline.derive.derive import Derivation
from stedi.pipeline.derive.past import Past
from stedi.pipeline.history import TAG_PREFIX, Run
from stedi.pipeline.load import Loaded, Loader
from stedi.pipeline.publish import audit, publish
from stedi.pipeline.refusals import Refusal
from stedi.pipeline.release import release
from stedi.pipeline.run_report import RunReport
from stedi.pipeline.undo import take_back, undone
from stedi.plan.account import Account
from stedi.plan.change import Change, People
from stedi.plan.lineage import LANDING_TABLES, LINEAGE, RECORD_TABLES, published_tables
from stedi.plan.match import Match
from stedi.progress import Progress
from stedi.warehouse.warehouse import Warehouse

Convert = Callable[[Warehouse, Mapping[str, int], str, str], dict[str, int]]
"""Stages tables anew, of some snapshots, for a run on a branch; returns the snapshots to go on from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a run is asked to do.

    Attributes:
        sources: The landing objects of each table; empty to derive again what is there.
        consent: The consent mode.
        now: The time at which consent is judged.
        max_rejected: The largest share of a table's new records that may be rejected.
        pseudonyms: The lake's key.
        released: Rejected records, as (digest, position), that from now on deny and claim nothing.
        scratch: Where rows wait for their bucket.
        seal: Is called once all is checked, just before the run is published.
        progress: Is told how far the run is.
        full: Derive everything anew.
        plan: Publish nothing, and leave the lake as it was.
        notes: What somebody should know of the landing root.
        convert: Stages what an older format of the lake wrote, before all else.
    """

    sources: Mapping[str, Sequence[LandingObject]]
    consent: Consent
    now: datetime
    max_rejected: float
    pseudonyms: Pseudonyms
    released: frozenset[tuple[str, int]]
    scratch: Path
    seal: Callable[[], None]
    progress: Progress
    full: bool = False
    plan: bool = False
    notes: Sequence[str] = ()
    convert: Convert | None = None


def check_order(consent: Consent, now: datetime, base: Run | None) -> None:
    """Refuse a run that contradicts the one before it.

    Raises:
        ConsentModeError: The lake has another consent mode.
        LakeError: Time would run backwards.
    """
    if base is None:
        return
    if consent != base.consent:
        raise ConsentModeError(
            f"this lake's consent mode is {base.consent!r}, set by its first run, and can't become "
            f"{consent!r}: use another lake for another mode"
        )
    if now < base.now:
        raise LakeError(
            f"now ({now.isoformat()}) is before that of the last run ({base.now.isoformat()}): consent is "
            "judged forwards in time only"
        )


def new_run_id(started_at: datetime) -> str:
    """Return an id that sorts by time and is never made twice."""
    return f"{started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def execute(warehouse: Warehouse, order: Order, runs: Sequence[Run]) -> RunReport:
    """Carry out a run on a repaired lake that nobody else writes to, and publish it, unless it is a plan."""
    base = runs[-1] if runs else None
    started_at = lake_time(base)
    run_id = new_run_id(started_at)
    before = base.snapshots if base else {name: warehouse.main(name) for name in published_tables()}
    with undone(warehouse, run_id):
        if order.convert is not None:
            before = order.convert(warehouse, before, run_id, TAG_PREFIX + run_id)
        staged = _stage(warehouse, order, base, before, run_id)
        staged.match.check()
        audit(warehouse, before, staged.snapshots, staged.accounts)
        run = Run(
            run_id=run_id,
            base_run_id=base.run_id if base else None,
            # What was begun in an older format stays to be finished.
            kind=base.kind if base is not None and order.convert is not None and _begun(base) else "run",
            started_at=started_at,
            published_at=time_since(started_at),
            now=order.now,
            consent=order.consent,
            key_fingerprint=order.pseudonyms.fingerprint,
            code_version=version(DISTRIBUTION),
            match=staged.match,
            snapshots=staged.snapshots,
            accounts=staged.accounts,
        )
        if not order.plan:
            order.seal()
            publish(warehouse, run, runs)
        else:
            # Within: an interrupt here leaves no more than one before.
            take_back(warehouse, runs, TAG_PREFIX + run_id)
    changed = base is None or any(
        snapshot != before[name] for name, snapshot in staged.snapshots.items() if name != OBJECT
    )
    return RunReport(
        run=run,
        published=not order.plan,
        objects=len(staged.read),
        read=staged.read,
        paths=staged.paths,
        refusals=staged.refusals,
        notes=(*staged.notes, *order.notes),
        changed=changed,
        changes=staged.changes,
        people=staged.people,
        differs=not staged.expected and any(each != Change() for each in staged.changes.values()),
    )


class _Staged(NamedTuple):
    """What a run has written to its branch.

    Attributes:
        snapshots: The staged snapshot of each table.
        accounts: The row arithmetic of each table.
        match: How well the two sensors pair.
        read: What the landing objects that were read are called.
        paths: Their paths.
        refusals: Those with the most rejected records.
        notes: What is to be said of them.
        changes: The rows that each table gains and loses.
        people: The customers who join, leave and move.
        expected: Something was new, so that tables may have changed.
    """

    snapshots: dict[str, int]
    accounts: dict[str, Account]
    match: Match
    read: Sequence[str]
    paths: Sequence[str]
    refusals: Sequence[Refusal]
    notes: Sequence[str]
    changes: Mapping[str, Change]
    people: People
    expected: bool


def _stage(
    warehouse: Warehouse, order: Order, base: Run | None, before: Mapping[str, int], run_id: str
) -> _Staged:
    branch = TAG_PREFIX + run_id
    loader = Loader(
        warehouse,
        before,
        run_id=run_id,
        branch=branch,
        pseudonyms=order.pseudonyms,
        progress=order.progress,
    )
    loaded = loader.load(loader.unseen(order.sources, order.notes), max_rejected=order.max_rejected)
    sources = dict(loaded.snapshots)
    if order.released:
        sources[QUARANTINE] = release(
            warehouse, sources[QUARANTINE], order.released, run_id=run_id, branch=branch, now=order.now
        )
    expected = base is None or bool(order.released) or _anything_new(warehouse, order, base, loaded)
    landed = {table: Change(gained=loaded.accounts[table].rows_out) for table in RECORD_TABLES}
    if base is not None and not expected and not order.full:
        as_before = {step.table: base.accounts[step.table] for step in LINEAGE}
        return _Staged(
            snapshots={**before, **loaded.snapshots},
            accounts={**loaded.accounts, **as_before},
            match=base.match,
            read=loaded.read,
            paths=loaded.paths,
            refusals=loaded.refusals,
            notes=loaded.notes,
            changes={**landed, **{step.table: Change() for step in LINEAGE}},
            people=People(),
            expected=True,
        )
    past = Past(warehouse, base, before, forgotten=order.full or _other_code(base))
    with tempfile.TemporaryDirectory(prefix=f"{branch}-", dir=order.scratch) as scratch:
        derivation = Derivation(
            warehouse, sources, past, run_id=run_id, scratch=Path(scratch), progress=order.progress
        )
        derived = derivation.run(
            branch=branch, now=order.now, pseudonyms=order.pseudonyms, consent=order.consent
        )
    return _Staged(
        snapshots={**sources, **derived.snapshots},
        accounts={**loaded.accounts, **derived.accounts},
        match=derived.match,
        read=loaded.read,
        paths=loaded.paths,
        refusals=loaded.refusals,
        notes=loaded.notes,
        changes={**landed, **derived.changes},
        people=derived.people,
        expected=expected or _other_code(base),
    )


def _begun(base: Run) -> bool:
    return base.kind in ("erasing", "rotating")


def _other_code(base: Run | None) -> bool:
    """Say whether the run before was made by another version of stedi, whose tables are not trusted."""
    return base is not None and base.code_version != version(DISTRIBUTION)


def _anything_new(warehouse: Warehouse, order: Order, base: Run, loaded: Loaded) -> bool:
    """Say whether any derived table could differ from the base run's: new rows, new code, or time."""
    if any(loaded.accounts[name].rows_out for name in (*LANDING_TABLES, QUARANTINE)):
        return True
    if loaded.snapshots[TOMBSTONE] != base.snapshots[TOMBSTONE]:
        return True
    if _other_code(base):
        return True
    customers = warehouse.scan(CUSTOMER_LANDING, base.snapshots[CUSTOMER_LANDING])
    return not customers.filter(changes_between(base.now, order.now)).head(1).collect().is_empty()
