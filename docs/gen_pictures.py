"""Draw the pictures of the page of pictures, with the code that stands above each of them."""

import contextlib
import io
import re
import tempfile
from pathlib import Path
from typing import Any, Final

import mkdocs_gen_files

_PAGE: Final = Path(__file__).parent / "guide" / "pictures.md"
_BLOCK: Final = re.compile(
    r"^```python\n(?P<code>.*?)^```$(?:\n\n!\[[^\]]*\]\(\.\./(?P<picture>assets/picture-[a-z0-9-]+\.png)\))?",
    re.MULTILINE | re.DOTALL,
)
_DPI: Final = 90

with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in _BLOCK.finditer(_PAGE.read_text("utf-8")):
        exec(compile(block["code"], str(_PAGE), "exec"), namespace)  # noqa: S102 - the page is ours
        if block["picture"] is not None:
            picture = io.BytesIO()
            namespace["axes"].figure.savefig(picture, format="png", dpi=_DPI)
            with mkdocs_gen_files.open(block["picture"], "wb") as file:
                file.write(picture.getvalue())
