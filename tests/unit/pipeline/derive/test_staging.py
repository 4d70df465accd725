"""Rows come back from a stage as they went in, bucket by bucket, whether they were held or written."""

import tempfile
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.errors import ConservationError
from stedi.pipeline.derive import staging
from stedi.pipeline.derive.staging import BUCKET, BucketStage

SCHEMA = {"n": pl.Int64, BUCKET: pl.Int32}
BATCHES = st.lists(st.lists(st.integers(0, 4), max_size=8), max_size=6)


def frames(batches: list[list[int]]) -> list[pl.DataFrame]:
    """Return a frame for each batch of buckets, in which every row has a number of its own."""
    first = 0
    made = []
    for buckets in batches:
        rows = [(first + index, bucket) for index, bucket in enumerate(buckets)]
        made.append(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
        first += len(buckets)
    return made


@given(batches=BATCHES, held=st.sampled_from([0, 3, 1_000]), groups=st.permutations(range(5)))
def test_what_was_added_comes_back_once(batches, held, groups):
    given_rows = frames(batches)
    expected = {row for frame in given_rows for row in frame.rows()}
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(staging, "_ROWS_HELD", held)
        with BucketStage(Path(folder), "steps") as stage:
            for frame in given_rows:
                stage.add(frame)
        assert stage.rows == Counter(bucket for _, bucket in expected)
        found = set()
        for group in (groups[:2], groups[2:]):
            rows = stage.read(group)
            mine = {(number, bucket) for number, bucket in expected if bucket in group}
            if not mine:
                assert rows is None
                continue
            assert rows is not None
            assert sorted(rows["n"]) == sorted(number for number, _ in mine)
            found |= mine
        assert found == expected
        assert not list(Path(folder).iterdir())


def test_few_rows_are_written_to_no_file(tmp_path):
    with BucketStage(tmp_path, "steps") as stage:
        stage.add(frames([[0, 1, 1]])[0])
    assert not list(tmp_path.iterdir())


def test_rows_that_are_lost_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "_ROWS_HELD", 0)
    with BucketStage(tmp_path, "steps") as stage:
        stage.add(frames([[0, 1, 1]])[0])
    min(tmp_path.iterdir()).unlink()
    with pytest.raises(ConservationError, match="steps: 3 rows were staged, but 2 came back"):
        stage.read([0, 1])
