"""After a rotation of the key: whether anything of an older key is left, in any snapshot."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from stedi.contract import contract_of
from stedi.governance.verify.files import live_files, read_columns
from stedi.governance.verify.finding import Fault, Finding
from stedi.governance.verify.ids import MakeId, Tombstones
from stedi.governance.verify.rule import normalized
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
    tombstones: Tombstones,
    scan: Scan,
    make: MakeId | None,
) -> tuple[list[Finding], int]:
    """Look for snapshots, ids and tombstones of an older key, in a lake whose key was rotated.

    Args:
        warehouse: The tables.
        runs: The published runs.
        tables: What the tables' metadata says.
        tombstones: Who was erased.
        scan: The tables of the newest run.
        make: Makes ids, by the key in use; None without it: then rows are not looked at.

    Returns:
        Findings, and how many data files were read.
    """
    key = runs[-1].key_fingerprint
    if all(run.key_fingerprint == key for run in runs):
        return [], 0
    findings = [*_old_snapshots(runs, tables)]
    if wrong := sum(origin[-1:] != (key,) for origin in tombstones.origins):
        findings.append(
            Finding.of(Fault.OLD_KEY, TOMBSTONE, "tombstones of another key than ids", count=wrong)
        )
    if make is None:
        return findings, 0
    files = 0
    names = scan(CUSTOMER_LANDING).select(pl.col(*_DOMAINS).unique().implode()).collect()
    right = {
        column: {make(domain, normalized(text)) for text in names[spelled].item()}
        for spelled, (domain, column) in _DOMAINS.items()
    }
    for table in KEYED_TABLES:
        columns = [each for each in right if each in contract_of(table).names]
        if not columns:
            continue
        live = live_files(tables[table])
        files += len(live)
        frames = (read_columns(warehouse, location, columns) for location in sorted(live))
        odd = sum(len(set(rows[each].unique()) - right[each]) for rows in frames for each in columns)
        if odd:
            problem = f"{odd:,} ids that the key makes of nobody who is there"
            findings.append(Finding.of(Fault.OLD_KEY, table, problem, count=odd))
    return findings, files


def _old_snapshots(runs: Sequence[Run], tables: Mapping[str, Inspection]) -> Iterator[Finding]:
    newest = runs[-1].key_fingerprint
    for table in KEYED_TABLES:
        named = {run.snapshots[table] for run in runs if run.key_fingerprint == newest}
        old = {run.snapshots[table] for run in runs if run.key_fingerprint != newest} - named
        if left := len(old & tables[table].snapshots.keys()):
            problem = f"{left} snapshots of runs under a key that was retired"
            yield Finding.of(Fault.OLD_KEY, table, problem, count=left)
