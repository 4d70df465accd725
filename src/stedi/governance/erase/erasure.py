"""One erasure: whom it is about, what was decided, and what it works with."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from stedi.contract import contract_of
from stedi.governance.erase.paths import LandingPaths
from stedi.governance.erase.subject import Subject
from stedi.governance.erase.whose import whose_is
from stedi.landing.removal import RecordOwner
from stedi.pipeline.receipts.receipt import DeviceDecision
from stedi.progress import Progress
from stedi.warehouse.warehouse import Warehouse


class TagDecisions(NamedTuple):
    """What becomes of tags that hold the subject.

    Attributes:
        drop: Tags and branches to drop.
        move: Tags to move to the run without the subject.
        rebuild: Tags to keep at their own run, without the subject.
    """

    drop: frozenset[str]
    move: frozenset[str]
    rebuild: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Erasure:
    """One erasure, or the plan of one: it changes nothing by itself.

    Attributes:
        warehouse: The lake's tables.
        subject: Whom it is about.
        unfinished: It was begun before, and interrupted.
        erased_at: When it takes effect.
        asked_at: When it was asked for.
        asked_by: By whom.
        reason: Why.
        device: What becomes of the readings of devices that others listed too.
        tags: What becomes of tags that hold the subject.
        landing: The landing root to look through; None to leave it alone.
        paths: The paths in it.
        folder: The folder of a local lake; None where the warehouse is on an object store.
        scratch: An empty folder.
        progress: Is told how far the erasure is.
    """

    warehouse: Warehouse
    subject: Subject
    unfinished: bool
    erased_at: datetime
    asked_at: datetime
    asked_by: str
    reason: str | None
    device: DeviceDecision | None
    tags: TagDecisions
    landing: str | None
    paths: LandingPaths
    folder: Path | None
    scratch: Path
    progress: Progress

    @property
    def erase_shared(self) -> bool:
        """Whether readings of devices that others listed too go as well."""
        return self.device == "erase"

    def whose(self, table: str) -> RecordOwner:
        """Return what says which records of a landing table are the subject's."""
        return whose_is(
            contract_of(table), self.subject, erased_at=self.erased_at, erase_shared=self.erase_shared
        )
