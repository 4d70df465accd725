"""What a lake returns is in one place, and loaded when it is asked for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from stedi import reports

API = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.mark.parametrize("name", reports.__all__)
def test_each_class_is_there(name):
    assert getattr(reports, name).__name__ == name


def test_all_of_the_page_about_the_lake_are_there():
    chapter = API.read_text("utf-8").partition("## The lake\n")[2].partition("\n## ")[0]
    assert set(reports.__all__) == set(re.findall(r"^::: stedi\.[\w.]+\.([A-Z]\w+)$", chapter, re.MULTILINE))
    assert dir(reports) == reports.__all__ == sorted(reports.__all__)


def test_nothing_else_is_there():
    with pytest.raises(AttributeError, match=r"module 'stedi\.reports' has no attribute 'Erasure'"):
        reports.Erasure  # noqa: B018 - to look it up is the test


def test_a_class_is_loaded_when_it_is_asked_for():
    code = (
        "import sys\n"
        "import stedi.reports\n"
        "before = {name for name in sys.modules if name.startswith('stedi.')}\n"
        "stedi.reports.Match\n"
        "print(*sorted(before), 'polars' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["stedi.reports", "False"]
