"""The audit of a whole lake, check by check."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Final

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms
from stedi.contract import CONTRACTS
from stedi.errors import CatalogError, ConfigurationError, KeyMismatchError
from stedi.governance.verify.accounts import check_arithmetic, check_ledger, check_recount
from stedi.governance.verify.customers import check_customers, expect_customers
from stedi.governance.verify.erased import check_erased
from stedi.governance.verify.files import LakeFile, broken_tables, check_files, find_files
from stedi.governance.verify.finding import Check, Fault, Finding, Verification
from stedi.governance.verify.history import (
    check_finished,
    check_manifests,
    check_refs,
    check_run_chain,
    check_snapshots,
    derived_under,
)
from stedi.governance.verify.ids import (
    MakeId,
    Tombstones,
    digest_maker,
    find_ids,
    find_tombstones,
    id_maker,
    learn_ids,
)
from stedi.governance.verify.keys import check_keys
from stedi.governance.verify.readings import compare_readings
from stedi.governance.verify.receipts import check_receipts
from stedi.governance.verify.traces import needles_of, redacted, search_files
from stedi.names import DISTRIBUTION
from stedi.pipeline.history import Run
from stedi.pipeline.keys import find_key
from stedi.pipeline.receipts.receipt import Receipt
from stedi.pipeline.site import Site
from stedi.progress import Progress
from stedi.warehouse.inspection import Inspection
from stedi.warehouse.run_tables import RunTables, Scan
from stedi.warehouse.unreadable import UNREADABLE
from stedi.warehouse.warehouse import Warehouse

_CHECKS: Final = {
    "runs": ("each run follows the one before it, and its arithmetic adds up", "runs"),
    "snapshots": ("tables have as many rows as their manifests, summaries and runs say", "snapshots"),
    "references": ("main shows the newest run, and each tag one run, in every table", "references"),
    "manifests": ("no manifest keeps bounds of personal data", "manifests"),
    "files": ("every file that is needed is there, and every file that is there is needed", "files"),
    "ledger": ("each landing object was loaded once, and entirely", "objects"),
    "customers": ("customer_trusted is what the consent rule gives, no more and no less", "rows"),
    "readings": ("the other four derived tables are what the rule gives, no more and no less", "rows"),
    "accounts": ("what the newest run counted is what a second count gives", "tables"),
    "erasures": ("no snapshot, tag or branch holds anybody who was erased", "data files"),
    "keys": ("nothing of a key that was rotated is left", "data files"),
    "receipts": ("each finished erasure has its receipt, and none was changed or left out", "receipts"),
    "personal data": ("who is in the landing tables is named nowhere but where it may be", "bytes"),
}
"""The checks, in their order: what each proves where it finds nothing, and the unit of what it looks at."""

_NEED_TOMBSTONES: Final = ("ledger", "customers", "readings", "accounts", "erasures", "keys")


@dataclass(slots=True)
class _Entry:
    """What a check that is being made found so far, and how much it looked at."""

    findings: list[Finding] = field(default_factory=list)
    looked_at: int = 0

    def add(self, findings: Iterable[Finding], looked_at: int) -> None:
        """Write down what a part of the check found."""
        self.findings += findings
        self.looked_at += looked_at


@dataclass(slots=True)
class _Log:
    """What was looked at so far, what was found, and which checks a damaged file kept from their end."""

    checks: list[Check] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def check(self, name: str) -> Iterator[_Entry]:
        """Time a check, and write down what it found, or that a damaged file kept it from its end."""
        proves, unit = _CHECKS[name]
        entry = _Entry()
        began = time.perf_counter()
        try:
            yield entry
        except UNREADABLE as error:
            self.unread[name] = type(error).__name__
        else:
            self.checks.append(
                Check(
                    name=name,
                    proves=proves,
                    looked_at=entry.looked_at,
                    unit=unit,
                    findings=len(entry.findings),
                    seconds=round(time.perf_counter() - began, 3),
                )
            )
        self.findings += entry.findings

    def skip(self, names: Iterable[str], why: str) -> None:
        """Write down that checks can't be made."""
        self.unread |= dict.fromkeys(names, why)


def verify_site(
    site: Site,
    pseudonyms: Pseudonyms | None,
    *,
    older_than: timedelta,
    progress: Progress,
    receipts: Sequence[Receipt] = (),
) -> Verification:
    """Audit the lake of a site, while no run is at work on it. Nothing is changed.

    Args:
        site: The site.
        pseudonyms: The keys that were passed; None to look for the lake's own.
        older_than: The age from which a file that nothing reaches is a finding.
        progress: Is told how far the audit is.
        receipts: Receipts of erasures that somebody kept elsewhere.
    """
    site.read()
    with site.keep_writers_off() as alone, site.explained():
        warehouse, runs = site.read()
        began = datetime.now(UTC)
        newest = runs[-1]
        at_hand = _at_hand(pseudonyms, newest.key_fingerprint)
        keys = {} if at_hand is None else dict(zip(at_hand.fingerprints, at_hand.reveal_all(), strict=True))
        progress("reading all metadata", 0, 1)
        tables = {name: warehouse.inspect(name) for name in CONTRACTS}
        log = _Log()
        _check_metadata(log, runs, tables)
        files: Sequence[LakeFile] = ()
        with log.check("files") as entry:
            files = find_files(warehouse, site.folder, tables, before=began - older_than)
            entry.add(check_files(files, tables, warehouse.root), len(files))
        broken = broken_tables(newest, tables, files)
        scan = _readable(warehouse.at(newest.snapshots), broken)
        tombstones = _check_rows(log, warehouse, runs, tables, broken, scan, keys=keys, progress=progress)
        unsigned: frozenset[str] = frozenset()
        with log.check("receipts") as entry:
            findings, looked_at, unsigned = check_receipts(warehouse, runs, at_hand, receipts)
            entry.add(findings, looked_at)
        with log.check("personal data") as entry:
            needles = needles_of(scan, keys.values())
            entry.add(*search_files(files, tables, needles, progress))
        log.findings = redacted(log.findings, needles)
        _name_damage(log)
        return Verification(
            lake=str(site),
            run_id=newest.run_id,
            verified_at=began,
            code_version=version(DISTRIBUTION),
            consent=newest.consent,
            now=newest.now,
            key_checked=newest.key_fingerprint in keys,
            checks=tuple(log.checks),
            not_checked=tuple(
                _not_checked(
                    log.unread,
                    key_checked=newest.key_fingerprint in keys,
                    lost_keys=() if tombstones is None else tombstones.keys - keys.keys(),
                    alone=alone,
                    in_catalog=site.folder is None,
                    unsigned=unsigned,
                )
            ),
            findings=tuple(check_finished(newest, log.findings)),
        )


def _at_hand(given: Pseudonyms | None, fingerprint: str) -> Pseudonyms | None:
    """Return the keys of a lake; None if its own is not at hand: much can be checked without it."""
    try:
        return find_key(given, fingerprint=fingerprint)[0]
    except (KeyMismatchError, ConfigurationError):
        return None


def _readable(tables: RunTables, broken: Mapping[str, str]) -> Scan:
    """Return what scans the tables of a run; those that are known to be broken are errors at once."""

    def scan(table: str) -> pl.LazyFrame:
        if table in broken:
            raise CatalogError(f"{broken[table]} can't be read")
        return tables.scan(table)

    return scan


def _check_metadata(log: _Log, runs: Sequence[Run], tables: Mapping[str, Inspection]) -> None:
    """Check what metadata says of itself."""
    with log.check("runs") as entry:
        entry.add([*check_run_chain(runs), *check_arithmetic(runs)], len(runs))
    with log.check("snapshots") as entry:
        entry.add(*check_snapshots(runs, tables))
    with log.check("references") as entry:
        entry.add(*check_refs(runs, tables))
    with log.check("manifests") as entry:
        entry.add(*check_manifests(tables))


def _check_rows(
    log: _Log,
    warehouse: Warehouse,
    runs: Sequence[Run],
    tables: Mapping[str, Inspection],
    broken: Mapping[str, str],
    scan: Scan,
    *,
    keys: Mapping[str, bytes],
    progress: Progress,
) -> Tombstones | None:
    """Derive the tables anew, and look for who was erased; return the tombstones, if they can be read."""
    newest = runs[-1]
    try:
        tombstones = find_tombstones(scan)
        obeyed = find_tombstones(_readable(warehouse.at(derived_under(runs).snapshots), broken))
    except UNREADABLE as error:
        log.skip(_NEED_TOMBSTONES, type(error).__name__)
        return None
    make = digest_of = None
    if newest.key_fingerprint in keys:
        make = id_maker(keys[newest.key_fingerprint])
        # Whoever was erased may be known by a digest of an older key.
        known = {*tombstones.people, *tombstones.devices}
        digest_of = digest_maker(keys, newest.key_fingerprint, tombstones.origins, known)
    _check_rule(log, scan, newest, make, obeyed, digest_of, progress)
    with log.check("erasures") as entry:
        entry.add(*check_erased(warehouse, tables, tombstones, digest_of))
    with log.check("keys") as entry:
        entry.add(*check_keys(warehouse, runs, tables, tombstones, scan, make))
    return tombstones


def _check_rule(
    log: _Log,
    scan: Scan,
    run: Run,
    make: MakeId | None,
    tombstones: Tombstones,
    digest_of: MakeId | None,
    progress: Progress,
) -> None:
    """Derive the five tables a second time."""
    with log.check("ledger") as entry:
        entry.add(*check_ledger(scan))
    with log.check("customers") as entry:
        id_of = digest_of or learn_ids(scan)
        current = run.consent == "current"
        expected = expect_customers(scan, now=run.now, current=current, tombstones=tombstones, id_of=id_of)
        entry.add(*check_customers(scan, expected))
        ids, wrong = find_ids(scan, expected.rows, make)
        entry.add(wrong, 0)
    if "customers" in log.unread:
        log.skip(("readings", "accounts"), log.unread["customers"])
        return
    with log.check("readings") as entry:
        odd, recount = compare_readings(scan, expected, ids, progress=progress)
        entry.add(odd, recount.rows)
    if "readings" in log.unread:
        log.skip(("accounts",), log.unread["readings"])
        return
    with log.check("accounts") as entry:
        entry.add(check_recount(run, recount), len(recount.accounts))


def _name_damage(log: _Log) -> None:
    """See to it that a check that could not be made is a finding, whatever kept it from its end."""
    explained = {Fault.DAMAGED_FILE, Fault.LOST_FILE, Fault.SNAPSHOT_GONE}
    if log.unread and explained.isdisjoint(finding.code for finding in log.findings):
        log.findings += [
            Finding.of(Fault.DAMAGED_FILE, name, f"what it needs can't be read ({error})")
            for name, error in log.unread.items()
        ]


def _not_checked(
    unread: Collection[str],
    *,
    key_checked: bool,
    lost_keys: Collection[str],
    alone: bool,
    in_catalog: bool,
    unsigned: Collection[str],
) -> Iterator[str]:
    """Yield what could not be looked at, and why.

    Args:
        unread: The checks that damaged files kept from their end.
        key_checked: The lake's key was at hand.
        lost_keys: The fingerprints of keys that made tombstones, and are not at hand.
        alone: Nobody else could write meanwhile.
        in_catalog: The lake is in a catalog that is a service.
        unsigned: The fingerprints of keys that signed receipts, and are not at hand.
    """
    if unread:
        yield (
            f"{', '.join(unread)}: files that these checks need are damaged or gone. Who is named in such "
            "files only, was not looked for"
        )
    if not key_checked:
        yield (
            "without the pseudonym key: that ids are what the key makes, that landing tables and quarantine "
            "hold nobody who was erased, that nobody is missing who registered again after an erasure, and "
            "that the key is not in the lake"
        )
    elif lost_keys:
        yield (
            f"without the retired keys of fingerprint {', '.join(sorted(lost_keys))}: that nobody is there "
            "who was erased under them"
        )
    if not alone:
        yield "that nobody wrote meanwhile: findings about files and references may be of a run at work"
    if in_catalog:
        yield "the catalog itself, which is a service, and what it has in store beside the tables"
    if unsigned:
        yield f"without the keys of fingerprint {', '.join(sorted(unsigned))}: signatures of receipts"
