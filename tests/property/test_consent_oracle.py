"""The transforms and the oracle, a second reading of the design, agree on every row of every table."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import cases
from engines import assert_same, expected_of, tables_of, tables_of_each
from worlds import FAR_AWAY, HOURS, MS, NOW, World, poured_together, random_world, world_with_erased, worlds

MODES = ("as_of", "current")
TOLERANCES = (timedelta(0), MS, 2 * MS, timedelta(minutes=30), timedelta(hours=1))


@settings(max_examples=3 * settings().max_examples)
@given(
    parts=st.lists(worlds(), min_size=1, max_size=5),
    consent=st.sampled_from((*MODES, "as_of")),
    now=st.sampled_from((NOW, NOW, HOURS[2], FAR_AWAY)),
)
def test_all_five_tables_are_the_oracles(parts, consent, now):
    world = replace(poured_together(parts), now=now)
    assert_same(tables_of(world, consent=consent), expected_of(world, consent=consent))


@given(parts=st.lists(worlds(), min_size=1, max_size=5), tolerance=st.sampled_from(TOLERANCES))
def test_pairing_with_a_tolerance_is_the_oracles(parts, tolerance):
    world = poured_together(parts)
    assert_same(tables_of(world, tolerance=tolerance), expected_of(world, tolerance=tolerance))


def test_an_empty_world_has_five_empty_tables():
    assert_same(tables_of(World()), expected_of(World()))


@pytest.mark.parametrize("consent", MODES)
def test_many_worlds_after_erasures(consent):
    world = poured_together(map(world_with_erased, range(cases(1000))))
    expected = expected_of(world, consent=consent)
    assert_same(tables_of(world, consent=consent), expected)
    # It matters who was erased.
    assert expected != expected_of(replace(world, erased=()), consent=consent)


@pytest.mark.parametrize("consent", MODES)
def test_a_single_world_at_a_time(consent):
    for seed in range(cases(50)):
        world = random_world(seed)
        assert_same(tables_of(world, consent=consent), expected_of(world, consent=consent))


@pytest.mark.parametrize("consent", MODES)
def test_many_seeded_worlds_side_by_side(consent):
    world = poured_together(map(random_world, range(cases(1000))))
    assert_same(tables_of(world, consent=consent), expected_of(world, consent=consent))


def test_worlds_side_by_side_do_not_see_each_other():
    parts = [random_world(seed) for seed in range(8)]
    together = tables_of_each(parts)
    for part, tables in zip(parts, together, strict=True):
        (alone,) = tables_of_each([part])
        assert_same(tables, alone)


@pytest.mark.campaign
@pytest.mark.parametrize("consent", MODES)
def test_campaign(consent):
    """Judge STEDI_CAMPAIGN_WORLDS worlds; a failure is told with its seed and that world alone."""
    size = 250
    for start in range(0, int(os.environ.get("STEDI_CAMPAIGN_WORLDS", "2000")), size):
        seeds = range(10_000 + start, 10_000 + start + size)
        turn = start // size
        tolerance = (None, *TOLERANCES)[turn % 6] if consent == "as_of" else None
        options = {"consent": consent, "tolerance": tolerance}
        # In every fifth some were erased.
        make = world_with_erased if turn % 5 == 4 else random_world
        world = poured_together(map(make, seeds))
        if tables_of(world, **options) == expected_of(world, **options):
            continue
        for seed in seeds:
            alone = make(seed)
            if tables_of(alone, **options) != expected_of(alone, **options):
                pytest.fail(f"{make.__name__}({seed}) with {options}: {alone}")
        pytest.fail(f"the worlds {seeds} with {options} are right alone and wrong together")
