"""The shape of the house: floors, sizes, and one name for one thing. CONTRIBUTING.md tells of it."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "stedi"
MODULES = {
    path.relative_to(SOURCES).as_posix(): ast.parse(path.read_bytes()) for path in SOURCES.rglob("*.py")
}
SAME_NAME = {
    "Split": "stedi.Split are records that were read, stedi.ml.Split are sessions to train and test on: both "
    "are public, and each is what its field calls it",
}
"""Public names that are defined in two modules, and why: every other name has one meaning."""
WIDE = {"Lake": "its methods are the verbs, and most hand on"}
MOST_LINES, MOST_METHODS, MOST_SHARE = 400, 25, 0.25


def defined(tree: ast.Module) -> Iterator[str]:
    """Yield the public names that a module defines."""
    for node in tree.body:
        match node:
            case (
                ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name))
            ):
                names = [name]
            case ast.Assign(targets=targets):
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            case _:
                names = []
        yield from (name for name in names if not name.startswith("_"))


def floors() -> list[set[str]]:
    """Return the packages of each floor, the highest first, as pyproject.toml has them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [{name.strip() for name in layer.split("|")} for layer in layers]


def test_imports_keep_to_the_floors():
    """No import goes up, none leads back, features do not know each other: import-linter looks."""
    lint = shutil.which("lint-imports", path=Path(sys.executable).parent)
    if lint is None:
        pytest.skip("import-linter is not installed")
    found = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_every_package_stands_on_a_floor_or_is_a_wing():
    known = set().union(*floors()) | {"stedi.simulate", "stedi.ml", "stedi.plots"}
    there = {f"stedi.{path.split('/')[0].removesuffix('.py')}" for path in MODULES}
    assert there - known == {"stedi.__init__", "stedi.__main__"}
    assert known - there == set()


def test_the_page_of_the_floors_tells_those_that_are_held():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = re.findall(
        r"^\| (\d+) \| (.+?) \|", text.partition("## The floors")[2].partition("\n## ")[0], re.MULTILINE
    )
    told = [(int(number), set(re.findall(r"`(stedi\.\w+)`", names))) for number, names in rows]
    assert [number for number, _ in told] == list(range(len(told) - 1, -1, -1))
    held = floors()
    for _, names in told:
        # A floor of the page may be several steps of the linter, one above the other.
        while names:
            assert held, names
            step = held.pop(0)
            assert step <= names, (step, names)
            names = names - step  # noqa: PLW2901
    assert held == []


def test_no_public_name_is_defined_twice():
    places = defaultdict(list)
    for path, tree in MODULES.items():
        for name in set(defined(tree)) - {"__all__"}:
            places[name].append(path)
    twice = {name: sorted(paths) for name, paths in places.items() if len(paths) > 1}
    assert {name: twice[name] for name in twice.keys() - SAME_NAME.keys()} == {}
    assert twice.keys() == SAME_NAME.keys()
    assert len(SAME_NAME) <= 0.01 * len(places)


def test_files_classes_and_packages_stay_small():
    lines = {path: (SOURCES / path).read_text("utf-8").count("\n") for path in MODULES}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}
    methods = {
        node.name: sum(isinstance(each, ast.FunctionDef) for each in node.body)
        for tree in MODULES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name not in WIDE
    }
    assert {name: count for name, count in methods.items() if count > MOST_METHODS} == {}
    packages = Counter[str]()
    for path, count in lines.items():
        packages[path.split("/")[0]] += count
    assert {name: count for name, count in packages.items() if count >= MOST_SHARE * packages.total()} == {}


def test_whatever_the_docs_name_of_the_house_is_there():
    for page in [*(ROOT / "docs").rglob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "README.md"]:
        text = page.read_text("utf-8")
        for path in re.findall(r"`(?:src/stedi/)?([a-z_]+/[a-z_/]+\.py)`", text):
            assert (SOURCES / path).is_file() or (ROOT / path).is_file(), (page.name, path)
        for name in re.findall(
            r"`stedi\.((?:governance|pipeline|landing|warehouse|consent|plan)[a-z_.]*)`", text
        ):
            place = SOURCES / name.replace(".", "/")
            known = (
                place.is_dir(),
                place.with_suffix(".py").is_file(),
                place.parent.with_suffix(".py").is_file(),
            )
            assert any(known), (page.name, name)
