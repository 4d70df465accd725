"""k-anonymity against a count by hand, customer by customer."""

from datetime import UTC, datetime

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from stedi.lake.privacy.anonymity import customers_of, k_anonymity

DECADES = st.sampled_from([1940, 1950, 1960, None])
ROWS = st.lists(st.tuples(DECADES, st.integers(1, 3)), min_size=1, max_size=40)


@given(rows=ROWS, threshold=st.integers(1, 6))
def test_k_is_the_fewest_who_look_the_same(rows, threshold):
    frame = pl.DataFrame(rows, schema={"birth_decade": pl.Int32, "devices": pl.Int64}, orient="row")
    for columns in (["birth_decade"], ["birth_decade", "devices"]):
        looks = [tuple(row[frame.columns.index(column)] for column in columns) for row in rows]
        alike = [sum(other == own for other in looks) for own in looks]
        found = k_anonymity(frame, columns, threshold=threshold)
        assert found.k == min(alike)
        assert found.classes == len(set(looks))
        assert found.below == sum(count < threshold for count in alike)


def test_nobody_is_0_anonymous():
    frame = pl.DataFrame(schema={"birth_decade": pl.Int32})
    assert k_anonymity(frame, ["birth_decade"], threshold=5).k == 0


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
    assert k_anonymity(people, ["birth_decade", "readings"], threshold=2).k == 2
    assert k_anonymity(people, ["birth_decade", "devices"], threshold=2).k == 1
