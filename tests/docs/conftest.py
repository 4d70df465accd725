"""What is costly is made once, however many workers there are."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PATIENCE_S = 240


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
