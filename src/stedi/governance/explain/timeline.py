"""The consent history, record by record: what each said, and what that did."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import Final

import narwhals as nw
import polars as pl

from stedi.consent import rule
from stedi.frame.checked import fetch
from stedi.governance.explain.closure import DependencyClosure
from stedi.governance.explain.explanation import Entry
from stedi.governance.explain.records import CustomerRecord, newest_of, undated
from stedi.names import Consent
from stedi.wording import day

_MOMENTS_AT_ONCE: Final = 256


def _consent_after_each(statements: pl.DataFrame) -> dict[datetime, datetime | None]:
    """Return from when one customer consented as of each time at which a statement was made.

    The consent rule itself answers, asked about what had been said by then.
    """
    answers: dict[datetime, datetime | None] = {}
    for moments in statements.select(customer_id="at").unique().iter_slices(_MOMENTS_AT_ONCE):
        known = moments.join(statements.drop("customer_id"), how="cross").filter(
            pl.col("at") <= pl.col("customer_id")
        )
        answers |= dict.fromkeys(moments["customer_id"])
        answers |= dict(fetch(rule.customer_consents(nw.from_native(known.lazy()))).iter_rows())
    return answers


def history(
    closure: DependencyClosure,
    records: Sequence[CustomerRecord],
    *,
    now: datetime,
    consent: Consent,
    devices: Mapping[str, str],
) -> tuple[Entry, ...]:
    """Return the history of one customer, whose records these are."""
    person = records[0].customer_id if records else ""
    answers = _consent_after_each(closure.statements.filter(customer_id=person))
    newest = set(newest_of(records))
    step = _Step(dated=consent == "as_of")
    entries = []
    for each, later in zip_longest(records, records[1:]):
        effect = ""
        if each.says != "nothing" and later is not None and later.at == each.at:
            if each.says == "grant" and answers[each.at] is None:
                effect = "another record of the same time denies, and a denial wins"
        elif each.says != "nothing":
            effect, step = step.to(each, answers[each.at])
        device = devices.get(each.device_id or "")
        lists = f"lists {device}" if device else ""
        entries.append(_entry(each, newest, now=now, device=device, lists=lists, effect=effect))
    return tuple(entries)


def listings(
    closure: DependencyClosure,
    records: Sequence[CustomerRecord],
    *,
    now: datetime,
    device: str,
    people: Mapping[str, str],
) -> tuple[Entry, ...]:
    """Return the history of one device: the records that list it are these."""
    held = set(closure.held.select("customer_id", "device_id").iter_rows())
    newest = {
        each for name in people for each in newest_of([one for one in records if one.customer_id == name])
    }
    entries = []
    listed: set[str] = set()
    for each in records:
        effects = []
        if each.says != "nothing" and each.customer_id not in listed:
            effects.append(
                "one more customer of the device" if listed else "the first customer of the device"
            )
            listed.add(each.customer_id)
        if each in newest and each.says == "denial" and (each.customer_id, each.device_id) not in held:
            effects.append("they do not hold the device")
        customer, effect = people.get(each.customer_id), "; ".join(effects)
        entries.append(_entry(each, newest, now=now, customer=customer, device=device, effect=effect))
    return tuple(entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """How consent stood before a record.

    Attributes:
        dated: Whether the lake asks since when consent is given.
        since: From when the customer consented; None: they did not.
        begun: Whether there was any record.
        given: Whether there ever was consent.
        denied_at: The last denial.
    """

    dated: bool
    since: datetime | None = None
    begun: bool = False
    given: bool = False
    denied_at: datetime | None = None

    def to(self, record: CustomerRecord, since: datetime | None) -> tuple[str, "_Step"]:
        """Return what a record did to consent, and how it stands then."""
        after = replace(
            self,
            since=since,
            begun=True,
            given=self.given or since is not None,
            denied_at=record.at if record.says == "denial" else self.denied_at,
        )
        if since is not None:
            return self._given(record, since), after
        if self.since is not None:
            return "consent ends; earlier readings may no longer be used either", after
        return "there is still no consent" if self.begun else "there is no consent", after

    def _given(self, record: CustomerRecord, since: datetime) -> str:
        if self.since is None:
            again = "consent is given again" if self.given else "consent is given"
            if not self.dated:
                return again
            if record.share is not None and since > record.share and self.denied_at is not None:
                return f"{again}, but can't reach back over the denial of {day(self.denied_at)}"
            return f"{again}, for readings from {day(since)} on"
        if since == self.since or not self.dated:
            return "nothing changes"
        if since > self.since:
            return f"consent now counts only for readings from {day(since)} on"
        return f"consent now reaches back to {day(since)}"


def _entry(
    record: CustomerRecord,
    newest: Collection[CustomerRecord],
    *,
    now: datetime,
    device: str | None,
    effect: str,
    customer: str | None = None,
    lists: str = "",
) -> Entry:
    words = [record.claim(now), lists] if lists else [record.claim(now)]
    if undated(record):
        words.append("nothing says when it was written, so it counts after everything else")
    elif not record.own_date:
        words.append("its own date can't be read, so it is dated like the newest record of its file")
    if record.sent > 1:
        words.append(f"sent {record.sent} times")
    return Entry(
        at=None if undated(record) else record.at,
        record=record.record,
        says=record.says,
        share_from=record.share,
        customer=customer,
        device=device,
        superseded=record.says != "nothing" and record not in newest,
        sent=record.sent,
        words="; ".join(words),
        effect=effect,
    )
