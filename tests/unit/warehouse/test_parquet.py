"""What stands in a data file, read back by Arrow and by pyiceberg."""

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from stedi.contract import contract_of
from stedi.warehouse.writer import TableWriter
from tables import make, readings


def shared(frame: pl.DataFrame) -> pl.DataFrame:
    """Make the origin a literal of the whole frame, as the landing reader does."""
    return frame.with_columns(pl.lit(frame["_object"][0]).alias("_object"))


def write(table: Table, *frames: pl.DataFrame) -> list[DataFile]:
    writer = TableWriter(table, "run-1")
    for frame in frames:
        writer.write(frame)
    return writer.close()


def local(file: DataFile) -> str:
    return file.file_path.removeprefix("file://")


def test_frames_come_back_whatever_their_texts_share(catalog):
    frames = [
        shared(readings(["a", "b", "a"], "one")),
        readings(["a", "a", "a"], "two", first=7),
        readings(["a", "b", "a"], "two"),
        readings(["c"], "one"),
        readings(["d", "", "d"], "").with_columns(_object=pl.Series(["x", None, "x"]), _run=None),
    ]
    table = make(catalog, "accelerometer_landing")
    (file,) = write(table, *frames)
    assert file.record_count == 13
    back = pl.read_parquet(local(file)).cast(frames[0].schema)
    assert_frame_equal(back, pl.concat(frames), check_exact=True)


def test_readers_see_plain_texts_with_the_ids_of_the_columns(catalog):
    table = make(catalog, "accelerometer_landing")
    (file,) = write(table, readings(["a", "b"], "one"))
    schema = pq.read_schema(local(file))
    assert {name: str(schema.field(name).type) for name in ("user", "_object", "timestamp")} == {
        "user": "string",
        "_object": "string",
        "timestamp": "timestamp[us, tz=UTC]",
    }
    ids = {field.name: int(field.metadata[b"PARQUET:field_id"]) for field in schema}
    assert ids == {field.name: field.field_id for field in table.schema().fields}
    assert [field.name for field in schema if not field.nullable] == ["user", "timestamp", "x", "y", "z"]


def test_personal_data_has_no_statistics_and_all_else_has(catalog):
    table = make(catalog, "accelerometer_landing")
    (file,) = write(table, readings(["a", "b"], "one"))
    group = pq.read_metadata(local(file)).row_group(0)
    columns = [group.column(index) for index in range(group.num_columns)]
    contract = contract_of("accelerometer_landing")
    assert {column.path_in_schema for column in columns if not column.is_stats_set} == set(contract.pii)
    known = {field.field_id for field in table.schema().fields if field.name not in contract.pii}
    assert set(file.lower_bounds) == set(file.upper_bounds) == set(file.value_counts) == known


def test_positions_are_stored_as_steps(catalog):
    table = make(catalog, "accelerometer_landing")
    (file,) = write(table, readings(["a"] * 50_000, "one"))
    group = pq.read_metadata(local(file)).row_group(0)
    position = next(
        column
        for column in map(group.column, range(group.num_columns))
        if column.path_in_schema == "_position"
    )
    assert position.total_uncompressed_size < 50_000 / 8


def test_each_row_group_has_the_texts_of_its_own(catalog, monkeypatch):
    monkeypatch.setattr("stedi.warehouse.writer._ROWS_PER_GROUP", 3)
    frames = [
        shared(readings(["a", "b", "a"], "one")),
        readings(["c", "c", "b"], "two"),
        readings(["a"], "one"),
    ]
    (file,) = write(make(catalog, "accelerometer_landing"), *frames)
    assert pq.read_metadata(local(file)).num_row_groups == len(file.split_offsets) == 3
    assert_frame_equal(pl.read_parquet(local(file)).cast(frames[0].schema), pl.concat(frames))


def test_an_absent_value_of_a_required_column_is_refused(catalog):
    table = make(catalog, "accelerometer_landing")
    frame = readings(["a", "b"], "one").with_columns(user=pl.Series(["a", None]))
    with pytest.raises(Exception, match="null"):
        write(table, frame)
