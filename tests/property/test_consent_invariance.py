"""What must not matter: order, repetition, other people, and consent to something else."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engines import COLUMNS, Tables, assert_same, before_and_after, only, records, tables_of_each
from oracle import birthday, key
from worlds import (
    EMAILS,
    HOURS,
    NEW_OBJECT,
    STRANGER,
    World,
    customer_rows,
    emails_in,
    reading_rows,
    rejected_rows,
    worlds,
)

MODE = st.sampled_from(("as_of", "current"))


def pairs(one: st.SearchStrategy[tuple[World, World]]) -> st.SearchStrategy[list[tuple[World, World]]]:
    return st.lists(one, min_size=1, max_size=3)


@st.composite
def shuffled(draw):
    world = draw(worlds())
    return world, World(
        tuple(draw(st.permutations(world.customers))),
        tuple(draw(st.permutations(world.accelerometer))),
        tuple(draw(st.permutations(world.steps))),
        tuple(draw(st.permutations(world.rejected))),
    )


@given(pairs(shuffled()), MODE)
def test_the_order_of_rows_is_irrelevant(changes, consent):
    for before, after in before_and_after(changes, consent=consent):
        assert_same(after, before)


@st.composite
def loaded_twice(draw):
    world = draw(worlds())
    return world, World(world.customers * 2, world.accelerometer * 2, world.steps * 2, world.rejected * 2)


@given(pairs(loaded_twice()), MODE)
def test_loading_everything_twice_changes_nothing(changes, consent):
    for before, after in before_and_after(changes, consent=consent):
        assert_same(after, before)


@st.composite
def other_sharing(draw):
    world = draw(worlds())
    dates = st.sampled_from((None, *HOURS))
    rows = tuple(
        {
            **row,
            "share_with_public_as_of_date": draw(dates),
            "share_with_friends_as_of_date": draw(dates),
        }
        for row in world.customers
    )
    return world, replace(world, customers=rows)


SHOWN = tuple(name for name in COLUMNS["customer_trusted"] if "public" not in name and "friends" not in name)


@given(pairs(other_sharing()), MODE)
def test_sharing_with_the_public_or_with_friends_is_irrelevant(changes, consent):
    for before, after in before_and_after(changes, consent=consent):
        assert_same(only(after, customer_trusted=SHOWN), only(before, customer_trusted=SHOWN))


@st.composite
def one_changed(draw):
    """Records and readings of one customer are added, in objects of their own."""
    world = draw(worlds())
    who = key(draw(st.sampled_from((*emails_in(world), STRANGER))))
    emails = [email for email in (*EMAILS, STRANGER) if key(email) == who]
    good = draw(st.lists(customer_rows(emails), max_size=2))
    return (
        world,
        world.plus(
            customers=[{**row, "_digest": NEW_OBJECT} for row in good],
            rejected=draw(st.lists(rejected_rows(emails), max_size=1)),
            accelerometer=draw(st.lists(reading_rows(emails), max_size=2)),
        ),
        who,
    )


def of_others(tables: Tables, customers: set[str], devices: set[str]) -> Tables:
    """Return the rows of other customers and other devices."""
    return {
        table: [
            row
            for row in records(tables, table)
            if row["customer_id"] not in customers and row.get("device_id") not in devices
        ]
        for table in tables
    }


def claimed(world: World, customers: set[str]) -> set[str]:
    good = {key(row["serial_number"]) for row in world.customers if key(row["email"]) in customers}
    return good | {
        key(serial)
        for row in world.rejected
        if not customers.isdisjoint(map(key, row["emails"]))
        for serial in row["serial_numbers"]
    }


def assert_others_unchanged(before: Tables, after: Tables, customers: set[str], devices: set[str]) -> None:
    old, new = of_others(before, customers, devices), of_others(after, customers, devices)
    for table in old:
        assert sorted(map(str, old[table])) == sorted(map(str, new[table])), table


@given(pairs(one_changed()), MODE)
def test_changing_one_customer_changes_only_that_customer_and_the_devices_they_claim(changes, consent):
    worlds_of = [(before, after) for before, after, _ in changes]
    for (_, world, who), (before, after) in zip(
        changes, before_and_after(worlds_of, consent=consent), strict=True
    ):
        assert_others_unchanged(before, after, {who}, claimed(world, {who}))


@given(
    parts=st.lists(worlds(), min_size=1, max_size=4),
    moments=st.lists(st.sampled_from(HOURS), min_size=2, max_size=2, unique=True),
    consent=MODE,
)
def test_time_passing_changes_only_customers_with_a_share_date_or_a_birthday_in_between(
    parts, moments, consent
):
    """Birthdays too: one after ``now`` is null, until that day comes."""
    then, now = sorted(moments)
    parts = [replace(part, now=then) for part in parts]
    later = [replace(part, now=now) for part in parts]
    for world, before, after in zip(
        parts, tables_of_each(parts, consent=consent), tables_of_each(later, consent=consent), strict=True
    ):
        changed = {
            key(row["email"])
            for row in world.customers
            if ((share := row["share_with_research_as_of_date"]) is not None and then < share <= now)
            or birthday(row["birth_day"], then) != birthday(row["birth_day"], now)
        }
        assert_others_unchanged(before, after, changed, claimed(world, changed))
