"""Reading files, folders and patterns eagerly."""

import subprocess
import sys
from pathlib import Path

import pytest

from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import LandingError, UnknownNameError
from stedi.landing.read_landing import read_landing

STEP = '{"sensorReadingTime":1655564376361,"serialNumber":"%s","distanceFromObject":246}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b", "a", "deep/er/c"):
        file = tmp_path / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(STEP % name)
    (tmp_path / "_SUCCESS").write_text("x")
    (tmp_path / "empty.json").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.json", ["a"]),
        ("", ["a", "b", "deep/er/c"]),
        ("*.json", ["a", "b"]),
        ("**/*.json", ["a", "b", "deep/er/c"]),
        ("d*", ["deep/er/c"]),
        ("[ab].json", ["a", "b"]),
        ("empty.json", []),
    ],
)
@pytest.mark.parametrize("kind", [str, Path])
def test_a_source_is_a_file_a_folder_or_a_pattern(
    folder: Path, source: str, expected: list[str], kind
) -> None:
    split = read_landing(kind(folder / source), "step_trainer_landing")
    assert split.kept["serial_number"].to_list() == expected
    assert split.rejected.is_empty()


def test_frames_have_exactly_the_columns_of_their_contracts(folder: Path) -> None:
    (folder / "bad.json").write_text("bad\n")
    for source in ("bad.json", "a.json", "empty.json", ""):
        split = read_landing(folder / source, "step_trainer_landing")
        assert split.kept.schema == polars_schema(contract_of("step_trainer_landing"))
        assert split.rejected.schema == polars_schema(contract_of("quarantine"))
        assert split.kept["_run"].null_count() == len(split.kept)


def test_a_name_with_pattern_characters_is_the_file_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "a[1].json").write_text(STEP % "s")
    assert len(read_landing(tmp_path / "a[1].json", "step_trainer").kept) == 1


@pytest.mark.parametrize("source", ["nothing.json", "*.csv", "void", "jane@test.com.json"])
def test_nothing_to_read_is_an_error_of_one_line(folder: Path, source: str) -> None:
    (folder / "void").mkdir()
    with pytest.raises(LandingError, match="check the path") as caught:
        read_landing(folder / source, "step_trainer_landing")
    assert "\n" not in str(caught.value)
    assert "jane" not in str(caught.value)


def test_an_unknown_table_is_an_error(folder: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean"):
        read_landing(folder, "step_trainer_landings")


def test_s3_is_not_loaded_for_local_files(folder: Path) -> None:
    script = (
        "import sys; from stedi.landing.read_landing import read_landing; "
        f"read_landing({str(folder)!r}, 'step_trainer'); "
        "print([name for name in ('s3fs', 'fsspec', 'botocore', 'pyiceberg') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
