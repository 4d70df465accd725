"""How many buckets a new lake gets, and that all its tables have the same."""

import pytest

import stedi
from lakes import ANN, PSEUDONYMS, put_world, run, tables_of
from stedi.warehouse import bucket, warehouse
from stedi.warehouse.warehouse import Warehouse

BUCKETED = ("accelerometer_trusted", "step_trainer_trusted", "machine_learning_curated")


def buckets_in(folder) -> set[int]:
    tables = Warehouse.local(folder, "stedi")
    return {bucket.bucket_count(tables.table(name).iceberg) for name in BUCKETED}


@pytest.mark.parametrize(
    ("size", "buckets"),
    [(0, 32), (1, 32), (2 << 30, 32), ((2 << 30) + 1, 64), (16 << 30, 256), (1 << 40, 4096), (1 << 60, 4096)],
)
def test_more_landing_bytes_more_buckets(size, buckets):
    assert bucket.buckets_for(size) == buckets


def test_the_first_run_chooses_and_later_ones_keep(tmp_path, monkeypatch):
    landing = put_world(tmp_path / "landing", ANN)
    size = sum(path.stat().st_size for path in landing.rglob("*") if path.is_file())
    monkeypatch.setattr(bucket, "_BYTES", -(-size // 50))
    lake = stedi.Lake.open(tmp_path / "lake", pseudonyms=PSEUDONYMS)
    run(lake, landing)
    assert buckets_in(tmp_path / "lake") == {64}
    before = tables_of(lake)
    again = stedi.Lake.open(tmp_path / "lake", pseudonyms=PSEUDONYMS, buckets=5)
    run(again, landing)
    assert buckets_in(tmp_path / "lake") == {64}
    assert tables_of(again) == before


def test_an_interrupted_creation_goes_on_with_the_buckets_it_began_with(tmp_path, monkeypatch):
    tables = Warehouse.local(tmp_path, "stedi", create=True)
    create, made = warehouse.create_table, []

    def dying(catalog, namespace, contract, buckets):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(contract.name)
        return create(catalog, namespace, contract, buckets)

    monkeypatch.setattr(warehouse, "create_table", dying)
    with pytest.raises(KeyboardInterrupt):
        tables.create_missing(4)
    monkeypatch.setattr(warehouse, "create_table", create)
    Warehouse.local(tmp_path, "stedi").create_missing(8)
    assert buckets_in(tmp_path) == {4}
