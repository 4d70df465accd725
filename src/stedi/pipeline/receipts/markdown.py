"""A receipt as Markdown, for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stedi.landing.redact import safe_path
from stedi.marked import cell, marked
from stedi.wording import count

if TYPE_CHECKING:
    from stedi.pipeline.receipts.receipt import Receipt


def as_markdown(receipt: "Receipt") -> str:
    """Return a receipt as Markdown."""
    return "\n".join(_lines(receipt)) + "\n"


def _lines(receipt: "Receipt") -> Iterator[str]:
    number = "plan" if receipt.number is None else f"no. {receipt.number}"
    yield "# No erasure" if receipt.outcome == "nobody" else f"# Erasure receipt, {number}"
    yield f"\n{_outcome(receipt)}\n\n| | |\n|---|---|"
    yield f"| Subject (keyed digest) | `{receipt.subject}` |"
    yield f"| Asked at | {receipt.asked_at:%Y-%m-%d %H:%M:%S}Z |"
    yield f"| Asked by | {cell(receipt.asked_by)} |"
    yield f"| Reason | {cell(receipt.reason or 'none given')} |"
    if receipt.erased_at is not None:
        yield f"| Kept out | whatever was sent or recorded until {receipt.erased_at:%Y-%m-%d %H:%M:%S}Z |"
    yield f"| Finished at | {receipt.finished_at:%Y-%m-%d %H:%M:%S}Z |"
    yield f"| Devices | {receipt.devices} of theirs alone, {receipt.shared_devices} shared |"
    if receipt.device_decision is not None:
        yield f"| Readings of shared devices | {receipt.device_decision} |"
    yield f"| Key, version | {receipt.key_fingerprint}, stedi {receipt.code_version} |"
    yield "\n## What was scanned\n"
    seen = receipt.scanned
    yield f"- {count(seen.files, 'data file')} of all snapshots, {seen.bytes:,} bytes"
    yield f"- {count(seen.objects, 'landing object')}, {seen.object_bytes:,} bytes"
    if receipt.number is not None:
        yield f"- {count(seen.decoded_after, 'file')} that stedi wrote decoded afterwards: nothing was found"
    yield "\n## What went\n"
    yield from _went(receipt)
    yield "\n## What remains elsewhere\n"
    yield from _remains(receipt)
    if receipt.signature is not None:
        yield f"\nReceipt before this one: `{receipt.previous}`\n\nSignature: `{receipt.signature}`"


def _outcome(receipt: "Receipt") -> str:
    if receipt.outcome == "planned":
        return f"This is a plan: {count(receipt.rows, 'row')} would go; nothing was changed."
    if receipt.outcome == "nobody":
        return "Nobody of this name is in the lake: nobody was erased, and nothing was changed."
    if receipt.outcome == "nothing_left":
        return (
            "Nothing of this person was left in the lake: there was nothing to do but to keep out what was "
            "sent since the erasure before."
        )
    resumed = "; an erasure that was interrupted was completed" if receipt.resumed else ""
    return f"The person was erased: {count(receipt.rows, 'row')} went from the tables{resumed}."


def _went(receipt: "Receipt") -> Iterator[str]:
    yield "| Table | Rows | Data files rewritten | Data files removed | Snapshots expired |"
    yield "|---|---:|---:|---:|---:|"
    for table in receipt.tables:
        yield (
            f"| {table.table} | {table.rows:,} | {table.rewritten:,} | {len(table.removed):,} | "
            f"{table.snapshots:,} |"
        )
    yield ""
    if receipt.number is not None:
        yield f"{count(receipt.files_deleted, 'file')} deleted, {receipt.bytes_freed:,} bytes freed.\n"
    for what, names in (
        ("Dropped, since they held the person", receipt.refs_dropped),
        ("Moved to the run without the person", receipt.refs_moved),
        ("Rebuilt at their own run, without the person", receipt.refs_rebuilt),
        ("Hold the person: to be rebuilt, moved or dropped by name", receipt.refs_holding),
    ):
        if names:
            yield f"- {what}: {', '.join(map(marked, names))}"
    for rewritten in receipt.objects:
        yield (
            f"- landing object `{safe_path(rewritten.path)}`: {count(rewritten.records, 'record')}, "
            f"`{rewritten.digest_before}` → `{rewritten.digest_after}`"
        )
    removed = [(table.table, file) for table in receipt.tables for file in table.removed]
    if removed:
        yield "\n| Removed data file | Bytes | SHA-256 |\n|---|---:|---|"
    for name, file in removed:
        yield f"| {name}/{file.name} | {file.bytes:,} | `{file.sha256}` |"


def _remains(receipt: "Receipt") -> Iterator[str]:
    remains = receipt.remains
    if remains.trained_on:
        yield f"- training sets of these runs held the person: {', '.join(remains.trained_on)}"
    if remains.unknown_runs:
        yield (
            f"- of {count(len(remains.unknown_runs), 'run')} that can't be told any more: their snapshots "
            "were expired before"
        )
    for item in remains.objects:
        yield f"- landing object `{item.path}`: {item.why}"
    if remains.shared_devices:
        yield (
            f"- the raw readings of {count(remains.shared_devices, 'device')} that others listed too; what "
            "was recorded until the erasure is never trusted"
        )
    for item in remains.files:
        yield f"- file `{item.path}` in the folder of the lake: {item.why}"
    if remains.foreign_files:
        yield f"- {count(remains.foreign_files, 'file')} in the warehouse that stedi did not write"
    for each in remains.elsewhere:
        yield f"- not reached: {each}"
