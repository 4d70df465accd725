"""What an erasure found before it changed anything: kept until its receipt is written, whoever is killed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Self

from stedi.governance.erase.prepare import Rewrite, Rewrites
from stedi.governance.erase.traces import Traces
from stedi.landing.redact import safe_path
from stedi.pipeline.history import Run
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

    @classmethod
    def of(
        cls,
        warehouse: Warehouse,
        traces: Traces,
        runs: Sequence[Run],
        rewrites: Rewrites,
        refs: Iterable[str],
    ) -> Self:
        """Write down where the person is."""
        base = runs[-1].snapshots
        trained = {run.run_id: traces.trained_on(run) for run in runs if run.kind == "run"}
        return cls(
            removed={
                table: tuple(
                    RemovedFile(
                        name=place.rpartition("/data/")[2],
                        sha256=warehouse.file_digest(place),
                        bytes=traces.holdings[table].files[place].file_size_in_bytes,
                    )
                    for place in sorted(touched)
                )
                for table, touched in traces.touched.items()
            },
            rewritten={table: len(traces.found_in(table, base[table])) for table in traces.touched},
            trained_on=tuple(run_id for run_id, held in trained.items() if held),
            unknown_runs=tuple(run_id for run_id, held in trained.items() if held is None),
            objects=tuple(_told(each) for each in rewrites.found),
            files=traces.scanned,
            bytes=traces.scanned_bytes,
            refs=tuple(refs),
        )

    def with_objects(self, anew: Sequence[tuple[Rewrite, Rewrite]]) -> "Findings":
        """Return these findings with objects that were written to meanwhile, and rewritten once more."""
        told = {_told(before): _told(after) for before, after in anew}
        return replace(self, objects=tuple(told.get(each, each) for each in self.objects))

    def joined(self, earlier: "Findings | None") -> "Findings":
        """Return these findings and those of an erasure that was interrupted."""
        if earlier is None:
            return self
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


def _told(each: Rewrite) -> RewrittenObject:
    return RewrittenObject(
        path=safe_path(each.label, digest=each.old_digest),
        digest_before=each.old_digest,
        digest_after=each.new_digest,
        records=each.removed,
    )


def _union(first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys([*first, *second]))


def keep(warehouse: Warehouse, findings: Findings, *, of: str) -> None:
    """Keep findings until the receipt is written.

    Args:
        warehouse: Beside whose tables they are kept.
        findings: The findings; nothing in them names anybody.
        of: Of which erasure they are.
    """
    warehouse.write_note(_DRAFT, json.dumps({"of": of, "findings": asdict(findings)}).encode())


def kept(warehouse: Warehouse, *, of: str) -> Findings | None:
    """Return the findings that were kept of an erasure; None where there are none."""
    text = warehouse.find_note(_DRAFT)
    if text is None:
        return None
    found = json.loads(text)
    if found["of"] != of:
        return None
    values = found["findings"]
    return Findings(
        removed={
            table: tuple(RemovedFile(**file) for file in files) for table, files in values["removed"].items()
        },
        rewritten=values["rewritten"],
        trained_on=tuple(values["trained_on"]),
        unknown_runs=tuple(values["unknown_runs"]),
        objects=tuple(RewrittenObject(**each) for each in values["objects"]),
        files=values["files"],
        bytes=values["bytes"],
        refs=tuple(values.get("refs", ())),
    )


def forget(warehouse: Warehouse) -> None:
    """Delete kept findings."""
    warehouse.delete_note(_DRAFT)
