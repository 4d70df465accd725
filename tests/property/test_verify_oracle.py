"""The audit and the oracle: two more readings of the rule, which agree; and what differs is found."""

from dataclasses import replace

import polars as pl
from hypothesis import assume, given
from hypothesis import strategies as st

from lakes import judged
from oracle import key, pseudonym
from stedi.contract import CONTRACTS
from stedi.contract.schemas import polars_schema
from stedi.governance.verify.customers import check_customers, expect_customers
from stedi.governance.verify.ids import find_ids, find_tombstones, id_maker
from stedi.governance.verify.readings import compare_readings
from stedi.governance.verify.rule import normalized
from stedi.progress import silent
from worlds import FAR_AWAY, HOURS, NOW, SECRET, poured_together, worlds

MODES = ("as_of", "current")
NOWS = st.sampled_from((NOW, NOW, HOURS[2], FAR_AWAY))


def frames_of(world, tables):
    """Return a whole run as frames: what landed, as the world has it, and the derived tables as given."""
    newest = {}
    for row in world.customers:
        at, digest = row["last_update_date"], row["_digest"]
        if digest is not None:
            newest[digest] = max(newest.get(digest, at), at)
    ledger = [
        {"table_name": "customer_landing", "digest": digest, "newest_update": at}
        for digest, at in newest.items()
    ]
    rows = {
        "customer_landing": world.customers,
        "accelerometer_landing": world.accelerometer,
        "step_trainer_landing": world.steps,
        "quarantine": world.rejected,
        "object": ledger,
        "tombstone": [],
    }
    frames = {name: frame(name, found) for name, found in rows.items()}
    for name, counted in tables.items():
        columns = CONTRACTS[name].names
        frames[name] = frame(name, [dict(zip(columns, row, strict=True)) for row in counted.elements()])
    return frames


def frame(name, rows):
    schema = polars_schema(CONTRACTS[name])
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema)


def audit(world, frames, *, consent, make, group_rows=40):
    def scan(table):
        return frames[table].lazy()

    people = expect_customers(
        scan,
        now=world.now,
        current=consent == "current",
        tombstones=find_tombstones(scan),
        id_of=make or (lambda *_: None),
    )
    found, _ = check_customers(scan, people)
    ids, wrong = find_ids(scan, people.rows, make)
    odd, recount = compare_readings(scan, people, ids, group_rows=group_rows, progress=silent)
    return [*found, *wrong, *odd], recount


@given(
    parts=st.lists(worlds(), min_size=1, max_size=4),
    consent=st.sampled_from(MODES),
    now=NOWS,
    with_key=st.booleans(),
    group_rows=st.sampled_from([1, 40, 10_000]),
)
def test_the_audit_finds_nothing_in_what_the_oracle_makes(parts, consent, now, with_key, group_rows):
    world = replace(poured_together(parts), now=now)
    tables, accounts = judged(world, consent=consent)
    make = id_maker(SECRET) if with_key else None
    found, recount = audit(world, frames_of(world, tables), consent=consent, make=make, group_rows=group_rows)
    assert found == []
    for name, counted in recount.accounts.items():
        own = accounts[name]
        assert (counted.rows_in, counted.used, counted.rows_out) == (own.rows_in, own.used, own.rows_out)
        assert {why: rows for why, rows in counted.dropped.items() if rows} == {
            why: rows for why, rows in own.dropped.items() if rows
        }


@given(
    parts=st.lists(worlds(), min_size=2, max_size=4),
    consent=st.sampled_from(MODES),
    data=st.data(),
)
def test_the_audit_finds_any_row_too_much_or_too_little(parts, consent, data):
    world = poured_together(parts)
    tables, _ = judged(world, consent=consent)
    filled = [name for name, rows in tables.items() if rows]
    assume(filled)
    name = data.draw(st.sampled_from(filled))
    frames = frames_of(world, tables)
    place = data.draw(st.integers(0, frames[name].height - 1))
    row = frames[name][place : place + 1]
    if data.draw(st.booleans()):
        frames[name] = pl.concat([frames[name], row])
        code = "surplus_row"
    else:
        frames[name] = pl.concat([frames[name][:place], frames[name][place + 1 :]])
        code = "missing_row"
    found, _ = audit(world, frames, consent=consent, make=id_maker(SECRET))
    assert [(str(each.code), each.place, each.count) for each in found] == [(code, name, 1)]


@given(st.text(max_size=30))
def test_names_and_ids_are_the_oracles(text):
    assert normalized(text) == key(text)
    assert id_maker(SECRET)("customer", normalized(text)) == pseudonym(SECRET, "customer", text)
