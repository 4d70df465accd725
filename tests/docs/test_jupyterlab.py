"""JupyterLab, opened in a browser, runs notebook 01 from top to bottom.

Needs JupyterLab, Playwright and a Chromium on the PATH: .ci/run brings the first two.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_landing_to_ml.ipynb"
_WAIT_S = 240

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH"),
]


@contextmanager
def served(folder: Path, environment: dict[str, str]):
    """Serve a folder in JupyterLab; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}"),
        *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"),
    ]
    with (folder.parent / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_for(lambda: listens(port), "JupyterLab listens")
            yield f"http://127.0.0.1:{port}/lab/tree/{NOTEBOOK.name}?token={token}"
        finally:
            server.terminate()
            server.wait(30)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(what, name: str) -> None:
    end = time.monotonic() + _WAIT_S
    while not what():
        assert time.monotonic() < end, f"waited {_WAIT_S} s for: {name}"
        time.sleep(0.5)


def printed(path: Path) -> str:
    """Return what the cells of a saved notebook printed."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return "".join(str(output.get("text", "")) for cell in cells for output in cell.outputs)


def test_jupyterlab_in_a_browser_runs_notebook_01(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    fresh = secrets.token_hex(16)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    source = 'import os\n\nprint(os.environ["STEDI_FRESH"], os.getppid())'
    notebook.cells.append(nbformat.v4.new_code_cell(source))
    nbformat.write(notebook, folder / NOTEBOOK.name)
    environment = {**os.environ, "STEDI_FRESH": fresh, "JUPYTER_PLATFORM_DIRS": "1"}
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        environment[name] = str(tmp_path / name.lower())
    with served(folder, environment) as address, playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(address)
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=_WAIT_S * 1000)
        chosen = page.locator(".jp-Dialog").locator("button.jp-mod-accept")
        with suppress(playwright.TimeoutError):
            chosen.click(timeout=5000)  # asked where the kernel that the notebook names is not the only one
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()

        def done() -> bool:
            page.keyboard.press("Control+s")
            page.wait_for_timeout(1000)
            return fresh in printed(folder / NOTEBOOK.name)

        wait_for(done, "the last cell printed what only its kernel knows")
        page.screenshot(path=str(tmp_path / "notebook.png"))
        browser.close()
    ran = nbformat.read(folder / NOTEBOOK.name, as_version=4)
    code = [cell for cell in ran.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    (result,) = (cell for cell in code if "result" in cell.metadata.get("tags", []))
    assert json.loads(result.outputs[0]["text"])["rows_without_consent"] == 0
