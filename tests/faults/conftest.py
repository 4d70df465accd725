"""The lake in a known state, for the tests of this folder."""

import pytest

from bench import Bench


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Return the bench, whatever state it is in."""
    return Bench.build(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Return the bench with a lake that has one run."""
    return bench.filled()
