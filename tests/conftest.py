"""Profiles, markers and fixtures of all tests."""

import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent
# The oracle, the worlds, the engines, the mutants and the ways to die are modules, not packages.
sys.path[:0] = [str(HERE), str(HERE / "mutation"), str(HERE / "faults")]

settings.register_profile(
    "quick",
    # An example of a consent law is several worlds that go through the transforms at once.
    max_examples=40,
    deadline=None,
    print_blob=True,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=3000)
settings.load_profile(os.environ.get("STEDI_HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave campaigns out unless ``-m`` asks for them."""
    if "campaign" in config.getoption("markexpr"):
        return
    campaigns = [item for item in items if item.get_closest_marker("campaign")]
    if campaigns:
        config.hook.pytest_deselected(items=campaigns)
        items[:] = [item for item in items if item not in campaigns]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how large the campaigns were that counted what they did."""
    counted: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", ()):
        counted.update(dict(report.user_properties))
    for name, count in counted.items():
        terminalreporter.write_line(f"{name}: {count:,}")


@pytest.fixture(scope="session")
def public_sample() -> Path:
    """Return the public sample's folder, which stands beside the checkout and is never part of it."""
    folder = HERE.parents[1] / "shared" / "data" / "public-sample"
    if not folder.is_dir():
        assert "STEDI_REQUIRE_SAMPLE" not in os.environ, "the public sample is required, but not there"
        pytest.skip("the public sample is not beside this checkout")
    return folder
