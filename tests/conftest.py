"""Profiles, markers and fixtures of all tests."""

import os
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent
# The oracle, the worlds, the engines, the mutants, the ways to die and old lakes are modules, not packages.
sys.path[:0] = [str(HERE), *(str(HERE / folder) for folder in ("mutation", "faults", "old_lakes"))]

# One worker a core: more threads in each would only wait for each other. .ci/run has the laws with several.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

# A process that compiles all its imports anew takes twice as long to start, and hundreds are started here:
# where no bytecode may be written beside the sources, it is kept elsewhere.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "stedi-tests-bytecode")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As a shell starts what it puts into the background: then nothing that tests an interrupt would hear one.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "whole",
    # An example of a consent law is several worlds that go through the transforms at once.
    max_examples=40,
    deadline=None,
    print_blob=True,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("few", settings.get_profile("whole"), max_examples=4)
settings.register_profile("usual", settings.get_profile("whole"), max_examples=10)
settings.register_profile("thorough", settings.get_profile("whole"), max_examples=1000)

LAWS = ("property", "parity/test_engines.py")
"""Laws, like all that asks hypothesis for examples: the test command tries some, .ci/run all of them."""

ROOMS = ("consent", "contract", "governance", "landing", "pipeline", "plan", "transform", "warehouse")

QUICK = (
    *(f"unit/{room}" for room in ROOMS),
    "property/test_consent",
    "property/test_landing",
    "property/test_standing.py",
    "integration/test_lake_incremental.py",
    "integration/test_lake_withdrawal.py",
)
"""What is worth its time while one works. Another test gets there by ``@pytest.mark.quick``."""


def pytest_configure(config: pytest.Config) -> None:
    """Choose how many examples laws are tried on, before a test module asks."""
    if config.getoption("--hypothesis-profile"):
        return
    asked = config.getoption("markexpr")
    profile = "few" if "quick" in asked else "whole" if "campaign" in asked else "usual"
    settings.load_profile(os.environ.get("STEDI_HYPOTHESIS_PROFILE", profile))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark laws and quick tests by where they stand; leave campaigns out unless ``-m`` asks for them."""
    for item in items:
        place = os.path.relpath(item.path, HERE)
        if place.startswith(LAWS) or getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("law")
        if place.startswith((*QUICK, "..")) and not item.get_closest_marker("campaign"):
            # Outside of this folder are only the examples in docstrings.
            item.add_marker("quick")
    if "campaign" in config.getoption("markexpr"):
        return
    campaigns = [item for item in items if item.get_closest_marker("campaign")]
    if campaigns:
        config.hook.pytest_deselected(items=campaigns)
        items[:] = [item for item in items if not item.get_closest_marker("campaign")]


@pytest.fixture(scope="session")
def cages(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the cage of the canary, which was kept as it was built."""
    from canary import Cages, build

    place = tmp_path_factory.mktemp("cages")
    made = Cages(build(place), place / "kept")
    made.keep("built")
    return made


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
