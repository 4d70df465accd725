"""The site builds without a warning, loads nothing from elsewhere, and says what the code does."""

import html
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import typer

import stedi
import stedi.ml
from stedi.cli.app import app
from stedi.contract import CONTRACTS, LANDING, contract_of
from stedi.contract.reasons import Drop, Rejection
from stedi.plan.lineage import LINEAGE

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"<code>(.*?)</code>", re.DOTALL)
ELSEWHERE = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|preconnect|icon))[^>]*\bhref=["']?(?:https?:)?//"""
)


@pytest.fixture(scope="session")
def site(made_once, executed_file, tmp_path_factory) -> Path:
    """Return the built site."""
    notebooks = tmp_path_factory.mktemp("executed")
    # From both ends: two workers meet in the middle.
    backwards = os.environ.get("PYTEST_XDIST_WORKER", "gw0")[-1] in "13579"
    for script in sorted((ROOT / "notebooks").glob("*.py"), reverse=backwards):
        shutil.copy(executed_file(script.stem), notebooks)
    return made_once("site", partial(build, notebooks=notebooks))


def build(folder: Path, *, notebooks: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={
            **os.environ,
            "STEDI_EXECUTED_NOTEBOOKS": str(notebooks),
            # Notices of the site generators about their own future, not about this site.
            "NO_MKDOCS_2_WARNING": "1",
            "DISABLE_MKDOCS_2_WARNING": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert not re.search(r"^WARNING\b", built.stderr, re.MULTILINE), built.stderr


def page(site: Path, place: str) -> str:
    return (site / place / "index.html").read_text("utf-8")


def words(text: str) -> str:
    """Return what a reader sees of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.mark.parametrize("table", CONTRACTS)
def test_each_table_has_a_page_with_all_that_its_contract_says(site, table):
    contract = contract_of(table)
    text = page(site, f"contracts/{table}")
    body = text[text.index("<article") : text.index("</article>")]
    columns = body[body.index('id="columns"') :].partition("</table>")[0]
    rows = {
        cells[0]: cells
        for row in re.findall(r"<tr>(.*?)</tr>", columns, re.DOTALL)
        if (cells := [words(cell) for cell in re.findall(r"<td>(.*?)</td>", row, re.DOTALL)])
    }
    assert contract.grain in words(body)
    for column in contract.columns:
        cells = rows[column.name]
        assert column.doc.replace("`", "") in cells
        assert ("yes" in cells) == column.required
        assert ("PII" in cells) == column.pii
        if column.source:
            assert column.source in cells
    for name in contract.key:
        assert name in CODE.findall(body)


def test_each_table_stands_in_the_navigation(site):
    text = page(site, "contracts")
    for table in CONTRACTS:
        assert f'href="{table}/"' in text


@pytest.mark.parametrize("step", LINEAGE, ids=lambda step: step.table)
def test_a_derived_table_names_its_inputs_its_transform_and_its_drop_reasons(site, step):
    text = page(site, f"contracts/{step.table}")
    seen = words(text)
    assert f'href="../../api/#stedi.{step.transform}"' in text
    for table in (step.driving, *step.others):
        assert f'href="../{table}/"' in text
    for reason in step.drops:
        assert f"{reason} {reason.words}" in seen


def test_every_reason_stands_on_the_page_of_reasons(site):
    seen = words(page(site, "contracts/reasons"))
    for reason in (*Rejection, *Drop):
        assert f"{reason} {reason.words}" in seen


def test_landing_pages_state_the_row_rules(site):
    for contract in LANDING:
        seen = words(page(site, f"contracts/{contract.name}"))
        for column in contract.source_columns:
            assert (f"{column.source} a" in seen) or (f"{column.source} epoch milliseconds" in seen)


def test_nothing_is_loaded_from_elsewhere(site):
    for file in site.rglob("*.html"):
        assert not ELSEWHERE.search(file.read_text("utf-8")), file
    for file in site.rglob("*.css"):
        assert not re.search(r"""url\(\s*["']?(?:https?:)?//|@import""", file.read_text("utf-8")), file


def test_the_site_holds_pages_and_no_scripts_of_ours(site):
    assert not list(site.rglob("*.py"))
    assert not list(site.rglob("*.md"))
    assert "<!-- computed:" not in "".join(file.read_text("utf-8") for file in site.rglob("*.html"))


def test_each_notebook_has_a_page_with_its_figures(site):
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        text = page(site, f"examples/{notebook.stem}")
        figures = re.findall(r'<img[^>]* src="([^"/]+\.png)"', text)
        assert figures
        assert all((site / "examples" / notebook.stem / figure).exists() for figure in figures)


def test_the_reference_has_every_public_name_and_every_option(site):
    api = page(site, "api")
    for name in stedi.__all__:
        assert f'id="stedi.{name}"' in api or f'id="stedi.errors.{name}"' in api, name
    for name in stedi.ml.__all__:
        assert f'id="stedi.ml.{name}"' in api, name
    cli = words(page(site, "cli"))
    for name, command in typer.main.get_command(app).commands.items():
        assert f"Usage: stedi {name}" in cli
        for parameter in command.params:
            assert parameter.name in cli or any(option in cli for option in parameter.opts)


# The worked examples --------------------------------------------------------------------------------
# What stedi decides is computed when the site is built. What it ought to decide was worked out by hand from
# the words of the rule, and stands here.


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2024, month, day, hour, tzinfo=UTC)


@pytest.fixture(scope="module")
def example():
    """Return the module with the worked examples."""
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import worked_example
    finally:
        sys.path.remove(str(ROOT / "docs"))
    return worked_example


def test_anns_year_is_as_worked_out_by_hand(example):
    february, april, june = example.decisions(example.ANN)
    assert february.consent_from == {"ann": at(1, 10)}
    assert february.phone["ann"] == {at(1, 5): Drop.BEFORE_CONSENT, at(1, 20): None, at(2, 15): None}
    assert april.consent_from == {"ann": None}
    assert set(april.phone["ann"].values()) == {Drop.NOT_TRUSTED}
    assert june.consent_from == {"ann": at(3, 1) + timedelta(milliseconds=1)}
    assert [time for time, reason in june.phone["ann"].items() if reason is None] == [at(4, 1), at(5, 15)]


def test_the_shared_device_is_as_worked_out_by_hand(example):
    decided = example.decisions(example.SHARED)
    assert [decision.device_from["trainer-7"] for decision in decided] == [at(1, 10), None, at(4, 1), None]
    assert [decision.consent_from for decision in decided] == [
        {"ben": at(1, 10), "cleo": None},
        {"ben": at(1, 10), "cleo": None},
        {"ben": at(1, 10), "cleo": at(4, 1)},
        {"ben": at(1, 10), "cleo": None},
    ]
    assert [(decision.step_rows, decision.ml_rows) for decision in decided] == [
        (1, 1),
        (0, 0),
        (4, 2),
        (0, 0),
    ]
    used = [time for time, reason in decided[2].steps["trainer-7"].items() if reason is None]
    assert used == [at(4, 15), at(5, 15)]


def test_the_small_questions_are_answered_as_worked_out_by_hand(example):
    clamped = at(3, 1) + timedelta(milliseconds=1)
    expected = [at(5, 1), None, None, None, None, at(5, 1), clamped, at(5, 1), None, None]
    assert [case.consent_from() for case in example.CASES] == expected


def test_the_consent_page_shows_what_was_decided(site):
    seen = words(page(site, "consent"))
    assert "1 June yes 2024-03-01 09:00:00.001" in seen
    assert "20 May yes yes 2024-04-01 09:00" in seen
    assert page(site, "consent").count("<svg viewBox") == 2


# The README -----------------------------------------------------------------------------------------


def test_the_readme_has_the_lineage_and_the_grains_of_the_contracts():
    text = (ROOT / "README.md").read_text("utf-8")
    table = {
        name: (made_of, grain)
        for name, made_of, grain in re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", text, re.MULTILINE)
    }
    assert table == {
        step.table: (
            ", ".join(f"`{name}`" for name in (step.driving, *step.others)),
            contract_of(step.table).grain,
        )
        for step in LINEAGE
    }
