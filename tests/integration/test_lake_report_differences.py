"""Two privacy reports can't be subtracted: what one person changes can't be read from the pair of them."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from lakes import lake_at, put, put_rows, run, sent
from stedi.governance.privacy.rounding import BASE
from worlds import HOURS, MS, NOW, customer, reading, step

LAST_YEAR = HOURS[0].replace(year=2021)
SHARED = [(HOURS[1], HOURS[0])]
"""The history of somebody who shares: when each record was written, and since when it shares."""
HISTORIES = {
    "yes": (8, SHARED),
    "early": (7, [(HOURS[1], LAST_YEAR)]),
    "again": (7, [(HOURS[0], None), (HOURS[1], HOURS[0])]),
    "gone": (7, [(HOURS[0], LAST_YEAR), (HOURS[1], None)]),
    "never": (8, [(HOURS[1], None)]),
}
"""The crowd: each kind of which a report tells is two more than a multiple of five, or nobody."""


def person(name, history=SHARED, *, born="1950-01-01", serial=None, readings=1):
    """Return all records of somebody, by the object kind."""
    email, serial = f"{name}@example.com", serial or f"device-{name}"
    times = [HOURS[3] + place * MS for place in range(readings)]
    return {
        "customer": [
            customer(email, serial, at=at, share=share, birth_day=born, customer_name=name)
            for at, share in history
        ],
        "accelerometer": [reading(email, at) for at in times],
        "step_trainer": [step(serial, at) for at in times],
    }


def together(people):
    people = list(people)
    return {kind: [row for each in people for row in each[kind]] for kind in people[0]}


CROWD = {
    f"{kind}{place}": person(
        f"{kind}{place}", history, born="1961-05-05" if kind == "early" else "1950-01-01"
    )
    for kind, (many, history) in HISTORIES.items()
    for place in range(many)
}
TORN = json.dumps(sent(customer("new@example.com", "device-new", at=HOURS[2])))[:-9]

NEWCOMERS = {
    "consents": person("new"),
    "has most of all readings": person("new", readings=300),
    "is born in a decade of their own": person("new", born="1911-11-11"),
    "is of unknown age": person("new", born=None),
    "shares since the year before": person("new", [(HOURS[1], LAST_YEAR)]),
    "shares since a moment of their own": person("new", [(HOURS[1], HOURS[0] + 7 * MS)]),
    "can't reach back over a denial": person("new", [(HOURS[0], None), (HOURS[1], HOURS[0])]),
    "withdrew": person("new", [(HOURS[1], HOURS[0]), (HOURS[2], None)]),
    "never agreed": person("new", [(HOURS[1], None)]),
    "agreed for a later date": person("new", [(HOURS[1], HOURS[7])]),
    "has two devices": together([person("new"), person("new", serial="device-two")]),
    "has no readings": person("new", readings=0),
    "lists somebody's device and denies": person("new", [(HOURS[1], None)], serial="device-yes1"),
    "shares somebody's device": person("new", serial="device-yes1"),
    "is in quarantine": None,
}
CHANGES = {
    "withdraws": [customer("yes0@example.com", "device-yes0", at=HOURS[4])],
    "agrees again": [customer("gone0@example.com", "device-gone0", at=HOURS[4], share=HOURS[4])],
    "agrees at last": [customer("never0@example.com", "device-never0", at=HOURS[4], share=HOURS[0])],
    "moves their consent": [customer("yes0@example.com", "device-yes0", at=HOURS[4], share=HOURS[2])],
    "takes another device": [customer("yes0@example.com", "device-two", at=HOURS[4], share=HOURS[0])],
}


OFTEN = (
    "has most of all readings",
    "is born in a decade of their own",
    "withdrew",
    "lists somebody's device and denies",
    "is in quarantine",
    "withdraws",
)
"""What the test command tries; the others are tried by campaigns."""


def some_of(cases):
    return [case if case in OFTEN else pytest.param(case, marks=pytest.mark.campaign) for case in cases]


def of_people(report):
    """Return all that a report says in any form, but for what is of the lake and its runs."""
    bare = replace(
        report,
        lake="",
        made_at=NOW,
        run_id="",
        published_at=NOW,
        now=NOW,
        held=replace(report.held, readable=False),
    )
    return bare.to_dict(), bare.to_markdown(), bare.to_html(), repr(bare)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Return the landing root of the crowd, and the report of a lake after a run over it."""
    place = tmp_path_factory.mktemp("crowd")
    landing = put_rows(place / "landing", **together(CROWD.values()))
    lake = lake_at(place / "lake")
    run(lake, landing)
    return landing, lake.report()


def test_the_crowd_is_shown(crowd):
    _, report = crowd
    assert [each.count for each in report.customers] == [35, 20, 5, 5]
    assert [each.count for each in report.consenting] == [5, 20, 0]
    assert [each.count for each in report.years] == [0, 0, 0, 5]
    assert [each.customers for each in report.funnel] == [35, 20, 20, 20, 20]


@pytest.mark.parametrize("who", some_of(NEWCOMERS))
def test_nothing_of_a_newcomer_can_be_read(crowd, tmp_path, who):
    _, before = crowd
    records = NEWCOMERS[who]
    people = [*CROWD.values(), *([records] if records else [])]
    landing = put_rows(tmp_path / "landing", **together(people))
    if records is None:
        put(landing, "customer/torn.json", [TORN])
    lake = lake_at(tmp_path / "lake")
    run(lake, landing)
    assert of_people(lake.report()) == of_people(before)


@pytest.mark.parametrize("what", some_of(CHANGES))
def test_nothing_of_somebody_who_changes_can_be_read(crowd, tmp_path, what):
    """The earlier report of the same lake stays as it was, too."""
    landing, before = crowd
    lake = lake_at(tmp_path / "lake")
    first = run(lake, landing).run.run_id
    run(lake, put_rows(tmp_path / "more", customer=CHANGES[what]), now=NOW + timedelta(hours=2))
    assert of_people(lake.report()) == of_people(before)
    assert of_people(lake.report(first)) == of_people(before)


def test_nothing_of_somebody_who_is_erased_can_be_read(crowd, tmp_path):
    landing, before = crowd
    lake = lake_at(tmp_path / "lake")
    run(lake, landing)
    lake.erase(email="yes0@example.com")
    assert of_people(lake.report()) == of_people(before)


def figures_in(value, place=""):
    """Yield every number in a report as plain values, by its place."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from figures_in(item, f"{place}.{name}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from figures_in(item, f"{place}[{index}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, value


def pairs_of(reports):
    """Return the figures of each report beside those of the next; all are multiples of the base."""
    found = [dict(figures_in(of_people(report)[0])) for report in reports]
    assert all(figure % BASE == 0 for each in found for figure in each.values())
    assert all(each.keys() == found[0].keys() for each in found)
    return list(pairwise(found))


def steps_between(pairs):
    """Return by how much figures change from one report to the next."""
    return {abs(one[place] - other[place]) for one, other in pairs for place in one}


def come_and_go(place, crowd, *, come, go):
    """Yield the reports of a lake to which people come one by one, and from which they withdraw."""
    landing, _ = crowd
    lake = lake_at(place / "lake")
    run(lake, landing)
    yield lake.report()
    for number in range(come):
        records = person(
            f"new{number}", born=f"{1900 + 10 * number % 90}-01-01", readings=1 + 40 * (number % 3)
        )
        run(lake, put_rows(place / f"new{number}", **records), now=NOW + number * MS)
        yield lake.report()
    for number in range(go):
        gone = [customer(f"new{number}@example.com", f"device-new{number}", at=HOURS[5])]
        run(
            lake, put_rows(place / f"gone{number}", customer=gone), now=NOW + timedelta(hours=1) + number * MS
        )
        yield lake.report()


def test_figures_step_by_the_base_and_by_nothing_less(crowd, tmp_path):
    """With the third who comes, five more are shown."""
    assert steps_between(pairs_of(come_and_go(tmp_path, crowd, come=3, go=0))) == {0, BASE}


@pytest.mark.campaign
def test_figures_step_by_the_base_however_many_come_and_go(crowd, tmp_path):
    pairs = pairs_of(come_and_go(tmp_path, crowd, come=12, go=12))
    assert steps_between(pairs) == {0, BASE}
    # Not everybody who comes or goes can be seen to: the figures that count them are not always at a step.
    assert sum(one != other for one, other in pairs) < len(pairs)
