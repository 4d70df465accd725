"""Exact counts of people: by hand, and one person changes each by one at most."""

from dataclasses import replace
from types import SimpleNamespace

import polars as pl
import pytest

from effort import cases
from engines import frame_of
from engines import run as transform
from oracle import key
from stedi.governance.privacy.census import STAGES, count_by_stage, count_by_year, count_people
from stedi.governance.privacy.kinds import (
    ALL,
    BLOCKED,
    CONSENTS,
    NEVER,
    OTHERS,
    SINCE_DENIAL,
    USABLE,
    WITHDREW,
)
from worlds import HOURS, World, customer, random_world, reading, rejected, step


def counted(world, consent="as_of"):
    """Return all exact counts of a world."""
    ledger = {"table_name": pl.String, "digest": pl.String, "newest_update": pl.Datetime("us", "UTC")}
    frames = {
        "customer_landing": frame_of(world.customers, "customer_landing"),
        "quarantine": frame_of(world.rejected, "quarantine"),
        "object": pl.DataFrame(schema=ledger),
        **transform(world, consent=consent),
    }
    run = SimpleNamespace(now=world.now, consent=consent)

    def scan(table):
        return frames[table].lazy()

    people = count_people(scan, run)
    return people, count_by_year(scan, run), count_by_stage(scan, people)


LAST_YEAR = HOURS[0].replace(year=2021)
WORLD = World(
    customers=(
        customer("ann@example.com", "a", share=HOURS[0], at=HOURS[1], birth_day="1950-01-01"),
        customer("ANN@example.com", "a2", share=HOURS[0], at=HOURS[1]),
        customer("bob@example.com", "b", share=LAST_YEAR, at=HOURS[1]),
        customer("bea@example.com", "b2", at=HOURS[0]),
        customer("bea@example.com", "b2", share=LAST_YEAR, at=HOURS[1]),
        customer("cleo@example.com", "c", share=HOURS[0], at=HOURS[1]),
        customer("cleo@example.com", "c", at=HOURS[2]),
        customer("dan@example.com", "d", at=HOURS[1]),
        customer("dan@example.com", "b", at=HOURS[1]),
        customer("eve@example.com", "e", share=HOURS[7], at=HOURS[1]),
    ),
    accelerometer=tuple(
        reading(who, HOURS[hour]) for who in ("ann@example.com", "bea@example.com") for hour in (3, 4)
    ),
    steps=(step("a", HOURS[3]), step("a", HOURS[4]), step("b2", HOURS[5]), step("b", HOURS[4])),
    rejected=(rejected("fay@example.com", "f", at=HOURS[3]),),
)


def test_by_hand():
    people, years, stages = counted(WORLD)
    assert people == {
        ALL: 7,
        CONSENTS: 3,
        WITHDREW: 1,
        NEVER: 1,
        OTHERS: 2,
        SINCE_DENIAL: 1,
        USABLE: 2,
        BLOCKED: 1,
    }
    assert years == {2018: 0, 2019: 0, 2020: 0, 2021: 1}
    assert stages == dict(zip(STAGES, (7, 3, 2, 2, 1), strict=True))


def test_where_only_present_consent_counts_no_year_does():
    people, years, stages = counted(WORLD, "current")
    assert (people[CONSENTS], people[SINCE_DENIAL], people[BLOCKED]) == (3, 0, 0)
    assert years == {}
    assert list(stages.values()) == [7, 3, 2, 2, 1]


OWN = (ALL, CONSENTS, WITHDREW, NEVER, OTHERS, SINCE_DENIAL)
"""What depends on nobody else's records."""


def without(world, person):
    """Return a world as if somebody had never sent anything."""

    def others(rows, column):
        return tuple(row for row in rows if row[column] is None or key(row[column]) != person)

    return replace(
        world,
        customers=others(world.customers, "email"),
        accelerometer=others(world.accelerometer, "user"),
        rejected=tuple(
            {**row, "emails": [each for each in row["emails"] if key(each) != person]}
            for row in world.rejected
        ),
    )


@pytest.mark.law
def test_one_person_changes_each_count_by_one_at_most():
    for seed in range(cases(40, least=6)):
        world = random_world(seed)
        people, years, stages = counted(world)
        for person in sorted({key(row["email"]) for row in world.customers}):
            other_people, other_years, other_stages = counted(without(world, person))
            for name in OWN:
                assert abs(people[name] - other_people[name]) <= 1, (seed, name)
            assert sum(abs(years[year] - other_years[year]) for year in years) <= 1, seed
            for table in STAGES[:3]:
                assert abs(stages[table] - other_stages[table]) <= 1, (seed, table)


@pytest.mark.law
def test_kinds_are_within_those_that_they_are_shown_beside():
    for seed in range(cases(40, least=6)):
        people, years, stages = counted(random_world(seed))
        assert people[ALL] == people[CONSENTS] + people[WITHDREW] + people[NEVER] + people[OTHERS]
        kinds = (people[SINCE_DENIAL], people[USABLE], people[BLOCKED], sum(years.values()))
        assert max(kinds) <= people[CONSENTS]
        left = list(stages.values())
        assert left == sorted(left, reverse=True)
