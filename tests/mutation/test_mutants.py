"""Every wrong version of the consent rule fails the tests: they look where it matters."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mutants import MUTANTS

import stedi

HERE = Path(__file__).parent
PACKAGE = Path(stedi.__file__).parent


def python(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_exactly_one_place_and_is_still_python(mutant):
    wrong = mutant.applied_to(PACKAGE)
    assert wrong != (PACKAGE / mutant.file).read_text("utf-8")
    compile(wrong, mutant.file, "exec")


def test_names_are_unique():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.campaign
def test_the_quick_check_kills_every_mutant_and_passes_the_package_as_it_is():
    done = python(HERE / "judge_mutants.py")
    assert done.returncode == 0, done.stderr
    fate = json.loads(done.stdout)
    assert fate.pop("") is None
    assert fate.keys() == {mutant.name for mutant in MUTANTS}
    assert [name for name, killer in fate.items() if killer is None] == []
    # One that crashes would die of any test: it proves nothing.
    assert {name: killer for name, killer in fate.items() if killer and killer.startswith("crash")} == {}


@pytest.mark.campaign
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_worked_examples_kill_every_mutant(mutant, tmp_path):
    """The examples worked by hand are enough, without the oracle."""
    shutil.copytree(PACKAGE, tmp_path / "stedi", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "stedi" / mutant.file).write_text(mutant.applied_to(PACKAGE), "utf-8")
    unit = HERE.parent / "unit"
    options = ("-x", "-q", "-n0", "-p", "no:cacheprovider")
    done = python("-m", "pytest", *options, unit / "transform", unit / "consent", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1, done.stdout[-2000:]
