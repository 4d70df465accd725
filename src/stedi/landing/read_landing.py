"""Landing files as two frames: what may be used, and what was rejected."""

import os
from collections.abc import Mapping
from glob import glob, has_magic
from pathlib import Path

from stedi.contract.registry import landing_contract
from stedi.contract.table import Contract
from stedi.errors import LandingError
from stedi.landing import s3
from stedi.landing.fetch import fetch_object
from stedi.landing.objects import (
    LandingObject,
    data_files,
    is_data,
    local_name,
    local_object,
    readable,
    s3_object,
)
from stedi.landing.redact import safe_path
from stedi.landing.split import Split


def read_landing(
    source: str | os.PathLike[str],
    table: str,
    *,
    storage_options: Mapping[str, object] | None = None,
) -> Split:
    """Read landing files of one table, eagerly.

    JSON objects in lines, back to back, in arrays or printed over several lines, in UTF-8 or (with its mark)
    UTF-16, plain, gzip or zstd, whatever the file is called. Every record is in one of the two frames.

    Args:
        source: A file, a folder (all files at any depth), a glob pattern, or an ``s3://`` URL of any of
            these. In folders, names that begin with ``.`` or ``_`` are skipped, and those that end as of an
            unfinished file (``.part``, ``.tmp``, ``.filepart``).
        table: ``customer_landing``, ``accelerometer_landing`` or ``step_trainer_landing``.
        storage_options: Options of s3fs, beside the ordinary AWS environment variables.

    Returns:
        The kept and the rejected records, in the order of the paths and of the records in each.

    Raises:
        LandingError: There is no such file or none that matches, or one can't be read.
        UnknownNameError: There is no such table.

    Examples:
        >>> folder = getfixture("tmp_path")
        >>> text = '{"sensorReadingTime":1655564376361,"serialNumber":"a","distanceFromObject":246}'
        >>> _ = (folder / "steps.json").write_text(text + text + '{"sensorReadingTime":1655564')
        >>> split = read_landing(folder / "steps.json", "step_trainer_landing")
        >>> split.kept["distance_from_object"].to_list()
        [246, 246]
        >>> split.rejected.select("reason", "raw", "_position").row(0)
        ('cut_off', '{"sensorReadingTime":1655564', 2)
    """
    contract = landing_contract(table)
    location = os.fspath(source)
    find = _on_s3 if s3.is_url(location) else _local
    splits: list[Split] = []
    for obj in find(location, contract, storage_options):
        with fetch_object(obj, storage_options=storage_options) as fetched:
            splits.extend(fetched.splits(contract, run=None))
    return Split.concat(splits, contract)


def _local(location: str, contract: Contract, _: Mapping[str, object] | None) -> list[LandingObject]:
    with readable(location):
        files = _files(location)
    if not files:
        raise LandingError(f"no file is in or matches {local_name(location)}: check the path, or the pattern")
    return [local_object(file, contract) for file in sorted(files)]


def _files(location: str) -> set[str]:
    path = Path(os.path.realpath(location))
    if path.is_file():
        return {str(path)}
    if path.is_dir():
        return set(data_files(path, path))
    if not has_magic(location):
        raise LandingError(f"there is no file or folder {safe_path(location)}: check the path")
    matches = [Path(os.path.realpath(match)) for match in glob(location, recursive=True)]  # noqa: PTH207 - of any root
    files = {str(match) for match in matches if match.is_file()}
    return files | {file for match in matches if match.is_dir() for file in data_files(match, match)}


def _on_s3(location: str, contract: Contract, options: Mapping[str, object] | None) -> list[LandingObject]:
    location = s3.canonical(location)
    found = s3.list_objects(location, options)
    if not found and has_magic(location):
        found = s3.glob_objects(location, options)
    elif [one.url for one in found] != [location]:
        prefix = len(location) + 1
        found = [one for one in found if is_data(one.url[prefix:])]
    if not found:
        raise LandingError(
            f"no object is under or matches {safe_path(location)}: check the bucket and the path"
        )
    return [s3_object(one, contract) for one in found]
