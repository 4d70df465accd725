"""Less consent never means more rows, and more readings never mean fewer."""

from hypothesis import given
from hypothesis import strategies as st

from engines import assert_same, assert_within, before_and_after, only, records
from oracle import grant, key
from worlds import (
    DENIALS,
    HOURS,
    IMPLAUSIBLE,
    MS,
    NEW_OBJECT,
    NOW,
    World,
    customer_rows,
    emails_in,
    ignored_rows,
    reading_rows,
    rejected,
    rejected_rows,
    serials_in,
    step_rows,
    worlds,
)

MODE = st.sampled_from(("as_of", "current"))
ROWS = {
    "customer_trusted": ("customer_id", "device_id"),
    "customer_curated": ("customer_id", "device_id"),
}
"""Rows of customers are told by their key: what they show may change."""


def pairs(one: st.SearchStrategy[tuple[World, World]]) -> st.SearchStrategy[list[tuple[World, World]]]:
    return st.lists(one, min_size=1, max_size=3)


def few(rows: st.SearchStrategy) -> st.SearchStrategy[list]:
    return st.lists(rows, min_size=1, max_size=3)


def assert_no_row_added(before, after):
    assert_within(only(after, **ROWS), only(before, **ROWS))
    held = {(row["customer_id"], row["device_id"]): row for row in records(before, "customer_trusted")}
    for row in records(after, "customer_trusted"):
        old = held[row["customer_id"], row["device_id"]]
        assert row["consent_from"] >= old["consent_from"]
        if row["device_consent_from"] is not None:
            assert old["device_consent_from"] is not None
            assert row["device_consent_from"] >= old["device_consent_from"]


@st.composite
def denied(draw):
    world = draw(worlds())
    # In an object of its own: in one that a rejected record is part of, it would date that record.
    rows = draw(few(customer_rows(emails_in(world), shares=DENIALS)))
    denials = [{**row, "_digest": NEW_OBJECT} for row in rows]
    return world, world.plus(customers=denials)


@given(pairs(denied()))
def test_adding_a_denial_never_adds_a_row(changes):
    for before, after in before_and_after(changes):
        assert_no_row_added(before, after)


@st.composite
def shared_later(draw):
    world = draw(worlds())
    grants = [
        place
        for place, row in enumerate(world.customers)
        if grant(row["share_with_research_as_of_date"], NOW) is not None
    ]
    rows = list(world.customers)
    for place in draw(st.sets(st.sampled_from(grants), max_size=2)) if grants else ():
        share = rows[place]["share_with_research_as_of_date"]
        later = draw(
            st.sampled_from([at for at in (*HOURS, NOW + MS, IMPLAUSIBLE[1], share + MS) if at > share])
        )
        rows[place] = {**rows[place], "share_with_research_as_of_date": later}
    return world, World(tuple(rows), world.accelerometer, world.steps, world.rejected)


@given(pairs(shared_later()))
def test_moving_a_grants_share_date_later_never_adds_a_row(changes):
    for before, after in before_and_after(changes):
        assert_no_row_added(before, after)


@st.composite
def with_readings(draw):
    world = draw(worlds())
    more = draw(st.lists(reading_rows(emails_in(world)), max_size=3))
    return world, world.plus(
        accelerometer=more, steps=draw(st.lists(step_rows(serials_in(world)), max_size=3))
    )


@given(pairs(with_readings()), MODE)
def test_adding_a_reading_never_removes_one(changes, consent):
    for before, after in before_and_after(changes, consent=consent):
        assert before["customer_trusted"] == after["customer_trusted"]
        assert_within(only(before, **ROWS), only(after, **ROWS))


@st.composite
def with_rejected(draw):
    world = draw(worlds())
    return world, world.plus(rejected=draw(few(rejected_rows(emails_in(world)))))


@given(pairs(with_rejected()), MODE)
def test_adding_a_rejected_record_never_adds_a_row(changes, consent):
    for before, after in before_and_after(changes, consent=consent):
        assert_no_row_added(before, after)


@st.composite
def with_ignored(draw):
    world = draw(worlds())
    return world, world.plus(rejected=draw(few(ignored_rows(emails_in(world)))))


@given(pairs(with_ignored()), MODE)
def test_rejected_records_that_are_unreadable_released_or_of_other_tables_change_nothing(changes, consent):
    for before, after in before_and_after(changes, consent=consent):
        assert_same(after, before)


@st.composite
def damaged(draw):
    """One good record is rejected instead; who, which device and when can still be read."""
    world = draw(worlds(with_rejected=False))
    place = draw(st.integers(0, len(world.customers) - 1))
    lost = world.customers[place]
    bad = rejected(lost["email"], lost["serial_number"], at=lost["last_update_date"], digest=lost["_digest"])
    rest = tuple(row for other, row in enumerate(world.customers) if other != place)
    return world, World(rest, world.accelerometer, world.steps, (bad,))


@given(pairs(damaged()))
def test_damaging_a_record_never_adds_a_row(changes):
    for before, after in before_and_after(changes):
        assert_no_row_added(before, after)


@st.composite
def withdrawn(draw):
    """Someone's very last record denies."""
    world = draw(worlds())
    last = draw(customer_rows(emails_in(world), shares=(None,)))
    return world, world.plus(customers=[{**last, "last_update_date": HOURS[7] + MS, "_digest": NEW_OBJECT}])


@given(pairs(withdrawn()), MODE)
def test_a_withdrawal_removes_every_row_of_the_customer(changes, consent):
    for (_, world), (before, after) in zip(changes, before_and_after(changes, consent=consent), strict=True):
        who = key(world.customers[-1]["email"])
        for table in after:
            assert who not in {row["customer_id"] for row in records(after, table)}
        if consent == "as_of":
            assert_no_row_added(before, after)
