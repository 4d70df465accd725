"""Execute each notebook and write it as a page, with its figures. Long code is folded away.

``STEDI_EXECUTED_NOTEBOOKS`` names a folder of those that were executed already.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Final

import mkdocs_gen_files

# Jupyter asks for the place of its own settings, which it does not need here.
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")

import nbformat
from nbclient import NotebookClient
from nbconvert.exporters import MarkdownExporter
from traitlets.config import Config

_NOTEBOOKS: Final = Path(__file__).parents[1] / "notebooks"
_LONG: Final = 20
_CODE: Final = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHOWN: Final = Config({"NbConvertBase": {"display_data_priority": ["image/png", "text/plain"]}})


def _executed(path: Path) -> nbformat.NotebookNode:
    folder = os.environ.get("STEDI_EXECUTED_NOTEBOOKS")
    if folder and (executed := Path(folder) / path.name).exists():
        return nbformat.read(executed, as_version=4)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, kernel_name="python3", extra_arguments=["--IPKernelApp.log_level=40"]).execute()
    return notebook


def _page(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a notebook's page."""
    notebook = _executed(path)
    text, resources = MarkdownExporter(config=_SHOWN).from_notebook_node(
        notebook, resources={"unique_key": path.stem, "output_files_dir": path.stem}
    )
    text = text.replace("![png]", "![A figure of the notebook; the text above it says what it shows]")
    yield f"{path.stem}.md", _CODE.sub(_fold, text).encode()
    yield from resources["outputs"].items()


def _fold(found: re.Match[str]) -> str:
    if found[1].count("\n") <= _LONG:
        return found[0]
    return '??? note "The code"\n\n' + indent(found[0], "    ")


for _notebook in sorted(_NOTEBOOKS.glob("*.ipynb")):
    for _name, _content in _page(_notebook):
        with mkdocs_gen_files.open(f"examples/{_name}", "wb") as _file:
            _file.write(_content)
