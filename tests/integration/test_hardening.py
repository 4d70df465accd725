"""Attacks on a lake by whoever can write into its folder, its metadata, or the working directory."""

import ast
import gzip
import hashlib
import json
import os
import struct
import subprocess
import sys
import textwrap
import zlib
from datetime import timedelta
from pathlib import Path

import pytest

import stedi
from lakes import ANN, IcebergTable, files_of, lake_at, put, put_world, run
from plants import table_of
from stedi.errors import CatalogError, ConfigurationError, LandingError
from stedi.landing.limits import Limits
from stedi.warehouse.guard import refuse_code
from worlds import NOW

SOURCE = Path(stedi.__file__).parent

EVIL = """
from pathlib import Path
Path({mark!r}).touch()
from pyiceberg.io.pyarrow import PyArrowFileIO as EvilIO
from pyiceberg.table.locations import SimpleLocationProvider as EvilProvider
"""


def set_property(folder, table, name, value):
    """Set a property of a table in its metadata file: pyiceberg would refuse some itself."""
    file = IcebergTable.of(folder, table).file
    metadata = json.loads(file.read_bytes())
    metadata["properties"][name] = value
    file.write_text(json.dumps(metadata))


@pytest.fixture
def evil(tmp_path, monkeypatch):
    """Return the name of a module on the path, and the file that it makes once it is imported."""
    mark = tmp_path / "imported"
    (tmp_path / "evil_module.py").write_text(EVIL.format(mark=str(mark)))
    monkeypatch.syspath_prepend(tmp_path)
    yield mark
    sys.modules.pop("evil_module", None)


# Code ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "name", "value"),
    [
        ("run", "py-io-impl", "evil_module.EvilIO"),
        ("customer_trusted", "write.py-location-provider.impl", "evil_module.EvilProvider"),
        ("customer_trusted", "PY-IO-IMPL", "evil_module.EvilIO"),
    ],
)
def test_a_property_that_names_code_is_refused_before_the_code_is_imported(filled, evil, name, value, table):
    set_property(filled.folder, table, name, value)
    for act in (
        lambda: filled.lake.scan(table).collect(),
        lambda: run(filled.lake, filled.landing, now=NOW + timedelta(hours=1)),
        filled.lake.maintain,
        filled.lake.verify,
    ):
        with pytest.raises(CatalogError, match="names code to import"):
            act()
    assert not evil.exists()
    assert "evil_module" not in sys.modules


def test_pyiceberg_alone_would_have_imported_it(filled, evil):
    """The attack is real: without the guard the module is loaded."""
    set_property(filled.folder, "run", "py-io-impl", "evil_module.EvilIO")
    table_of(filled.folder, "run")
    assert evil.exists()


def test_code_named_by_the_user_is_theirs():
    with pytest.raises(CatalogError):
        refuse_code("a table", ["py-io-impl"])
    refuse_code("a table", ["owner", "write.metadata.metrics.column.email", "py", "implementation"])


@pytest.mark.parametrize("name", ["s3.endpoint", "token"])
def test_a_property_that_leads_to_another_store_is_refused(filled, name):
    set_property(filled.folder, "customer_landing", name, "http://203.0.113.1")
    with pytest.raises(CatalogError, match="another store"):
        filled.lake.scan("customer_landing")


def test_a_harmless_property_is_none_of_our_business(filled):
    set_property(filled.folder, "customer_landing", "owner", "privacy office")
    assert filled.lake.scan("customer_landing").collect().height


# Places ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["write.data.path", "write.metadata.path"])
def test_a_property_that_leads_out_of_the_warehouse_is_refused(filled, tmp_path, name):
    set_property(filled.folder, "customer_trusted", name, f"file://{tmp_path}/elsewhere")
    with pytest.raises(CatalogError, match="not under the warehouse"):
        run(filled.lake, filled.landing, now=NOW + timedelta(hours=1))
    assert not (tmp_path / "elsewhere").exists()


def test_a_property_that_stays_in_the_warehouse_is_fine(filled):
    inside = filled.folder / "warehouse/stedi/customer_trusted/elsewhere"
    set_property(filled.folder, "customer_trusted", "write.data.path", str(inside))
    assert filled.lake.scan("customer_trusted").collect().height


@pytest.mark.parametrize(
    "place",
    [
        "warehouse",
        "warehouse/stedi",
        "warehouse/stedi/customer_trusted/data",
        "warehouse/stedi/object/metadata",
        "catalog.db",
        "warehouse/stedi/accelerometer_trusted/data/customer_id_bucket=0",
    ],
)
def test_a_link_that_leads_out_is_not_written_through(filled, tmp_path, place):
    outside = tmp_path / "outside"
    (filled.folder / place).rename(outside)
    (filled.folder / place).symlink_to(outside, target_is_directory=outside.is_dir())
    before = {file: file.read_bytes() for file in files_of(tmp_path)}
    put_world(tmp_path / "landing", ANN)
    for act in (lambda: run(filled.lake, tmp_path / "landing"), filled.lake.maintain):
        with pytest.raises(CatalogError, match="symbolic link"):
            act()
    after = {file: file.read_bytes() for file in files_of(tmp_path) if "landing" not in file.parts}
    assert after == before


def test_a_link_to_a_whole_lake_is_a_lake(filled, tmp_path):
    link = tmp_path / "lake"
    link.symlink_to(filled.folder)
    assert not run(lake_at(link), filled.landing).changed


@pytest.mark.parametrize(
    "name", ["../evil", "a/b", "stedi; DROP TABLE x", "", "A", "x" * 64, "a.b", "ünder", "_x"]
)
def test_names_that_are_none_are_refused(tmp_path, name):
    with pytest.raises(ConfigurationError, match="no plain name"):
        stedi.Lake.open(tmp_path / "lake", namespace=name)


@pytest.mark.parametrize("name", ["../evil", "run-1", "main", "", "a b", "-x", "x" * 129, "a/b", "x\n"])
def test_tags_that_are_none_are_refused(filled, name):
    with pytest.raises(ConfigurationError, match="can't be a tag"):
        filled.lake.tag(name)


# Settings --------------------------------------------------------------------------------------------

HOSTILE = """
catalog:
  stedi:
    type: sql
    uri: sqlite:///{folder}/hostile.db
    warehouse: {folder}/hostile
    py-io-impl: evil_module.EvilIO
  default:
    uri: sqlite:///{folder}/hostile.db
"""


def test_no_file_in_the_working_directory_or_home_decides_anything(tmp_path):
    home, here, landing = tmp_path / "home", tmp_path / "here", put_world(tmp_path / "landing", ANN)
    mark = tmp_path / "imported"
    for folder in (home, here):
        folder.mkdir()
        (folder / ".pyiceberg.yaml").write_text(HOSTILE.format(folder=tmp_path))
        (folder / "evil_module.py").write_text(EVIL.format(mark=str(mark)))
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYICEBERG", "STEDI"))
    }
    environment |= {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "PYICEBERG_CATALOG__STEDI__URI": f"sqlite:///{tmp_path}/hostile.db",
        "PYTHONPATH": str(here),
    }
    script = textwrap.dedent("""
        import stedi, sys
        lake = stedi.Lake.open("lake")
        lake.run(sys.argv[1])
        assert lake.scan("machine_learning_curated").collect().height == 2
        assert lake.verify().sound
    """)
    done = subprocess.run(
        [sys.executable, "-c", script, landing],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (here / "lake/catalog.db").exists()
    assert not (tmp_path / "hostile.db").exists()
    assert not (tmp_path / "hostile").exists()
    assert not mark.exists()


# Bombs -----------------------------------------------------------------------------------------------


def gzip_of_noughts(megabytes):
    """Return so many million noughts, compressed: every block is the first one, so that it is made once."""
    block, checksum = bytes(1_000_000), 0
    packer = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(megabytes):
        checksum = zlib.crc32(block, checksum)
    header, end = gzip.compress(b"")[:10], struct.pack("<II", checksum, megabytes * len(block))
    return header + megabytes * packed + packer.flush() + end


@pytest.mark.campaign
def test_a_bomb_stops_the_run_and_publishes_nothing(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    bomb = landing / "accelerometer/bomb.json.gz"
    bomb.write_bytes(gzip_of_noughts(1100))
    assert bomb.stat().st_size < 2_000_000
    lake = lake_at(tmp_path / "lake")
    digest = hashlib.sha256(bomb.read_bytes()).hexdigest()
    with pytest.raises(LandingError, match=rf"^accelerometer/<redacted>\.json\.gz \(object {digest[:12]}\)"):
        run(lake, landing)
    assert not lake.exists


def test_an_endless_line_is_one_rejected_record(tmp_path):
    landing = put_world(tmp_path / "landing", ANN)
    put(landing, "accelerometer/long.json", ['{"user": "' + "a" * (Limits().record + 10) + '"}'])
    lake = lake_at(tmp_path / "lake")
    run(lake, landing)
    (row,) = lake.scan("quarantine").collect().to_dicts()
    assert row["reason"] == "too_long"
    assert len(row["raw"]) <= Limits().raw


# Code that would be dangerous -----------------------------------------------------------------------


FILTERS = ("row_filter", "delete_filter", "overwrite_filter")


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_nothing_is_pickled_and_no_text_is_run():
    files = sorted(SOURCE.rglob("*.py"))
    assert len(files) > 150
    for file in files:
        tree = ast.parse(file.read_text("utf-8"))
        roots = {name.partition(".")[0] for name in imported(tree)}
        assert not roots & {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}, file
        calls = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & {"eval", "exec", "compile", "__import__"}, file


def test_no_row_filter_is_a_text():
    """A filter in text can be injected: Iceberg and Polars get expressions."""
    for file in sorted((SOURCE / "warehouse").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            suspects = [
                given[name] for name in ("row_filter", "delete_filter", "overwrite_filter") if name in given
            ]
            if node.func.attr in ("scan", "filter", "delete", "sql_expr"):
                suspects += node.args[:1]
            for suspect in suspects:
                assert not isinstance(suspect, ast.JoinedStr | ast.BinOp), file
                assert not (isinstance(suspect, ast.Constant) and isinstance(suspect.value, str)), file


def test_an_attacked_lake_says_so_in_one_line(filled, stedi):
    set_property(filled.folder, "run", "py-io-impl", "os.system")
    done = stedi("verify", "--lake", filled.folder)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "names code to import" in done.err
