"""How a world becomes frames of an engine, goes through the five transforms, and becomes rows again."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb
import polars as pl
from polars import selectors

import stedi
from oracle import COLUMNS, judge, key, pseudonym
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.frame.checked import give
from stedi.transform.sanitize_customers import judge_customers, newest, weigh_customers
from worlds import SECRET, Row, World, poured_together, prefix, renamed

TABLES = tuple(COLUMNS)
PSEUDONYMS = stedi.Pseudonyms(SECRET)
Rows = Counter[tuple[Any, ...]]
"""The rows of a table, as a multiset: their order means nothing."""
Tables = dict[str, Rows]


@dataclass(frozen=True)
class Engine:
    """One kind of frame."""

    name: str
    load: Callable[[pl.DataFrame], Any]
    collect: Callable[[Any], pl.DataFrame]
    kind: type


def _from_duckdb(relation: Any) -> pl.DataFrame:
    zoned = selectors.datetime(time_zone="*")
    return relation.pl().with_columns(zoned.dt.convert_time_zone("UTC").dt.cast_time_unit("us"))


def _duckdb() -> Engine:
    # A connection of its own: one that lives until the process ends is reported as leaked.
    connection = duckdb.connect()
    # Not UTC: a date taken in the session's time zone would show.
    connection.execute("SET TimeZone = 'America/Los_Angeles'")
    return Engine(
        "duckdb",
        lambda frame: connection.from_arrow(frame.to_arrow()),
        _from_duckdb,
        duckdb.DuckDBPyRelation,
    )


EAGER = Engine("polars[eager]", lambda frame: frame, lambda frame: frame, pl.DataFrame)
LAZY = Engine("polars[lazy]", lambda frame: frame.lazy(), lambda frame: frame.collect(), pl.LazyFrame)
ENGINES = {EAGER.name: lambda: EAGER, LAZY.name: lambda: LAZY, "duckdb": _duckdb}
"""How to make each engine, by its name."""


def frame_of(rows: Iterable[dict[str, Any]], table: str) -> pl.DataFrame:
    """Return rows as a frame with the contract's columns."""
    return pl.DataFrame(list(rows), schema=polars_schema(contract_of(table)), orient="row")


def tombstones_of(erased: Iterable[Row]) -> pl.DataFrame:
    """Return the tombstones of people and devices."""
    rows = [
        {
            "digest": pseudonym(SECRET, "customer", row["email"])
            if row["kind"] == "person"
            else pseudonym(SECRET, "device", row["serial_number"]),
            "made_with": PSEUDONYMS.fingerprint,
            "kind": row["kind"],
            "erased_at": row["erased_at"],
            "latest_denial": row.get("latest_denial"),
        }
        for row in erased
    ]
    return frame_of(rows, "tombstone")


def run(
    world: World,
    *,
    consent: str = "as_of",
    tolerance: timedelta | None = None,
    engine: Engine = EAGER,
) -> dict[str, pl.DataFrame]:
    """Take a world through the five transforms, all inputs and outputs in the engine's frames."""

    def load(rows: Iterable[dict[str, Any]], table: str) -> Any:
        return engine.load(frame_of(rows, table))

    landing = load(world.customers, "customer_landing")
    options = {
        "now": world.now,
        "pseudonyms": stedi.Pseudonyms(SECRET),
        "consent": consent,
        "rejected": load(world.rejected, "quarantine"),
    }
    if world.erased:
        # Only a lake knows who was erased.
        weighed = weigh_customers(landing, tombstones=tombstones_of(world.erased), **options)
        customers = give(newest(judge_customers(weighed)), contract_of("customer_trusted"), like=landing)
    else:
        customers = stedi.sanitize_customers(landing, **options)
    accelerometer = stedi.trust_accelerometer(load(world.accelerometer, "accelerometer_landing"), customers)
    curated = stedi.curate_customers(customers, accelerometer)
    steps = stedi.trust_step_trainer(load(world.steps, "step_trainer_landing"), customers, curated)
    ml = stedi.curate_ml(steps, accelerometer, tolerance=tolerance)
    made = (customers, accelerometer, curated, steps, ml)
    for frame in made:
        assert isinstance(frame, engine.kind), f"{engine.name} gave {type(frame)}"
    return {table: engine.collect(frame) for table, frame in zip(TABLES, made, strict=True)}


def tables_of(world: World, **options: Any) -> Tables:
    """Return the five tables that stedi makes of a world."""
    return {table: Counter(frame.rows()) for table, frame in run(world, **options).items()}


def expected_of(world: World, **options: Any) -> Tables:
    """Return the five tables that the oracle makes of a world."""
    judgement = judge(
        world.customers,
        world.accelerometer,
        world.steps,
        world.rejected,
        world.erased,
        now=world.now,
        secret=SECRET,
        **options,
    )
    return {table: Counter(tuple(row.values()) for row in rows) for table, rows in judgement.tables.items()}


def tables_of_each(parts: Sequence[World], **options: Any) -> list[Tables]:
    """Return the tables of many worlds, made in one run.

    In these, keys stand for pseudonyms, so that tables of two worlds can be compared.
    """
    customers, devices = _names_of(parts, "customer", "email", "user"), _names_of(parts, "device")
    each: list[Tables] = [{table: Counter() for table in TABLES} for _ in parts]
    for table, rows in tables_of(poured_together(parts), **options).items():
        names = COLUMNS[table]
        for cells, count in rows.items():
            row = dict(zip((*names, "match_gap_ms"), cells, strict=False))
            place, row["customer_id"] = customers[row["customer_id"]]
            if "device_id" in row:
                other, row["device_id"] = devices[row["device_id"]]
                assert other == place, f"{table} joins one world's customer to another's device"
            for name in ("email", "serial_number"):
                if name in row:
                    assert row[name].count(prefix(place)) == 1
                    row[name] = row[name].replace(prefix(place), "")
            each[place][table][tuple(row.values())] += count
    return each


def _names_of(parts: Sequence[World], domain: str, *columns: str) -> dict[str, tuple[int, str]]:
    """Return the world and the key of every pseudonym."""
    columns = columns or ("serial_number",)
    return {
        pseudonym(SECRET, domain, renamed(row[column], place)): (place, key(row[column]))
        for place, part in enumerate(parts)
        for row in (*part.customers, *part.accelerometer, *part.steps, *part.rejected)
        for column in columns
        if row.get(column) is not None
    }


def records(tables: Tables, table: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table by column name."""
    for row in tables[table].elements():
        yield dict(zip((*COLUMNS[table], "match_gap_ms"), row, strict=False))


def only(tables: Tables, **columns: Sequence[str]) -> Tables:
    """Return the tables with only these columns of those that are named."""
    return {
        table: Counter(tuple(row[name] for name in columns[table]) for row in records(tables, table))
        if table in columns
        else rows
        for table, rows in tables.items()
    }


def assert_same(actual: Tables, expected: Tables) -> None:
    """Fail unless the tables are equal, with the rows that one side has and the other lacks."""
    assert actual.keys() == expected.keys()
    for table in expected:
        missing, extra = expected[table] - actual[table], actual[table] - expected[table]
        assert not missing, f"{table} lacks {_some(missing)}; it has {_some(extra)} instead"
        assert not extra, f"{table} has {_some(extra)}, which should not be there"


def assert_within(smaller: Tables, larger: Tables) -> None:
    """Fail if a row of the smaller tables is not in the larger ones."""
    for table in larger:
        extra = smaller[table] - larger[table]
        assert not extra, f"{table} has {_some(extra)}, which should not be there"


def _some(rows: Rows) -> list[tuple[str, ...]]:
    return [tuple(str(cell) for cell in row) for row in list(rows.elements())[:3]]


def before_and_after(pairs: Sequence[tuple[World, World]], **options: Any) -> list[tuple[Tables, Tables]]:
    """Return the tables of worlds before and after something happened to them."""
    each = tables_of_each([world for pair in pairs for world in pair], **options)
    return list(zip(each[::2], each[1::2], strict=True))
