"""Every fenced example of the README and the site runs, page by page, in a folder of its own.

``python`` blocks share one namespace per page. Of ``console`` blocks each line that begins with ``$ stedi``
goes through the command line; what stands below it must be printed, where ``…`` stands for anything.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from stedi.cli.app import app

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One fenced example."""

    line: int
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(text.count("\n", 0, found.start()) + 1, found[1], found[2]) for found in FENCE.finditer(text)
    ]


LONG = (
    "getting-started",
    "simulator",
    "pictures",
    "privacy-officers",
    "data-scientists",
    "data-engineers",
)
"""Guides that take long: their examples run in .ci/run."""
PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if blocks(page)]


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a console block with the lines that are shown below it."""
    for part in text.split("$ ")[1:]:
        command, *shown = part.splitlines()
        yield command, [line.rstrip() for line in shown if line.strip(" …")]


def run_console(text: str) -> None:
    for command, shown in commands(text):
        words = shlex.split(command)
        if words[0] != "stedi":
            assert not shown, f"nothing checks what is shown below {command!r}"
            continue
        done = CliRunner().invoke(app, words[1:], prog_name="stedi", catch_exceptions=False)
        assert done.exit_code == 0, done.output
        printed = [line.rstrip() for line in done.output.splitlines()]
        for line in shown:
            pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
            assert any(map(pattern.fullmatch, printed)), (
                f"{command!r} does not print {line!r}:\n{done.output}"
            )


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=[pytest.mark.campaign] if page.stem in LONG else ()) for page in PAGES],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_every_example_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("STEDI_PSEUDONYM_KEY", raising=False)
    namespace = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language == "console":
            run_console(block.text)
        else:
            # Blank lines first, so that a traceback names the line of the page.
            code = compile("\n" * block.line + block.text, str(page), "exec")
            exec(code, namespace)  # noqa: S102 - the pages are ours


def test_the_pages_that_promise_examples_have_them():
    named = {page.relative_to(ROOT).as_posix() for page in PAGES}
    guides = {f"docs/guide/{guide.name}" for guide in (ROOT / "docs/guide").glob("*.md")}
    assert len(guides) == 8
    assert {"README.md", "docs/consent.md"} | guides <= named


def test_a_shown_line_that_is_not_printed_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    run_console("$ stedi --version\nstedi …\n")
    with pytest.raises(AssertionError, match="does not print"):
        run_console("$ stedi --version\nstedi of another version\n")
