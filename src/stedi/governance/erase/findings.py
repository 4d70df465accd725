"""What an erasure found before it changed anything: kept until its receipt is written, whoever is killed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import TypeAdapter

from stedi.governance.erase.find import Scope
from stedi.governance.erase.prepare import Rewrite
from stedi.landing.redact import safe_path
from stedi.pipeline.receipts.receipt import RemovedFile, RewrittenObject
from stedi.warehouse.warehouse import Warehouse

_DRAFT: Final = ".pending.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a receipt says and nobody can find out afterwards.

    Attributes:
        removed: Per table, the data files that hold the person.
        rewritten: Per table, how many of them belong to the newest run.
        trained_on: Runs whose training set holds the person.
        unknown_runs: Runs of which that can't be told.
        objects: Landing objects that hold the person.
        files: How many data files were looked at.
        bytes: How large they are.
        refs: Tags and branches of users that hold the person.
    """

    removed: Mapping[str, tuple[RemovedFile, ...]]
    rewritten: Mapping[str, int]
    trained_on: tuple[str, ...]
    unknown_runs: tuple[str, ...]
    objects: tuple[RewrittenObject, ...]
    files: int
    bytes: int
    refs: tuple[str, ...] = ()

    def with_objects(self, anew: Sequence[tuple[Rewrite, Rewrite]]) -> "Findings":
        """Return these findings with objects that were written to meanwhile, and rewritten once more."""
        told = {_rewritten(before): _rewritten(after) for before, after in anew}
        return replace(self, objects=tuple(told.get(each, each) for each in self.objects))

    def joined(self, earlier: "Findings") -> "Findings":
        """Return these findings and those of an erasure that was interrupted."""
        tables = {**earlier.removed, **self.removed}
        trained = _union(earlier.trained_on, self.trained_on)
        told = {*trained, *(run for run in self.unknown_runs if run not in earlier.unknown_runs)}
        return Findings(
            removed={
                table: tuple(_union(earlier.removed.get(table, ()), self.removed.get(table, ())))
                for table in tables
            },
            rewritten={
                table: max(earlier.rewritten.get(table, 0), self.rewritten.get(table, 0)) for table in tables
            },
            trained_on=tuple(trained),
            # What was expired meanwhile was told before.
            unknown_runs=tuple(run for run in self.unknown_runs if run not in told),
            objects=tuple(_union(earlier.objects, self.objects)),
            files=max(earlier.files, self.files),
            bytes=max(earlier.bytes, self.bytes),
            refs=tuple(_union(earlier.refs, self.refs)),
        )


def findings_of(scope: Scope) -> Findings:
    """Write down where the subject is."""
    warehouse, traces, runs = scope.erasure.warehouse, scope.traces, scope.runs
    newest = runs[-1].snapshots
    trained = {run.run_id: traces.trained_on(run) for run in runs if run.kind == "run"}
    return Findings(
        removed={
            table: tuple(
                RemovedFile(
                    name=place.rpartition("/data/")[2],
                    sha256=warehouse.files.digest(place),
                    bytes=traces.holdings[table].files[place].file_size_in_bytes,
                )
                for place in sorted(touched)
            )
            for table, touched in traces.touched.items()
        },
        rewritten={table: len(traces.found_in(table, newest[table])) for table in traces.touched},
        trained_on=tuple(run_id for run_id, held in trained.items() if held),
        unknown_runs=tuple(run_id for run_id, held in trained.items() if held is None),
        objects=tuple(_rewritten(each) for each in scope.rewrites.found),
        files=traces.scanned,
        bytes=traces.scanned_bytes,
        refs=tuple(scope.refs),
    )


def _rewritten(each: Rewrite) -> RewrittenObject:
    return RewrittenObject(
        path=safe_path(each.label, digest=each.old_digest),
        digest_before=each.old_digest,
        digest_after=each.new_digest,
        records=each.removed,
    )


def _union(first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys([*first, *second]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    of: str
    findings: Findings


_KEPT: Final = TypeAdapter(_Kept)


def keep(scope: Scope, findings: Findings) -> None:
    """Keep the findings of an erasure until the receipt is written; nothing in them names anybody."""
    kept = _Kept(of=_identity(scope), findings=findings)
    scope.erasure.warehouse.notes.write(_DRAFT, _KEPT.dump_json(kept))


def with_kept(scope: Scope, findings: Findings) -> Findings:
    """Return findings, and those that were kept of the same erasure before an interruption."""
    text = scope.erasure.warehouse.notes.find(_DRAFT)
    if text is None:
        return findings
    kept = _KEPT.validate_json(text)
    return findings.joined(kept.findings) if kept.of == _identity(scope) else findings


def forget(warehouse: Warehouse) -> None:
    """Delete kept findings."""
    warehouse.notes.delete(_DRAFT)


def _identity(scope: Scope) -> str:
    return f"{scope.erasure.subject.customer_id} {scope.erasure.erased_at.isoformat()}"
