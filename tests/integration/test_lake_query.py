"""SQL over a lake: it finds what a scan finds, and neither writes, nor reads files, nor tells of people."""

import polars as pl
import pytest

from bench import Bench
from lakes import PSEUDONYMS, files_of, lake_at
from stedi.contract import CONTRACTS
from stedi.errors import LakeError, QueryError, StediError, UnknownNameError
from stedi.lake.query import query
from worlds import DEVICES, EMAILS, PEOPLE, SERIALS

BOB_ID = PSEUDONYMS.customer_id(PEOPLE[3][0])


@pytest.fixture(scope="module")
def lake(bench: Bench):
    return bench.filled().lake


@pytest.mark.parametrize("table", CONTRACTS)
def test_every_table_can_be_queried_without_its_personal_data(lake, table):
    contract = CONTRACTS[table]
    expected = lake.scan(table).drop(contract.pii).collect()
    found = query(lake, f"SELECT * FROM {table}")  # noqa: S608
    assert found.schema == expected.schema
    assert found.height == expected.height
    everything = query(lake, f"select * from {table.upper()}", personal_data=True)  # noqa: S608
    assert everything.columns == list(contract.names)


def test_a_query_joins_groups_and_sorts(lake):
    found = query(
        lake,
        """
        WITH pairs AS (SELECT customer_id, COUNT(*) AS n FROM machine_learning_curated GROUP BY customer_id)
        SELECT birth_decade, SUM(n) AS n FROM pairs
        JOIN (SELECT DISTINCT customer_id, birth_decade FROM customer_curated) AS people USING (customer_id)
        GROUP BY birth_decade ORDER BY n DESC, birth_decade
        """,
    )
    people = lake.scan("customer_curated").select("customer_id", "birth_decade").unique()
    expected = (
        lake.scan("machine_learning_curated")
        .join(people, on="customer_id")
        .group_by("birth_decade")
        .agg(n=pl.len())
        .sort("n", "birth_decade", descending=[True, False], nulls_last=True)
        .collect()
    )
    assert expected.height > 1
    assert found["n"].to_list() == expected["n"].to_list()
    assert set(found.rows()) == set(expected.rows())


def test_a_limit_is_kept(lake):
    assert query(lake, "SELECT * FROM accelerometer_trusted", limit=3).height == 3
    assert query(lake, "SELECT * FROM accelerometer_trusted", limit=0).height == 0
    assert query(lake, "SELECT 1 AS one").rows() == [(1,)]


def test_a_withdrawn_customer_is_not_in_a_query_over_an_older_run(withdrawn):
    lake = lake_at(withdrawn)
    who = "SELECT customer_id, COUNT(*) AS n FROM machine_learning_curated GROUP BY customer_id"
    assert query(lake, who, at="both").rows() == [(BOB_ID, 1)]
    # Landing tables have no customer_id: they are as they were.
    landed = "SELECT COUNT(*) FROM customer_landing"
    assert query(lake, landed, at="both").item() == 2
    assert query(lake, landed).item() == 3
    assert query(lake, "SELECT COUNT(*) FROM run", at="both").item() == 1
    with pytest.raises(UnknownNameError, match="'both'"):
        query(lake, who, at="bth")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT email FROM customer_trusted",
        "SELECT c.email FROM customer_trusted AS c",
        "SELECT Email FROM customer_trusted",
        "SELECT customer_id FROM customer_trusted WHERE email = 'ann@example.com'",
        "SELECT customer_id FROM customer_trusted ORDER BY email",
        "SELECT COUNT(*) FROM customer_landing GROUP BY email",
        "SELECT * FROM customer_trusted AS a JOIN customer_landing AS b USING (email)",
        'WITH c AS (SELECT * FROM customer_trusted) SELECT "email" FROM c',
    ],
)
def test_a_hidden_column_is_refused_by_name_and_shown_when_asked_for(lake, statement):
    with pytest.raises(
        QueryError, match=r"'email' of \w+ holds personal data and is hidden: --personal-data"
    ):
        query(lake, statement)
    if "Email" not in statement:
        assert query(lake, statement, personal_data=True).width


def test_a_column_that_is_a_word_of_sql_needs_quotes(lake):
    with pytest.raises(QueryError, match="'user' of accelerometer_landing holds personal data"):
        query(lake, "SELECT user FROM accelerometer_landing")
    with pytest.raises(QueryError, match="'user' is a word of SQL: as a column put it in double quotes"):
        query(lake, "SELECT user FROM accelerometer_landing", personal_data=True)
    assert query(lake, 'SELECT "user" FROM accelerometer_landing', personal_data=True).height


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE x AS SELECT * FROM run",
        "DROP TABLE run",
        "TRUNCATE TABLE run",
        "DELETE FROM run",
        "/* SELECT */ DELETE FROM run",
        "-- SELECT\nDELETE FROM run",
        "INSERT INTO run VALUES (1)",
        "UPDATE run SET run_id = 'x'",
        "COPY run TO 'x.csv'",
        "SHOW TABLES",
        "EXPLAIN SELECT 1",
        "SET x = 1",
        "ATTACH 'x'",
        "",
        "  \n",
        "-- nothing",
        ";",
        "\x00",
        "SELECT 1; DROP TABLE run",
        "SELECT * INTO x FROM run",
        "WITH gone AS (DELETE FROM run) SELECT 1",
    ],
)
def test_only_queries_are_run(bench, lake, statement):
    before = [(file, file.stat().st_mtime_ns) for file in files_of(bench.folder)]
    with pytest.raises(QueryError):
        query(lake, statement)
    assert [(file, file.stat().st_mtime_ns) for file in files_of(bench.folder)] == before


@pytest.mark.parametrize(
    "source",
    [
        "{reader}('{file}')",
        "\"{reader}\"('{file}')",
        "`{reader}`('{file}')",
        "{reader} /* a /* b */ c */ ('{file}')",
        "{reader} -- comment\n ('{file}')",
        "run, {reader}('{file}')",
        "run WHERE run_id IN (SELECT a FROM {reader}('{file}'))",
        "run WHERE 'a\\' = run_id OR EXISTS (SELECT a FROM {reader}('{file}')) --'",
    ],
)
@pytest.mark.parametrize(
    "reader", ["read_csv", "Read_Parquet", "read_ipc", "READ_JSON", "read_ndjson", "scan_x"]
)
def test_no_file_can_be_read(lake, tmp_path, source, reader):
    file = tmp_path / "secret"
    frame = pl.DataFrame({"a": ["zebulon"]})
    {"csv": frame.write_csv, "arquet": frame.write_parquet}.get(reader[-3:].lower(), frame.write_ipc)(file)
    with pytest.raises(QueryError, match="no files") as caught:
        query(lake, f"SELECT * FROM {source.format(reader=reader, file=file)}")  # noqa: S608
    assert "zebulon" not in str(caught.value)


@pytest.mark.parametrize("name", ["lake.parquet", "data/*.parquet", "/etc/passwd"])
@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_a_path_is_no_table(lake, name, quote):
    with pytest.raises(StediError, match=r"no table is named|names a table that does not exist"):
        query(lake, f"SELECT * FROM {quote}{name}{quote}")  # noqa: S608


def test_every_table_function_of_polars_is_refused():
    # What is no table function is refused by Polars itself: should it learn a new one, this finds it.
    sql = pl.SQLContext(eager=False)
    for kind in ("arrow", "avro", "csv", "delta", "excel", "iceberg", "ipc", "json", "ndjson", "parquet"):
        for name in (kind, f"{kind}_scan", f"from_{kind}", f"load_{kind}", f"glob_{kind}"):
            with pytest.raises(pl.exceptions.SQLInterfaceError, match="not a supported table function"):
                sql.execute(f"SELECT * FROM {name}('x')").collect_schema()  # noqa: S608


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "SELECT * FROM customer_trustd",
            "no table is named 'customer_trustd'. Did you mean 'customer_trusted'",
        ),
        ("SELECT * FROM stedi.customer_trusted", "without a namespace in a query: write customer_trusted"),
        ("SELECT birth_decad FROM customer_curated", "'birth_decad'. Did you mean 'birth_decade'"),
        ("SELECT nope(x) FROM accelerometer_trusted", "there is no function 'nope'"),
        ("SELECT x FROM run WHERE (", "no SQL that Polars reads"),
        ("SELECT", "it ends too early"),
        ("SELECT 1 1 FROM run", "line 1, column 10"),
        ("SELECT 1; SELECT 2", "one .and only one. statement"),
        ("SELECT SUM(customer_id) FROM customer_curated", "`sum` operation not supported for dtype `str`"),
        ("SELECT x, COUNT(*) FROM accelerometer_trusted", "should participate in the GROUP BY"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(lake, statement, says):
    with pytest.raises(StediError, match=says) as caught:
        query(lake, statement)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT CAST(email AS INT) FROM customer_landing",
        "SELECT serial_number::DOUBLE FROM customer_landing",
        "SELECT email::DATE FROM customer_landing",
        "SELECT STRPTIME(email, '%Y') FROM customer_landing",
        "SELECT email + 1 FROM customer_landing",
        "SELECT raw::INT FROM quarantine",
        "SELECT 'ann@example.com'::INT",
        "SELECT 'ann@example.com' x y 'ann@example.com' FROM run",
        'SELECT "ann@example.com" FROM customer_landing',
        'SELECT "Ann\'s @" FROM customer_landing',
        "SELECT * FROM 'Ann''s @'",
        "SELECT * FROM 'ann@example.com'",
        "SELECT email ~ '(ann@example.com' FROM customer_landing",
        "SELECT 1 FROM customer_landing LIMIT 'ann@example.com'",
    ],
)
def test_no_error_quotes_what_is_in_a_cell_or_a_text(lake, statement):
    with pytest.raises(StediError) as caught:
        query(lake, statement, personal_data=True)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    for text in {*EMAILS, *SERIALS, *DEVICES[0], "@"}:
        assert text not in str(caught.value)


def test_a_lake_without_a_run_says_so(tmp_path):
    with pytest.raises(LakeError, match="no published run"):
        query(lake_at(tmp_path / "lake"), "SELECT * FROM run")
