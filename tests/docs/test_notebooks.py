"""The notebooks run from beginning to end, are paired with their scripts, and carry no outputs."""

import json
from pathlib import Path

import jupytext
import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SCRIPTS = sorted(NOTEBOOKS.glob("*.py"))


@pytest.fixture(scope="session")
def notebook(executed) -> nbformat.NotebookNode:
    """Return notebook 01 after its run."""
    return executed("01_landing_to_ml")


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.mark.campaign
def test_the_training_table_holds_only_rows_with_consent(notebook):
    (cell,) = (cell for cell in notebook.cells if "result" in cell.metadata.get("tags", []))
    result = json.loads(cell.outputs[0]["text"])
    assert result["rows_without_consent"] == 0
    assert result["every_row_has_a_reason"] is True
    assert result["rejected"] == result["damaged_on_purpose"] > 0
    assert result["training_rows"] > 10_000
    assert result["customers"] > 20


@pytest.mark.campaign
def test_the_notebook_draws_its_four_figures_and_writes_no_error(notebook):
    found = outputs(notebook)
    assert sum("image/png" in output.get("data", {}) for output in found) == 4
    assert not [output for output in found if output.get("name") == "stderr"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_notebook_is_its_script_without_outputs(script):
    paired = script.with_suffix(".ipynb")
    notebook = nbformat.read(paired, as_version=4)
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        (cell.cell_type, cell.source) for cell in jupytext.read(script).cells
    ]
    assert not outputs(notebook)
    assert all(cell.get("execution_count") is None for cell in notebook.cells)


def test_every_notebook_has_its_script():
    assert SCRIPTS
    assert [notebook.stem for notebook in sorted(NOTEBOOKS.glob("*.ipynb"))] == [
        script.stem for script in SCRIPTS
    ]
