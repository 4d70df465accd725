"""What is costly is made once, however many workers there are."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

PATIENCE_S = 240
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Return a function that fills a folder, or waits until another worker has filled it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder, done, failed = (shared / name, shared / f"{name}.done", shared / f"{name}.failed")
        try:
            folder.mkdir()
        except FileExistsError:
            deadline = time.monotonic() + PATIENCE_S
            while not done.exists():
                assert not failed.exists(), f"another worker could not make {name}: see its failure"
                assert time.monotonic() < deadline, f"another worker did not make {name} in {PATIENCE_S} s"
                time.sleep(0.1)
            return folder
        try:
            fill(folder)
        except BaseException:
            failed.touch()
            raise
        done.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def executed_file(made_once) -> Callable[[str], Path]:
    """Return a function that gives the file of a notebook after a run in a kernel of its own."""

    def run(stem: str) -> Path:
        def fill(folder: Path) -> None:
            subprocess.run(
                [
                    *(sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute"),
                    *("--log-level", "ERROR", "--output-dir", str(folder), "--output", stem),
                    str(NOTEBOOKS / f"{stem}.ipynb"),
                ],
                check=True,
                cwd=folder,
                env={**os.environ, "JUPYTER_PLATFORM_DIRS": "1", "XDG_CONFIG_HOME": str(folder / "config")},
            )

        return made_once(f"notebook-{stem}", fill) / f"{stem}.ipynb"

    return run


@pytest.fixture(scope="session")
def executed(executed_file) -> Callable[[str], nbformat.NotebookNode]:
    """Return a function that gives a notebook after a run in a kernel of its own."""
    return lambda stem: nbformat.read(executed_file(stem), as_version=4)
