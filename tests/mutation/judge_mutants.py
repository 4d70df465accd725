"""Judge wrong versions of the package, each in turn, in a process of their own.

    python tests/mutation/judge_mutants.py

The package is copied into a temporary folder that comes first on ``sys.path``. For each mutant one file of
the copy is changed, the package is imported anew, and the quick check of the consent laws is made: all
five tables of some hundred worlds, in both modes and with tolerances, must be the oracle's. Prints one
JSON object: per mutant what killed it, or null where it survived. The unchanged copy comes first, as "".
"""

import importlib
import json
import shutil
import sys
import tempfile
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

TESTS = Path(__file__).parents[1]
WORLDS = 400


def main() -> None:
    """Print what became of each mutant."""
    sys.dont_write_bytecode = True
    original = Path(find_spec("stedi").submodule_search_locations[0])
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "stedi"
        shutil.copytree(original, package, ignore=shutil.ignore_patterns("__pycache__"))
        sys.path[:0] = [folder, str(TESTS), str(TESTS / "mutation")]
        for name in [name for name in sys.modules if name.split(".")[0] == "stedi"]:
            del sys.modules[name]
        from mutants import MUTANTS

        cases = _cases()
        fate = {"": _verdict(cases, package)}
        for mutant in MUTANTS:
            file = package / mutant.file
            right, wrong = file.read_text("utf-8"), mutant.applied_to(package)
            file.write_text(wrong, "utf-8")
            _forget()
            fate[mutant.name] = _verdict(cases, package)
            file.write_text(right, "utf-8")
    sys.stdout.write(json.dumps(fate))


def _cases() -> list[tuple]:
    """Return worlds with options and what the oracle makes of them."""
    from engines import expected_of
    from worlds import FAR_AWAY, MS, poured_together, random_world, world_with_erased

    world = poured_together(map(random_world, range(WORLDS)))
    erased = poured_together(map(world_with_erased, range(WORLDS)))
    late = replace(world, now=FAR_AWAY)
    asked = [
        # First without the end of time, after which Python has no dates to show.
        (replace(world, rejected=()), {}),
        (world, {}),
        (world, {"consent": "current"}),
        (world, {"tolerance": MS}),
        (world, {"tolerance": timedelta(hours=1)}),
        (late, {}),
        (erased, {}),
        (erased, {"consent": "current"}),
    ]
    return [(world, options, expected_of(world, **options)) for world, options in asked]


def _forget() -> None:
    """Make the next import of the package read its files again."""
    for name in [name for name in sys.modules if name.split(".")[0] == "stedi"]:
        del sys.modules[name]
    import engines

    importlib.reload(engines)


def _verdict(cases: list[tuple], package: Path) -> str | None:
    """Return what is wrong with the package as it is now, or None."""
    from engines import assert_same, tables_of

    for world, options, expected in cases:
        try:
            made = tables_of(world, **options)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the mutant's
            return f"crash: {type(error).__name__}: {str(error)[:200]}"
        try:
            assert_same(made, expected)
        except AssertionError as wrong:
            return f"{options}: {str(wrong)[:120]}"
    from stedi.transform import curate_ml

    if not Path(curate_ml.__file__).is_relative_to(package):
        raise SystemExit("the package that was judged is not the copy")
    return None


if __name__ == "__main__":
    main()
