"""Spark makes the same tables of the same SQL as DuckDB, and as stedi. Needs pyspark and a Java runtime."""

import os
import shutil
from importlib.util import find_spec

import pytest

from agree import check, of_lake, of_parquet
from contest import DUCKDB, SPARK, STEDI, measure
from landing import Source

ABSENT = find_spec("pyspark") is None or shutil.which("java") is None
if ABSENT and "STEDI_REQUIRE_SPARK" in os.environ:
    pytest.fail("STEDI_REQUIRE_SPARK is set, but pyspark or Java is not there", pytrace=False)
pytestmark = pytest.mark.skipif(ABSENT, reason="needs pyspark (the extra stedi[spark]) and a Java runtime")


def test_spark_agrees_with_the_others_and_its_java_counts(tmp_path):
    landing = Source(folder=None, customers=40).make(tmp_path / "landing", 1)
    usages, found = {}, {}
    for contestant, look in ((SPARK, of_parquet), (DUCKDB, of_parquet), (STEDI, of_lake)):
        usages[contestant], out = measure(contestant, landing.root, landing.now, place=tmp_path / "run")
        found[contestant.name] = look(out)
    check(found, None)
    assert all(content.rows > 0 for content in found["spark"].values())
    # Python alone takes about a second; the Java process does the work, and holds the memory.
    assert usages[SPARK].cpu_s > 5
    assert usages[SPARK].peak_bytes > 300_000_000
