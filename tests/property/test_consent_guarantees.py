"""What no table may ever hold, whatever the world: judged against its records, not the oracle's tables."""

import re
from datetime import datetime
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from engines import TABLES, records, run, tables_of_each
from oracle import Statement, key, newest, statements
from worlds import World, poured_together, worlds

parts_of = st.lists(worlds(), min_size=1, max_size=6)
TIMES = {
    "accelerometer_trusted": ("timestamp",),
    "customer_curated": ("first_reading_at", "last_reading_at"),
    "step_trainer_trusted": ("sensor_reading_time",),
    "machine_learning_curated": ("timestamp",),
}


def said_by(world: World) -> dict[str, list[Statement]]:
    said: dict[str, list[Statement]] = {}
    for statement in statements(world.customers, world.rejected, world.erased, world.now):
        said.setdefault(statement.customer, []).append(statement)
    return said


def agreed(own: list[Statement], at: datetime) -> bool:
    """Return whether a customer with these statements agreed to the use of what was recorded at a time."""
    last = newest(own)
    return all(statement.share is not None and statement.share <= at for statement in last) and all(
        statement.at < at for statement in own if statement.share is None
    )


@given(parts=parts_of)
def test_no_row_without_consent_at_its_time(parts):
    for world, tables in zip(parts, tables_of_each(parts), strict=True):
        said = said_by(world)
        for table, times in TIMES.items():
            for row in records(tables, table):
                assert all(agreed(said[row["customer_id"]], row[time]) for time in times), (table, row)


@given(parts=parts_of)
def test_no_step_of_a_device_without_the_consent_of_everyone_who_ever_listed_it(parts):
    for world, tables in zip(parts, tables_of_each(parts), strict=True):
        said = said_by(world)
        for table in ("step_trainer_trusted", "machine_learning_curated"):
            for row in records(tables, table):
                at = row["sensor_reading_time" if table == "step_trainer_trusted" else "timestamp"]
                claimants = [
                    own
                    for own in said.values()
                    if row["device_id"] in {statement.device for statement in own}
                ]
                assert claimants
                assert all(agreed(own, at) for own in claimants), (table, row)


@given(parts=parts_of, consent=st.sampled_from(("as_of", "current")))
def test_no_row_of_a_customer_whose_newest_record_denies(parts, consent):
    for world, tables in zip(parts, tables_of_each(parts, consent=consent), strict=True):
        denying = {
            customer
            for customer, own in said_by(world).items()
            if any(statement.share is None for statement in newest(own))
        }
        for table in TABLES:
            assert denying.isdisjoint(row["customer_id"] for row in records(tables, table))


@given(parts=parts_of, consent=st.sampled_from(("as_of", "current")))
def test_every_row_was_measured_and_paired_by_customer_and_time(parts, consent):
    for world, tables in zip(parts, tables_of_each(parts, consent=consent), strict=True):
        measured = {
            (key(row["user"]), *(row[name] for name in ("timestamp", "x", "y", "z")))
            for row in world.accelerometer
        }
        stepped = {
            (key(row["serial_number"]), row["sensor_reading_time"], row["distance_from_object"])
            for row in world.steps
        }
        listed = {(key(row["email"]), key(row["serial_number"])) for row in world.customers}
        for row in records(tables, "accelerometer_trusted"):
            assert tuple(row.values()) in measured
        for row in records(tables, "step_trainer_trusted"):
            assert (row["device_id"], row["sensor_reading_time"], row["distance_from_object"]) in stepped
            assert (row["customer_id"], row["device_id"]) in listed
        for row in records(tables, "machine_learning_curated"):
            assert (row["customer_id"], *(row[name] for name in ("timestamp", "x", "y", "z"))) in measured
            assert (row["device_id"], row["timestamp"], row["distance_from_object"]) in stepped
            assert (row["customer_id"], row["device_id"]) in listed


@given(parts=parts_of, consent=st.sampled_from(("as_of", "current")))
def test_curated_tables_hold_no_personal_data(parts, consent):
    world = poured_together(parts)
    frames = run(world, consent=consent)
    personal = personal_data(world)
    for table in ("accelerometer_trusted", "customer_curated", "step_trainer_trusted"):
        assert not personal & set(chain.from_iterable(frames[table].rows())), table
    for table in ("customer_curated", "machine_learning_curated"):
        for cell in set(chain.from_iterable(frames[table].rows())):
            assert cell not in personal
            # Texts are pseudonyms, and nothing else.
            assert not isinstance(cell, str) or re.fullmatch("[0-9a-f]{32}", cell)


def personal_data(world: World) -> set[str]:
    names = ("customer_name", "email", "phone", "birth_day", "serial_number", "user")
    rows = (*world.customers, *world.accelerometer, *world.steps, *world.rejected)
    spellings = {row[name] for row in rows for name in names if row.get(name)}
    return spellings | {key(spelling) for spelling in spellings}
