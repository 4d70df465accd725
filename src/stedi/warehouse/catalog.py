"""The catalog: an SQLite file beside the warehouse, or any that pyiceberg knows."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from pyiceberg.catalog import AVAILABLE_CATALOGS, Catalog, CatalogType
from pyiceberg.exceptions import (
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    NotInstalledError,
    ValidationError,
)
from pyiceberg.table import Table

from stedi.contract import Contract
from stedi.errors import CatalogError, ConfigurationError, LakeError
from stedi.names import RUN
from stedi.warehouse.failure import catalog_errors
from stedi.warehouse.guard import check_table, guard, refuse_links
from stedi.warehouse.layout import (
    FORMAT_PROPERTY,
    LAKE_FORMAT,
    iceberg_schema,
    partition_spec,
    table_properties,
)
from stedi.warehouse.notes import NOTES_FOLDER
from stedi.warehouse.sqlite_catalog import SqliteCatalog, knows, places
from stedi.warehouse.transaction import Creation

CATALOG_FILE: Final = "catalog.db"
_CATALOG: Final = "stedi"
"""The name of a local catalog, as its rows have it."""
WAREHOUSE_FOLDER: Final = "warehouse"


def local_catalog(folder: Path, namespace: str, *, create: bool) -> Catalog:
    """Open the catalog of a local lake.

    Args:
        folder: The folder of the lake.
        namespace: The namespace of its tables.
        create: Make what is not there yet. Only who holds the lake may: a reader that makes tables would
            be in the way of the run that makes them.

    Raises:
        CatalogError: The catalog file can't be read or made.
        LakeError: The lake was moved: the paths in its metadata are those of another place.
    """
    file = folder / CATALOG_FILE
    _refuse_moved(folder, file, namespace)
    try:
        if create:
            refuse_links(folder, CATALOG_FILE, WAREHOUSE_FOLDER, namespace)
            (folder / WAREHOUSE_FOLDER).mkdir(parents=True, exist_ok=True)
        catalog = SqliteCatalog(_CATALOG, file, folder / WAREHOUSE_FOLDER, create=create)
    except OSError as error:
        raise CatalogError(f"the lake {folder} can't be written: {error.strerror}") from None
    except sqlite3.Error as error:
        raise CatalogError(
            f"the catalog {file} can't be opened ({type(error).__name__}): is it an SQLite file that you "
            "may write, on a disk with room?"
        ) from None
    return guard(catalog, catalog.properties)


def _refuse_moved(folder: Path, file: Path, namespace: str) -> None:
    """Refuse a lake whose metadata speaks of another place: its absolute paths would be followed there.

    So is a catalog that does not know the lake beside it, or knows it by another name.
    """
    if not file.exists():
        return
    try:
        found = places(file)
        known = knows(file, _CATALOG, namespace, RUN)
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            _refuse_orphaned(folder, file)
            return
        raise CatalogError(f"the catalog {file} can't be read: {error}") from None
    except sqlite3.DatabaseError:
        raise CatalogError(
            f"the catalog {file} is damaged, or no SQLite database: restore it from a backup"
        ) from None
    if not known and _was_published(folder):
        raise CatalogError(
            f"the catalog {file} knows nothing of the runs of a namespace {namespace!r}, and there is a lake "
            "in the warehouse beside it: name its namespace, or restore the catalog from a backup"
        )
    home = f"{folder / WAREHOUSE_FOLDER}/"
    for place in found:
        if not place.startswith(home):
            origin = place.partition(f"/{WAREHOUSE_FOLDER}/")[0]
            raise LakeError(
                f"the lake {folder} was made at {origin}, and its tables hold the paths of that place: "
                "move it back there, or bind-mount it there (a copy can't be used beside the original)"
            )


def refuse_lost(folder: Path) -> None:
    """Refuse a lake whose catalog is gone, while what was published is still there.

    Raises:
        CatalogError: It is.
    """
    if not (folder / CATALOG_FILE).exists() and _was_published(folder):
        raise CatalogError(
            f"the lake {folder} has lost its catalog, {CATALOG_FILE}: its tables are still there, but nothing"
            " says which of their files count. Restore the file from a backup; no new lake is begun over them"
        )


def _was_published(folder: Path) -> bool:
    """Say whether anything was ever published: nothing else writes rows of runs, or receipts."""
    home = folder / WAREHOUSE_FOLDER
    return any(home.glob(f"*/{RUN}/data/*.parquet")) or any(home.glob(f"{NOTES_FOLDER}/*"))


def _refuse_orphaned(folder: Path, file: Path) -> None:
    """Refuse a catalog that knows of no table beside a warehouse that holds some."""
    if any(path.is_file() for path in (folder / WAREHOUSE_FOLDER).rglob("*")):
        raise CatalogError(
            f"the catalog {file} is empty, but the warehouse beside it is not: restore the catalog from a "
            "backup"
        )


def remote_catalog(settings: Mapping[str, str], warehouse: str) -> Catalog:
    """Open a catalog from explicit settings only: no configuration file is read.

    Raises:
        ConfigurationError: The settings name no catalog that pyiceberg knows.
    """
    known = [kind.value for kind in AVAILABLE_CATALOGS]
    kind = settings.get("type", "")
    if kind not in known:
        raise ConfigurationError(
            f"catalog type {kind!r} is not known; pass catalog={{'type': ..., ...}} with one of: "
            f"{', '.join(known)}"
        )
    properties = {name: value for name, value in settings.items() if name != "type"}
    if kind == CatalogType.SQL.value:
        # A connection that the server closed meanwhile is replaced, not reported.
        properties.setdefault("pool_pre_ping", "true")
    try:
        catalog = _opened(CatalogType(kind), properties | {"warehouse": warehouse})
    except (ImportError, NotInstalledError):
        raise ConfigurationError(
            f"the {kind} catalog needs a library that is not installed: stedi's extra aws brings Glue's "
            "(pip install '.[aws]' in a checkout of stedi), and pyiceberg's extras those of other catalogs "
            "(pip install 'pyiceberg[sql-postgres]')"
        ) from None
    return guard(catalog, properties)


def _opened(kind: CatalogType, properties: Mapping[str, str]) -> Catalog:
    """Open a catalog: of two who make the tables of a new one at once, one is refused, and tries again."""
    try:
        return AVAILABLE_CATALOGS[kind]("stedi", dict(properties))
    except Exception as error:
        if not isinstance(error, catalog_errors()):
            raise
    return AVAILABLE_CATALOGS[kind]("stedi", dict(properties))


def begin_namespace(catalog: Catalog, namespace: str) -> None:
    """Make a namespace, if nobody else did or does."""
    try:
        catalog.create_namespace(namespace)
    except NamespaceAlreadyExistsError:
        return
    except Exception as error:
        if not isinstance(error, catalog_errors()) or not catalog.namespace_exists(namespace):
            raise


def create_table(catalog: Catalog, namespace: str, contract: Contract, buckets: int) -> Table:
    """Make the table of a contract, with one empty snapshot for branches to start from."""
    identifier = (namespace, contract.name)
    begun = catalog.create_table_transaction(
        identifier,
        iceberg_schema(contract),
        partition_spec=partition_spec(contract, buckets),
        properties=table_properties(contract),
    )
    transaction = Creation.of(begun)
    with transaction.update_snapshot().fast_append():
        pass
    transaction.commit_transaction()
    return catalog.load_table(identifier)


def metadata_place(catalog: Catalog, namespace: str, name: str) -> str | None:
    """Return where the catalog of a local lake says that the metadata of a table is, without reading it."""
    return catalog.place((namespace, name)) if isinstance(catalog, SqliteCatalog) else None


def scrub(catalog: Catalog) -> None:
    """Write an SQLite catalog anew: what was deleted in it stands in no free page of the file."""
    if isinstance(catalog, SqliteCatalog):
        catalog.scrub()
        return
    engine = getattr(catalog, "engine", None)  # that of pyiceberg's SqlCatalog
    if engine is None or engine.dialect.name != "sqlite":
        return
    with closing(engine.raw_connection()) as connection:
        connection.cursor().execute("VACUUM")


def load_table(catalog: Catalog, namespace: str, contract: Contract) -> Table | None:
    """Load the table of a contract; None if it was not made yet.

    Raises:
        CatalogError: Its metadata can't be read.
    """
    try:
        table = catalog.load_table((namespace, contract.name))
    except NoSuchTableError:
        return None
    except catalog_errors() as error:
        if "no such table" in str(error):
            return None
        raise CatalogError(f"the catalog can't be read ({type(error).__name__})") from None
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise CatalogError(
            f"the metadata of table {contract.name} can't be read ({type(error).__name__}): restore the lake "
            "from a backup, or make it again from the landing files"
        ) from None
    _refuse_newer(table)
    check_table(table, catalog.properties["warehouse"].removeprefix("file://").rstrip("/"))
    if not table.location().rstrip("/").endswith(f"/{contract.name}"):
        raise CatalogError(
            f"the catalog has the metadata of another table for {contract.name}: restore it from a backup"
        )
    return table


def _refuse_newer(table: Table) -> None:
    """Refuse a lake that a newer stedi made or upgraded."""
    said = table.metadata.properties.get(FORMAT_PROPERTY, "1")
    if not said.isdecimal() or int(said) > LAKE_FORMAT:
        raise LakeError(
            f"the lake has format {said[:20]}, and this version of stedi knows formats up to {LAKE_FORMAT}: "
            "use a newer one"
        )
