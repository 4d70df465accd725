"""Landing objects → landing tables, quarantine and ledger: each object entirely, once, or not at all."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms
from stedi.contract import LANDING, Contract, contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import LandingError, RejectedError
from stedi.landing.fetch import fetch_object
from stedi.landing.gate import Gate
from stedi.landing.objects import LandingObject, OnSkipped, find_objects
from stedi.landing.redact import as_typed, safe_path
from stedi.landing.split import Split
from stedi.names import CUSTOMER_LANDING, ERASED, OBJECT, QUARANTINE, TOMBSTONE
from stedi.pipeline.derive.prefetch import interleaved, prefetched
from stedi.pipeline.publication import account_of
from stedi.pipeline.refusals import (
    Refusal,
    Rejects,
    as_plain,
    in_words,
    key_in_words,
    lookalike_notes,
    silent_notes,
    worst,
)
from stedi.plan.account import Account
from stedi.progress import Progress
from stedi.warehouse.warehouse import Warehouse
from stedi.warehouse.writer import TableWriter
from stedi.wording import beginning

_UPDATED = "last_update_date"


class _End(NamedTuple):
    """What is known of a landing object when its last record was read."""

    digest: str
    duplicate: bool
    consent_field: bool
    lookalike: str | None


@dataclass(slots=True, kw_only=True)
class _Entry:
    """What was found in a landing object so far."""

    records: int = 0
    rejected: int = 0
    erased: int = 0
    newest_update: datetime | None = None
    rejects: Rejects = field(default_factory=Rejects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a run took in.

    Attributes:
        snapshots: The staged snapshot of each table that holds what was sent.
        accounts: The arithmetic of each of them, over the new records.
        read: What the objects that were read are called, without names.
        refusals: The objects with the most rejected records.
        notes: What is to be said of customer objects in which consent could not be read.
        paths: The paths of what was read, which can hold personal data.
    """

    snapshots: Mapping[str, int]
    accounts: Mapping[str, Account]
    read: Sequence[str]
    refusals: Sequence[Refusal]
    notes: Sequence[str]
    paths: Sequence[str] = field(repr=False)


def find_sources(root: str, *, left_out: OnSkipped | None = None) -> Mapping[str, Sequence[LandingObject]]:
    """Return the landing objects of each landing table.

    Args:
        root: The landing root.
        left_out: Is told of what can't be listed, in place of an error.

    Raises:
        LandingError: There is no such root, or the system refuses it.
    """
    try:
        return {contract.name: find_objects(root, contract, left_out=left_out) for contract in LANDING}
    except OSError as error:
        raise LandingError(
            f"the landing root {beginning(as_typed(root))} can't be read: {error.strerror}. Check its name, "
            "that it is there, and its permissions"
        ) from None


class Loader:
    """Loads what a lake has not seen yet.

    Args:
        warehouse: The lake's tables.
        base: The snapshots to build upon.
        run_id: The run that loads.
        branch: Its branch.
        pseudonyms: Recognise what was erased.
        progress: Is told how many bytes are done.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        base: Mapping[str, int],
        *,
        run_id: str,
        branch: str,
        pseudonyms: Pseudonyms,
        progress: Progress,
    ) -> None:
        self._warehouse = warehouse
        self._base = base
        self._run_id = run_id
        self._branch = branch
        self._progress = progress
        self._ledger = warehouse.at(base).scan(OBJECT).collect()
        self._gate = Gate(warehouse.at(base).scan(TOMBSTONE).collect(), pseudonyms)
        self._entries: list[dict[str, object]] = []
        self._refusals: list[Refusal] = []
        self._lookalikes: list[tuple[str, str]] = []
        self._silent: list[str] = []
        self._unread = 0
        self._reasons: dict[str, Counter[str]] = {contract.name: Counter() for contract in LANDING}

    def unseen(
        self, sources: Mapping[str, Sequence[LandingObject]], notes: Sequence[str] = ()
    ) -> Mapping[str, Sequence[LandingObject]]:
        """Return the objects that the ledger does not know by path, size and version.

        Args:
            sources: All objects.
            notes: What somebody should know where one is missing.

        Raises:
            LandingError: A table never had any object.
        """
        known = set(self._ledger.select("table_name", "path", "size", "version").iter_rows())
        had = set(self._ledger["table_name"])
        for table, objects in sources.items():
            if not objects and table not in had:
                folder = table.removesuffix("_landing")
                beside = f" ({'; '.join(notes)})" if notes else ""
                raise LandingError(
                    f"no file for {table}: the landing root needs a folder {folder}/ with at least one "
                    f"file{beside}"
                )
        return {
            table: [
                item
                for item in objects
                # An erasure knows whose a longer name is, and may have left one that the gate would not.
                if not any(
                    (table, path, item.size, item.version) in known
                    for path in (item.path, self._gate.path(item.path))
                )
            ]
            for table, objects in sources.items()
        }

    def load(self, unseen: Mapping[str, Sequence[LandingObject]], *, max_rejected: float) -> Loaded:
        """Read new objects into their tables, on the run's branch.

        Raises:
            LandingError: An object can't be read, or no customer object ever named research consent.
            RejectedError: Too many of a table's new records were rejected.
        """
        writers: dict[str, TableWriter] = {
            name: self._warehouse.table(name).writer(self._run_id)
            for name in (*(contract.name for contract in LANDING), QUARANTINE, OBJECT)
        }
        total = sum(item.size for objects in unseen.values() for item in objects)
        done = 0
        found = {contract.name: _Entry() for contract in LANDING}
        with ExitStack() as reading:
            parts = [
                reading.enter_context(
                    prefetched(self._parts(contract, unseen.get(contract.name, ())), most=4)
                )
                for contract in LANDING
            ]
            for item, contract, part in interleaved(parts):
                self._progress("reading landing files", done, total)
                if isinstance(part, Split):
                    self._write(part, contract, found[contract.name], writers)
                else:
                    self._enter(item, contract, found[contract.name], part)
                    found[contract.name] = _Entry()
                    done += item.size
        self._progress("reading landing files", total, total)
        # Tables in order, as if they had been read one after the other.
        order = list(found)
        self._entries.sort(key=lambda entry: order.index(str(entry["table_name"])))
        self._check_consent_field()
        accounts = self._accounts()
        self._check_rejected(accounts, max_rejected)
        entries = pl.DataFrame(self._entries, schema=polars_schema(contract_of(OBJECT)))
        writers[OBJECT].write(entries)
        snapshots = {
            name: self._warehouse.table(name).stage(self._branch, self._base[name], added=writer.close())
            for name, writer in writers.items()
        }
        return Loaded(
            snapshots={TOMBSTONE: self._tombstones()} | snapshots,
            accounts=accounts,
            read=[
                safe_path(path, digest=digest)
                for path, digest in entries.select("path", "digest").iter_rows()
            ],
            refusals=worst(self._refusals),
            notes=(*lookalike_notes(self._lookalikes), *silent_notes(self._silent)),
            paths=entries["path"].to_list(),
        )

    def _tombstones(self) -> int:
        """Write tombstones anew if any moved on, and return their snapshot."""
        moved = self._gate.updated_tombstones
        if moved is None:
            return self._base[TOMBSTONE]
        writer = self._warehouse.table(TOMBSTONE).writer(self._run_id)
        writer.write(moved)
        return self._warehouse.table(TOMBSTONE).replace(self._branch, self._base[TOMBSTONE], writer.close())

    def _parts(
        self, contract: Contract, unseen: Sequence[LandingObject]
    ) -> Iterator[tuple[LandingObject, Contract, Split | _End]]:
        """Read new objects, each once: yield its records, part by part, and then what it is."""
        digests = set(self._ledger.filter(table_name=contract.name)["digest"])
        for item in unseen:
            with fetch_object(item) as fetched:
                duplicate = fetched.digest in digests
                digests.add(fetched.digest)
                if not duplicate:
                    for split in fetched.splits(contract, run=self._run_id):
                        yield item, contract, split
                if duplicate:
                    yield item, contract, _End(fetched.digest, duplicate, consent_field=False, lookalike=None)
                else:
                    summary = fetched.summary
                    yield (
                        item,
                        contract,
                        _End(fetched.digest, duplicate, summary.consent_field, summary.lookalike),
                    )

    def _write(
        self, part: Split, contract: Contract, entry: _Entry, writers: Mapping[str, TableWriter]
    ) -> None:
        entry.newest_update = _newest(entry.newest_update, part.kept)
        rows = self._gate.records(part.kept, contract)
        bad = self._gate.rejected(part.rejected)
        writers[contract.name].write(rows)
        writers[QUARANTINE].write(bad)
        entry.records += rows.height
        entry.rejected += bad.height
        entry.rejects.add(bad)
        entry.erased += part.kept.height - rows.height + part.rejected.height - bad.height
        self._reasons[contract.name].update(bad["reason"].to_list())

    def _enter(self, item: LandingObject, contract: Contract, entry: _Entry, end: _End) -> None:
        reasons = self._reasons[contract.name]
        reasons["_used"] += entry.records
        reasons[ERASED] += entry.erased
        path = self._gate.path(item.path)
        name = safe_path(path, digest=end.digest)
        refusal = entry.rejects.refusal(
            table=contract.name, name=name, records=entry.records + entry.rejected
        )
        if refusal is not None:
            self._refusals.append(refusal)
        if contract.name == CUSTOMER_LANDING:
            if end.lookalike is not None and not end.consent_field:
                self._lookalikes.append((name, key_in_words(end.lookalike)))
            self._unread += entry.rejects.unread
            if not entry.records + entry.erased and entry.rejected and not entry.rejects.named:
                self._silent.append(name)
        self._entries.append(
            {
                "table_name": contract.name,
                "path": path,
                "size": item.size,
                "version": item.version,
                "run": self._run_id,
                "digest": end.digest,
                "duplicate": end.duplicate,
                "consent_field": end.consent_field,
                "records": entry.records,
                "rejected": entry.rejected,
                "erased": entry.erased,
                "newest_update": entry.newest_update,
            }
        )

    def _check_consent_field(self) -> None:
        """Refuse schema drift: consent that nobody ever had the chance to give."""
        new = pl.DataFrame(self._entries, schema=self._ledger.schema)
        objects = pl.concat([self._ledger, new]).filter(table_name=CUSTOMER_LANDING)
        found = int((objects["records"] + objects["rejected"] + objects["erased"]).sum())
        if not found or objects["consent_field"].any():
            return
        if found == self._unread:
            refusals = [each for each in self._refusals if each.table == CUSTOMER_LANDING]
            raise RejectedError(
                f"nothing in the customer objects is a customer record: {in_words(refusals)}. stedi reads "
                "JSON objects, in lines or in arrays (plain, gzip or zstd). Nothing was published",
                as_plain(refusals),
            )
        wanted = contract_of(CUSTOMER_LANDING).column("share_with_research_as_of_date").source
        alike = f" (there is {self._lookalikes[0][1]})" if self._lookalikes else ""
        raise LandingError(
            f"no customer record, old or new, has the field {wanted!r}, in any case{alike}: the export has "
            "changed, and nobody's consent can be read. Nothing was published"
        )

    def _accounts(self) -> dict[str, Account]:
        accounts = {}
        for table, reasons in self._reasons.items():
            used = reasons["_used"]
            dropped = {reason: rows for reason, rows in sorted(reasons.items()) if rows and reason != "_used"}
            accounts[table] = Account(
                table=table,
                rows_in=used + sum(dropped.values()),
                used=used,
                dropped=dropped,
                rows_out=used,
            )
        rejected = sum(entry["rejected"] for entry in self._entries if isinstance(entry["rejected"], int))
        for table, rows in (
            (QUARANTINE, rejected),
            (OBJECT, len(self._entries)),
            (TOMBSTONE, self._gate.added),
        ):
            accounts[table] = account_of(table, added=rows)
        return accounts

    def _check_rejected(self, accounts: Mapping[str, Account], max_rejected: float) -> None:
        for contract in LANDING:
            account = accounts[contract.name]
            rejected = account.rows_in - account.used - account.dropped.get(ERASED, 0)
            if account.rows_in and rejected / account.rows_in > max_rejected:
                reason = max(account.dropped, key=lambda name: account.dropped[name])
                refusals = [each for each in self._refusals if each.table == contract.name]
                raise RejectedError(
                    f"{rejected} of {account.rows_in} new records for {contract.name} were rejected, most of "
                    f"them as {reason}: more than the allowed share of {max_rejected:g}. Most are in "
                    f"{in_words(refusals)}. Nothing was published; look at the files, or raise "
                    "--max-rejected",
                    as_plain(refusals),
                )


def _newest(known: datetime | None, records: pl.DataFrame) -> datetime | None:
    """Return the newest update time of an object so far; None for what is no customer record."""
    if _UPDATED not in records.columns:
        return None
    newest = records[_UPDATED].max()
    if not isinstance(newest, datetime):
        return known
    return newest if known is None else max(known, newest)
