"""The audit of a whole lake, check by check."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms
from stedi.contract import CONTRACTS
from stedi.errors import CatalogError, ConfigurationError, KeyMismatchError
from stedi.governance.verify.accounts import check_arithmetic, check_ledger, check_recount
from stedi.governance.verify.erased import check_erased
from stedi.governance.verify.files import LakeFile, broken_tables, check_files, find_files
from stedi.governance.verify.finding import Check, Fault, Finding, Verification
from stedi.governance.verify.graves import Graves, find_graves
from stedi.governance.verify.history import (
    check_chain,
    check_finished,
    check_manifests,
    check_refs,
    check_snapshots,
    derived_under,
)
from stedi.governance.verify.ids import find_ids, learn_ids
from stedi.governance.verify.keys import check_keys
from stedi.governance.verify.people import check_people, work_out
from stedi.governance.verify.readings import Readings
from stedi.governance.verify.receipts import check_receipts
from stedi.governance.verify.rule import grave_maker, id_maker
from stedi.governance.verify.traces import needles_of, redacted, search_files
from stedi.names import DISTRIBUTION, TOMBSTONE
from stedi.pipeline.history import Run
from stedi.pipeline.keys import find_key
from stedi.pipeline.receipts.receipt import Receipt
from stedi.pipeline.site import Site
from stedi.progress import Progress
from stedi.warehouse.inspection import Inspection
from stedi.warehouse.unreadable import UNREADABLE
from stedi.warehouse.warehouse import Warehouse

_RULE: Final = ("ledger", "customers", "readings", "accounts")
"""The checks that work out the newest run a second time, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit is about.

    Attributes:
        name: The lake.
        folder: Its folder; None for one that is in a catalog.
        key: The pseudonym key; None where it is not at hand.
        keys: All keys that are at hand, retired ones too, by fingerprint.
        older_than: The age from which a file that nothing reaches is a finding.
        alone: Nobody else could write meanwhile.
        progress: Is told how far the audit is.
        pseudonyms: These keys, to check signatures with; None where the lake's own is not at hand.
        receipts: Receipts of erasures that somebody kept elsewhere.
    """

    name: str
    folder: Path | None
    key: bytes | None = field(repr=False)
    keys: Mapping[str, bytes] = field(repr=False)
    older_than: timedelta
    alone: bool
    progress: Progress
    pseudonyms: Pseudonyms | None
    receipts: Sequence[Receipt]


@dataclass(slots=True)
class _Book:
    """What was looked at so far, and found."""

    checks: list[Check] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def check(self, name: str, proves: str, unit: str) -> Iterator["_Entry"]:
        """Time a check, and write down what it found, or that a damaged file kept it from its end."""
        entry = _Entry()
        began = time.perf_counter()
        try:
            yield entry
        except UNREADABLE as error:
            self.findings += entry.findings
            self.unread[name] = type(error).__name__
            return
        self.findings += entry.findings
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


@dataclass(slots=True)
class _Entry:
    findings: list[Finding] = field(default_factory=list)
    looked_at: int = 0

    def add(self, found: tuple[list[Finding], int]) -> None:
        """Write down what a part of a check found, and how much it looked at."""
        self.findings += found[0]
        self.looked_at += found[1]


def verify_site(
    site: Site,
    pseudonyms: Pseudonyms | None,
    *,
    older_than: timedelta,
    progress: Progress,
    receipts: Sequence[Receipt] = (),
) -> Verification:
    """Audit the lake of a site, while no run is at work on it."""
    site.read()
    with site.still() as alone, site.explained():
        warehouse, runs = site.read()
        at_hand = _at_hand(pseudonyms, runs[-1].key_fingerprint)
        keys = _keys(at_hand)
        audit = Audit(
            name=str(site),
            folder=site.folder,
            key=keys.get(runs[-1].key_fingerprint),
            keys=keys,
            older_than=older_than,
            alone=alone,
            progress=progress,
            pseudonyms=at_hand,
            receipts=receipts,
        )
        return _verify(warehouse, runs, audit)


def _at_hand(given: Pseudonyms | None, fingerprint: str) -> Pseudonyms | None:
    """Return the keys of a lake; None if its own is not at hand: much can be checked without it."""
    try:
        return find_key(given, fingerprint=fingerprint)[0]
    except (KeyMismatchError, ConfigurationError):
        return None


def _keys(found: Pseudonyms | None) -> Mapping[str, bytes]:
    """Return keys by their fingerprints."""
    return {} if found is None else dict(zip(found.fingerprints, found.reveal_all(), strict=True))


def _verify(warehouse: Warehouse, runs: Sequence[Run], audit: Audit) -> Verification:
    """Audit a lake as it stands. Nothing is changed."""
    began = datetime.now(UTC)
    newest = runs[-1]
    audit.progress("reading all metadata", 0, 1)
    tables = {name: warehouse.inspect(name) for name in CONTRACTS}
    book = _Book()
    _check_metadata(book, runs, tables)

    broken: dict[str, str] = {}

    def scan(table: str) -> pl.LazyFrame:
        if table in broken:
            raise CatalogError(f"{broken[table]} can't be read")
        return warehouse.table(table).scan(newest.snapshots[table])

    def scan_derived_under(table: str) -> pl.LazyFrame:
        if table == TOMBSTONE and table not in broken:
            return warehouse.table(table).scan(derived_under(runs).snapshots[table])
        return scan(table)

    make = id_maker(audit.key) if audit.key is not None else None
    with book.check(
        "files", "every file that is needed is there, and every file that is there is needed", "files"
    ) as entry:
        files = find_files(warehouse, audit.folder, tables, before=began - audit.older_than)
        entry.add((check_files(files, tables, warehouse.root), len(files)))
    broken |= broken_tables(newest, tables, files)
    graves: Graves | None = None
    try:
        found = find_graves(scan)
        obeyed = find_graves(scan_derived_under)
    except UNREADABLE as error:
        book.unread |= dict.fromkeys((*_RULE, "erasures", "keys"), type(error).__name__)
    else:
        graves = found
        # Whoever was erased may be known by a digest of an older key.
        bury = None
        if make is not None:
            known = {*found.people, *found.devices}
            bury = grave_maker(audit.keys, newest.key_fingerprint, found.origins, known)
        _check_rule(book, scan, newest, make, obeyed, audit, bury)
        _check_erased(book, warehouse, tables, found, bury)
        with book.check("keys", "nothing of a key that was rotated is left", "data files") as entry:
            entry.add(check_keys(warehouse, runs, tables, found, scan, make))
    unsigned = _check_receipts(book, warehouse, runs, audit)
    _check_traces(book, files, tables, scan, audit)
    _name_damage(book)
    return Verification(
        lake=audit.name,
        run_id=newest.run_id,
        verified_at=began,
        code_version=version(DISTRIBUTION),
        consent=newest.consent,
        now=newest.now,
        key_checked=audit.key is not None,
        checks=tuple(book.checks),
        not_checked=(*_not_checked(audit, book.unread, graves), *unsigned),
        findings=tuple(check_finished(newest, book.findings)),
    )


def _name_damage(book: _Book) -> None:
    """See to it that a check that could not be made is a finding, whatever kept it from its end."""
    explained = {Fault.DAMAGED_FILE, Fault.LOST_FILE, Fault.SNAPSHOT_GONE}
    if book.unread and explained.isdisjoint(finding.code for finding in book.findings):
        book.findings += [
            Finding.of(Fault.DAMAGED_FILE, name, f"what it needs can't be read ({error})")
            for name, error in book.unread.items()
        ]


def _id_of(
    scan: Callable[[str], pl.LazyFrame], make: Callable[[str, str], str] | None
) -> Callable[[str, str], str | None]:
    """Return a function that tells ids: by the key, or as far as customer_trusted has them."""
    if make is not None:
        return make
    known = learn_ids(scan)
    domains = {"customer": known.customers, "device": known.devices}
    return lambda domain, name: domains[domain].get(name)


def _check_metadata(book: _Book, runs: Sequence[Run], tables: Mapping[str, Inspection]) -> None:
    """Check what metadata says of itself."""
    with book.check(
        "runs", "each run follows the one before it, and its arithmetic adds up", "runs"
    ) as entry:
        entry.add((check_chain(runs) + check_arithmetic(runs), len(runs)))
    with book.check(
        "snapshots", "tables have as many rows as their manifests, summaries and runs say", "snapshots"
    ) as entry:
        entry.add(check_snapshots(runs, tables))
    with book.check(
        "references", "main shows the newest run, and each tag one run, in every table", "references"
    ) as entry:
        entry.add(check_refs(runs, tables))
    with book.check("manifests", "no manifest keeps bounds of personal data", "manifests") as entry:
        entry.add(check_manifests(tables))


def _check_rule(
    book: _Book,
    scan: Callable[[str], pl.LazyFrame],
    run: Run,
    make: Callable[[str, str], str] | None,
    graves: Graves,
    audit: Audit,
    bury: Callable[[str, str], str] | None,
) -> None:
    """Derive the five tables a second time."""
    with book.check("ledger", "each landing object was loaded once, and entirely", "objects") as entry:
        entry.add(check_ledger(scan))
    with book.check(
        "customers", "customer_trusted is what the consent rule gives, no more and no less", "rows"
    ) as entry:
        people = work_out(
            scan, now=run.now, current=run.consent == "current", graves=graves, id_of=_id_of(scan, bury)
        )
        entry.add(check_people(scan, people))
        ids, wrong = find_ids(scan, people.rows, make)
        entry.add((wrong, 0))
    if "customers" in book.unread:
        book.unread |= dict.fromkeys(_RULE[2:], book.unread["customers"])
        return
    with book.check(
        "readings", "the other four derived tables are what the rule gives, no more and no less", "rows"
    ) as entry:
        odd, recount = Readings(scan, people, ids, progress=audit.progress).compare()
        entry.add((odd, recount.rows))
    if "readings" in book.unread:
        book.unread["accounts"] = book.unread["readings"]
        return
    with book.check(
        "accounts", "what the newest run counted is what a second count gives", "tables"
    ) as entry:
        entry.add((check_recount(run, recount), len(recount.accounts)))


def _check_erased(
    book: _Book,
    warehouse: Warehouse,
    tables: Mapping[str, Inspection],
    graves: Graves,
    make: Callable[[str, str], str] | None,
) -> None:
    with book.check(
        "erasures", "no snapshot, tag or branch holds anybody who was erased", "data files"
    ) as entry:
        looked = check_erased(warehouse, tables, graves, make)
        entry.add((looked.findings, looked.files))


def _check_receipts(book: _Book, warehouse: Warehouse, runs: Sequence[Run], audit: Audit) -> list[str]:
    """Check the receipts of erasures; return what could not be."""
    unchecked: frozenset[str] = frozenset()
    with book.check(
        "receipts", "each finished erasure has its receipt, and none was changed or left out", "receipts"
    ) as entry:
        findings, looked_at, unchecked = check_receipts(warehouse, runs, audit.pseudonyms, audit.receipts)
        entry.add((findings, looked_at))
    if not unchecked:
        return []
    return [f"without the keys of fingerprint {', '.join(sorted(unchecked))}: signatures of receipts"]


def _check_traces(
    book: _Book,
    files: Sequence[LakeFile],
    tables: Mapping[str, Inspection],
    scan: Callable[[str], pl.LazyFrame],
    audit: Audit,
) -> None:
    with book.check(
        "personal data", "who is in the landing tables is named nowhere but where it may be", "bytes"
    ) as entry:
        needles = needles_of(scan, audit.keys.values())
        searched = search_files(files, tables, needles, audit.progress)
        entry.add((searched.findings, searched.bytes))
    book.findings = redacted(book.findings, needles)


def _not_checked(audit: Audit, unread: Collection[str], graves: Graves | None) -> Iterator[str]:
    if unread:
        yield (
            f"{', '.join(unread)}: files that these checks need are damaged or gone. Who is named in such "
            "files only, was not looked for"
        )
    if audit.key is None:
        yield (
            "without the pseudonym key: that ids are what the key makes, that landing tables and quarantine "
            "hold nobody who was erased, that nobody is missing who registered again after an erasure, and "
            "that the key is not in the lake"
        )
    elif graves is not None and (lost := graves.keys - audit.keys.keys()):
        yield (
            f"without the retired keys of fingerprint {', '.join(sorted(lost))}: that nobody is there who "
            "was erased under them"
        )
    if not audit.alone:
        yield "that nobody wrote meanwhile: findings about files and references may be of a run at work"
    if audit.folder is None:
        yield "the catalog itself, which is a service, and what it has in store beside the tables"
