"""What governs a lake: explanation, audit, report, erasure, rotation, maintenance, receipts.

What a method needs is imported by it: a run or a read needs none of it.
"""

import os
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from stedi.consent.pseudonyms import Pseudonyms
from stedi.errors import ConfigurationError, KeyMismatchError
from stedi.lake.clear_errors import clear_errors
from stedi.lake.reading import ReadableLake
from stedi.pipeline.keys import find_key
from stedi.progress import Progress, silent
from stedi.retention import KEEP_DAYS, UNREACHED_FOR

if TYPE_CHECKING:
    from stedi.governance.explain.explanation import Explanation
    from stedi.governance.maintain.report import MaintenanceReport
    from stedi.governance.privacy.report import PrivacyReport
    from stedi.governance.rotate.rotation import RotationReport
    from stedi.governance.verify.finding import Verification
    from stedi.pipeline.receipts.handed_in import HandedIn
    from stedi.pipeline.receipts.receipt import DeviceDecision, Receipt


class GovernedLake(ReadableLake):
    """A lake that can be explained, audited, maintained and erased from."""

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
        from stedi.governance.erase.erase import erase_site

        return erase_site(
            self._site,
            self._pseudonyms,
            plan=plan,
            email=email,
            serial_number=serial_number,
            asked_by=asked_by,
            reason=reason,
            device=device,
            drop_tags=drop_tags,
            move_tags=move_tags,
            rebuild_tags=rebuild_tags,
            landing=landing,
            progress=progress,
        )

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
        from stedi.governance.rotate.rotate import rotate_site

        def adopt(successor: Pseudonyms) -> None:
            if self._pseudonyms is not None:
                self._pseudonyms = successor

        return rotate_site(
            self._site, self._pseudonyms, new, adopt=adopt, plan=plan, drop_tags=drop_tags, progress=progress
        )

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
        from stedi.governance.maintain.maintain import maintain_site

        return maintain_site(
            self._site, plan=plan, keep_days=keep_days, older_than=older_than, progress=progress
        )

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
