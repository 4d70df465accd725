"""PySpark writes the tables of pipeline.sql as Parquet files, on two cores of this machine.

python benchmarks/contestants/with_spark.py LANDING OUT --now TIME
"""

import os
from typing import Final

from pyspark.sql import SparkSession

from pipeline import JSON, NARROW, WIDE, arguments, queries

_SETTINGS: Final = {
    "spark.driver.memory": "4g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # As many as there are cores: more would only be scheduled.
    "spark.sql.shuffle.partitions": "2",
    # The customers fit into memory; the readings are not to be sorted for them.
    "spark.sql.autoBroadcastJoinThreshold": "64m",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}

_FUNCTIONS: Final = (
    "from_ms(ms BIGINT) RETURNS TIMESTAMP RETURN timestamp_millis(ms)",
    f"""key_of(text STRING) RETURNS STRING RETURN lower(trim(CASE
        WHEN octet_length(text) = char_length(text) THEN text
        ELSE translate(text, '{WIDE}', '{NARROW}') END))""",
    """pseudonym(domain STRING, text STRING) RETURNS STRING
        RETURN left(sha2(concat('salt', domain, key_of(text)), 256), 32)""",
    """granted(share TIMESTAMP) RETURNS TIMESTAMP RETURN CASE
        WHEN share >= TIMESTAMP '2000-01-01' AND share < TIMESTAMP '2100-01-01' AND share <= judged_at()
        THEN share END""",
    """birthday(text STRING) RETURNS DATE RETURN CASE
        WHEN text RLIKE '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
            AND try_cast(text AS DATE) BETWEEN DATE '1900-01-01' AND CAST(judged_at() AS DATE)
        THEN try_cast(text AS DATE) END""",
)


def main() -> None:
    """Run the queries one after the other."""
    given = arguments()
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = SparkSession.builder.master("local[2]").config("spark.local.dir", f"{given.out}-scratch")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sql(
        "CREATE TEMPORARY FUNCTION judged_at() RETURNS TIMESTAMP "
        f"RETURN TIMESTAMP '{given.now.isoformat(sep=' ')}'"
    )
    for function in _FUNCTIONS:
        spark.sql(f"CREATE TEMPORARY FUNCTION {function}")
    for folder, columns in JSON.items():
        schema = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        reader = spark.read.schema(schema).option("recursiveFileLookup", "true")
        reader.json(str(given.landing / folder)).createOrReplaceTempView(f"{folder}_json")
    for query in queries():
        frame = spark.sql(query.sql)
        if query.written:
            files = str(given.out / query.name)
            frame.write.parquet(files)
            frame = spark.read.parquet(files)
        else:
            frame = frame.cache()
        frame.createOrReplaceTempView(query.name)
    _leave(spark)


def _leave(spark: SparkSession) -> None:
    """End Spark and wait for its Java process, so that its CPU time counts as ours."""
    gateway = spark.sparkContext._gateway  # noqa: SLF001 - there is no public way to it
    spark.stop()
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()


if __name__ == "__main__":
    main()
