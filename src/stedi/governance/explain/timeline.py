"""The consent history, record by record: what each said, and what that did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import Final

import narwhals as nw
import polars as pl

from stedi.consent import rule
from stedi.frame.checked import fetch
from stedi.governance.explain.circle import Circle
from stedi.governance.explain.explanation import Entry
from stedi.governance.explain.records import Said, newest_of, undated
from stedi.names import Consent
from stedi.wording import day

_MOMENTS_AT_ONCE: Final = 256


def consent_after_each(statements: pl.DataFrame) -> dict[datetime, datetime | None]:
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
    circle: Circle, said: Sequence[Said], *, now: datetime, consent: Consent, devices: Mapping[str, str]
) -> tuple[Entry, ...]:
    """Return the history of one customer, whose records these are."""
    person = said[0].customer_id if said else ""
    answers = consent_after_each(circle.statements.filter(customer_id=person))
    newest = set(newest_of(said))
    step = _Step(dated=consent == "as_of")
    entries = []
    for each, later in zip_longest(said, said[1:]):
        if each.says == "nothing":
            effect = ""
        elif later is not None and later.at == each.at:
            denied = each.says == "grant" and answers[each.at] is None
            effect = "another record of the same time denies, and a denial wins" if denied else ""
        else:
            effect, step = step.to(each, answers[each.at])
        entries.append(
            _entry(
                each,
                device=devices.get(each.device_id or ""),
                superseded=each.says != "nothing" and each not in newest,
                words=_words(each, now, devices.get(each.device_id or "", "")),
                effect=effect,
            )
        )
    return tuple(entries)


def listings(
    circle: Circle, said: Sequence[Said], *, now: datetime, device: str, people: Mapping[str, str]
) -> tuple[Entry, ...]:
    """Return the history of one device: the records that list it are these."""
    held = set(circle.held.select("customer_id", "device_id").iter_rows())
    newest = {each for name in people for each in newest_of([one for one in said if one.customer_id == name])}
    entries = []
    listed: set[str] = set()
    for each in said:
        effects = []
        if each.says != "nothing" and each.customer_id not in listed:
            effects.append(
                "one more customer of the device" if listed else "the first customer of the device"
            )
            listed.add(each.customer_id)
        if each in newest and each.says == "denial" and (each.customer_id, each.device_id) not in held:
            effects.append("they do not hold the device")
        entries.append(
            _entry(
                each,
                customer=people.get(each.customer_id),
                device=device,
                superseded=each.says != "nothing" and each not in newest,
                words=_words(each, now, ""),
                effect="; ".join(effects),
            )
        )
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

    def to(self, said: Said, since: datetime | None) -> tuple[str, "_Step"]:
        """Return what a record did to consent, and how it stands then."""
        after = replace(
            self,
            since=since,
            begun=True,
            given=self.given or since is not None,
            denied_at=said.at if said.says == "denial" else self.denied_at,
        )
        if since is not None:
            return self._given(said, since), after
        if self.since is not None:
            return "consent ends; earlier readings may no longer be used either", after
        return "there is still no consent" if self.begun else "there is no consent", after

    def _given(self, said: Said, since: datetime) -> str:
        if self.since is None:
            again = "consent is given again" if self.given else "consent is given"
            if not self.dated:
                return again
            if said.share is not None and since > said.share and self.denied_at is not None:
                return f"{again}, but can't reach back over the denial of {day(self.denied_at)}"
            return f"{again}, for readings from {day(since)} on"
        if since == self.since or not self.dated:
            return "nothing changes"
        if since > self.since:
            return f"consent now counts only for readings from {day(since)} on"
        return f"consent now reaches back to {day(since)}"


def _words(said: Said, now: datetime, device: str) -> str:
    parts = [said.claim(now)]
    if device:
        parts.append(f"lists {device}")
    if undated(said):
        parts.append("nothing says when it was written, so it counts after everything else")
    elif not said.own_date:
        parts.append("its own date can't be read, so it is dated like the newest record of its file")
    if said.sent > 1:
        parts.append(f"sent {said.sent} times")
    return "; ".join(parts)


def _entry(
    said: Said, *, device: str | None, superseded: bool, words: str, effect: str, customer: str | None = None
) -> Entry:
    return Entry(
        at=None if undated(said) else said.at,
        record=said.record,
        says=said.says,
        share_from=said.share,
        customer=customer,
        device=device,
        superseded=superseded,
        sent=said.sent,
        words=words,
        effect=effect,
    )
