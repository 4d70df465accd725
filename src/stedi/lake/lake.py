"""The lake's face: open it, run it, read it, tag it.

What a run or a read does not need is imported by what does: an audit, an erasure, a rotation.
"""

import os
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from stedi.consent.pseudonyms import Pseudonyms
from stedi.errors import ConfigurationError, LakeError
from stedi.lake.arguments import checked
from stedi.lake.clear_errors import clear_errors
from stedi.lake.governing import GovernedLake
from stedi.landing.redact import as_typed
from stedi.landing.root import look_around
from stedi.names import (
    NAMESPACE,
    QUARANTINE,
    Consent,
    check_name,
)
from stedi.pipeline.clock import lake_time
from stedi.pipeline.keys import find_key, key_file
from stedi.pipeline.load import find_sources
from stedi.pipeline.published import check_tag, judged, tags_of
from stedi.pipeline.run import check_forwards, execute
from stedi.pipeline.run_report import RunReport
from stedi.pipeline.site import Site
from stedi.pipeline.tags import set_tag
from stedi.places import expanded, is_address, is_plain
from stedi.progress import Progress, silent
from stedi.wording import beginning

if TYPE_CHECKING:
    from stedi.pipeline.upgrade import UpgradeReport


class Lake(GovernedLake):
    """A lake of Iceberg tables, from landing to machine_learning_curated.

    Opening makes nothing: the first run does.

    Examples:
        >>> import stedi
        >>> stedi.Lake.open("no-such-lake").exists
        False
    """

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
            self._site.hold("plan" if plan else "write", expected=size) as (warehouse, runs),
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
        with self._site.hold("upgrade") as (held, published), self._site.scratch() as scratch:
            pseudonyms, _ = find_key(self._pseudonyms, fingerprint=published[-1].key_fingerprint)
            return upgrade(held, published, pseudonyms=pseudonyms, scratch=scratch, progress=progress)

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
