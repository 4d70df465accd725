"""One run: what is new is loaded, the derived tables are made again, checked, and published as a whole."""

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from stedi.consent.effective import changes_between
from stedi.consent.pseudonyms import Pseudonyms
from stedi.errors import ConsentModeError, LakeError
from stedi.landing.objects import LandingObject
from stedi.names import CUSTOMER_LANDING, DISTRIBUTION, OBJECT, QUARANTINE, TOMBSTONE, Consent
from stedi.pipeline.clock import time_since
from stedi.pipeline.derive.derive import Derivation, Derived
from stedi.pipeline.derive.previous_run import PreviousRun
from stedi.pipeline.history import Run
from stedi.pipeline.load import Loaded, Loader
from stedi.pipeline.publication import publication
from stedi.pipeline.publish import audit
from stedi.pipeline.release import release
from stedi.pipeline.run_report import RunReport
from stedi.pipeline.undo import take_back
from stedi.plan.change import Change
from stedi.plan.lineage import LANDING_TABLES, RECORD_TABLES, published_tables
from stedi.progress import Progress
from stedi.warehouse.warehouse import Warehouse

Convert = Callable[[Warehouse, Mapping[str, int], str, str], dict[str, int]]
"""Stages tables anew, of some snapshots, for a run on a branch; returns the snapshots to go on from."""


def check_forwards(consent: Consent, now: datetime, base: Run | None) -> None:
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


def execute(
    warehouse: Warehouse,
    runs: Sequence[Run],
    *,
    sources: Mapping[str, Sequence[LandingObject]],
    consent: Consent,
    now: datetime,
    pseudonyms: Pseudonyms,
    scratch: Path,
    progress: Progress,
    max_rejected: float = 1,
    notes: Sequence[str] = (),
    released: Collection[tuple[str, int]] = (),
    full: bool = False,
    plan: bool = False,
    seal: Callable[[], None] | None = None,
    convert: Convert | None = None,
) -> RunReport:
    """Carry out a run on a repaired lake that nobody else writes to, and publish it, unless it is a plan.

    Args:
        warehouse: The lake's tables.
        runs: The published runs, the newest last.
        sources: The landing objects of each table; none to derive again what is there.
        consent: The consent mode.
        now: The time at which consent is judged.
        pseudonyms: The lake's key.
        scratch: Where rows wait for their bucket.
        progress: Is told how far the run is.
        max_rejected: The largest share of a table's new records that may be rejected.
        notes: What somebody should know of the landing root.
        released: Rejected records, as (digest, position), that from now on deny and claim nothing.
        full: Derive everything anew.
        plan: Publish nothing, and leave the lake as it was.
        seal: Is called once all is checked, just before the run is published.
        convert: Stages what an older format of the lake wrote, before all else.

    Raises:
        RejectedError: Too many records were rejected.
        ConservationError: Rows were lost or made.
        RunConflictError: Another run was published meanwhile.
    """
    base = runs[-1] if runs else None
    before = base.snapshots if base else {name: warehouse.table(name).main() for name in published_tables()}
    with publication(warehouse, runs) as step:
        if convert is not None:
            before = convert(warehouse, before, step.run_id, step.branch)
        loader = Loader(
            warehouse,
            before,
            run_id=step.run_id,
            branch=step.branch,
            pseudonyms=pseudonyms,
            progress=progress,
        )
        loaded = loader.load(loader.unseen(sources, notes), max_rejected=max_rejected)
        landed = dict(loaded.snapshots)
        if released:
            landed[QUARANTINE] = release(
                warehouse, landed[QUARANTINE], released, run_id=step.run_id, branch=step.branch, now=now
            )
        other_code = base is not None and base.code_version != version(DISTRIBUTION)
        new = base is None or bool(released) or other_code or _anything_new(warehouse, base, loaded, now)
        if base is not None and not new and not full:
            derived = Derived.unchanged(base)
        else:
            previous = PreviousRun(warehouse, base, before, anew=full or other_code)
            with tempfile.TemporaryDirectory(prefix=f"{step.branch}-", dir=scratch) as folder:
                derived = Derivation(
                    warehouse, landed, previous, run_id=step.run_id, scratch=Path(folder), progress=progress
                ).run(branch=step.branch, now=now, pseudonyms=pseudonyms, consent=consent)
        derived.match.check()
        snapshots = {**landed, **derived.snapshots}
        accounts = {**loaded.accounts, **derived.accounts}
        audit(warehouse, before, snapshots, accounts)
        # What was begun in an older format stays to be finished.
        begun = base is not None and convert is not None and base.kind in ("erasing", "rotating")
        run = Run(
            run_id=step.run_id,
            base_run_id=base.run_id if base else None,
            kind=base.kind if base is not None and begun else "run",
            started_at=step.started_at,
            published_at=time_since(step.started_at),
            now=now,
            consent=consent,
            key_fingerprint=pseudonyms.fingerprint,
            code_version=version(DISTRIBUTION),
            match=derived.match,
            snapshots=snapshots,
            accounts=accounts,
        )
        if plan:
            # Within: an interrupt here leaves no more than one before.
            take_back(warehouse, runs, step.branch)
        else:
            if seal is not None:
                seal()
            step.publish(run)
    return RunReport(
        run=run,
        published=not plan,
        objects=len(loaded.read),
        read=loaded.read,
        paths=loaded.paths,
        refusals=loaded.refusals,
        notes=(*loaded.notes, *notes),
        changed=base is None or any(snapshots[name] != before[name] for name in snapshots if name != OBJECT),
        changes={
            **{table: Change(gained=loaded.accounts[table].rows_out) for table in RECORD_TABLES},
            **derived.changes,
        },
        people=derived.people,
        differs=not new and any(change != Change() for change in derived.changes.values()),
    )


def _anything_new(warehouse: Warehouse, base: Run, loaded: Loaded, now: datetime) -> bool:
    """Say whether any derived table could differ from the base run's: by new rows, tombstones, or time."""
    if any(loaded.accounts[name].rows_out for name in (*LANDING_TABLES, QUARANTINE)):
        return True
    if loaded.snapshots[TOMBSTONE] != base.snapshots[TOMBSTONE]:
        return True
    customers = warehouse.at(base.snapshots).scan(CUSTOMER_LANDING)
    return not customers.filter(changes_between(base.now, now)).head(1).collect().is_empty()
