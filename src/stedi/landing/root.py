"""What lies in a landing root beside what runs read: told, so that nothing is lost in silence."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from stedi.contract.registry import LANDING
from stedi.errors import LandingError
from stedi.landing import s3
from stedi.landing.objects import LandingObject, is_shown, is_unfinished, readable
from stedi.landing.redact import as_typed, safe_path
from stedi.names import TRUTH

_FOLDERS: Final = tuple(contract.name.removesuffix("_landing") for contract in LANDING)
_EXPECTED: Final = "customer/, accelerometer/ and step_trainer/"

_ELSEWHERE: Final = f"not read: a landing root's files lie in {_EXPECTED}"
_UNFINISHED: Final = "not read yet: an unfinished name, to be renamed when it is complete"
_LINKED: Final = "not read through this link to a folder: what lies in it is read where it lies in its own"
_NO_FILE: Final = "not read: a pipe, a socket or a device, and no file"

_NAMED: Final = 10


def look_around(root: str, found: Collection[LandingObject], *, lake: Path | None = None) -> Sequence[str]:
    """Return what somebody should know of a landing root.

    Args:
        root: A folder, or an ``s3://`` URL.
        found: The objects that runs read.
        lake: The folder of the lake, which may lie in the root.

    Raises:
        LandingError: It has none of the three folders.
    """
    folders, files = check_root(root, lake=lake)
    unread = _names([name for name in folders if name not in (*_FOLDERS, TRUTH)], files)
    beside = () if s3.is_url(root) else _beside(root, folders)
    held = {each.table.removesuffix("_landing") for each in found}
    return [
        *(
            f"{folder}/ holds no file that a run reads"
            for folder in _FOLDERS
            if folder in folders and folder not in held
        ),
        *_listed([*((name, _ELSEWHERE) for name in unread), *beside]),
    ]


def check_root(root: str, *, lake: Path | None = None) -> tuple[list[str], list[str]]:
    """Return the folders and the files of a landing root that are data by their names.

    Args:
        root: A folder, or an ``s3://`` URL.
        lake: The folder of the lake, which may lie in the root.

    Raises:
        LandingError: It has none of the three folders.
    """
    folders, files = s3.list_top(s3.canonical(root), None) if s3.is_url(root) else _top(Path(root), lake)
    if not any(folder in folders for folder in _FOLDERS):
        names = _names(folders, files)
        there = f" (there is {', '.join(names[:_NAMED])})" if names else ""
        raise LandingError(
            f"the landing root {as_typed(root)} has none of the folders {_EXPECTED}: give the folder that "
            f"holds them{there}"
        )
    return folders, files


def _top(root: Path, lake: Path | None) -> tuple[list[str], list[str]]:
    """Return the folders and the files of a root that are data by their names."""
    with readable(root):
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    own = None if lake is None else os.path.realpath(lake)
    entries = [each for each in entries if is_shown(each.name) and os.path.realpath(each.path) != own]
    folders = [each.name for each in entries if each.is_dir()]
    return [_folder_of(root, name) for name in folders], [each.name for each in entries if each.is_file()]


def _folder_of(root: Path, name: str) -> str:
    """Return the name by which runs know a folder: some file systems take small letters for capitals."""
    folder = name.lower()
    same = folder in _FOLDERS and (root / folder).exists() and (root / name).samefile(root / folder)
    return folder if same else name


def _beside(root: str, folders: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield what lies beside the files that runs read, and why they pass it over."""
    base = Path(os.path.realpath(root))
    for name in (folder for folder in _FOLDERS if folder in folders):
        for here, inner, files in os.walk(base / name):
            inner[:] = filter(is_shown, inner)
            yield from (
                (safe_path(path), _LINKED) for path in map(Path(here).joinpath, inner) if path.is_symlink()
            )
            for path in map(Path(here).joinpath, filter(is_shown, files)):
                if not path.is_file():
                    yield safe_path(path), _NO_FILE
                elif is_unfinished(path.name):
                    yield safe_path(path), _UNFINISHED


def _listed(left: Iterable[tuple[str, str]]) -> list[str]:
    """Return a line for each reason, with the names of what was left out."""
    by_reason: dict[str, list[str]] = {}
    for name, why in left:
        by_reason.setdefault(why, []).append(name)
    lines = []
    for why, names in by_reason.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        lines.append(f"{', '.join(names[:_NAMED])}{more}: {why}")
    return lines


def _names(folders: Iterable[str], files: Iterable[str]) -> list[str]:
    return [*(safe_path(name) + "/" for name in folders), *map(safe_path, files)]
