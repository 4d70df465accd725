"""Where a lake is, and who may write to it."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from polars.exceptions import PanicException

from stedi.errors import (
    ErasureUnfinishedError,
    LakeError,
    LakeFormatError,
    RotationUnfinishedError,
    RunConflictError,
)
from stedi.interrupts import unbroken, undoing_when_terminated
from stedi.names import RUN
from stedi.pipeline.history import Run, published
from stedi.pipeline.repair import repair
from stedi.warehouse.bucket import buckets_for
from stedi.warehouse.catalog import CATALOG_FILE, WAREHOUSE_FOLDER, refuse_lost
from stedi.warehouse.damage import first_damaged, needs
from stedi.warehouse.evolve import evolve_tables, set_format
from stedi.warehouse.failure import explained
from stedi.warehouse.layout import LAKE_FORMAT
from stedi.warehouse.lock import LOCK_FILE, exclusive
from stedi.warehouse.unreadable import UNREADABLE
from stedi.warehouse.warehouse import Warehouse

_LOCAL_WAIT: Final = timedelta(0)
_SHARED_WAIT: Final = timedelta(minutes=10)
_SCRATCH: Final = "scratch"
# The lock comes last: what is removed is removed under it.
_OURS: Final = (CATALOG_FILE, WAREHOUSE_FOLDER, _SCRATCH, LOCK_FILE)


Purpose = Literal["write", "plan", "erase", "rotate", "upgrade"]
"""What a lake is held for."""


@dataclass(slots=True, kw_only=True)
class Site:
    """A local folder, or a catalog with a warehouse.

    Attributes:
        folder: The folder of a local lake.
        catalog: The settings of a catalog, where there is no folder.
        location: Where that catalog's tables are kept.
        namespace: The namespace of the tables.
        buckets: N of ``bucket[N](customer_id)`` for a new lake; None to choose it by what is expected.
        wait: How long to wait for whoever holds the lake; None: not at all for a local one.
    """

    folder: Path | None
    catalog: Mapping[str, str]
    location: str
    namespace: str
    buckets: int | None
    wait: timedelta | None
    _warehouse: Warehouse | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Name the place."""
        return str(self.folder) if self.folder is not None else self.location

    @property
    def exists(self) -> bool:
        """Whether a lake was made here: a catalog is taken to hold one."""
        return self.folder is None or (self.folder / CATALOG_FILE).exists()

    def read(self, *, of_any_format: bool = False) -> tuple[Warehouse, Sequence[Run]]:
        """Return the warehouse as it is now, and its published runs: at least one.

        Args:
            of_any_format: An older format is no error.

        Raises:
            LakeError: Nothing was published yet.
            LakeFormatError: An older version of stedi made the lake.
        """
        runs: Sequence[Run] = ()
        self._refuse_lost()
        if self.exists:
            with self.explained():
                warehouse = self._fresh()
                runs = published(warehouse)
        if not runs:
            raise LakeError(
                f"there is no published run in the lake {self}: fill it with stedi run LANDING, or lake.run()"
            )
        if not of_any_format:
            _refuse_older(warehouse)
        return warehouse, runs

    @contextlib.contextmanager
    def hold(
        self, purpose: Purpose = "write", *, expected: int = 0
    ) -> Iterator[tuple[Warehouse, Sequence[Run]]]:
        """Hold the lake, made if need be and repaired, for the length of a block.

        A lake in which nothing was ever published is removed again if the block fails, whoever made it.

        Args:
            purpose: ``"plan"`` removes it in any case. Only ``"erase"`` may go on where an erasure is not
                finished, and only ``"rotate"`` where a rotation is not; ``"upgrade"`` takes a lake of an
                older format, and all else needs that first.
            expected: How many bytes of landing files are to go into a new lake.

        Raises:
            LakeError: The folder can't hold a lake, another run holds it, or an erasure is not finished.
        """
        if self.folder is None:
            with undoing_when_terminated(), self.explained():
                warehouse = self._made(expected)
                with warehouse.held(self._wait(_SHARED_WAIT)):
                    yield self._prepared(warehouse, purpose)
            return
        self._refuse_lost()
        # Around all: whoever is asked to end does so when the folder is as it was, too.
        with undoing_when_terminated():
            made = _make_folder(self.folder)
            failed = True
            try:
                with exclusive(self.folder, self._wait(_LOCAL_WAIT)), self.explained():
                    try:
                        yield self._prepared(self._made(expected), purpose)
                        failed = False
                    finally:
                        if failed or purpose == "plan":
                            with unbroken():
                                self._remove_unused(self.folder)
            finally:
                if made and (failed or purpose == "plan") and not self.exists:
                    with contextlib.suppress(OSError):
                        self.folder.rmdir()

    @contextlib.contextmanager
    def keep_writers_off(self) -> Iterator[bool]:
        """Keep runs off the lake for the length of a block, as far as that can be; repair nothing.

        Yields:
            Whether nobody can write meanwhile: not so on a catalog that others share, or without the right
            to write to the folder.

        Raises:
            RunConflictError: Another run holds the lake.
        """
        if self.folder is None:
            yield False
            return
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(exclusive(self.folder, self._wait(_LOCAL_WAIT)))
                alone = True
            except RunConflictError:
                raise
            except LakeError:
                alone = False
            yield alone

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give an empty folder for temporary files, and leave none: not those of killed runs either."""
        if self.folder is None:
            with tempfile.TemporaryDirectory(prefix="stedi-") as temporary:
                yield Path(temporary)
            return
        scratch = self.folder / _SCRATCH
        _remove(scratch)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            _remove(scratch)

    def explained(self, *, alone: bool = True) -> AbstractContextManager[None]:
        """Turn what the disk, the catalog and the libraries raise into one clear error.

        Args:
            alone: Nothing but the lake is at work, and what is raised is about it.
        """
        return explained(str(self), self, alone=alone)

    def first_damaged(self, *, thorough: bool) -> str | None:
        """Return the first file that can't be read; None where that can't be told.

        Args:
            thorough: Read all data files to their end, and not the run table's only.
        """
        with contextlib.suppress(*UNREADABLE):
            # What was not made yet is not damaged.
            if self.exists and (warehouse := self._fresh()).begun:
                return first_damaged(warehouse) if thorough else first_damaged(warehouse, data=[RUN])
        return None

    def needs(self, file: str) -> bool:
        """Say whether the lake as it is now needs a file whose path ends so; yes if that can't be told."""
        with contextlib.suppress(*UNREADABLE):
            return needs(self._fresh(), file)
        return True

    def _refuse_lost(self) -> None:
        if self.folder is not None:
            with self.explained():
                refuse_lost(self.folder)

    def _fresh(self, *, create: bool = False) -> Warehouse:
        if self.folder is not None and (self._warehouse is None or create):
            self._warehouse = Warehouse.local(self.folder, self.namespace, create=create)
        if self._warehouse is None:
            self._warehouse = Warehouse.remote(self.catalog, self.location, self.namespace)
        self._warehouse.refresh()
        return self._warehouse

    def _remove_unused(self, folder: Path) -> None:
        """Remove a lake in which nothing was ever published: not if that can't be told."""
        home = folder / WAREHOUSE_FOLDER
        try:
            refuse_lost(folder)
            # Another namespace is another lake in the same folder.
            alone = all(each.name == self.namespace for each in home.glob("*"))
            unused = alone and (not self.exists or self._fresh().unused)
        except (Exception, PanicException):  # noqa: BLE001 - another error is on its way to the user
            return
        if not unused:
            return
        self._warehouse = None
        # What a lost catalog is told by goes before the catalog: whoever is killed here can begin anew.
        for unpublished in home.glob(f"*/{RUN}/data"):
            _remove(unpublished)
        for name in _OURS:
            _remove(folder / name)

    def _wait(self, otherwise: timedelta) -> timedelta:
        return otherwise if self.wait is None else self.wait

    def _made(self, expected: int) -> Warehouse:
        """Return the warehouse, with all its tables."""
        warehouse = self._fresh(create=True)
        warehouse.create_missing(self.buckets or buckets_for(expected))
        return warehouse

    def _prepared(self, warehouse: Warehouse, purpose: Purpose) -> tuple[Warehouse, Sequence[Run]]:
        """Refuse what must not be written to, and repair what is held."""
        warehouse.check_formats()
        runs = published(warehouse)
        if purpose != "upgrade":
            if runs:
                _refuse_older(warehouse)
                self._refuse_unfinished(runs[-1], purpose)
            elif warehouse.lake_format < LAKE_FORMAT:
                # Nothing is in it that could be old.
                evolve_tables(warehouse)
                set_format(warehouse)
        repair(warehouse, runs)
        return warehouse, runs

    def _refuse_unfinished(self, newest: Run, purpose: Purpose) -> None:
        begun = (
            f"begun at {newest.started_at:%Y-%m-%d %H:%M:%S}Z, is not finished, and nothing else may write"
        )
        if newest.kind == "erasing" and purpose != "erase":
            raise ErasureUnfinishedError(
                f"an erasure in the lake {self}, {begun} until it is: run stedi erase again for the same "
                "person"
            )
        if newest.kind == "rotating" and purpose != "rotate":
            raise RotationUnfinishedError(
                f"a rotation of the key of {self}, {begun} until it is: run stedi rotate-key again"
            )


def _refuse_older(warehouse: Warehouse) -> None:
    if (found := warehouse.lake_format) < LAKE_FORMAT:
        raise LakeFormatError.of(found, LAKE_FORMAT)


def _make_folder(folder: Path) -> bool:
    """Make the folder of a lake; say whether it was not there before."""
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        present = [item.name for item in folder.iterdir()]
    except OSError as error:
        raise LakeError(f"the lake folder {folder} can't be made or read: {error.strerror}") from None
    # A process that was killed may have left SQLite's own files beside the lock and the catalog.
    ours = {*_OURS, f"{LOCK_FILE}-journal", f"{CATALOG_FILE}-journal"}
    foreign = [name for name in present if name not in ours and not name.startswith(".")]
    if CATALOG_FILE not in present and foreign:
        raise LakeError(
            f"the folder {folder} is not empty and holds no lake: name an empty or a new folder with --lake"
        )
    return made


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
