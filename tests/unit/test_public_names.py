"""Every public name and signature is as public_names.txt has it: whoever changes one says so there.

``uv run python tests/unit/test_public_names.py`` writes the file anew. Annotations are told as the source
has them, defaults as they are.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from stedi import Lake

HERE = Path(__file__).parent
WRITTEN = HERE / "public_names.txt"
FACES = ("stedi", "stedi.ml", "stedi.simulate", "stedi.plots")
_DOCUMENTED = re.compile(r"^::: (stedi\.[\w.]+)$", re.MULTILINE)


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
    if inspect.isfunction(found):
        yield f"{shown}{_signature(found)}"
    elif not inspect.isclass(found):
        yield f"{shown}: {type(found).__name__}"
    else:
        yield f"{shown}: class"
        yield from sorted({f"{shown}.{line}" for line in _members(found)})


def _members(found: type) -> Iterator[str]:
    """Yield the public fields, properties and methods of a class, and of those of ours that it is made of."""
    for owner in found.__mro__:
        if not owner.__module__.startswith("stedi"):
            continue
        (tree,) = _parsed(owner).body
        assert isinstance(tree, ast.ClassDef)
        for node in tree.body:
            match node:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=kind) if not name.startswith("_"):
                    yield f"{name}: {_plain(kind)}"
                case ast.Assign(targets=[ast.Name(id=name)]) if not name.startswith("_"):
                    value = getattr(found, name)
                    yield f"{name} = {value.value if isinstance(value, Enum) else value!r}"
                case ast.FunctionDef(name=name) if name == "__init__" or not name.startswith("_"):
                    static = inspect.getattr_static(owner, name)
                    if isinstance(static, property):
                        yield f"{name}: {_plain(node.returns)}"
                    else:
                        yield f"{name}{_signature(getattr(static, '__func__', static))}"


def _signature(function: Callable[..., object]) -> str:
    real = inspect.unwrap(function)
    (tree,) = _parsed(real).body
    assert isinstance(tree, ast.FunctionDef)
    every = [*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs]
    kinds = {each.arg: _plain(each.annotation) for each in every if each.annotation is not None}
    told = []
    for name, each in inspect.signature(real).parameters.items():
        kind = f": {kinds[name]}" if name in kinds else ""
        default = "" if each.default is each.empty else f" = {_value(each.default)}"
        told.append(f"{_MARKS.get(each.kind, '')}{name}{kind}{default}")
    return f"({', '.join(told)}) -> {_plain(tree.returns)}"


_MARKS = {
    inspect.Parameter.KEYWORD_ONLY: "by name ",
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}


@cache
def _parsed(found: object) -> ast.Module:
    return ast.parse(textwrap.dedent(inspect.getsource(found)))  # type: ignore[arg-type]


def _value(default: object) -> str:
    return default.__name__ if inspect.isfunction(default) else repr(default)


def _plain(kind: ast.expr | None) -> str:
    return "" if kind is None else ast.unparse(kind).replace("'", "").replace('"', "")


def test_every_public_name_and_signature_is_as_written_down() -> None:
    assert "\n".join(lines()).splitlines() == WRITTEN.read_text("utf-8").splitlines()


def test_what_python_says_of_arguments_names_the_class_that_users_know() -> None:
    with pytest.raises(TypeError, match=r"^Lake\.scan\(\) missing 1 required positional argument"):
        Lake.open("no-such-lake").scan()  # type: ignore[call-arg]


if __name__ == "__main__":
    WRITTEN.write_text("\n".join(lines()) + "\n", "utf-8")
