"""A lake equals the oracle after every run, whatever the world, and however it is parted and delivered."""

import json
import os
import random
import shutil
from dataclasses import replace
from datetime import datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench import Bench
from effort import cases
from lakes import (
    DERIVED,
    LANDING,
    PUBLISHED,
    as_landed,
    contents,
    damaged,
    derived_rows,
    figures,
    in_few_objects,
    judged,
    pour,
    run,
    tables_of,
)
from stedi import Lake
from stedi.pipeline.derive import customers
from stedi.pipeline.run_report import RunReport
from worlds import (
    HOURS,
    NOW,
    World,
    emails_in,
    poured_together,
    random_world,
    rejected,
    serials_in,
    worlds,
)

MOST_BATCHES = 3
KINDS = ("customers", "accelerometer", "steps", "rejected")
RELEASED = 0.4
"""How often a record that is held is released."""
NOWS = (*HOURS[4:6], NOW - (NOW - HOURS[5]) / 2, NOW, HOURS[7])


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    return Bench.build(tmp_path_factory.mktemp("bench"))


def parted(world: World, batches: int, dice: random.Random) -> World:
    """Return the world as it lands, every record in some part of its object: ``d1~0``, ``d1~1``, ..."""
    return as_landed(in_few_objects(world), lambda: f"~{dice.randrange(batches)}")


def batch(world: World, *numbers: int) -> World:
    """Return what is in some of the parts."""
    ends = tuple(f"~{number}" for number in numbers)
    kinds = ("customers", "accelerometer", "steps", "rejected")
    return replace(
        world,
        **{
            kind: tuple(row for row in getattr(world, kind) if row["_digest"].endswith(ends))
            for kind in kinds
        },
    )


def without_part(name: str) -> str:
    """Return the name that all parts of an object have in common."""
    return name.partition("~")[0]


def check(lake: Lake, report: RunReport, known: World, now: datetime, consent: str) -> None:
    """A lake, and what its last run says, are what the oracle makes of all that was delivered."""
    tables, accounts = judged(known, now=now, consent=consent)
    assert tables_of(lake) == tables
    for table in DERIVED:
        assert figures(report.accounts[table]) == figures(accounts[table]), table


def chosen(lake: Lake, dice: random.Random) -> dict[str, str]:
    """Return some of the records that are held in quarantine: their raw texts, by id."""
    held = lake.scan("quarantine").filter(pl.col("released_at").is_null()).sort("_digest", "_position")
    rows = held.select("_digest", "_position", "raw").collect().rows()
    return {f"{digest[:12]}:{place}": raw for digest, place, raw in rows if dice.random() < RELEASED}


def released(world: World, ids: dict[str, str], now: datetime) -> World:
    """Return a world in which some of the rejected records, given by their raw texts, are released."""
    rows = list(world.rejected)
    written = [json.dumps(damaged(row)) for row in rows]
    for raw in ids.values():
        place = written.index(raw)
        written[place] = ""
        rows[place] = {**rows[place], "released_at": now}
    return replace(world, rejected=tuple(rows))


def feed(
    bench: Bench,
    world: World,
    order: list[int],
    nows: list,
    consent: str,
    *,
    releasing: random.Random | None = None,
    overwriting: bool = False,
) -> dict:
    """Deliver the parts of a world one after the other, and judge the lake after each.

    Args:
        bench: Has an empty lake.
        world: The world.
        order: Of its parts.
        nows: When each is delivered.
        consent: The lake's consent mode.
        releasing: Says after each delivery which of the rejected records are released; None for none.
        overwriting: Put each part of an object in the place of the one before, under its name.

    Returns:
        What all published tables hold in the end.
    """
    lake = bench.empty().lake
    landing = bench.folder.with_name("deliveries")
    shutil.rmtree(landing, ignore_errors=True)
    for place, now in enumerate(nows):
        new = batch(world, order[place])
        root = pour(landing, new, without_part) if overwriting else pour(landing / str(place), new)
        report = run(lake, root, now=now, consent=consent)
        known = batch(world, *order[: place + 1])
        check(lake, report, known, now, consent)
        if releasing is not None and (ids := chosen(lake, releasing)):
            world = released(world, ids, now)
            report = lake.release(ids, now=now)
            check(lake, report, batch(world, *order[: place + 1]), now, consent)
        sizes = [len(known.customers), len(known.accelerometer), len(known.steps), len(known.rejected)]
        assert [lake.scan(table).collect().height for table in (*LANDING, "quarantine")] == sizes
    assert derived_rows(bench.folder) == tables_of(lake)
    with pytest.MonkeyPatch.context() as patch:
        # As if there were too many customers to judge them all at once.
        patch.setattr(customers, "RECORDS_AT_ONCE", 2)
        again = run(lake, root, now=now, consent=consent, full=True)
    assert not again.differs
    assert {table: again.accounts[table] for table in DERIVED} == {
        table: report.accounts[table] for table in DERIVED
    }
    assert again.match == report.match
    return contents({table: lake.scan(table) for table in PUBLISHED})


@settings(
    max_examples=max(cases(5, least=2), settings().max_examples // 12),
    suppress_health_check=[*settings().suppress_health_check, HealthCheck.function_scoped_fixture],
)
@given(
    parts=st.lists(worlds(), min_size=2, max_size=6),
    batches=st.integers(1, MOST_BATCHES),
    seed=st.integers(0, 2**32),
    consent=st.sampled_from(("as_of", "as_of", "current")),
    nows=st.lists(st.sampled_from(NOWS), min_size=MOST_BATCHES, max_size=MOST_BATCHES).map(sorted),
)
def test_a_lake_equals_the_oracle_after_every_delivery(bench, parts, batches, seed, consent, nows):
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    world = parted(poured_together(parts), batches, dice)
    feed(bench, world, list(range(batches)), nows[-batches:], consent, overwriting=bool(seed % 2))


@settings(
    max_examples=max(cases(4, least=2), settings().max_examples // 15),
    suppress_health_check=[*settings().suppress_health_check, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32), batches=st.integers(1, MOST_BATCHES))
def test_a_lake_equals_the_oracle_after_every_release(bench, seed, batches):
    feed_and_release(bench, random.Random(seed), batches)  # noqa: S311 - a test's dice


def feed_and_release(bench: Bench, dice: random.Random, batches: int) -> None:
    """Deliver small worlds in which much is rejected, and release some of it after each delivery."""
    world = poured_together(random_world(dice.randrange(10**6)) for _ in range(dice.randint(2, 8)))
    claims = [
        rejected(
            dice.choice(emails_in(world)), dice.choice(serials_in(world)), at=dice.choice((None, *HOURS))
        )
        for _ in range(dice.randint(1, 6))
    ]
    world = world.plus(rejected=claims)
    nows = sorted(dice.choices(NOWS, k=batches))
    parts, overwriting = parted(world, batches, dice), dice.random() < 0.5
    feed(bench, parts, list(range(batches)), nows, "as_of", releasing=dice, overwriting=overwriting)


@pytest.mark.campaign
def test_the_order_of_deliveries_does_not_matter(bench):
    dice = random.Random(0)  # noqa: S311 - a test's dice
    world = poured_together(random_world(1000 + number) for number in range(60))
    world = parted(world, MOST_BATCHES, dice)
    order = list(range(MOST_BATCHES))
    there = feed(bench, world, order, [HOURS[5], NOW, HOURS[7]], "as_of")
    back = feed(bench, world, order[::-1], [HOURS[4], HOURS[4], HOURS[7]], "as_of")
    at_once = feed(bench, replace(world, **everything(world)), [0], [HOURS[7]], "as_of")
    assert there == back
    assert {table: there[table] for table in DERIVED} == {table: at_once[table] for table in DERIVED}


def everything(world: World) -> dict:
    """Return the rows of a world, each in the same object as before, and all objects in one delivery."""
    return {
        kind: tuple({**row, "_digest": f"{row['_digest']}~0"} for row in getattr(world, kind))
        for kind in KINDS
    }


@pytest.mark.campaign
def test_a_world_of_many_customers_in_one_run(bench):
    world = in_few_objects(poured_together(random_world(number) for number in range(cases(400))))
    feed(bench, as_landed(world, lambda: "~0"), [0], [NOW], "as_of")


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(int(os.environ.get("STEDI_CAMPAIGN_DELIVERIES", "60"))))
def test_campaign_of_deliveries(bench, seed):
    """Many worlds, in up to eight deliveries, with time that passes between them."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    batches = dice.randint(2, 8)
    world = poured_together(random_world(seed * 50 + part) for part in range(dice.randint(2, 30)))
    nows = sorted(dice.choices(NOWS, k=batches))
    consent = dice.choice(("as_of", "as_of", "current"))
    parts, overwriting = parted(world, batches, dice), dice.random() < 0.5
    feed(bench, parts, list(range(batches)), nows, consent, overwriting=overwriting)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(int(os.environ.get("STEDI_CAMPAIGN_DELIVERIES", "60")) // 5))
def test_campaign_of_releases(bench, seed):
    """Many worlds in which much is rejected, and some of it released after each delivery."""
    dice = random.Random(f"releases {seed}")  # noqa: S311 - a test's dice
    feed_and_release(bench, dice, dice.randint(2, 6))
