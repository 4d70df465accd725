"""What pages say of commands, flags, exit codes, limits and where stedi comes from is so."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from stedi.cli import app
from stedi.cli.failure import FAILED, INTERRUPTED
from stedi.landing.objects import is_finished
from stedi.names import DISTRIBUTION

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
COMMANDS = {name: app.load_command(name) for name in app.COMMANDS}


def flags(command: str) -> set[str]:
    """Return the flags of a command and of the commands under it."""
    found = {"--help", "--version"}
    waiting = [COMMANDS[command]]
    while waiting:
        each = waiting.pop()
        found |= {flag for parameter in each.params for flag in (*parameter.opts, *parameter.secondary_opts)}
        waiting += getattr(each, "commands", {}).values()
    return found


def pages() -> list[tuple[str, str]]:
    return [(page.name, page.read_text("utf-8")) for page in PAGES]


def test_every_command_has_its_place_on_the_page_of_the_command_line():
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert sorted(re.findall(r"^## `stedi ([a-z-]+)`$", page, re.MULTILINE)) == sorted(COMMANDS)


def test_pages_name_commands_and_flags_that_there_are():
    for name, text in pages():
        for command, rest in re.findall(r"\bstedi ([a-z][a-z-]*)\b([^`\n|]*)", text):
            if command not in COMMANDS:
                assert f"`stedi {command}" not in text, (name, command)
                continue
            unknown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest)) - flags(command)
            assert not unknown or f"`stedi {command}{rest}" not in text, (name, command, unknown)


def test_exit_codes_are_those_of_the_page():
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert re.findall(r"^\| (\d+) \|", page, re.MULTILINE) == ["0", str(FAILED), "2", str(INTERRUPTED)]
    guide = (ROOT / "docs" / "guide" / "data-engineers.md").read_text("utf-8")
    section = guide.partition("## Exit codes\n")[2].partition("\n## ")[0]
    assert re.findall(r"\b(\d+):", section) == ["0", str(FAILED), "2", str(INTERRUPTED)]


def limits_of(text: str) -> list[str]:
    return re.findall(r"^- \*\*([^*]+)\*\*", text, re.MULTILINE)


def test_the_limits_are_the_same_wherever_they_stand():
    readme = (ROOT / "README.md").read_text("utf-8").partition("## What is not there yet\n")[2]
    index = (ROOT / "docs" / "index.md").read_text("utf-8").partition("## What is not there yet\n")[2]
    said, there = (
        re.findall(r"^- \*\*([^*]+)\*\*", text.partition("\n## ")[0], re.MULTILINE)
        for text in (readme, index)
    )
    assert said == there
    assert {"No template for a cloud", "Speed", "Real walks", "Copies of a lake"} <= set(said)


def test_no_page_sends_anybody_to_packages_or_sites_of_others():
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "notebooks").glob("*.py"), ROOT / "mkdocs.yml"]
    by_name = re.compile(rf"pip install (?:--\S+ )*['\"]?{DISTRIBUTION}(?:\[\w+\])?(?! @)(?=[\s`'\")]|$)")
    for place in (*PAGES, *sources, ROOT / "pyproject.toml"):
        text = place.read_text("utf-8")
        assert not by_name.search(text), place
        assert "readthedocs.io" not in text, place
    assert "urls" not in PROJECT


def test_the_name_of_the_distribution_is_that_of_the_project():
    assert PROJECT["name"] == DISTRIBUTION
    whole = [*(ROOT / "src").rglob("*.py")]
    assert not [place for place in whole if 'version("stedi")' in place.read_text("utf-8")]


def test_extras_that_messages_name_are_there():
    texts = "\n".join(text for _, text in pages())
    texts += "\n".join(place.read_text("utf-8") for place in (ROOT / "src").rglob("*.py"))
    named = set(re.findall(r"pip install '\.\[(\w+)\]'", texts)) | set(re.findall(r"--extra (\w+)", texts))
    assert named
    assert named <= set(PROJECT["optional-dependencies"])


def test_unfinished_names_are_those_of_the_page():
    guide = (ROOT / "docs" / "guide" / "data-engineers.md").read_text("utf-8")
    said = guide.partition("waits until it is renamed:")[2].partition(". A run")[0]
    suffixes = re.findall(r"`(\.\w+)`", said)
    assert len(suffixes) == 5
    assert not any(is_finished(f"a.json{suffix}") for suffix in suffixes)


def test_contributing_names_what_sets_the_size_of_campaigns():
    sources = [*(ROOT / "tests").rglob("*.py"), ROOT / ".ci" / "run"]
    used = {
        name for place in sources for name in re.findall(r"STEDI_CAMPAIGN_[A-Z]+", place.read_text("utf-8"))
    }
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert {name for name in used if name not in page} == set()


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.campaign
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no clone")
def test_the_lines_of_the_guide_install_it(tmp_path):
    """From a clone, from a wheel, and from the address of a clone: each gives a command that works."""
    clone = tmp_path / "clone"
    for command in (
        ["git", "clone", "-q", ROOT, clone],
        ["uv", "build", "-q", "--wheel", "--out-dir", tmp_path, ROOT],
    ):
        subprocess.run(command, check=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    guide = (ROOT / "docs" / "guide" / "getting-started.md").read_text("utf-8")
    lines = re.findall(r"^\$ (?:uv build --wheel && )?pip install (.*)$", guide, re.MULTILINE)[1:]
    assert len(lines) == 4
    assert wheel.name in guide
    for number, line in enumerate(lines):
        what = line.strip("'").replace("PATH_OF_THE_CLONE", str(clone))
        what = what.replace("URL_OF_THE_CLONE", clone.as_uri()).replace(f"dist/{wheel.name}", str(wheel))
        home = tmp_path / f"venv{number}"
        subprocess.run(["uv", "venv", "-q", "--python", sys.executable, home], check=True)
        python = home / "bin" / "python"
        subprocess.run(
            ["uv", "pip", "install", "-q", "--python", python, what.replace("[ml]", "")], check=True
        )
        done = subprocess.run(
            [home / "bin" / "stedi", "--version"], check=True, capture_output=True, text=True
        )
        assert done.stdout.startswith("stedi 0."), done
