"""Polars eager, Polars lazy and DuckDB make the same five tables of the same worlds."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stedi
from effort import cases
from engines import (
    EAGER,
    ENGINES,
    LAZY,
    PSEUDONYMS,
    TABLES,
    Engine,
    assert_same,
    expected_of,
    frame_of,
    run,
    tables_of,
)
from stedi.contract import contract_of
from stedi.contract.curated import MATCH_GAP_MS
from stedi.contract.schemas import polars_schema, polars_type
from stedi.errors import StediError
from worlds import MS, World, customer, poured_together, random_world, reading, rejected, step, worlds

OPTIONS = (
    {},
    {"consent": "current"},
    {"tolerance": timedelta(0)},
    {"tolerance": 2 * MS},
    {"tolerance": timedelta(hours=1)},
)
WORLD = World((customer(share=customer()["last_update_date"]),), (reading(),), (step(),))


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]()


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_many_worlds_at_once(engine, options):
    world = poured_together(map(random_world, range(5000, 5000 + cases(300))))
    assert_same(tables_of(world, engine=engine, **options), expected_of(world, **options))


@settings(max_examples=max(1, settings().max_examples // 6))
@given(parts=st.lists(worlds(), min_size=1, max_size=8), options=st.sampled_from(OPTIONS))
def test_lazy_is_eager(parts, options):
    world = poured_together(parts)
    assert_same(tables_of(world, engine=LAZY, **options), tables_of(world, engine=EAGER, **options))


@pytest.mark.parametrize("options", [OPTIONS[0], OPTIONS[3]], ids=str)
@pytest.mark.parametrize("world", [World(), WORLD], ids=["empty", "small"])
def test_schemas_are_the_contracts_even_of_nothing(engine, options, world):
    for table, frame in run(world, engine=engine, **options).items():
        expected = dict(polars_schema(contract_of(table)))
        if table == TABLES[-1] and "tolerance" in options:
            expected[MATCH_GAP_MS.name] = polars_type(MATCH_GAP_MS)
        assert list(frame.schema.items()) == list(expected.items()), table


def test_one_plan_answers_twice(engine):
    """A lazy result is a plan: to collect it again must not depend on what was freed since."""
    landing = engine.load(frame_of(WORLD.customers, "customer_landing"))
    bad = engine.load(frame_of([rejected("stranger@example.com")], "quarantine"))
    customers = stedi.sanitize_customers(landing, now=WORLD.now, pseudonyms=PSEUDONYMS, rejected=bad)
    readings = engine.load(frame_of(WORLD.accelerometer, "accelerometer_landing"))
    accelerometer = stedi.trust_accelerometer(readings, customers)
    del landing, bad, readings, customers
    first, second = engine.collect(accelerometer), engine.collect(accelerometer)
    assert first.height == 1
    assert first.equals(second)


def test_lazy_and_eager_polars_may_be_mixed():
    """The first frame decides: lazy in, lazy out."""
    eager = run(WORLD)
    customers, accelerometer = eager["customer_trusted"], eager["accelerometer_trusted"]
    readings = frame_of(WORLD.accelerometer, "accelerometer_landing")
    lazily = stedi.trust_accelerometer(readings.lazy(), customers)
    assert isinstance(lazily, pl.LazyFrame)
    assert lazily.collect().equals(accelerometer)
    eagerly = stedi.trust_accelerometer(readings, customers.lazy())
    assert isinstance(eagerly, pl.DataFrame)
    curated = stedi.curate_customers(customers.lazy(), accelerometer)
    assert isinstance(curated, pl.LazyFrame)
    assert curated.collect().equals(eager["customer_curated"])
    ml = stedi.curate_ml(eager["step_trainer_trusted"], accelerometer.lazy())
    assert isinstance(ml, pl.DataFrame)
    assert ml.equals(eager["machine_learning_curated"])


@pytest.mark.parametrize("name", ["email", "serial_number", "last_update_date"])
def test_every_engine_names_a_missing_column(engine, name):
    landing = engine.load(frame_of(WORLD.customers, "customer_landing").drop(name))
    with pytest.raises(StediError, match=name):
        stedi.sanitize_customers(landing, now=WORLD.now, pseudonyms=PSEUDONYMS)


@pytest.mark.parametrize("frame", [None, [], {"email": ["a"]}, "customers"], ids=repr)
def test_what_is_no_frame_is_refused(frame):
    with pytest.raises(StediError, match="frame"):
        stedi.sanitize_customers(frame, now=WORLD.now, pseudonyms=PSEUDONYMS)
