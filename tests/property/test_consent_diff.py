"""What differs between two runs is found among those who are asked, and is all that differs."""

from datetime import UTC, datetime, timedelta
from itertools import product

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.pipeline.derive.consent_diff import ConsentDiff, DeviceDiff, UsableDevices
from stedi.pipeline.derive.rewrites import TableRewrite

SCHEMA = polars_schema(contract_of("customer_trusted"))
PEOPLE, DEVICES = "abcd", "xyz"
START = datetime(2026, 1, 1, tzinfo=UTC)

readers = st.sets(st.sampled_from(PEOPLE)).map(lambda people: {f"id-{person}" for person in people})
spellings = st.sampled_from([str, str, str, str.upper])
hours = st.integers(0, 2).map(lambda hour: START + timedelta(hours=hour))


@st.composite
def worlds(draw):
    """Draw customer_trusted, and who has readings, twice: much may be the same."""
    consent = {person: draw(hours) for person in draw(st.permutations(PEOPLE))[: draw(st.integers(2, 4))]}
    usable = {device: draw(st.none() | hours) for device in DEVICES}
    held = {pair for pair in product(PEOPLE, DEVICES) if draw(st.booleans())}
    before = _trusted(consent, usable, held), draw(readers)
    consent = {person: since for person, since in consent.items() if draw(st.integers(0, 5))}
    consent |= draw(st.dictionaries(st.sampled_from(PEOPLE), hours, max_size=1))
    usable |= draw(st.dictionaries(st.sampled_from(DEVICES), st.none() | hours, max_size=1))
    held ^= draw(st.sets(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(DEVICES)), max_size=2))
    return before, (_trusted(consent, usable, held, spelled=draw(spellings)), draw(readers))


def _trusted(consent, usable, held, spelled=str) -> pl.DataFrame:
    rows = [
        {
            "customer_id": f"id-{person}",
            "device_id": f"id-{device}",
            "email": spelled(person),
            "serial_number": device,
            "consent_from": consent[person],
            "device_consent_from": usable[device],
        }
        for person, device in sorted(held)
        if person in consent
    ]
    return pl.DataFrame(rows, schema_overrides=SCHEMA).pipe(_whole)


def _whole(rows: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([SCHEMA.to_frame(), rows], how="diagonal")


def _curated(rows: pl.DataFrame, seen: set[str]) -> pl.DataFrame:
    return rows.filter(pl.col("customer_id").is_in(sorted(seen)))


def _differing(before: dict, after: dict) -> set:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def _consents(rows: pl.DataFrame) -> dict:
    return dict(rows.select("customer_id", "consent_from").iter_rows())


def _devices(rows: pl.DataFrame, seen: set[str]) -> dict:
    """Return what a device's readings depend on: from when, and for whom."""
    known = {}
    for customer, device, since in rows.select("customer_id", "device_id", "device_consent_from").iter_rows():
        known.setdefault(device, (since, set()))[1].update({customer} & seen)
    return known


@given(worlds(), st.data())
def test_whoever_moved_is_found(world, data):
    (before, had), (after, have) = world
    # Any rows may be left alone that are the same.
    same = after.join(before, on=after.columns, how="semi", nulls_equal=True)
    kept = same.filter(pl.Series([data.draw(st.booleans()) for _ in range(same.height)], dtype=pl.Boolean))
    customers = TableRewrite.of(
        *(rows.join(kept, on=rows.columns, how="anti", nulls_equal=True) for rows in (before, after)), kept
    )
    assert sorted(customers.rows.rows(), key=repr) == sorted(after.rows(), key=repr)

    people = ConsentDiff.of(before, customers)
    moved = _differing(_consents(before), _consents(after))
    assert set(people.moved.ids["customer_id"]) == moved
    counted = people.count()
    assert counted.joined + counted.left + counted.moved == len(moved)

    status = pl.DataFrame({"customer_id": sorted(moved | (had ^ have))}, schema={"customer_id": pl.String})
    held = after.join(status, on="customer_id", how="semi").select("customer_id", "device_id")
    trainers = DeviceDiff.of(
        (before, _curated(before, had)),
        UsableDevices.of(after, _curated(after, have)),
        pl.concat([customers.changed, held]),
    )
    differing = _differing(_devices(before, had), _devices(after, have))
    assert set(trainers.moved.ids["device_id"]) == differing
    assert set(trainers.moved.keys) == {device.removeprefix("id-") for device in differing}
