"""Every public name and signature is as public_names.txt has it: whoever changes one says so there.

``uv run python tests/unit/test_public_names.py`` writes the file anew.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WRITTEN = HERE / "public_names.txt"
FACES = ("stedi", "stedi.ml", "stedi.simulate", "stedi.plots")
_DOCUMENTED = re.compile(r"^::: (stedi\.[\w.]+)$", re.MULTILINE)
_PLACE = re.compile(r"\b(?:stedi|polars|datetime|pathlib|collections\.abc|typing|builtins)\.(?:[a-z_]\w*\.)*")
_OURS = re.compile(r"^(?!_)|^__(?:init|call|iter|len|getitem)__$")


def lines() -> Iterator[str]:
    """Yield one line for each public name, wherever it stands, and one for each of its own."""
    for face in FACES:
        module = import_module(face)
        for name in sorted(module.__all__):
            yield from _of(f"{face}.{name}", getattr(module, name))
    known = {f"{face}.{name}" for face in FACES for name in import_module(face).__all__}
    for path in _DOCUMENTED.findall((HERE.parents[1] / "docs" / "api.md").read_text("utf-8")):
        module_name, _, name = path.rpartition(".")
        if path not in known and name[:1].isupper():
            yield from _of(f"reports.{name}", getattr(import_module(module_name), name))
    errors = import_module("stedi.errors")
    for name, error in sorted(vars(errors).items()):
        if inspect.isclass(error) and issubclass(error, Exception):
            yield f"errors.{name}({', '.join(base.__name__ for base in error.__mro__[1:-2])})"


def _of(shown: str, found: object) -> Iterator[str]:
    if not inspect.isclass(found):
        yield f"{shown}{_signature(found)}" if callable(found) else f"{shown}: {type(found).__name__}"
        return
    yield f"{shown}: class"
    own = {name: value for each in reversed(found.__mro__[:-1]) for name, value in vars(each).items()}
    fields = {
        name: kind
        for each in reversed(found.__mro__[:-1])
        for name, kind in vars(each).get("__annotations__", {}).items()
    }
    if issubclass(found, str):
        own = {name: value for name, value in own.items() if name not in vars(str)}
    for name in sorted({*own, *fields}):
        if not _OURS.match(name):
            continue
        value = inspect.getattr_static(found, name, None)
        if isinstance(value, property) or name in fields:
            kind = fields.get(name) or inspect.signature(value.fget).return_annotation
            yield f"{shown}.{name}: {_plain(kind)}"
        elif isinstance(value, classmethod | staticmethod) or inspect.isfunction(value):
            yield f"{shown}.{name}{_signature(value if inspect.isfunction(value) else value.__func__)}"


def _signature(function: object) -> str:
    try:
        return _plain(str(inspect.signature(function)))  # type: ignore[arg-type]
    except ValueError:
        return "(...)"


def _plain(kind: object) -> str:
    """Return how a type is spelled, but for the places of classes, which may move."""
    text = inspect.formatannotation(kind) if not isinstance(kind, str) else kind
    return re.sub(r" at 0x[0-9a-f]+", "", _PLACE.sub("", text)).replace("'", "").replace('"', "")


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="Python 3.11 spells types as the file has them")
def test_every_public_name_and_signature_is_as_written_down() -> None:
    assert "\n".join(lines()).splitlines() == WRITTEN.read_text("utf-8").splitlines()


if __name__ == "__main__":
    WRITTEN.write_text("\n".join(lines()) + "\n", "utf-8")
