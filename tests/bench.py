"""A lake in a known state, put back for every test: a first run costs ten times a copy.

A lake can't be used from another folder than the one in which it was made, so that the copy is always
put back into that one.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import stedi
from lakes import lake_at, pour, rich_world, run
from worlds import World


@dataclass(frozen=True)
class Bench:
    """One folder for a lake, and the states that it can be in.

    Attributes:
        folder: Where the lake is.
        landing: The landing root of its first run: not to be written to.
        world: What is in that root.
    """

    folder: Path
    landing: Path
    world: World
    _stored: Path

    @classmethod
    def build(cls, place: Path) -> "Bench":
        """Make a lake without a run, and one with a run, and store both."""
        bench = cls(place / "lake", place / "landing", rich_world(), place / "stored")
        pour(bench.landing, bench.world)
        with bench.lake._site.hold():
            pass
        shutil.copytree(bench.folder, bench._stored / "empty")
        run(bench.lake, bench.landing)
        shutil.copytree(bench.folder, bench._stored / "filled")
        return bench

    @property
    def lake(self) -> stedi.Lake:
        """Open the lake as it is."""
        return lake_at(self.folder)

    def empty(self) -> "Bench":
        """Put back the lake in which nothing was published yet."""
        return self._restore("empty")

    def filled(self) -> "Bench":
        """Put back the lake after its first run."""
        return self._restore("filled")

    def gone(self) -> "Bench":
        """Leave no lake."""
        shutil.rmtree(self.folder, ignore_errors=True)
        return self

    def keep(self, state: str) -> None:
        """Store the lake as it is, under a name of its own."""
        # Tests of one module may come in two turns.
        shutil.rmtree(self._stored / state, ignore_errors=True)
        shutil.copytree(self.folder, self._stored / state)

    def back_to(self, state: str) -> "Bench":
        """Put back a lake that was kept."""
        return self._restore(state)

    def _restore(self, state: str) -> "Bench":
        self.gone()
        shutil.copytree(self._stored / state, self.folder)
        return self
