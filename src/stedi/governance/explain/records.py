"""The customer records of a dependency closure, in words: each a grant, a denial, or silent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import polars as pl

from stedi.contract.reasons import Rejection
from stedi.governance.explain.closure import DependencyClosure
from stedi.names import END_OF_TIME
from stedi.wording import both, day

_SHARED: Final = {"the public": "share_with_public_as_of_date", "friends": "share_with_friends_as_of_date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecord:
    """What one record says; equal records that were sent several times are one.

    Attributes:
        customer_id: Who.
        device_id: The device that it lists; None where that can't be read.
        at: When it takes effect.
        share: From when a grant shares with research; None: it is no grant.
        asked: Its date of sharing with research as it was sent.
        elsewhere: With whom else it shares, in words.
        rejected: Why it was rejected; None for a good record.
        released_at: When it was released.
        own_date: Whether its own update time could be read.
        sent: How many times it was sent.
    """

    customer_id: str
    device_id: str | None
    at: datetime
    share: datetime | None = None
    asked: datetime | None = None
    elsewhere: tuple[str, ...] = ()
    rejected: Rejection | None = None
    released_at: datetime | None = None
    own_date: bool = True
    sent: int

    @property
    def record(self) -> Literal["good", "rejected", "released"]:
        """What kind of record it is."""
        if self.rejected is None:
            return "good"
        return "rejected" if self.released_at is None else "released"

    @property
    def says(self) -> Literal["grant", "denial", "nothing"]:
        """What it says."""
        if self.released_at is not None:
            return "nothing"
        return "denial" if self.share is None else "grant"

    def claim(self, now: datetime) -> str:
        """Return what it says, as what a record does: "has no date of sharing with research"."""
        if self.rejected is not None:
            damaged = f"is damaged ({self.rejected.words})"
            if self.released_at is not None:
                return f"{damaged}; it says nothing since it was released on {day(self.released_at)}"
            return f"{damaged} and denies until it is released"
        if self.share is not None:
            return f"shares with research since {day(self.share)}"
        if self.asked is None:
            return "has no date of sharing with research" + self._elsewhere()
        if self.asked > now:
            return f"has a date of sharing with research that is still to come ({day(self.asked)})"
        return f"has an implausible date of sharing with research ({day(self.asked)})"

    def _elsewhere(self) -> str:
        return f" (it shares with {both(self.elsewhere)} only)" if self.elsewhere else ""


def records_of(
    closure: DependencyClosure, *, person: str | None = None, device: str | None = None
) -> Sequence[CustomerRecord]:
    """Return what the records of a person, or those that list a device, say, in order of time.

    At one time denials come last: they win.
    """
    where = {"customer_id": person} if person is not None else {"device_id": device}
    good = closure.records.filter(**where).group_by(
        "customer_id",
        "device_id",
        "share",
        *_SHARED.values(),
        at="last_update_date",
        asked="share_with_research_as_of_date",
    )
    bad = closure.rejected.filter(**where).group_by(
        "customer_id", "device_id", "at", "released_at", rejected="reason", own_date="_own_date"
    )
    records = [_record(row) for part in (good, bad) for row in part.agg(sent=pl.len()).iter_rows(named=True)]
    order = {"nothing": 0, "grant": 1, "denial": 2}
    return sorted(
        records,
        key=lambda each: (
            each.at,
            order[each.says],
            each.share or each.at,
            each.record,
            closure.device_keys.get(each.device_id or "", ""),
            closure.customer_keys[each.customer_id],
            each.rejected or "",
            each.asked or each.at,
            each.elsewhere,
        ),
    )


def _record(row: dict[str, Any]) -> CustomerRecord:
    if "rejected" in row:
        return CustomerRecord(**row | {"rejected": Rejection(row["rejected"])})
    elsewhere = tuple(name for name, column in _SHARED.items() if row.pop(column) is not None)
    return CustomerRecord(**row, elsewhere=elsewhere)


def newest_of(records: Sequence[CustomerRecord]) -> Sequence[CustomerRecord]:
    """Return the newest records among those that say something: they decide."""
    heard = [each for each in records if each.says != "nothing"]
    at = max((each.at for each in heard), default=None)
    return [each for each in heard if each.at == at]


def undated(record: CustomerRecord) -> bool:
    """Say whether nothing tells when a record was written: it counts after everything else."""
    return record.at == END_OF_TIME
