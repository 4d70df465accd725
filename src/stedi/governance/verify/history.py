"""The run table against the snapshots, branches and tags that the tables have."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from stedi.contract import contract_of
from stedi.governance.verify.finding import Fault, Finding
from stedi.names import RUN
from stedi.pipeline.history import TAG_PREFIX, Run
from stedi.plan.lineage import LINEAGE, RECORD_TABLES, published_tables
from stedi.warehouse.inspection import Inspection

_KEPT_TAGS: Final = 10
_ICEBERG_FORMAT: Final = 2
_MARK: Final = "run-tagging-"
"""How a tag begins that says that another tag is being set."""
_GROWING: Final = ("run", "maintenance")
_REBUILT: Final = "stedi.rebuilt"

_Inspected = Mapping[str, Inspection]


def check_run_chain(runs: Sequence[Run]) -> list[Finding]:
    """Check that each run follows the one before it, under one rule and one key."""
    twice = len({run.run_id for run in runs}) != len(runs)
    wrong = [
        (runs[-1], twice, "an id stands in the run table twice"),
        (runs[0], runs[0].base_run_id is not None, "it is the first, and names a run before it"),
    ]
    for before, run in pairwise(runs):
        other_key = run.key_fingerprint != before.key_fingerprint and run.kind != "rotating"
        consent = f"its consent mode is {run.consent}, and before it was {before.consent}"
        wrong += [
            (
                run,
                run.base_run_id != before.run_id,
                f"it was not made from the run before it, {before.run_id}",
            ),
            (run, run.now < before.now, "it judged consent at an earlier time than the run before it"),
            (run, run.consent != before.consent, consent),
            (run, other_key, "its ids were made with another key than those of the run before it"),
            (run, run.published_at < run.started_at, "it was published before it began"),
        ]
    return [
        Finding.of(Fault.BROKEN_HISTORY, f"{RUN} {run.run_id}", problem)
        for run, is_wrong, problem in wrong
        if is_wrong
    ]


def check_snapshots(runs: Sequence[Run], tables: _Inspected) -> tuple[list[Finding], int]:
    """Check rows of snapshots: as files have them, as summaries say, and as the runs say.

    Returns:
        Findings, and how many snapshots were looked at.
    """
    rows = {
        (name, snapshot_id): sum(file.rows for file in table.files(snapshot_id))
        for name, table in tables.items()
        for snapshot_id in table.snapshots
        if table.whole(snapshot_id)
    }
    return [*_wrong_snapshots(runs, tables, rows)], len(rows)


def _wrong_snapshots(
    runs: Sequence[Run], tables: _Inspected, rows: Mapping[tuple[str, int], int]
) -> Iterator[Finding]:
    newest = runs[-1].snapshots
    for name in published_tables():
        if tables[name].is_read and newest[name] not in tables[name].snapshots:
            problem = f"the newest run names snapshot {newest[name]}: it is gone"
            yield Finding.of(Fault.SNAPSHOT_GONE, name, problem)
    for name, table in tables.items():
        if table.format_version != _ICEBERG_FORMAT:
            problem = f"it has Iceberg's format {table.format_version}, not 2"
            yield Finding.of(Fault.OTHER_FORMAT, name, problem)
    for (name, snapshot_id), found in rows.items():
        said = tables[name].snapshots[snapshot_id].summary.get("total-records")
        if said is not None and said != str(found):
            problem = f"its summary says {_digits(said)} rows, its manifests list {found:,}"
            yield Finding.of(Fault.WRONG_COUNT, f"{name}, snapshot {snapshot_id}", problem)
    by_id = {run.run_id: run for run in runs}
    for run in runs:
        yield from _run_rows(run, by_id.get(run.base_run_id or ""), rows)
    published = rows.get((RUN, tables[RUN].main or 0))
    if published is not None and published != len(runs):
        problem = f"it lists {published:,} rows, and has {len(runs):,}"
        yield Finding.of(Fault.WRONG_COUNT, RUN, problem)


def _digits(text: str) -> str:
    """Return a number of a summary; whatever else stands there is not repeated."""
    return text if text.isdigit() else "no number of"


def _run_rows(run: Run, base: Run | None, rows: Mapping[tuple[str, int], int]) -> list[Finding]:
    """Compare the accounts of a run with the rows of its snapshots, of those that still are."""
    said: list[tuple[str, str, int, int | None]] = []
    for step in LINEAGE:
        account = run.accounts[step.table]
        said.append((step.table, "rows", account.rows_out, rows.get((step.table, run.snapshots[step.table]))))
        driving = rows.get((step.driving, run.snapshots[step.driving]))
        said.append((step.table, f"rows of {step.driving}", account.rows_in, driving))
    if base is not None and run.kind in _GROWING:
        for table in RECORD_TABLES:
            after = rows.get((table, run.snapshots[table]))
            before = rows.get((table, base.snapshots[table]))
            grown = None if after is None or before is None else after - before
            said.append((table, "new rows", run.accounts[table].rows_out, grown))
    return [
        Finding.of(
            Fault.WRONG_ACCOUNT,
            f"{RUN} {run.run_id}, {table}",
            f"it says {says:,} {what}, and its snapshots have {found:,}",
        )
        for table, what, says, found in said
        if found is not None and found != says
    ]


def check_refs(runs: Sequence[Run], tables: _Inspected) -> tuple[list[Finding], int]:
    """Check where main, the branches and the tags of all tables point.

    Returns:
        Findings, and how many references were looked at.
    """
    read = [table for table in map(tables.__getitem__, published_tables()) if table.is_read]
    findings = []
    if any(tag.startswith(_MARK) for tag in tables[RUN].tags):
        findings.append(Finding.of(Fault.UNFINISHED, RUN, "a tag is being set, or that was interrupted"))
    for table in read:
        findings += _wrong_refs(table, runs)
    findings += _user_tags(runs, tables)
    return findings, sum(1 + len(table.tags) + len(table.branches) for table in read)


def _wrong_refs(table: Inspection, runs: Sequence[Run]) -> Iterator[Finding]:
    """Find a main that shows another run than the newest, and branches and tags of runs that are wrong."""
    name, newest = table.table, runs[-1]
    unshown = newest.ref not in table.tags and _is_before(table, runs)
    if unshown:
        yield Finding.of(Fault.UNFINISHED, name, "the newest run is published, and not shown here yet")
    elif table.main != newest.snapshots[name]:
        problem = (
            f"main points at snapshot {table.main}, the newest run is {newest.snapshots[name]}: who reads "
            "the table without stedi sees something else"
        )
        yield Finding.of(Fault.MAIN_ELSEWHERE, name, problem)
    for branch in table.branches:
        if branch.startswith(TAG_PREFIX):
            yield Finding.of(Fault.UNFINISHED, name, "a branch of a run that was not finished")
        else:
            yield Finding.of(Fault.WRONG_TAG, name, "a branch that stedi did not make")
    by_ref = {run.ref: run for run in runs}
    for tag, snapshot_id in table.tags.items():
        run = by_ref.get(tag)
        if tag.startswith(TAG_PREFIX) and run is None:
            yield Finding.of(Fault.WRONG_TAG, name, "a run tag names a run that is not there")
        elif run is not None and not _shows(run, table, snapshot_id):
            problem = "it names another snapshot than its run"
            yield Finding.of(Fault.WRONG_TAG, f"{name}, tag {tag}", problem)
    for run in _tagged(runs):
        if run.ref not in table.tags and not (unshown and run is newest):
            problem = "one of the last ten runs has no tag"
            yield Finding.of(Fault.WRONG_TAG, f"{name}, tag {run.ref}", problem)


def _is_before(table: Inspection, runs: Sequence[Run]) -> bool:
    """Say whether main of a table is where a publication finds it: at the run before, or empty as made."""
    newest = runs[-1].snapshots[table.table]
    if table.main == newest:
        return True
    if len(runs) > 1:
        return table.main == runs[-2].snapshots[table.table]
    made = table.snapshots.get(table.main or 0)
    return made is not None and made.summary.get("total-records") == "0"


def _tagged(runs: Sequence[Run]) -> Sequence[Run]:
    """Return the runs that must have a tag: the last ten, but for those before an erasure: it drops tags."""
    last = len(runs) - 1
    erased = max((place for place, run in enumerate(runs) if run.kind not in _GROWING), default=0)
    return runs[max(min(erased, last), last + 1 - _KEPT_TAGS) :]


def _shows(run: Run, table: Inspection, at: int | None) -> bool:
    """Say whether a snapshot is that of a run, or stands in its place since it was written anew."""
    own = run.snapshots[table.table]
    if at == own or at is None:
        return at == own
    rebuilt = table.snapshots[at].summary.get(_REBUILT) == str(own) if at in table.snapshots else False
    return rebuilt and own not in table.snapshots


def _user_tags(runs: Sequence[Run], tables: _Inspected) -> Iterator[Finding]:
    """Check that each tag that somebody set names the snapshots of one run in all tables."""
    tagged = {tag for table in tables.values() for tag in table.tags if not tag.startswith(TAG_PREFIX)}
    tagged -= {tag.removeprefix(_MARK) for tag in tables[RUN].tags if tag.startswith(_MARK)}
    for place, tag in enumerate(sorted(tagged), start=1):
        # A tag is free text of its user, and not repeated where it is not known to be a tag of stedi's.
        shown = f"tag {place} of {len(tagged)}"
        named = {name: tables[name].tags.get(tag) for name in published_tables() if tables[name].is_read}
        if not any(all(_shows(run, tables[name], at) for name, at in named.items()) for run in runs):
            lacking = sum(at is None for at in named.values())
            problem = f"missing on {lacking} tables" if lacking else "the tables' snapshots are of no one run"
            yield Finding.of(Fault.WRONG_TAG, shown, problem)
        elif tag not in tables[RUN].tags:
            yield Finding.of(Fault.UNFINISHED, shown, f"missing on {RUN}")


def derived_under(runs: Sequence[Run]) -> Run:
    """Return the run whose tombstones the derived tables of the newest one obey: itself, as a rule.

    An erasure publishes its tombstones first, and the tables without the person in a later step.
    """
    place = len(runs) - 1
    while place and runs[place].kind == "erasing" and _derived(runs[place]) == _derived(runs[place - 1]):
        place -= 1
    return runs[place]


def _derived(run: Run) -> list[int]:
    return [run.snapshots[step.table] for step in LINEAGE]


def check_finished(newest: Run, findings: Sequence[Finding]) -> list[Finding]:
    """Return findings; while an erasure or a rotation is not finished, what it leaves to be done is one.

    Until it is finished, tags, snapshots and files may still hold whom or what it is about.
    """
    verb = _UNFINISHED.get(newest.kind)
    if verb is None:
        return list(findings)
    rest = [finding for finding in findings if finding.code not in _LEFT_TO_DO]
    left = len(findings) - len(rest)
    begun = f"begun at {newest.started_at:%Y-%m-%d %H:%M:%S}Z, is not finished: {left} findings are its rest"
    return [Finding(code=Fault.UNFINISHED, place=RUN, problem=f"{verb[0]}, {begun}", remedy=verb[1]), *rest]


_UNFINISHED: Final = {
    "erasing": ("an erasure", "run stedi erase again for the same person"),
    "rotating": ("a rotation of the key", "run stedi rotate-key again"),
}
_LEFT_TO_DO: Final = (
    Fault.ERASED_PERSON,
    Fault.OLD_KEY,
    Fault.WRONG_TAG,
    Fault.MAIN_ELSEWHERE,
    Fault.UNFINISHED,
    Fault.UNREACHABLE_FILE,
    Fault.PERSONAL_DATA,
)


def check_manifests(tables: _Inspected) -> tuple[list[Finding], int]:
    """Check that no manifest keeps bounds of personal data, and no table is partitioned by any.

    Returns:
        Findings, and how many manifests were looked at.
    """
    findings = []
    for name, table in tables.items():
        pii = sorted(contract_of(name).pii)
        findings += [
            Finding.of(Fault.PII_PARTITION, f"{name}.{column}", "the table is partitioned by it")
            for column in pii
            if column in table.partitioned_by
        ]
        for column in pii:
            listed = [sum(column in file.bounded for file in files) for files in table.manifests.values()]
            if files := sum(listed):
                problem = (
                    f"{sum(map(bool, listed))} manifests keep its smallest and greatest value, of {files} "
                    "data files"
                )
                findings.append(Finding.of(Fault.PII_BOUNDS, f"{name}.{column}", problem, count=files))
    return findings, sum(len(table.manifests) for table in tables.values())
