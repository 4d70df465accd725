"""Spark makes the same five tables of the same worlds as the oracle. Needs pyspark and a Java runtime."""

import os
import shutil
from datetime import timedelta
from importlib.util import find_spec

import polars as pl
import pytest
from polars import selectors

from engines import Engine, assert_same, expected_of, tables_of
from worlds import poured_together, random_world

ABSENT = find_spec("pyspark") is None or shutil.which("java") is None
if ABSENT and "STEDI_REQUIRE_SPARK" in os.environ:
    pytest.fail("STEDI_REQUIRE_SPARK is set, but pyspark or Java is not there", pytrace=False)
pytestmark = [
    pytest.mark.skipif(ABSENT, reason="needs pyspark (the extra stedi[spark]) and a Java runtime"),
    # pyspark itself leaves sockets open and calls what pandas and Python deprecate.
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture(scope="module")
def spark():
    from pyspark.sql import DataFrame, SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "America/Los_Angeles")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")

    def load(frame: pl.DataFrame) -> DataFrame:
        return session.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))

    def collect(frame: DataFrame) -> pl.DataFrame:
        rows = pl.DataFrame(pl.from_arrow(frame.toArrow()))
        zoned = selectors.datetime(time_zone="*")
        return rows.with_columns(zoned.dt.convert_time_zone("UTC").dt.cast_time_unit("us"))

    yield Engine("spark", load, collect, DataFrame)
    session.stop()


@pytest.mark.parametrize(
    "options", [{}, {"consent": "current"}, {"tolerance": timedelta(milliseconds=2)}], ids=str
)
def test_spark_is_the_oracle(spark, options):
    world = poured_together(map(random_world, range(9000, 9080)))
    assert_same(tables_of(world, engine=spark, **options), expected_of(world, **options))
