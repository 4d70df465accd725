"""What a table's metadata must not decide: which code runs, which store is spoken to, where files go.

Whoever can write to a lake's metadata can set any property. pyiceberg obeys them: it imports the class that
``py-io-impl`` names, and takes ``s3.endpoint`` of a table over that of the catalog. So they are looked at
before anything is done with them.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from pyiceberg.catalog import Catalog
from pyiceberg.io import FileIO
from pyiceberg.table import Table
from pyiceberg.typedef import EMPTY_DICT, Properties

from stedi.contract import CONTRACTS
from stedi.errors import UnsafeTableError
from stedi.warehouse.avro import with_frames_checked
from stedi.warehouse.layout import BUCKET_FIELD

_CODE: Final = re.compile(r"(?:.*[.-])?(?:py-)[a-z.-]*impl", re.IGNORECASE)
"""Properties by which pyiceberg imports a class."""

_STORE: Final = re.compile(
    r"(?:s3|gcs|adls|abfs|wasb|hdfs|hf|oss|client|http|rest|header|auth|ssl)[.-].*"
    r"|auth|credential|proxy|token|uri|warehouse",
    re.IGNORECASE,
)
"""Properties by which pyiceberg finds a store and tells it who it is."""

_PATHS: Final = (
    "write.data.path",
    "write.metadata.path",
    "write.object-storage.path",
    "write.folder-storage.path",
)


def guard(catalog: Catalog, given: Mapping[str, str]) -> Catalog:
    """Return a catalog that refuses properties which name code, before their code is imported.

    Args:
        catalog: The catalog.
        given: The settings that its user gave: they may name code.

    Raises:
        UnsafeTableError: The catalog's server adds settings that name code.
    """
    refuse_code("the catalog", {name for name in catalog.properties if name not in given})
    load = catalog._load_file_io  # noqa: SLF001 - the one place through which all catalogs load such code

    def load_guarded(properties: Properties = EMPTY_DICT, location: str | None = None) -> FileIO:
        refuse_code("a table", properties)
        return with_frames_checked(load(properties, location))

    catalog._load_file_io = load_guarded  # type: ignore[method-assign] # noqa: SLF001 - the same
    return catalog


def refuse_code(place: str, names: Iterable[str]) -> None:
    """Refuse properties that name code to import.

    Raises:
        UnsafeTableError: There is one.
    """
    if any(_CODE.fullmatch(name) for name in names):
        raise UnsafeTableError(
            f"{place} has a property that names code to import: nothing of it was loaded. Find out who set "
            "it, and restore the lake from a backup"
        )


def check_table(table: Table, root: str) -> Table:
    """Return a table whose metadata leads nowhere else.

    Args:
        table: The table.
        root: The warehouse. Where a catalog only has a name for it, the catalog decides on places.

    Raises:
        UnsafeTableError: A property changes the store, or its files would be outside the warehouse.
    """
    name = table.name()[-1]
    if any(_STORE.fullmatch(each) for each in table.metadata.properties):
        raise UnsafeTableError(
            f"table {name} has a property that leads to another store, or changes how it is spoken to: the "
            "table is not used. Remove the property with the tool that set it"
        )
    if not root.startswith("/") and "://" not in root:
        return table
    for place in (table.metadata.location, *(table.metadata.properties.get(each) for each in _PATHS)):
        if place is not None and not _inside(place, root):
            raise UnsafeTableError(
                f"table {name} is not under the warehouse {root}: nothing is written or deleted elsewhere. "
                "Find out who changed its location, and restore the lake from a backup"
            )
    return table


def _inside(place: str, root: str) -> bool:
    inner, outer = (re.sub(r"^(?:file://(?=/)|s3[an]?://)", "", each).rstrip("/") for each in (place, root))
    return ".." not in inner.split("/") and inner.startswith(f"{outer}/")


def refuse_links(folder: Path, catalog: str, warehouse: str, namespace: str) -> None:
    """Refuse a local lake in which a link stands where stedi would write.

    Args:
        folder: The folder of the lake.
        catalog: The name of its catalog file.
        warehouse: The name of its warehouse.
        namespace: The namespace of its tables.

    Raises:
        UnsafeTableError: There is one that leads out of the warehouse.
    """
    home = folder / warehouse
    inside = os.path.realpath(folder)
    for place in (folder / catalog, home, home / namespace, *_written(home / namespace)):
        if place.is_symlink() and not os.path.realpath(place).startswith(f"{inside}/"):
            raise UnsafeTableError(
                f"{place.relative_to(folder)} in the lake {folder} is a symbolic link that leads out of it: "
                "no file was deleted or written. Put the folder itself in its place"
            )


def _written(namespace: Path) -> Iterable[Path]:
    """Yield the folders of tables in which stedi writes."""
    for contract in CONTRACTS.values():
        home = namespace / contract.name
        yield home
        yield home / "metadata"
        yield home / "data"
        if contract.bucketed and (home / "data").is_dir():
            yield from (home / "data").glob(f"{BUCKET_FIELD}=*")
