"""After a rotation of the key: whether anything of an older key is left, in any snapshot."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import polars as pl

from stedi.contract import contract_of
from stedi.governance.verify.finding import Fault, Finding
from stedi.governance.verify.graves import Graves
from stedi.governance.verify.rule import name_of
from stedi.names import CUSTOMER_LANDING, TOMBSTONE
from stedi.pipeline.history import Run
from stedi.plan.lineage import KEYED_TABLES
from stedi.warehouse.inspection import Inspection
from stedi.warehouse.run_tables import Scan
from stedi.warehouse.warehouse import Warehouse

_DOMAINS = {"email": ("customer", "customer_id"), "serial_number": ("device", "device_id")}


def check_keys(
    warehouse: Warehouse,
    runs: Sequence[Run],
    tables: Mapping[str, Inspection],
    graves: Graves,
    scan: Scan,
    make: Callable[[str, str], str] | None,
) -> tuple[list[Finding], int]:
    """Look for snapshots, ids and tombstones of an older key, in a lake whose key was rotated.

    Args:
        warehouse: The tables.
        runs: The published runs.
        tables: What the tables' metadata says.
        graves: Who was erased.
        scan: The tables of the newest run.
        make: Makes ids, by the key in use; None without it: then rows are not looked at.

    Returns:
        Findings, and how many data files were read.
    """
    key = runs[-1].key_fingerprint
    if all(run.key_fingerprint == key for run in runs):
        return [], 0
    findings = [*_old_snapshots(runs, tables)]
    if wrong := sum(origin[-1:] != (key,) for origin in graves.origins):
        findings.append(
            Finding.of(Fault.OLD_KEY, TOMBSTONE, "tombstones of another key than ids", count=wrong)
        )
    if make is None:
        return findings, 0
    files = 0
    right = {
        column: {make(domain, name) for name in map(name_of, _texts(scan, name_column))}
        for name_column, (domain, column) in _DOMAINS.items()
    }
    for table in KEYED_TABLES:
        columns = [each for each in right if each in contract_of(table).names]
        if not columns:
            continue
        odd = 0
        for location in sorted(_live(tables[table])):
            files += 1
            with warehouse.files.open(location) as source:
                rows = pl.read_parquet(source, columns=columns)
            odd += sum(len(set(rows[column].unique()) - right[column]) for column in columns)
        if odd:
            findings.append(
                Finding.of(
                    Fault.OLD_KEY, table, f"{odd:,} ids that the key makes of nobody who is there", count=odd
                )
            )
    return findings, files


def _old_snapshots(runs: Sequence[Run], tables: Mapping[str, Inspection]) -> Iterator[Finding]:
    newest = runs[-1].key_fingerprint
    for table in KEYED_TABLES:
        named = {run.snapshots[table] for run in runs if run.key_fingerprint == newest}
        old = {run.snapshots[table] for run in runs if run.key_fingerprint != newest} - named
        if left := len(old & tables[table].snapshots.keys()):
            yield Finding.of(
                Fault.OLD_KEY, table, f"{left} snapshots of runs under a key that was retired", count=left
            )


def _live(table: Inspection) -> set[str]:
    return {file.location for listed in table.manifests.values() for file in listed if file.live}


def _texts(scan: Scan, column: str) -> Iterator[str]:
    yield from scan(CUSTOMER_LANDING).select(pl.col(column).unique()).collect().to_series()
