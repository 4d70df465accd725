"""Two simulations that most tests look at: the same seed, clean and dirty."""

import sys
from pathlib import Path

import pytest

from stedi.simulate import simulate

# The plain reader and the crowd are modules beside this file.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def clean(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("clean"), customers=60, seed=7)


@pytest.fixture(scope="session")
def dirty(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("dirty"), customers=60, seed=7, dirt=0.01)
