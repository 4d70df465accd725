"""Looks of customers against a count by hand, customer by customer."""

from datetime import UTC, datetime

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from stedi.governance.privacy.anonymity import Looks, customers_of, looks_of

DECADES = st.sampled_from([1940, 1950, 1960, None])
ROW = st.tuples(DECADES, st.integers(1, 3))
ROWS = st.lists(ROW, min_size=1, max_size=40)
COLUMNS = (["birth_decade"], ["birth_decade", "devices"])


def frame_of(rows):
    return pl.DataFrame(rows, schema={"birth_decade": pl.Int32, "devices": pl.Int64}, orient="row")


@given(rows=ROWS, threshold=st.integers(1, 6))
def test_a_look_is_rare_that_few_share(rows, threshold):
    frame = frame_of(rows)
    for columns in COLUMNS:
        looks = [tuple(row[frame.columns.index(column)] for column in columns) for row in rows]
        rare = {look for look in looks if looks.count(look) < threshold}
        assert looks_of(frame, columns, threshold=threshold) == Looks(
            different=len(set(looks)), rare=len(rare)
        )


@given(rows=ROWS, newcomer=ROW, threshold=st.integers(1, 6))
def test_a_newcomer_changes_each_count_by_one_at_most(rows, newcomer, threshold):
    for columns in COLUMNS:
        before = looks_of(frame_of(rows), columns, threshold=threshold)
        after = looks_of(frame_of([*rows, newcomer]), columns, threshold=threshold)
        assert after.different - before.different in (0, 1)
        assert abs(after.rare - before.rare) <= 1


def test_nobody_has_no_look():
    assert looks_of(frame_of([]), ["birth_decade"], threshold=5) == Looks(different=0, rare=0)


def test_a_customer_with_two_devices_is_one_customer():
    at = datetime(2026, 2, 3, tzinfo=UTC)
    curated = pl.DataFrame(
        {
            "customer_id": ["a", "a", "b"],
            "birth_decade": [1950, 1950, 1950],
            "consent_from": [at] * 3,
            "first_reading_at": [at] * 3,
            "last_reading_at": [at] * 3,
            "readings": [7, 7, 7],
        }
    )
    people = customers_of(curated).sort("customer_id")
    assert people["devices"].to_list() == [2, 1]
    assert people["consent_month"].to_list() == ["2026-02", "2026-02"]
    assert looks_of(people, ["birth_decade", "readings"], threshold=2) == Looks(different=1, rare=0)
    assert looks_of(people, ["birth_decade", "devices"], threshold=2) == Looks(different=2, rare=2)
