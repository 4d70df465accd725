"""The lake's face: open it, run it, read it, tag it.

What a run or a read does not need is imported by what does: an audit, an erasure, a rotation.
"""

import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms
from stedi.contract import CONTRACTS, contract_of
from stedi.errors import ConfigurationError, KeyMismatchError, LakeError
from stedi.lake.arguments import checked
from stedi.lake.clear_errors import clear_errors
from stedi.landing.redact import as_typed
from stedi.landing.root import check_root, look_around
from stedi.names import (
    NAMESPACE,
    QUARANTINE,
    RUN,
    Consent,
    check_name,
)
from stedi.pipeline.clock import lake_time
from stedi.pipeline.history import Run, from_frame
from stedi.pipeline.keys import Succession, find_key, find_successor, key_file
from stedi.pipeline.load import find_sources
from stedi.pipeline.published import as_kept, check_tag, judged, run_at, scan_at, tags_of
from stedi.pipeline.run import check_forwards, execute
from stedi.pipeline.run_report import RunReport
from stedi.pipeline.site import Site
from stedi.pipeline.tags import set_tag
from stedi.pipeline.undo import carried_out
from stedi.places import expanded, is_address, is_plain, user
from stedi.progress import Progress, silent
from stedi.retention import KEEP_DAYS, UNREACHED_FOR
from stedi.wording import beginning

if TYPE_CHECKING:
    from stedi.governance.explain.explanation import Explanation
    from stedi.governance.maintain.report import MaintenanceReport
    from stedi.governance.privacy.report import PrivacyReport
    from stedi.governance.rotate.rotation import RotationReport
    from stedi.governance.verify.finding import Verification
    from stedi.pipeline.receipts.handed_in import HandedIn
    from stedi.pipeline.receipts.receipt import DeviceDecision, Receipt
    from stedi.pipeline.upgrade import UpgradeReport


class Lake:
    """A lake of Iceberg tables, from landing to machine_learning_curated.

    Opening makes nothing: the first run does.

    Examples:
        >>> import stedi
        >>> stedi.Lake.open("no-such-lake").exists
        False
    """

    def __init__(self, site: Site, pseudonyms: Pseudonyms | None) -> None:
        """Use ``Lake.open``."""
        self._site = site
        self._pseudonyms = pseudonyms

    @classmethod
    @checked
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        catalog: Mapping[str, str] | None = None,
        warehouse: str | None = None,
        namespace: str = NAMESPACE,
        pseudonyms: Pseudonyms | None = None,
        buckets: int | None = None,
        wait: timedelta | None = None,
    ) -> Self:
        """Open a lake: a local folder, or a catalog and a warehouse.

        Args:
            path: The folder of a local lake: an SQLite catalog and a warehouse beside it.
            catalog: Instead of a folder: the settings of a catalog, such as ``{"type": "glue"}``.
            warehouse: With ``catalog``: where its tables are kept, such as ``s3://bucket/lake``.
            namespace: The namespace of the tables.
            pseudonyms: The key of the lake's ids; by default ``STEDI_PSEUDONYM_KEY``, then the key file of
                the user, which is made together with a new lake. Only runs need it.
            buckets: N of ``bucket[N](customer_id)``: used when the lake is made, fixed from then on. By
                default 32, and more where the first run's landing files have more than 2 GB. A run holds
                some buckets in memory at a time: give more to a lake that will grow much larger.
            wait: How long to wait for whoever holds the lake, before ``RunConflictError`` is raised. By
                default not at all for a local lake, and up to ten minutes for one in a shared catalog, where
                a holder who died is known as such after half a minute.

        Raises:
            ConfigurationError: The arguments contradict each other, or the path is an address or can't be
                written down.
            LakeError: The path is a file.
        """
        if (path is None) == (catalog is None):
            raise ConfigurationError("pass either the folder of a lake, or catalog= and warehouse=")
        if (catalog is None) != (warehouse is None):
            raise ConfigurationError("catalog= and warehouse= (such as s3://bucket/lake) go together")
        site = Site(
            folder=_folder(path) if path is not None else None,
            catalog=catalog or {},
            location=warehouse or "",
            namespace=check_name("namespace", namespace),
            buckets=buckets,
            wait=wait,
        )
        return cls(site, pseudonyms)

    def __repr__(self) -> str:
        """Show where the lake is, and nothing of what is in it."""
        return f"Lake({str(self._site)!r})"

    @property
    def exists(self) -> bool:
        """Whether the lake was made: its first run does that."""
        return self._site.exists

    @clear_errors
    def run(
        self,
        landing: str | os.PathLike[str],
        *,
        consent: Consent = "as_of",
        now: datetime | date | str | None = None,
        max_rejected: float = 0.5,
        full: bool = False,
        plan: bool = False,
        progress: Progress = silent,
    ) -> RunReport:
        """Load what is new in a landing root, derive the trusted and curated tables, and publish them.

        All or nothing: until the run is published, readers see the run before it. Loading anything twice
        changes nothing. Only new objects are read, and only what they touch is derived.

        Args:
            landing: The landing root, local or ``s3://``; it holds ``customer/``, ``accelerometer/`` and
                ``step_trainer/``, with files at any depth.
            consent: ``"as_of"`` obeys from when consent was given; ``"current"`` only asks whether it is
                given now. A lake has one mode, set by its first run.
            now: The time at which consent is judged, from 2000 on and before 2100; by default the clock.
                Never before the last run's. A date, or a text without a time zone, is one of UTC.
            max_rejected: The largest share of a table's new records that may be rejected.
            full: Derive everything anew, and compare it with what is there: it must be the same.
            plan: Only find out what the run would do: the report says what it would read, who would join,
                leave and move, and which rows tables would gain and lose. The lake stays as it is.
            progress: Is told how far the run is.

        Raises:
            LandingError: The landing root can't be used.
            RejectedError: Too many records were rejected.
            LakeError: The lake can't be used as asked: another consent mode or key, another run at work, a
                damaged catalog.
        """
        judged_at = judged("now", now) if now is not None else None
        sources = find_sources(os.fspath(landing))
        found = [each for objects in sources.values() for each in objects]
        notes = look_around(os.fspath(landing), found, lake=self._site.folder)
        size = sum(each.size for each in found)
        with (
            self._site.hold(only_look=plan, expected=size) as (warehouse, runs),
            self._site.scratch() as scratch,
        ):
            base = runs[-1] if runs else None
            judged_at = judged_at or lake_time(base)
            check_forwards(consent, judged_at, base)
            fingerprint = base.key_fingerprint if base else None
            pseudonyms, new = find_key(self._pseudonyms, fingerprint=fingerprint)
            return execute(
                warehouse,
                runs,
                sources=sources,
                consent=consent,
                now=judged_at,
                pseudonyms=pseudonyms,
                scratch=scratch,
                progress=progress,
                max_rejected=max_rejected,
                notes=notes,
                full=full,
                plan=plan,
                # The key of a new lake is saved when there is something that it belongs to.
                seal=(lambda: pseudonyms.save(key_file())) if new else None,
            )

    @clear_errors
    def release(
        self,
        record_ids: Collection[str],
        *,
        now: datetime | date | str | None = None,
        progress: Progress = silent,
    ) -> RunReport:
        """Release rejected records: from now on they deny nothing and claim nothing. A run of its own.

        Args:
            record_ids: The ids of the records, as ``stedi quarantine`` shows them.
            now: The time at which consent is judged; by default the clock.
            progress: Is told how far the run is.

        Raises:
            UnknownNameError: No record that is still held has this id.
            LakeError: The lake can't be used as asked, or nothing was published yet.
        """
        from stedi.pipeline.release import find_records

        judged_at = judged("now", now) if now is not None else None
        self._site.read()
        with self._site.hold() as (warehouse, runs), self._site.scratch() as scratch:
            base = runs[-1]
            judged_at = judged_at or lake_time(base)
            check_forwards(base.consent, judged_at, base)
            pseudonyms, _ = find_key(self._pseudonyms, fingerprint=base.key_fingerprint)
            quarantine = warehouse.at(base.snapshots).scan(QUARANTINE).collect()
            return execute(
                warehouse,
                runs,
                sources={},
                consent=base.consent,
                now=judged_at,
                pseudonyms=pseudonyms,
                scratch=scratch,
                progress=progress,
                released=find_records(quarantine, record_ids),
            )

    @clear_errors
    def upgrade(self, *, plan: bool = False, progress: Progress = silent) -> "UpgradeReport":
        """Bring a lake that an older version of stedi made to the format of this one. A run of its own.

        All that is kept is judged anew, at the time at which the last run judged it. It may be interrupted at
        any time: the next one goes on. A lake of this format stays as it is.

        Args:
            plan: Say what would be done, and change nothing.
            progress: Is told how far the upgrade is.

        Raises:
            LakeError: Nothing was published yet, the key is not at hand, or another run holds the lake.

        Examples:
            >>> import stedi
            >>> stedi.Lake.open("no-such-lake").upgrade()
            Traceback (most recent call last):
            stedi.errors.LakeError: there is no published run in the lake ...
        """
        from stedi.pipeline.upgrade import plan_upgrade, upgrade
        from stedi.warehouse.layout import LAKE_FORMAT

        warehouse, runs = self._site.read(of_any_format=True)
        with self._site.explained():
            if plan or warehouse.lake_format == LAKE_FORMAT:
                return plan_upgrade(warehouse, runs)
        with self._site.hold(upgrading=True) as (held, published), self._site.scratch() as scratch:
            pseudonyms, _ = find_key(self._pseudonyms, fingerprint=published[-1].key_fingerprint)
            return upgrade(held, published, pseudonyms=pseudonyms, scratch=scratch, progress=progress)

    @clear_errors
    def maintain(
        self,
        *,
        keep_days: int = KEEP_DAYS,
        older_than: timedelta = UNREACHED_FOR,
        plan: bool = False,
        progress: Progress = silent,
    ) -> "MaintenanceReport":
        """Merge small files, expire snapshots that nobody needs, and delete the files that nothing reaches.

        No row changes, and that is checked. Runs that a tag names, and the last ten, stay readable for good.
        It may be interrupted at any time: the next one goes on.

        Args:
            keep_days: For how many days the other runs stay readable by their id.
            older_than: The age from which a file that nothing reaches is deleted. On a catalog that others
                write to it must exceed the length of their longest run.
            plan: Say what would be done now, and change nothing.
            progress: Is told how far the maintenance is.

        Raises:
            ConfigurationError: An age is negative, or over a hundred years.
            LakeError: Nothing was published yet, another run holds the lake, or it has lost files.

        Examples:
            >>> import stedi
            >>> stedi.Lake.open("no-such-lake").maintain()
            Traceback (most recent call last):
            stedi.errors.LakeError: there is no published run in the lake ...
        """
        from stedi.governance.maintain.maintain import maintain

        maintained = partial(maintain, keep_days=keep_days, older_than=older_than, progress=progress)
        warehouse, runs = self._site.read()
        if plan:
            with self._site.explained():
                return maintained(warehouse, runs, plan=True)
        # A scratch folder is asked for, so that those of killed runs go.
        with self._site.hold() as (held, published), self._site.scratch():
            return maintained(held, published)

    @clear_errors
    def verify(
        self,
        *,
        older_than: timedelta = UNREACHED_FOR,
        receipts: "Sequence[Receipt]" = (),
        progress: Progress = silent,
    ) -> "Verification":
        """Audit the lake as it stands, by a second route; change nothing.

        The derived tables are worked out anew from the landing tables, by code of its own; what runs,
        snapshots and tags say is compared with what is there; and every file is decoded and searched for
        what must not be in it. With the key at hand more can be checked than without: what was not is
        listed.

        Args:
            older_than: The age from which a file that nothing reaches is a finding: a maintenance leaves
                younger ones to the next.
            receipts: Receipts of erasures that were kept elsewhere: the lake must have them. Where it does
                not, it is older than the erasure: a backup was restored, and the person may be back.
            progress: Is told how far the audit is.

        Raises:
            ConfigurationError: The age is negative, or over a hundred years.
            ReceiptError: What was passed is the plan of an erasure.
            RunConflictError: A run holds the lake.
            LakeError: Nothing was published yet.

        Examples:
            >>> import stedi
            >>> stedi.Lake.open("no-such-lake").verify()
            Traceback (most recent call last):
            stedi.errors.LakeError: there is no published run in the lake ...
        """
        from stedi.governance.verify.verify import verify_site

        return verify_site(
            self._site, self._pseudonyms, older_than=older_than, progress=progress, receipts=receipts
        )

    @clear_errors
    def report(self, at: str | date | datetime | None = None) -> "PrivacyReport":
        """Return the privacy report of a run: who is in it and why, how well they hide, what is still held.

        It names nobody. Every figure counts people and is rounded down to a multiple of 5, by the rule of
        :mod:`stedi.governance.privacy.rounding`: two reports that differ by one person can't be subtracted.

        Args:
            at: As in ``scan``; None for the newest run.

        Raises:
            UnknownNameError: There is no such run or tag.
            LakeError: Nothing was published yet.
            CatalogError: The run's snapshots were expired by a maintenance.

        Examples:
            >>> import stedi
            >>> stedi.Lake.open("no-such-lake").report()
            Traceback (most recent call last):
            stedi.errors.LakeError: there is no published run in the lake ...
        """
        from stedi.governance.privacy.make import report_site

        return report_site(self._site, at)

    @clear_errors
    def erase(
        self,
        *,
        email: str | None = None,
        serial_number: str | None = None,
        plan: bool = False,
        reason: str | None = None,
        asked_by: str | None = None,
        device: "DeviceDecision | None" = None,
        drop_tags: Collection[str] = (),
        move_tags: Collection[str] = (),
        rebuild_tags: Collection[str] = (),
        landing: str | os.PathLike[str] | None = None,
        progress: Progress = silent,
    ) -> "Receipt":
        """Erase a person from the lake, its history and its files, and return the signed receipt.

        Their records and readings, those of the devices that nobody else ever listed, and every snapshot,
        tag of a run, branch and file that held them go at once. Old files that are sent again admit nothing
        of them, until a registration that is newer than the erasure. Everybody else's rows stay as they are,
        but for readings of shared devices, see ``device``.

        An erasure that was interrupted is finished by asking for the same again; until then nothing else
        may write to the lake. One that has nothing to do says so in its receipt.

        Where the lake never knew the person, and nothing in the landing root holds them, what is returned has
        the outcome ``"nobody"``, and is no receipt: it has no number and no signature, and nothing was
        changed. Look at ``outcome``, for an e-mail may be mistyped.

        Args:
            email: The e-mail of the person, in any spelling.
            serial_number: Instead of it, the serial number of a device that only one person ever listed.
            plan: Say what would be done, and change nothing.
            reason: Why, for the receipt; it must not name the person.
            asked_by: Who asked, for the receipt; by default the name of the user who is logged in.
            device: What becomes of readings of devices that others listed too. ``"keep"``: the raw readings
                stay, and what was recorded until the erasure is never trusted. ``"erase"``: it is deleted.
            drop_tags: Tags (and branches of other tools) to drop if they hold the person.
            move_tags: Tags to move to the newest run, without the person, if they hold them.
            rebuild_tags: Tags to keep at their run, if they hold the person: their snapshots are written anew
                without them, and everybody else's rows stay as they were.
            landing: A landing root whose objects are rewritten without the person, too. Others may write to
                it meanwhile.
            progress: Is told how far the erasure is.

        Raises:
            ConfigurationError: It can't be told who is meant, the reason names them, or a decision about a
                shared device is missing.
            LakeError: Another run holds the lake, or a tag holds the person and nothing was said about it.
            KeyMismatchError: The lake's key is missing, or another one.

        Examples:
            >>> import stedi
            >>> stedi.Lake.open("no-such-lake").erase(email="ann@example.com")
            Traceback (most recent call last):
            stedi.errors.LakeError: there is no published run in the lake ...
        """
        from stedi.governance.erase.erase import erase, plan_erasure
        from stedi.governance.erase.erasure import TagDecisions
        from stedi.governance.erase.find import find_scope

        warehouse, runs = self._site.read()
        asked_at = lake_time(runs[-1])
        pseudonyms, _ = find_key(self._pseudonyms, fingerprint=runs[-1].key_fingerprint)
        root = os.fspath(landing) if landing is not None else None
        if root is not None:
            check_root(root, lake=self._site.folder)
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
            folder=self._site.folder,
            pseudonyms=pseudonyms,
            progress=progress,
        )
        if plan:
            with self._site.explained(), tempfile.TemporaryDirectory(prefix="stedi-") as folder:
                return plan_erasure(scope(warehouse, runs, scratch=Path(folder)))
        with self._site.hold(erasing=True) as (held, published), self._site.scratch() as scratch:

            def erase_newest(newest: Sequence[Run]) -> "Receipt":
                with tempfile.TemporaryDirectory(dir=scratch) as folder:
                    return erase(scope(held, newest, scratch=Path(folder)))

            return carried_out(held, published, erase_newest, unfinished="erasing")

    @clear_errors
    def rotate_key(
        self,
        new: Pseudonyms | None = None,
        *,
        plan: bool = False,
        drop_tags: Collection[str] = (),
        progress: Progress = silent,
    ) -> "RotationReport":
        """Give the lake a new pseudonym key: make all ids anew, and delete whatever holds the old ones.

        The rows stay the same but for their ids. Older runs can't be read any more, and tags on them go: they
        went with their key. Keep the old key as long as the report says that erased people are recognised by
        it, or old receipts are to be checked.

        A rotation that was interrupted is finished by asking once more; until then nothing else may write.

        Args:
            new: The new key. Without it: the newest that is at hand, if the lake does not have it yet; else
                one is made, where the key is in the user's file, and put there before the lake changes.
            plan: Say what would be done, and change nothing.
            drop_tags: Tags (and branches of other tools) to drop: all that hold tables of the old key must be
                named.
            progress: Is told how far it is.

        Raises:
            ConfigurationError: There is no new key, or the lake had it before.
            KeyMismatchError: The lake's key is missing, or a retired one that is still needed.
            LakeError: Another run holds the lake, or a tag holds the old ids and was not named.

        Examples:
            >>> import stedi
            >>> stedi.Lake.open("no-such-lake").rotate_key()
            Traceback (most recent call last):
            stedi.errors.LakeError: there is no published run in the lake ...
        """
        from stedi.governance.rotate.rotate import keys_of, plan_rotation, rotate

        def successor(runs: Sequence[Run]) -> Succession:
            return find_successor(self._pseudonyms, new, used=keys_of(runs), newest=runs[-1].kind)

        warehouse, runs = self._site.read()
        drop = frozenset(drop_tags)
        if plan:
            with self._site.explained():
                succession = successor(runs)
                made = new is None and succession.to_save
                return plan_rotation(warehouse, runs, succession, made=made, drop=drop)
        with self._site.hold(rotating=True) as (held, published), self._site.scratch() as scratch:

            def rotate_newest(newest: Sequence[Run]) -> "RotationReport":
                succession = successor(newest)
                report = rotate(held, newest, succession, drop=drop, scratch=scratch, progress=progress)
                if self._pseudonyms is not None and report.outcome == "rotated":
                    self._pseudonyms = succession.pseudonyms
                return report

            return carried_out(held, published, rotate_newest, unfinished="rotating")

    @clear_errors
    def receipts(self) -> "Sequence[Receipt]":
        """Return the receipts of all erasures, the oldest first.

        Raises:
            ReceiptError: One can't be read, or is missing.
            LakeError: Nothing was published yet.
        """
        from stedi.pipeline.receipts.chain import check_all_there, receipts_of

        warehouse, runs = self._site.read()
        found = receipts_of(warehouse)
        check_all_there(found, runs)
        return found

    @property
    @clear_errors
    def receipts_place(self) -> str:
        """The folder of the receipts, one JSON file each."""
        return self._site.read()[0].notes.place

    @clear_errors
    def check_receipt(self, receipt: "Receipt | None" = None) -> None:
        """Check that a receipt is as stedi wrote it: its signature, and its place in the lake's chain.

        Args:
            receipt: The receipt; None to check the whole chain.

        Raises:
            ReceiptError: Something was changed, left out or put in.
            KeyMismatchError: The lake's key is missing, or another one.
        """
        from stedi.pipeline.receipts.chain import (
            check_all_there,
            check_in_chain,
            check_receipt_chain,
            check_signature,
            receipts_of,
        )

        warehouse, runs = self._site.read()
        pseudonyms, _ = find_key(self._pseudonyms, fingerprint=runs[-1].key_fingerprint)
        if receipt is not None:
            check_signature(receipt, pseudonyms)
        receipts = receipts_of(warehouse)
        check_receipt_chain(receipts, pseudonyms)
        check_all_there(receipts, runs)
        if receipt is not None:
            check_in_chain(receipt, receipts)

    @clear_errors
    def hold_against(self, receipts: "Sequence[Receipt]") -> "Sequence[HandedIn]":
        """Hold receipts that were kept elsewhere against the lake's own: is the lake older than they?

        Args:
            receipts: The receipts.

        Raises:
            ReceiptError: One is the plan of an erasure, or a receipt of the lake can't be read.
            LakeError: Nothing was published yet.

        Examples:
            >>> import stedi
            >>> stedi.Lake.open("no-such-lake").hold_against([])
            Traceback (most recent call last):
            stedi.errors.LakeError: there is no published run in the lake ...
        """
        from stedi.pipeline.receipts.chain import receipts_of
        from stedi.pipeline.receipts.handed_in import hold_against

        warehouse, runs = self._site.read()
        try:
            pseudonyms, _ = find_key(self._pseudonyms, fingerprint=runs[-1].key_fingerprint)
        except (KeyMismatchError, ConfigurationError):
            pseudonyms = None
        chain = receipts_of(warehouse)
        return [hold_against(each, chain, pseudonyms) for each in receipts]

    @clear_errors
    def scan(
        self, table: str, *, at: str | date | datetime | None = None, include_withdrawn: bool = False
    ) -> pl.LazyFrame:
        """Return a lazy frame over a table of the newest published run, or of another one.

        Args:
            table: The table's name.
            at: A run id, a tag, or a time: the newest run that was published by then. A date, or a text
                without a time zone, is one of UTC.
            include_withdrawn: Of an older run, keep the customers whom the newest run does not trust.

        Raises:
            UnknownNameError: There is no such table, run or tag.
            LakeError: Nothing was published yet.
            CatalogError: The run's snapshots were expired by a maintenance. To collect the frame raises it,
                too, where an erasure, a rotation of the key or a maintenance removed the files since: scan
                again. ``reading`` gives one clear error for whatever else may go wrong then.
        """
        contract_of(table)  # an unknown table is said to be one, lake or no lake
        warehouse, runs = self._site.read()
        return scan_at(warehouse, runs, table, at, include_withdrawn=include_withdrawn)

    @clear_errors
    def explain(
        self, *, email: str | None = None, serial_number: str | None = None, customer_id: str | None = None
    ) -> "Explanation":
        """Explain why a customer or a device is in the training data, or out, rule by rule.

        About the newest run. It tells nothing that names anybody else: other people are counted, and
        devices are numbered. By e-mail or serial number no key is needed.

        Args:
            email: The e-mail of a customer, in any spelling.
            serial_number: The serial number of a device, in any spelling.
            customer_id: The id of a customer. If the newest run doesn't trust them, the key is needed.

        Raises:
            ConfigurationError: Not exactly one of the three was passed, or it is blank or no id.
            KeyMismatchError: Whose customer_id it is can't be told without the lake's key.
            LakeError: Nothing was published yet.

        Examples:
            >>> import stedi
            >>> stedi.Lake.open("no-such-lake").explain()
            Traceback (most recent call last):
            stedi.errors.ConfigurationError: explain one: pass email=, serial_number= or customer_id=, ...
        """
        from stedi.governance.explain.explain import explain_site

        return explain_site(
            self._site,
            self._pseudonyms,
            email=email,
            serial_number=serial_number,
            customer_id=customer_id,
        )

    def reading(self) -> AbstractContextManager[None]:
        """Turn what goes wrong while a scan is collected into one clear error, for the length of a block.

        What has nothing to do with the lake's files stays what it is.

        Raises:
            CatalogError: A file of the lake is damaged or gone, or was removed meanwhile; the message names
                it.

        Examples:
            >>> import stedi
            >>> with stedi.Lake.open("no-such-lake").reading():
            ...     pass
        """
        return self._site.explained(alone=False)

    @clear_errors
    def tables(self) -> pl.DataFrame:
        """Return the tables of the newest run: a row each, with zone, rows, bytes and snapshot."""
        warehouse, runs = self._site.read()
        snapshots = {**runs[-1].snapshots, RUN: warehouse.table(RUN).main()}
        return pl.DataFrame(
            {
                "table": name,
                "zone": contract.zone.value,
                "rows": warehouse.at(snapshots).count(name),
                "bytes": warehouse.table(name).total(snapshots[name], "files-size"),
                "snapshot_id": snapshots[name],
                "grain": contract.grain,
            }
            for name, contract in CONTRACTS.items()
        )

    @clear_errors
    def table_formats(self) -> dict[str, int]:
        """Return the version of Iceberg's table format that each table has: stedi writes 2."""
        warehouse, _ = self._site.read()
        return {name: warehouse.table(name).format_version for name in CONTRACTS}

    @clear_errors
    def runs(self) -> pl.DataFrame:
        """Return the published runs, the newest last."""
        warehouse, _ = self._site.read()
        rows = warehouse.table(RUN).scan(warehouse.table(RUN).main()).collect()
        order = pl.DataFrame({"run_id": [run.run_id for run in from_frame(rows)]})
        return order.join(rows, on="run_id", how="left", maintain_order="left").select(rows.columns)

    @clear_errors
    def tags(self) -> dict[str, str]:
        """Return the tags that were set with ``tag``, and the id of the run of each."""
        warehouse, _ = self._site.read()
        return tags_of(warehouse)

    @clear_errors
    def tag(self, name: str) -> str:
        """Tag the newest run in every table, and return the run's id.

        Raises:
            ConfigurationError: The name is no tag name.
            LakeError: The tag exists, or nothing was published yet.
        """
        check_tag(name)
        self._site.read()
        with self._site.hold() as (warehouse, runs):
            if (run_id := tags_of(warehouse).get(name)) is not None:
                raise LakeError(f"the tag {name!r} exists: it is run {run_id}. Choose another name")
            set_tag(warehouse, runs[-1], name)
            return runs[-1].run_id

    @clear_errors
    def last_run(self) -> Run:
        """Return the newest published run.

        Raises:
            LakeError: Nothing was published yet.
        """
        return self._site.read()[1][-1]

    @clear_errors
    def find_run(self, at: str | date | datetime | None = None) -> Run:
        """Return a published run: by its id, by a tag, or the newest that was published by a time.

        Args:
            at: As in ``scan``; None for the newest run.

        Raises:
            UnknownNameError: There is no such run or tag.
            LakeError: Nothing was published yet, or not by then.
        """
        warehouse, runs = self._site.read()
        return as_kept(warehouse, run_at(warehouse, runs, at))


def _folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder of a local lake, whether or not it is there.

    Raises:
        ConfigurationError: The path is an address, or can't be used.
        LakeError: It is a file.
    """
    if is_address(path):
        raise ConfigurationError(
            f"{as_typed(path)} is no folder of this machine, and the path of a lake is one. A lake "
            "elsewhere is opened from Python, with catalog= and warehouse="
        )
    if not is_plain(path) or not is_plain(folder := expanded(path).resolve()):
        raise ConfigurationError(
            f"the path of the lake, {as_typed(path)}, holds control characters or others that can't be "
            "written down: name another folder"
        )
    try:
        is_file = folder.exists() and not folder.is_dir()
    except OSError as error:
        raise ConfigurationError(
            f"the path of the lake, {beginning(as_typed(folder))}, can't be used ({error.strerror}): name "
            "another folder"
        ) from None
    if is_file:
        raise LakeError(f"the lake {folder} is a file: name a folder")
    return folder
