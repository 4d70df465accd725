"""A scan whose files were removed before it is collected says so, and is as lazy as any other."""

import pickle

import polars as pl
import pytest

from lakes import IcebergTable, local
from stedi.errors import CatalogError

TABLE = "machine_learning_curated"


def trained_on(lake):
    """Return the e-mail of somebody who is in the training data."""
    inside = lake.scan(TABLE).select("customer_id")
    trusted = lake.scan("customer_trusted").join(inside, on="customer_id", how="semi")
    return trusted.select(pl.col("email").sort()).collect()["email"][0]


@pytest.fixture
def erased(filled):
    """A scan of a lake from which somebody was erased since, and the lake."""
    scan = filled.lake.scan(TABLE)
    filled.lake.erase(email=trained_on(filled.lake), device="erase")
    return scan, filled


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_a_scan_whose_files_were_erased_tells_to_scan_again(erased, engine):
    scan, bench = erased
    trusted = bench.lake.scan("customer_trusted")
    for frame in (
        scan,
        scan.select(pl.len()),
        scan.filter(pl.col("distance_from_object") > 3).select("customer_id"),
        trusted.join(scan, on="customer_id", how="semi"),
    ):
        with pytest.raises(CatalogError) as caught:
            frame.collect(engine=engine)
        assert str(caught.value) == (
            f"the files of the table {TABLE} that this scan reads were removed since it was made, by an "
            "erasure, a rotation of the key or a maintenance: scan the table again"
        )
    assert bench.lake.scan(TABLE).collect(engine=engine).height


def test_so_does_one_that_is_written_to_a_file_or_asked_in_sql(erased, tmp_path):
    scan, _ = erased
    with pytest.raises(CatalogError, match="scan the table again"):
        scan.sink_parquet(tmp_path / "out.parquet")
    with pytest.raises(CatalogError, match="scan the table again"):
        pl.SQLContext({"found": scan}, eager=True).execute("SELECT count(*) FROM found")


def test_so_does_one_that_was_collected_before(filled):
    scan = filled.lake.scan(TABLE)
    rows = scan.collect()
    assert scan.collect().equals(rows)
    filled.lake.erase(email=trained_on(filled.lake), device="erase")
    with pytest.raises(CatalogError, match="scan the table again"):
        scan.collect()


def test_a_scan_whose_files_nobody_removed_is_read_whatever_was_published_since(filled):
    scan = filled.lake.scan("customer_landing")
    rows = scan.collect()
    for name in ("one", "two"):
        filled.lake.tag(name)
    assert scan.collect().equals(rows)


def test_a_lost_file_is_not_taken_for_an_erased_one(filled):
    scan = filled.lake.scan(TABLE)
    table = IcebergTable.of(filled.folder, TABLE)
    file = local(table.data_files()[0]["file_path"])
    file.unlink()
    with pytest.raises(CatalogError, match=f"{TABLE} has lost a file .*{file.name}.*: restore it"):
        scan.collect()


def test_a_cut_file_is_named_and_polars_does_not_panic(filled, capfd):
    scan = filled.lake.scan(TABLE)
    file = local(IcebergTable.of(filled.folder, TABLE).data_files()[0]["file_path"])
    for content in (file.read_bytes()[:-100], b""):
        file.write_bytes(content)
        with pytest.raises(CatalogError, match=f"{TABLE} is damaged: .*{file.name} can't be read"):
            scan.collect()
    assert capfd.readouterr().err == ""


def test_files_that_go_while_they_are_read_are_told_by_reading(filled):
    scan = filled.lake.scan(TABLE)
    # A frame that was sent to another process knows no more than Polars does.
    sent = pickle.loads(pickle.dumps(scan))  # noqa: S301 - our own bytes
    assert sent.collect().equals(scan.collect())
    filled.lake.erase(email=trained_on(filled.lake), device="erase")
    with pytest.raises(CatalogError, match="removed"), filled.lake.reading():
        sent.collect()


def test_predicates_and_projections_reach_the_files(filled):
    plan = filled.lake.scan(TABLE).filter(pl.col("distance_from_object") > 3).select("customer_id").explain()
    assert "Parquet SCAN" in plan
    assert "PROJECT 2/" in plan
    assert "SELECTION" in plan
