"""Customer histories have the shapes of the design, in their shares."""

import re
from collections import Counter, defaultdict
from itertools import pairwise
from statistics import median
from unicodedata import normalize

import pytest

from stedi.simulate.customers import AS_OF_MS, ConsentHistory, invent_customers
from stedi.simulate.sessions import plan_sessions

WIDE_AT = "\uff20"


def key(text):
    return normalize("NFKC", text.strip()).lower()


def contradicts(customer):
    """Return whether two records of one time differ in consent."""
    at = defaultdict(set)
    for record in customer.records:
        at[record["lastUpdateDate"]].add("shareWithResearchAsOfDate" in record)
    return any(len(kinds) > 1 for kinds in at.values())


@pytest.fixture(scope="module")
def many():
    return invent_customers(1000, seed=7)


def test_consents_come_in_their_shares(many):
    assert Counter(customer.history for customer in many) == {
        ConsentHistory.NEVER: 250,
        ConsentHistory.AT_REGISTRATION: 480,
        ConsentHistory.BACK_DATED: 20,
        ConsentHistory.LATER: 130,
        ConsentHistory.FUTURE: 20,
        ConsentHistory.WITHDRAWN: 70,
        ConsentHistory.RE_GRANTED: 30,
    }


def test_histories_end_as_they_are_called(many):
    for customer in many:
        if contradicts(customer):
            continue
        newest = max(record["lastUpdateDate"] for record in customer.records)
        shares = [
            record.get("shareWithResearchAsOfDate")
            for record in customer.records
            if record["lastUpdateDate"] == newest
        ]
        if customer.history in (ConsentHistory.NEVER, ConsentHistory.WITHDRAWN):
            assert shares[0] is None
        elif customer.history is ConsentHistory.FUTURE:
            assert shares[0] > AS_OF_MS
        elif customer.history is ConsentHistory.BACK_DATED:
            assert shares[0] < customer.registered
        else:
            assert customer.registered <= shares[0] < AS_OF_MS


def test_some_records_are_repeated_and_some_contradict(many):
    repeated = contradicted = 0
    for customer in many:
        texts = Counter(str(record) for record in customer.records)
        repeated += any(count > 1 for count in texts.values())
        contradicted += contradicts(customer)
    assert repeated == 40
    assert contradicted == 10


def test_devices_are_shared_passed_on_and_doubled(many):
    owners = defaultdict(set)
    for customer in many:
        assert {held.serial_number for held in customer.devices} >= {
            record["serialNumber"] for record in customer.records
        }
        for held in customer.devices:
            owners[held.serial_number].add(key(customer.person.email))
    assert Counter(map(len, owners.values()))[2] == 40  # 20 passed on, 20 shared
    assert sum(len(customer.devices) == 2 for customer in many) == 70  # 50 own two, 20 got a replacement
    passed_on = [held for customer in many for held in customer.devices if held.until < AS_OF_MS]
    assert len(passed_on) == 20


def test_records_are_like_the_websites(many):
    records = [record for customer in many for record in customer.records]
    absent = sum("shareWithResearchAsOfDate" not in record for record in records)
    assert 0.3 < absent / len(records) < 0.6
    for customer in many:
        assert {key(record["email"]) for record in customer.records} == {key(customer.person.email)}
    assert all(record["registrationDate"] <= record["lastUpdateDate"] < AS_OF_MS for record in records)
    assert all(re.fullmatch(r"[1-9]\d{9}", record["phone"]) for record in records)
    assert all(record["email"].count("@") == 1 or WIDE_AT in record["email"] for record in records)
    assert len({key(customer.person.email) for customer in many}) == 1000
    years = [int(record["birthDay"].split("-")[0]) for record in records]
    ages = [(2024 - int(each.records[0]["birthDay"].split("-")[0]), each.walker.age) for each in many]
    assert sum(abs(born - age) <= 1 for born, age in ages) / len(many) > 0.85
    assert any(year < 1000 for year in years)
    assert any(1000 <= year < 1900 for year in years)
    assert sum(1925 <= year <= 2000 for year in years) / len(years) > 0.85


def test_half_of_the_shares_with_the_public_and_friends_are_given(many):
    for share in ("shareWithPublicAsOfDate", "shareWithFriendsAsOfDate"):
        assert 420 < sum(share in customer.records[0] for customer in many) < 580


def test_sessions_are_of_people_with_the_devices_that_they_hold(many):
    sessions = plan_sessions(many, seed=7)
    held = defaultdict(list)
    for customer in many:
        for device in customer.devices:
            held[key(customer.person.email), key(device.serial_number)].append(device)
    known = [session for session in sessions if session.known_user and session.known_device]
    for session in known:
        (device,) = held[key(session.user), key(session.serial_number)]
        assert device.since <= session.start < device.until
        assert session.start + 300_000 < AS_OF_MS
    per_customer = Counter(key(session.user) for session in known)
    assert Counter(per_customer.values()) == {1: 340, 2: 180, 3: 140, 5: 100, 8: 60}
    assert Counter((session.known_user, session.known_device) for session in sessions) == {
        (True, True): 2100,
        (False, True): 20,
        (True, False): 20,
    }


def test_people_exercise_by_day_and_every_few_days(many):
    sessions = plan_sessions(many, seed=7)
    assert [session.start for session in sessions] == sorted(session.start for session in sessions)
    hours = Counter(session.start // 3_600_000 % 24 for session in sessions)
    assert sum(hours[hour] for hour in range(7, 21)) / len(sessions) > 0.95
    starts = defaultdict(list)
    for session in sessions:
        if session.known_user and session.known_device:
            starts[key(session.user)].append(session.start)
    pauses = [
        (later - earlier) / 86_400_000
        for each in starts.values()
        for earlier, later in pairwise(sorted(each))
    ]
    assert 5 < median(pauses) < 9
    assert min(pauses) > 0.01


def test_strangers_are_strangers(many):
    people = {key(customer.person.email) for customer in many}
    devices = {key(held.serial_number) for customer in many for held in customer.devices}
    for session in plan_sessions(many, seed=7):
        assert (key(session.user) in people) is session.known_user
        assert (key(session.serial_number) in devices) is session.known_device


def test_one_email_is_spelled_differently_by_website_and_app(many):
    sessions = plan_sessions(many, seed=7)
    spellings = {customer.person.email for customer in many}
    other = sum(session.known_user and session.user not in spellings for session in sessions)
    assert 0.2 < other / len(sessions) < 0.3
    assert any(WIDE_AT in session.user for session in sessions)
    assert any("\uff0d" in session.serial_number for session in sessions)
    assert any(session.user != session.user.strip() for session in sessions)
