"""Who consented when, by hand."""

from datetime import UTC, datetime, timedelta

from stedi.lake.privacy.timeline import timeline
from stedi.lake.verify.rule import NEVER_OVER, Said, micros

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number):
    return START + timedelta(days=number)


def said(person, at, share=None, *, good=True):
    return Said(person, "device", micros(day(at)), None if share is None else micros(day(share)), good)


def counts(records, *, now=24, step=1):
    return [each.customers for each in timeline(records, now=day(now), step=step)]


def test_a_consent_lasts_from_its_share_date_to_the_next_denial():
    # Ann from day 0; Bob shares on day 6 from day 12 on; Ann withdraws on day 18.
    records = [said("ann", 0, 0), said("bob", 6, 12), said("ann", 18)]
    found = counts(records)
    assert len(found) == 25
    assert found == [1] * 12 + [2] * 6 + [1] * 7


def test_deny_wins_among_records_of_one_time_and_a_later_grant_begins_anew():
    records = [said("ann", 0, 0), said("ann", 6, 6), said("ann", 6), said("ann", 12, 0)]
    assert counts(records) == [1] * 6 + [0] * 6 + [1] * 13


def test_an_earlier_share_date_counts_from_the_record_that_says_so():
    first, *_ = timeline([said("ann", 10, 1)], now=day(24), step=1)
    assert first.at == day(10)


def test_share_dates_ahead_and_records_without_a_time_change_nothing():
    ahead = said("ann", 0, 30)
    rejected = Said("bob", None, NEVER_OVER, None, good=False)
    assert timeline([ahead, rejected], now=day(24), step=1) == ()


def test_numbers_are_rounded():
    records = [said(f"p{number}", 0, 0) for number in range(7)] + [said("p0", 12)]
    assert set(counts(records, step=5)) == {5}
