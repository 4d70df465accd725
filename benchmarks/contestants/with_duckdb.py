"""DuckDB writes the tables of pipeline.sql as Parquet files, with its default settings.

python benchmarks/contestants/with_duckdb.py LANDING OUT --now TIME [--only-derived]
"""

from typing import Final

import duckdb

from pipeline import JSON, NARROW, WIDE, arguments, queries

_FUNCTIONS: Final = f"""
CREATE MACRO from_ms(ms) AS make_timestamptz(ms * 1000);
-- Plain letters, which nearly all are, are not looked up.
CREATE MACRO key_of(text) AS
    lower(trim(CASE WHEN strlen(text) = length(text) THEN text
        ELSE translate(text, '{WIDE}', '{NARROW}') END));
CREATE MACRO pseudonym(domain, text) AS left(sha256(concat('salt', domain, key_of(text))), 32);
CREATE MACRO granted(share) AS CASE
    WHEN share >= TIMESTAMPTZ '2000-01-01' AND share < TIMESTAMPTZ '2100-01-01' AND share <= judged_at()
    THEN share END;
CREATE MACRO birthday(text) AS CASE
    WHEN regexp_full_match(text, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')
        AND try_cast(text AS DATE) BETWEEN DATE '1900-01-01' AND CAST(judged_at() AS DATE)
    THEN try_cast(text AS DATE) END;
"""


def main() -> None:
    """Run the queries one after the other."""
    given = arguments()
    given.out.mkdir()
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    # Nobody needs the order of the files, and keeping it costs memory.
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"CREATE MACRO judged_at() AS TIMESTAMPTZ '{given.now.isoformat()}'")
    connection.execute(_FUNCTIONS)
    for folder, columns in JSON.items():
        files = f"{given.landing}/{folder}/**/*.json"
        connection.read_json(files, format="newline_delimited", columns=columns).create_view(f"{folder}_json")
    for query in queries():
        if not query.written or (given.only_derived and query.is_landing):
            connection.execute(f"CREATE TEMP TABLE {query.name} AS {query.sql}")
            continue
        file = f"{given.out}/{query.name}.parquet"
        connection.sql(query.sql).write_parquet(file)
        connection.read_parquet(file).create_view(query.name)
    connection.close()


if __name__ == "__main__":
    main()
