"""Erasing a person: tombstone, landing objects, tables, history, files, receipt, in this order.

Whatever is interrupted is seen in the run table, whose newest row then says ``erasing``: nothing else may
write, and the same erasure once more finishes it. docs/design/2026-11-24-erasure.md says why so.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms, key
from stedi.consent.tombstones import Buried, with_digests
from stedi.contract import CONTRACTS, contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import (
    CatalogError,
    ConfigurationError,
    ConservationError,
    LakeError,
    LandingError,
    UnknownNameError,
)
from stedi.governance.erase.cuts import cuts, safe_names
from stedi.governance.erase.findings import Findings, forget, keep, kept
from stedi.governance.erase.foreign import look_beside, look_through
from stedi.governance.erase.paths import Places
from stedi.governance.erase.prepare import (
    Cutter,
    Held,
    Remaining,
    Replaced,
    clear_leftovers,
    late_objects,
    prepare,
)
from stedi.governance.erase.prepare import replace as replace_objects
from stedi.governance.erase.rebuild import rebuild_tags
from stedi.governance.erase.subject import Subject, check_same, find_subject, pending_tombstones
from stedi.governance.erase.tables import bury, enter, remove
from stedi.governance.erase.traces import find_traces, named_by_users
from stedi.landing.gate import Gate
from stedi.landing.objects import LandingObject
from stedi.landing.s3 import is_url
from stedi.landing.tokens import stands
from stedi.names import (
    ACCELEROMETER_LANDING,
    DISTRIBUTION,
    ERASED,
    MILLISECOND,
    OBJECT,
    RUN,
    STEP_TRAINER_LANDING,
    TOMBSTONE,
)
from stedi.pipeline.clock import time_since
from stedi.pipeline.history import Run
from stedi.pipeline.load import find_sources
from stedi.pipeline.publication import Publication, publication
from stedi.pipeline.published import as_kept
from stedi.pipeline.purge import drop_refs, expire_but, sweep
from stedi.pipeline.receipts.chain import check_all_there, erased_before, receipts_of, sign_and_keep
from stedi.pipeline.receipts.receipt import (
    DeviceDecision,
    LeftObject,
    Outcome,
    Receipt,
    Remains,
    Scanned,
    TableErasure,
    elsewhere,
)
from stedi.plan.lineage import RECORD_TABLES, published_tables
from stedi.progress import Progress, silent
from stedi.warehouse.cut import Cut
from stedi.warehouse.warehouse import Warehouse
from stedi.wording import count, others, were

_TABLES: Final = tuple(published_tables())


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request:
    """What is asked for.

    Attributes:
        asked: The e-mail and the serial number, of which one is given.
        asked_at: When.
        asked_by: By whom.
        reason: Why.
        device: What becomes of the readings of devices that others listed too.
        drop: Tags and branches to drop if they hold the person.
        move: Tags to move to the run without the person if they hold them.
        rebuild: Tags to keep at their own run, without the person, if they hold them.
        landing: The landing root to look through; None to leave it alone.
        sources: Its objects, by table.
        left_out: What of it can't be listed, and why.
        folder: The folder of a local lake; None where the warehouse is on an object store.
        pseudonyms: The lake's key.
        scratch: An empty folder.
        progress: Is told how far the erasure is.
    """

    asked: tuple[str | None, str | None]
    asked_at: datetime
    asked_by: str
    reason: str | None
    device: DeviceDecision | None
    drop: frozenset[str]
    move: frozenset[str]
    rebuild: frozenset[str]
    landing: str | None
    sources: Mapping[str, Sequence[LandingObject]]
    left_out: Sequence[tuple[str, str]]
    folder: Path | None
    pseudonyms: Pseudonyms
    scratch: Path
    progress: Progress


class Erasure:
    """One erasure, or the plan of one.

    Args:
        warehouse: The lake's tables.
        runs: The published runs.
        request: What is asked for.
    """

    def __init__(self, warehouse: Warehouse, runs: Sequence[Run], request: Request) -> None:
        """Find out whom it is about, and where they are; change nothing.

        Raises:
            ConfigurationError: It can't be told who is meant, or the reason names them.
            LakeError: The erasure of somebody else is not finished.
        """
        self._warehouse = warehouse
        self._runs = [as_kept(warehouse, run) for run in runs]
        self._request = request
        self._unfinished = runs[-1].kind == "erasing"
        base = runs[-1].snapshots
        self._tombstones = warehouse.scan(TOMBSTONE, base[TOMBSTONE]).collect()
        self._graves = Buried(self._tombstones, request.pseudonyms)
        pending = pending_tombstones(self._scan, unfinished=self._unfinished)
        self._person = find_subject(
            self._known,
            request.asked,
            request.pseudonyms,
            tombstones=self._tombstones,
            pending=pending,
            erased=erased_before(warehouse),
            erase_shared=request.device == "erase",
        )
        check_same(self._person, pending)
        _check_words(self._person, request)
        self._erased_at = _erased_at(request.asked_at, self._tombstones, pending)
        tombstones = self._with_new_tombstones()
        mine = tombstones.filter(pl.col("digest").is_in(list(self._person.digests)))
        self._path = safe_names(self._person, Gate(mine, request.pseudonyms))
        everybody = safe_names(self._person, Gate(tombstones, request.pseudonyms))
        self._cuts: Mapping[str, Cut] = cuts(
            self._person, self._path, erased_at=self._erased_at, erase_shared=request.device == "erase"
        )
        self._traces = find_traces(warehouse, self._cuts, request.progress)
        self._holding = named_by_users(warehouse, self._traces)
        self._rewrites = prepare(
            request.sources,
            Cutter(
                subject=self._person,
                scratch=request.scratch,
                places=Places.of(request.landing, mask=self._path, mask_all=everybody),
                erased_at=self._erased_at,
                erase_shared=request.device == "erase",
            ),
            left_out=request.left_out,
            progress=request.progress,
        )
        self._beside = self._look_beside()

    def _look_beside(self) -> Sequence[Remaining]:
        """Return the files under the landing root that no run reads, and that hold the person."""
        request = self._request
        if request.landing is None or is_url(request.landing):
            return ()
        request.progress("looking through files beside landing objects", 0, 1)
        # What came since they were listed is looked at in the end.
        objects = (*request.sources.values(), *self._listed().values())
        read = {*(each.path for some in objects for each in some), *(path for path, _ in request.left_out)}
        return look_beside(request.landing, read, request.folder, self._person, self._path)

    def _scan(self, table: str) -> pl.LazyFrame:
        return self._warehouse.scan(table, self._runs[-1].snapshots[table])

    def _known(self, table: str) -> pl.LazyFrame:
        """Return a table as it was before the erasure began, as long as that can be read: it tells names."""
        before = self._runs[self._begun()].snapshots[table]
        known = self._warehouse.has_snapshot(table, before)
        return self._warehouse.scan(table, before) if known else self._scan(table)

    def _with_new_tombstones(self) -> pl.DataFrame:
        person, made_with = self._person, self._request.pseudonyms.fingerprint
        new = pl.DataFrame(
            [
                (person.customer_id, made_with, "person", self._erased_at, None),
                *((each, made_with, "device", self._erased_at, None) for each in person.own.values()),
                *((each, made_with, "aside", self._erased_at, None) for each in person.aside_ids),
            ],
            schema=polars_schema(contract_of(TOMBSTONE)),
            orient="row",
        )
        return pl.concat([self._graves.without(devices=person.own), new])

    def _other_graves(self, devices: Iterable[str]) -> pl.DataFrame:
        """Return the tombstones but for those of some devices; of the person those of every erasure before.

        What a device of theirs recorded since an erasure before goes, where nobody has listed it.
        """
        person = self._person
        lost = pl.col("digest").is_in(list(person.lost)) & (pl.col("kind") == "device")
        graves = self._graves.without(devices=devices).with_columns(
            erased_at=pl.when(lost)
            .then(pl.lit(self._erased_at, pl.Datetime("us", "UTC")))
            .otherwise("erased_at")
        )
        before = self._graves.find("customer", person.key) if person.key else None
        if before is None:
            return graves
        made_with = self._request.pseudonyms.fingerprint
        return with_digests(graves, {before.digest: person.customer_id}, made_with=made_with)

    def plan(self) -> Receipt:
        """Return what the erasure would do."""
        found = Findings.of(self._warehouse, self._traces, self._runs, self._rewrites, self._holding)
        base = self._runs[-1].snapshots
        tables = tuple(
            TableErasure(
                table=table,
                rows=sum(touch.gone for touch in self._traces.found_in(table, base[table]).values()),
                rewritten=found.rewritten[table],
                removed=found.removed[table],
                snapshots=len(self._traces.snapshots[table]),
            )
            for table in self._cuts
        )
        undecided = self._undecided()
        if self._is_nobody():
            return self._receipt(found, outcome="nobody", tables=(), files=self._foreign())
        return self._receipt(
            found,
            outcome="planned",
            files=self._foreign(),
            tables=tables,
            refs_dropped=[name for name in self._holding if name in self._request.drop],
            refs_moved=[name for name in self._holding if name in self._request.move],
            refs_rebuilt=[name for name in self._holding if name in self._request.rebuild],
            refs_holding=undecided,
        )

    def _undecided(self) -> list[str]:
        decided = self._request.drop | self._request.move | self._request.rebuild
        return [name for name in self._holding if name not in decided]

    def execute(self) -> Receipt:
        """Erase, and return the receipt.

        Raises:
            ConfigurationError: Somebody has to decide about a shared device first.
            LakeError: Tags or branches hold the person, and nothing was said about them.
        """
        self._check_decided()
        check_all_there(receipts_of(self._warehouse), self._runs)
        if self._is_nobody():
            return self._receipt(self._findings(), outcome="nobody", tables=(), files=self._foreign())
        if not self._unfinished and self._nothing_left():
            return self._move_on()
        if not self._unfinished:
            self._check_named()
            self._check_whole()
            self._publish_tombstones()
        findings = self._findings()
        if not self._already_signed():
            keep(self._warehouse, findings, of=self._of)
        with Held() as held:
            replaced = self._replace_objects(held)
            return self._finish(findings.with_objects(replaced.anew), replaced, held)

    def _finish(self, findings: Findings, replaced: Replaced, held: Held) -> Receipt:
        """Erase from the tables, and all that follows from it; then look once more at what senders did."""
        # Before the tables, too: names and phone numbers are known only while these tell them.
        rebuild_tags(self._warehouse, self._request.rebuild, self._traces, self._request.progress)
        self._publish_tables()
        self._drop_refs(findings.refs)
        expired = self._expire()
        deleted, freed, foreign = sweep(self._warehouse, self._request.progress)
        decoded = self._check_nothing_left()
        self._warehouse.scrub_catalog()
        known = {each.path for each in (*self._rewrites.remaining, *replaced.remaining)}
        late = [each for each in (*held.bring_over(), *self._late()) if each.path not in known]
        receipt = self._already_signed() or self._sign(
            self._receipt(
                findings,
                outcome="erased",
                tables=self._went(findings, expired),
                refs_dropped=sorted({*findings.refs} & self._request.drop),
                refs_moved=sorted({*findings.refs} & self._request.move),
                refs_rebuilt=sorted({*findings.refs} & self._request.rebuild),
                deleted=(deleted, freed),
                decoded=decoded,
                remaining=[*replaced.remaining, *late],
                foreign=len(foreign),
                files=self._look_through(foreign),
            )
        )
        forget(self._warehouse)
        self._publish_end()
        return receipt

    def _move_on(self) -> Receipt:
        """Keep out what was sent since the erasure before, too: it may be on its way still."""
        with publication(self._warehouse, self._runs) as step:
            row = self._bury(step)
            receipt = self._sign(
                self._receipt(self._findings(), outcome="nothing_left", tables=(), files=self._foreign())
            )
            self._publish(step, replace(row, kind="erasure"))
        return receipt

    def _check_whole(self) -> None:
        """Refuse what could not be brought to its end, before anything is published or deleted."""
        self._request.progress("checking all files", 0, 1)
        self._warehouse.leftovers(before=datetime.now(UTC), without={})
        if (damaged := self._first_damaged()) is not None:
            raise CatalogError(
                f"the lake is damaged: {damaged} can't be read, and nothing was erased. Restore it from a "
                "backup, then erase again"
            )

    def _first_damaged(self) -> str | None:
        """Return the first file that can't be read, of those that are read once something was published."""
        # These are the largest, and of them only what is rewritten is read in full.
        large = (ACCELEROMETER_LANDING, STEP_TRAINER_LANDING)
        found = self._warehouse.first_damaged(data=[name for name in CONTRACTS if name not in large])
        for name in large:
            files = [self._traces.holdings[name].files[place] for place in self._traces.touched[name]]
            found = found or self._warehouse.first_damaged_of(name, files)
        return found

    @property
    def _of(self) -> str:
        return f"{self._person.customer_id} {self._erased_at.isoformat()}"

    def _check_named(self) -> None:
        if self._person.key is None:
            raise ConfigurationError(
                "the customer of this device was erased, and what was sent since still holds them or another "
                "device of theirs: name them by e-mail. Nothing was changed"
            )

    def _check_decided(self) -> None:
        devices = len(self._person.shared)
        if devices and self._request.device is None:
            raise ConfigurationError(
                f"{count(devices, 'device')} of this person {were(devices)} also listed by "
                f"{others(self._person.others)}: their readings may be of either. Decide with device= "
                '(--device): "keep" leaves the raw readings and never trusts what was recorded until now; '
                '"erase" deletes it, of everybody. Nothing was changed'
            )
        if undecided := self._undecided():
            named = ", ".join(undecided)
            raise LakeError(
                f"tags or branches hold this person: {named}. Say of each whether it is rebuilt at its own "
                "run, without them (rebuild_tags=, --rebuild-tag), moved to the newest run (move_tags=, "
                "--move-tag) or dropped (drop_tags=, --drop-tag). Nothing was changed"
            )
        branches = {name for table in self._cuts for name in self._warehouse.refs(table)}
        branches -= {name for table in self._cuts for name in self._warehouse.tags(table)}
        if wrong := sorted((self._request.move | self._request.rebuild) & branches):
            raise ConfigurationError(
                f"{wrong[0]!r} is a branch, and can't be moved or rebuilt: drop it, by --drop-tag"
            )
        asked = [*self._request.drop, *self._request.move, *self._request.rebuild]
        if twice := sorted(name for name in set(asked) if asked.count(name) > 1):
            raise ConfigurationError(f"the tag {twice[0]!r} was named twice: drop, move or rebuild it")
        known = {name for table in (*self._cuts, RUN) for name in self._warehouse.refs(table)}
        for name in sorted(asked):
            # Whoever asks once more says the same of tags that are gone by now.
            if name not in known and not self._buried:
                raise UnknownNameError.of("tag", name, known)

    @property
    def _buried(self) -> bool:
        person = self._person.key
        return person is None or self._graves.find("customer", person) is not None

    def _nothing_left(self) -> bool:
        traces = any(self._traces.touched.values()) or any(self._traces.snapshots.values())
        return self._buried and not traces and not self._rewrites.found

    def _is_nobody(self) -> bool:
        """Say whether nobody is meant: the lake never knew them, and nothing that was looked at does."""
        if (
            self._unfinished
            or self._buried
            or any(each.sure for each in (*self._rewrites.remaining, *self._beside))
        ):
            return False
        traces = any(self._traces.touched.values()) or any(self._traces.snapshots.values())
        return not traces and not self._rewrites.found and not any(each.sure for each in self._foreign())

    def _foreign(self) -> Sequence[Remaining]:
        """Return the files that stedi did not write and that hold the person, or may, as it is now."""
        with suppress(CatalogError):
            found = self._warehouse.leftovers(before=datetime.now(UTC), without={}).foreign
            return self._look_through(found)
        return ()

    def _look_through(self, places: Sequence[str]) -> Sequence[Remaining]:
        self._request.progress("looking through other files", 0, 1)
        return look_through(self._warehouse, self._request.folder, places, self._person, self._path)

    def _findings(self) -> Findings:
        found = Findings.of(self._warehouse, self._traces, self._runs, self._rewrites, self._holding)
        return found.joined(kept(self._warehouse, of=self._of))

    def _publish_tombstones(self) -> None:
        """First of all: from here on no old file brings the person back."""
        with publication(self._warehouse, self._runs) as step:
            self._publish(step, self._bury(step))

    def _bury(self, step: Publication) -> Run:
        others = self._other_graves([*self._person.own, *self._person.shared])
        return bury(self._warehouse, step, self._person, erased_at=self._erased_at, tombstones=others)

    def _listed(self) -> Mapping[str, Sequence[LandingObject]]:
        """Return the landing objects as they are now; those of the beginning where they can't be listed."""
        request = self._request
        with suppress(LandingError):
            return find_sources(request.landing or "", left_out=lambda *_: None)
        return request.sources

    def _late(self) -> Sequence[Remaining]:
        """Return the landing objects that hold the person, and came or were written to meanwhile."""
        request = self._request
        if request.landing is None:
            return ()
        request.progress("looking for new landing objects", 0, 1)
        seen = {each for objects in request.sources.values() for each in objects}
        seen |= {each.new for each in self._rewrites.found}
        listed = self._listed().items()
        new = {table: [each for each in objects if each not in seen] for table, objects in listed}
        return late_objects(new, self._rewrites.cutter)

    def _replace_objects(self, held: Held) -> Replaced:
        """Replace landing objects, which the ledger must know before; the tables still tell who is meant."""
        with publication(self._warehouse, self._runs) as step:
            if (row := enter(self._warehouse, step, self._rewrites.found)) is not None:
                self._publish(step, row)
                newer = find_traces(self._warehouse, {OBJECT: self._cuts[OBJECT]}, silent)
                self._traces = self._traces.joined(newer)
        if self._request.landing is not None:
            clear_leftovers(self._request.landing, self._rewrites.cutter.places)
        return replace_objects(self._rewrites, self._request.progress, held)

    def _publish_tables(self) -> None:
        with publication(self._warehouse, self._runs) as step:
            row = remove(
                self._warehouse,
                step,
                self._person,
                self._traces,
                tombstones_before=self._runs[self._begun()].snapshots[TOMBSTONE],
                path=self._path,
                pseudonyms=self._request.pseudonyms,
                scratch=self._request.scratch,
                progress=self._request.progress,
            )
            if row is not None:
                self._publish(step, row)

    def _publish_end(self) -> None:
        with publication(self._warehouse, self._runs) as step:
            self._publish(step, step.row("erasure"))

    def _publish(self, step: Publication, row: Run) -> None:
        self._request.progress("publishing", 0, 1)
        step.publish(row)
        self._runs.append(row)

    def _drop_refs(self, holding: Collection[str]) -> None:
        """Drop the tags of runs that hold the person, and what users named; move tags that should stay.

        Args:
            holding: What users named, and held the person before the erasure began.
        """
        newest = {**self._runs[-1].snapshots, RUN: self._warehouse.main(RUN)}
        runs = {run.ref for run in self._runs if self._traces.holds(run)}
        moved = self._request.move & {*holding}
        drop_refs(self._warehouse, runs | (self._request.drop & {*holding}) | moved)
        for name in sorted(moved):
            for table in (*_TABLES, RUN):
                self._warehouse.tag(table, newest[table], name)

    def _expire(self) -> Mapping[str, int]:
        """Expire all snapshots but those of runs that never held the person; return how many, by table."""
        good = [run for run in self._runs if not self._traces.holds(run)]
        kept_here = {table: {run.snapshots[table] for run in (*good, self._runs[-1])} for table in _TABLES}
        return expire_but(self._warehouse, kept_here, self._request.progress)

    def _check_nothing_left(self) -> int:
        """Decode what is left of the lake; return how many files there were.

        Data files in which nothing was found at the beginning are the same, and are not read again.
        """
        decoded = 0
        names = (*self._person.telling, self._person.customer_id)
        # The lake may lie in a folder of that name, which stands in every place of a file.
        root = self._warehouse.root.encode()
        for table, cut in self._cuts.items():
            before, touched = self._traces.holdings[table].files, self._traces.touched[table]
            for place, file in self._warehouse.holding(table).files.items():
                if place in touched or (
                    place not in before and self._warehouse.touch(table, file, cut).changed
                ):
                    raise _left(table)
                decoded += 1
            for text in self._warehouse.metadata_texts(table):
                plain = key(text.replace(root, b"").decode("utf-8", "replace"))
                if any(stands(plain, each) for each in names):
                    raise _left(table)
                decoded += 1
        return decoded

    def _went(self, findings: Findings, expired: Mapping[str, int]) -> tuple[TableErasure, ...]:
        """Return what became of each table: counted from the run table, so that no interruption is lost."""
        rows: dict[str, int] = {}
        begun = self._begun()
        before, newest = self._runs[begun], self._runs[-1]
        for table in self._cuts:
            if table in RECORD_TABLES:
                steps = self._runs[begun + 1 :]
                rows[table] = sum(step.accounts[table].dropped.get(ERASED, 0) for step in steps)
            else:
                rows[table] = before.accounts[table].rows_out - newest.accounts[table].rows_out
        return tuple(
            TableErasure(
                table=table,
                rows=rows[table],
                rewritten=findings.rewritten.get(table, 0),
                removed=findings.removed.get(table, ()),
                snapshots=expired.get(table, 0),
            )
            for table in self._cuts
        )

    def _begun(self) -> int:
        """Return the place of the last run before this erasure."""
        places = range(len(self._runs) - 1, -1, -1)
        return next(place for place in places if self._runs[place].kind != "erasing")

    def _already_signed(self) -> Receipt | None:
        """Return the receipt of this very erasure, if it was written before an interruption."""
        if not self._unfinished:
            return None
        of = (self._person.customer_id, self._erased_at)
        return next(
            (each for each in receipts_of(self._warehouse) if (each.subject, each.erased_at) == of), None
        )

    def _sign(self, receipt: Receipt) -> Receipt:
        return sign_and_keep(self._warehouse, receipt, self._request.pseudonyms)

    def _receipt(
        self,
        findings: Findings,
        *,
        outcome: Outcome,
        tables: tuple[TableErasure, ...],
        refs_dropped: Sequence[str] = (),
        refs_moved: Sequence[str] = (),
        refs_rebuilt: Sequence[str] = (),
        refs_holding: Sequence[str] = (),
        deleted: tuple[int, int] = (0, 0),
        decoded: int = 0,
        remaining: Sequence[Remaining] = (),
        foreign: int = 0,
        files: Sequence[Remaining] = (),
    ) -> Receipt:
        request, person = self._request, self._person
        left = [*self._rewrites.remaining, *self._beside, *remaining]
        return Receipt(
            number=None,
            previous=None,
            outcome=outcome,
            subject=person.customer_id,
            devices=len(person.own) + len(person.lost),
            shared_devices=len(person.shared),
            device_decision=request.device if person.shared else None,
            key_fingerprint=request.pseudonyms.fingerprint,
            code_version=version(DISTRIBUTION),
            asked_at=request.asked_at,
            asked_by=request.asked_by,
            reason=request.reason,
            erased_at=self._erased_at if outcome in ("erased", "nothing_left") else None,
            finished_at=time_since(request.asked_at),
            resumed=self._unfinished,
            tables=tables,
            objects=tuple(each for each in findings.objects if each.path not in {one.path for one in left}),
            refs_dropped=tuple(refs_dropped),
            refs_moved=tuple(refs_moved),
            refs_rebuilt=tuple(refs_rebuilt),
            refs_holding=tuple(refs_holding),
            files_deleted=deleted[0],
            bytes_freed=deleted[1],
            scanned=Scanned(
                files=findings.files,
                bytes=findings.bytes,
                objects=self._rewrites.scanned,
                object_bytes=self._rewrites.scanned_bytes,
                decoded_after=decoded,
            ),
            remains=Remains(
                trained_on=findings.trained_on,
                unknown_runs=findings.unknown_runs,
                objects=tuple(LeftObject(path=each.path, why=each.why) for each in left),
                shared_devices=len(person.shared) if request.device != "erase" else 0,
                foreign_files=foreign,
                elsewhere=tuple(
                    elsewhere(landing=request.landing is not None, remote=request.folder is None)
                ),
                files=tuple(LeftObject(path=each.path, why=each.why) for each in files),
            ),
        )


def _check_words(person: Subject, request: Request) -> None:
    for name, text in (("reason", request.reason), ("asked_by", request.asked_by)):
        if text is not None and (person.named_in(text) or person.called_in(text)):
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


def _left(table: str) -> ConservationError:
    return ConservationError(
        f"{table}: something of the erased person was found after all was done; the erasure is not finished. "
        "Run it again; if that does not help, this is a bug in stedi: please report it"
    )
