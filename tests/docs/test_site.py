"""The site builds without a warning, loads nothing from elsewhere, and says what the code does."""

import html
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import stedi
import stedi.ml
from stedi.cli.app import COMMANDS, load_command
from stedi.contract import CONTRACTS, LANDING, contract_of
from stedi.contract.reasons import Drop, Rejection
from stedi.plan.lineage import LINEAGE

pytestmark = pytest.mark.campaign

ROOT = Path(__file__).parents[2]
FIRST = "00_start_here"
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
    # The first is left to the build, which executes by itself what it does not find executed.
    for script in sorted((ROOT / "notebooks").glob("*.py"), reverse=backwards):
        if script.stem != FIRST:
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
    for name in COMMANDS:
        assert f"Usage: stedi {name}" in cli
        for parameter in load_command(name).params:
            assert parameter.name in cli or any(option in cli for option in parameter.opts)


def test_the_consent_page_shows_what_was_decided(site):
    seen = words(page(site, "consent"))
    assert "1 June yes 2024-03-01 09:00:00.001" in seen
    assert "20 May yes yes 2024-04-01 09:00" in seen
    assert page(site, "consent").count("<svg viewBox") == 2
